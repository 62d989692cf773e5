"""The parts that an adapter can show of a split, each declared once.

Aspects, preflight, ``init``, reproducers and docs/adapters.md all take what they need from :data:`PARTS`. A new part is
a field of :class:`conformance.adapter.Adapter`, which says what capability it adds, and a row here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from conformance.adapter import Adapter, Capability
from conformance.observation.raised import qualified_name
from conformance.observation.values import (
    plain_bytes,
    plain_expression,
    plain_id,
    plain_mapping,
    plain_metadata,
    plain_schema,
    plain_tasks,
)

if TYPE_CHECKING:
    from fixtures.materials import Materials

__all__ = ["PARTS", "READERS", "Part", "part", "scanned_snapshot"]


@dataclass(frozen=True)
class Part:
    """One thing that an adapter can show.

    ``reader`` is the adapter's field, a function of the split. ``plain`` turns what it returns into a plain value;
    ``None`` where only other aspects look at it. ``given`` is that of the materials of which the split must show the
    same before it is sent. ``decided_by_reader`` is true where the releases that look at a split decide what is seen,
    besides the payload: how PyIceberg shows metadata, which fields a class has. ``attributes`` are the names by which
    ``init`` recognises it on a class of splits.
    """

    name: str
    reader: str
    plain: Callable[[Any], Any] | None = None
    given: Callable[[Materials], Any] | None = None
    decided_by_reader: bool = False
    attributes: tuple[str, ...] = ()

    @property
    def capability(self) -> Capability:
        """The capability that an adapter has by showing it."""
        found: Capability = next(each.metadata["adds"] for each in fields(Adapter) if each.name == self.reader)
        return found

    def expected(self, materials: Materials) -> Any:
        """Return the plain value that a split built from the materials must show before it is sent."""
        assert self.plain is not None, self.name
        assert self.given is not None, self.name
        return self.plain(self.given(materials))


def plain_class(value: Any) -> str:
    """Return the qualified name of a value's class."""
    return qualified_name(type(value))


def plain_properties(file_io: Any) -> dict[str, str]:
    """Return the properties of a FileIO as plain values."""
    return plain_mapping(file_io.properties)


def plain_mapping_type(file_io: Any) -> str:
    """Return the name of the type that holds the properties of a FileIO."""
    return type(file_io.properties).__name__


def scanned_snapshot(materials: Materials) -> int | None:
    """Return the id of the scanned snapshot; ``None`` for a table that has none."""
    if materials.snapshot_id is not None:
        return materials.snapshot_id
    return materials.table_metadata.current_snapshot_id


PARTS = (
    Part("id", "split_id", plain_id, attributes=("id", "split_id")),
    Part("plan bytes", "plan_bytes", plain_bytes, attributes=("plan_bytes",)),
    Part("SQL text", "transform_sql", repr, lambda m: m.transform_sql, attributes=("transform_sql",)),
    Part("projected schema", "projected_schema", plain_schema, lambda m: m.projected_schema, decided_by_reader=True),
    Part("row filter", "row_filter", plain_expression, lambda m: m.row_filter),
    Part("table metadata", "table_metadata", plain_metadata, lambda m: m.table_metadata, decided_by_reader=True),
    Part("snapshot id", "snapshot_id", repr, scanned_snapshot, attributes=("snapshot_id",)),
    Part("scan tasks", "scan_tasks", plain_tasks, lambda m: m.file_scan_task, decided_by_reader=True),
    Part(
        "table properties",
        "table_properties",
        plain_mapping,
        lambda m: m.table_metadata.properties,
        attributes=("table_properties",),
    ),
    Part("FileIO class", "file_io", plain_class, lambda m: m.file_io),
    Part("FileIO properties", "file_io", plain_properties, lambda m: m.file_io),
    Part("FileIO mapping", "file_io", plain_mapping_type),
    Part("UDF registry", "udf_registry"),
    Part("scan context", "scan_context"),
)
# The adapter's readers, each once.
READERS = tuple(dict.fromkeys(each.reader for each in PARTS))


def part(name: str) -> Part:
    """Return the part of that name."""
    return next(each for each in PARTS if each.name == name)
