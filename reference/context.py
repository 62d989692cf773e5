"""What the splits of one scan have in common."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from types import MappingProxyType
from typing import Any

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io import FileIO
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, TableMetadataCommonFields, TableMetadataUtil

from reference.filters import MAX_FILTER_DEPTH, FlatFilter, balanced, depth, flatten, rebuild


@dataclass(frozen=True, eq=False)
class TableScanContext:
    """Table metadata, FileIO, projection and row filter of a scan. All splits of the scan share it (CTX-6).

    The context copies plain values out of its arguments, so later changes to these do not affect it (BUILD-6).
    Each property returns a new object made from those values. Changing that object does not change the context
    (CTX-5). A subclass may add fields, in an `__init__` that calls this one (WIRE-13).
    """

    _metadata: bytes
    _schema: bytes | str
    _filter: FlatFilter
    _snapshot_id: int | None
    _io_class: type[FileIO]
    _io_properties: dict[str, Any]
    _case_sensitive: bool

    def __init__(
        self,
        table_metadata: TableMetadata,
        io: FileIO,
        projected_schema: Schema,
        row_filter: BooleanExpression = AlwaysTrue(),  # noqa: B008 - a singleton
        snapshot_id: int | None = None,
        case_sensitive: bool = True,
    ) -> None:
        """Copy what is needed out of the arguments.

        Args:
            table_metadata: metadata of any format version. The logs are left out, and so are all snapshots
                except the scanned and the current one. A payload therefore does not grow with the table's
                history (CTX-3, WIRE-9).
            io: a worker gets an object of the same class, created as ``type(io)(properties)`` with a copy of
                the properties. The table's location and `py-io-impl` do not affect the class (IO-1, IO-2).
                Open connections are not sent (IO-6).
            projected_schema: the columns to read, in order.
            row_filter: an unbound expression. It refers to columns by their names in the table's current
                schema, as in PyIceberg.
            snapshot_id: the scanned snapshot. `None` means the table's current one.
            case_sensitive: whether the row filter names columns in the table's case.

        Raises:
            TypeError: an argument has a wrong type. The message names the argument (BUILD-5).
            ValueError: the table does not have that snapshot, the projection has no columns, the row filter
                is nested more than `MAX_FILTER_DEPTH` levels deep, or the FileIO holds more than its properties
                (IO-8).

        """
        _require("table_metadata", table_metadata, TableMetadataCommonFields)
        _require("io", io, FileIO)
        _require_made_of_properties(io)
        _require("projected_schema", projected_schema, Schema)
        _require("row_filter", row_filter, BooleanExpression)
        if not projected_schema.fields:
            raise ValueError("projected_schema has no columns; PyIceberg cannot count rows without any")
        if snapshot_id is not None:
            _require("snapshot_id", snapshot_id, int)
            if table_metadata.snapshot_by_id(snapshot_id) is None:
                raise ValueError(f"snapshot_id {snapshot_id} is no snapshot of {table_metadata.location}")
        flat = flatten(row_filter)
        if (levels := depth(balanced(flat))) > MAX_FILTER_DEPTH:
            raise ValueError(f"row_filter is nested {levels} levels deep; at most {MAX_FILTER_DEPTH} are read")
        scanned = table_metadata.current_snapshot_id if snapshot_id is None else snapshot_id
        text = json.dumps(_trimmed(table_metadata, scanned).model_dump(mode="json")).encode()
        # The metadata repeats most of the projected schema, so it serves as the compression dictionary.
        packer = zlib.compressobj(zdict=text)
        schema = json.dumps(projected_schema.model_dump()).encode()
        attributes = {
            "_metadata": zlib.compress(text),
            "_schema": packer.compress(schema) + packer.flush(),
            "_filter": flat,
            "_snapshot_id": scanned,
            "_io_class": type(io),
            "_io_properties": dict(io.properties),
            "_case_sensitive": bool(case_sensitive),
        }
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    @property
    def table_metadata(self) -> TableMetadata:
        """The metadata of the table (CTX-3), without what the constructor left out. A new object each time."""
        return _metadata_from(self._metadata)

    @property
    def table_properties(self) -> Mapping[str, str]:
        """The table's properties, read-only (CTX-5)."""
        return MappingProxyType(dict(_shared_metadata(self._metadata).properties))

    @property
    def projected_schema(self) -> Schema:
        """The columns to read, with schema id and identifier fields (CTX-2). A new object each time."""
        return Schema.model_validate_json(_schema_text(self._schema, self._metadata))

    @property
    def row_filter(self) -> BooleanExpression:
        """The row filter, with the same structure and the same literal types (CTX-1). A new object each time."""
        return rebuild(self._filter)

    @property
    def snapshot_id(self) -> int | None:
        """The id of the scanned snapshot, or `None` if the table has no snapshot."""
        return self._snapshot_id

    @property
    def case_sensitive(self) -> bool:
        """Whether the row filter names columns in the table's case (SCAN-10)."""
        # Contexts of earlier releases hold nothing of it.
        return getattr(self, "_case_sensitive", True)

    @property
    def io(self) -> FileIO:
        """A FileIO with the class and the properties of the one given (IO-1, IO-2). A new object each time."""
        return self._io_class(dict(self._io_properties))

    def __repr__(self) -> str:
        """Name the FileIO properties without their values, which may be secret (SAFE-1)."""
        return (
            f"{type(self).__name__}(location={_shared_metadata(self._metadata).location!r}, "
            f"snapshot_id={self._snapshot_id}, columns={list(self.projected_schema.column_names)}, "
            f"io={self._io_class.__qualname__}({', '.join(sorted(map(str, self._io_properties)))}))"
        )


def shared_metadata(context: TableScanContext) -> TableMetadata:
    """Return the context's metadata, decoded once per process. Do not change it: the object is shared."""
    return _shared_metadata(context._metadata)


def _require(argument: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{argument} must be a {kind.__name__}, not {type(value).__qualname__}")


def _require_made_of_properties(io: FileIO) -> None:
    """Refuse a FileIO that `type(io)(properties)` does not make anew: what else it holds would be lost (IO-8).

    What its constructor makes itself, such as a connection that is empty at first, may differ: it is made anew.
    """
    name, held = type(io).__name__, getattr(io, "__dict__", {})
    try:
        anew = getattr(type(io)(dict(io.properties)), "__dict__", {})
    except TypeError as error:
        raise ValueError(f"io: a {name} is not made of its properties alone, so it cannot be sent: {error}") from error
    further = list(signature(type(io)).parameters)[1:]
    for attribute, value in held.items():
        if attribute not in anew or (attribute in further and value != anew[attribute]):
            raise ValueError(
                f"io: the {name} holds {attribute!r}, which is not among its properties and would be lost on the way; "
                "give it a property"
            )


def _trimmed(metadata: TableMetadata, scanned: int | None) -> TableMetadata:
    """Return a copy with only the scanned and the current snapshot, their refs and their statistics."""
    kept = {scanned, metadata.current_snapshot_id}
    update: dict[str, Any] = {
        name: [item for item in getattr(metadata, name) if item.snapshot_id in kept]
        for name in ("snapshots", "statistics", "partition_statistics")
        if name in type(metadata).model_fields
    }
    update |= {"snapshot_log": [], "metadata_log": []}
    update["refs"] = {name: ref for name, ref in metadata.refs.items() if ref.snapshot_id in kept}
    return metadata.model_copy(update=update)


def _metadata_from(packed: bytes) -> TableMetadata:
    return TableMetadataUtil.parse_raw(zlib.decompress(packed).decode())


_shared_metadata = lru_cache(maxsize=32)(_metadata_from)


@lru_cache(maxsize=32)
def _schema_text(packed: bytes | str, metadata: bytes) -> str:
    """Return the JSON text of a projected schema. Contexts of the first release hold it as plain text."""
    if isinstance(packed, str):
        return packed
    return zlib.decompressobj(zdict=zlib.decompress(metadata)).decompress(packed).decode()
