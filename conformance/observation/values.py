"""PyIceberg's objects, FileIO properties and rows as plain values that compare by type and value, in every field.

PyIceberg's own equality is too weak an oracle: data files compare by path alone, schemas without their id, and
``EqualTo("a", 1) == EqualTo("a", True)``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

__all__ = [
    "Rows",
    "in_any_layout",
    "plain_bytes",
    "plain_expression",
    "plain_id",
    "plain_mapping",
    "plain_metadata",
    "plain_refs",
    "plain_rows",
    "plain_schema",
    "plain_task",
    "plain_tasks",
    "rows_of_table",
    "rows_together",
    "together",
]

DATA_FILE_FIELDS = (
    "content",
    "file_path",
    "file_format",
    "record_count",
    "file_size_in_bytes",
    "column_sizes",
    "value_counts",
    "null_value_counts",
    "nan_value_counts",
    "lower_bounds",
    "upper_bounds",
    "key_metadata",
    "split_offsets",
    "equality_ids",
    "sort_order_id",
    "spec_id",
)
# What CTX-3 lets stay behind, next to the snapshots that are not scanned and the refs to them.
LOGS = ("snapshot-log", "metadata-log", "statistics", "partition-statistics")


@dataclass(frozen=True)
class Rows:
    """The columns' names, types and nullability in order, and a text for each row.

    The texts are sorted, so that equality is that of multisets, but where the order of the rows was asked for.
    """

    columns: tuple[tuple[str, str, bool], ...]
    rows: tuple[str, ...]


def plain_expression(expression: Any) -> tuple[Any, ...]:
    """Return a boolean expression in postfix order, without nesting, so that depth overflows no stack."""
    output: list[Any] = []
    pending = [expression]
    while pending:
        node = pending.pop()
        name = type(node).__name__
        if name in ("And", "Or"):
            output.append(name)
            pending += [node.left, node.right]
        elif name == "Not":
            output.append(name)
            pending.append(node.child)
        else:
            output.append(_plain_leaf(node))
    return tuple(reversed(output))


def plain_schema(schema: Any) -> Any:
    """Return an Iceberg schema as its JSON: id, identifier fields, and each field with type, doc and defaults."""
    return json.loads(schema.model_dump_json())


def plain_metadata(metadata: Any) -> Any:
    """Return table metadata as its JSON, without what CTX-3 lets stay behind."""
    described = metadata.model_dump(mode="json")
    scanned = described.get("current-snapshot-id")
    for log in LOGS:
        described.pop(log, None)
    snapshots = described.pop("snapshots", [])
    refs = described.pop("refs", {})
    described["scanned-snapshot"] = [s for s in snapshots if s["snapshot-id"] == scanned]
    described["refs-to-it"] = _refs_to(scanned, refs)
    return described


def plain_refs(metadata: Any, snapshot_id: int | None) -> dict[str, Any]:
    """Return the branches and tags of a snapshot as JSON, by their names."""
    return _refs_to(snapshot_id, metadata.model_dump(mode="json").get("refs", {}))


def _refs_to(snapshot_id: int | None, refs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ref for name, ref in refs.items() if ref["snapshot-id"] == snapshot_id}


def plain_tasks(tasks: Any) -> list[Any]:
    """Return file scan tasks, or a single one, as a list of plain tasks."""
    return [plain_task(task) for task in (tasks if isinstance(tasks, (list, tuple)) else [tasks])]


def plain_task(task: Any) -> dict[str, Any]:
    """Return a file scan task: the data file and the delete files field by field, and the residual."""
    return {
        "file": _plain_file(task.file),
        "delete files": sorted((_plain_file(file) for file in task.delete_files), key=lambda f: f["file_path"]),
        "residual": plain_expression(task.residual),
    }


def plain_mapping(mapping: Mapping[Any, Any]) -> dict[str, str]:
    """Return the items with keys and values written as Python, so that ``1``, ``True`` and ``"1"`` stay apart."""
    return {repr(key): repr(value) for key, value in mapping.items()}


def plain_bytes(data: Any) -> Any:
    """Return bytes with their type and digest: a message shows only the beginning of the bytes themselves."""
    return data if data is None else (type(data).__name__, hashlib.sha256(data).hexdigest(), bytes(data))


def plain_id(split_id: Any) -> tuple[str, str]:
    """Return an id as its type and its representation."""
    return type(split_id).__name__, repr(split_id)


def plain_rows(batches: Iterable[pa.RecordBatch], *, exact: bool, in_order: bool = False) -> Rows | None:
    """Return the rows of record batches; ``None`` for no batch at all where no reader says the schema.

    Unless ``exact``, floats keep 12 significant digits: the engine adds them in whatever order they come. The order of
    the rows is kept ``in_order`` alone.
    """
    received = list(batches)
    if received:
        schema = received[0].schema
    elif isinstance(batches, pa.RecordBatchReader):
        schema = batches.schema
    else:
        return None
    columns = tuple((field.name, str(field.type), field.nullable) for field in schema)
    rows: list[str] = []
    for batch in received:
        names = [str(index) for index in range(batch.num_columns)]
        values = [_plain_column(column, exact) for column in batch.columns] if names else []
        rows += [f"({', '.join(row)})" for row in zip(*values, strict=True)] if values else ["()"] * batch.num_rows
    return Rows(columns, tuple(rows if in_order else sorted(rows)))


def rows_of_table(table: pa.Table, *, exact: bool, in_order: bool = False) -> Rows:
    """Return the rows of a table as :func:`plain_rows` does; a table tells its schema without any batch too."""
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    rows = plain_rows(reader, exact=exact, in_order=in_order)
    assert rows is not None  # the reader tells the schema
    return rows


def in_any_layout(rows: Any) -> Any:
    """Return rows whose columns say neither what is nullable, nor what a list calls its elements, nor whether offsets
    have 64 bits.

    In the first the engine's batches and its plans disagree, and some engines' types know none; the second makes no
    difference for Arrow itself; in the third PyIceberg's batches and its schemas disagree. What is not :class:`Rows` is
    returned as it is.
    """
    if not isinstance(rows, Rows):
        return rows
    return replace(rows, columns=tuple((name, _layout_left_out(type_), True) for name, type_, _ in rows.columns))


def _layout_left_out(type_: str) -> str:
    """Return the text of an Arrow type without what :func:`in_any_layout` leaves out."""
    return _NOT_NULL.sub("", _ELEMENT.sub("list<", type_.replace("large_", "")))


# As Arrow writes the elements of a list: Iceberg names them `element`, Arrow itself `item`.
_ELEMENT = re.compile(r"\blist<(?:element|item): ")
# Of a field within a type.
_NOT_NULL = re.compile(r" not null(?=[,>])")


def together(parts: Sequence[Rows]) -> Rows | None:
    """Return the rows of several splits as those of one; ``None`` for those of none.

    Raises:
        ValueError: they have different columns.

    """
    if len({rows.columns for rows in parts}) > 1:
        raise ValueError(f"splits of one scan have different columns: {parts[0].columns} and {parts[-1].columns}")
    return Rows(parts[0].columns, tuple(sorted(row for rows in parts for row in rows.rows))) if parts else None


def rows_together(readings: Iterable[Iterable[pa.RecordBatch]], *, exact: bool) -> Rows | None:
    """Return the rows of several readings together, each read to its end; ``None`` where there is no batch.

    Raises:
        ValueError: they have different columns.

    """
    seen = [plain_rows(batches, exact=exact) for batches in readings]
    return together([in_any_layout(rows) for rows in seen if rows is not None])


def _plain_column(column: pa.Array, exact: bool) -> list[str]:
    in_nanoseconds = getattr(column.type, "unit", "") == "ns"  # pandas would take part where it is installed
    try:
        values = (column.view(pa.int64()) if in_nanoseconds else column).to_pylist()
    except (OverflowError, ValueError):  # a date or time that Python has none for: as the number that Arrow holds
        values = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64()).to_pylist()
    if not exact and pa.types.is_floating(column.type):
        return ["None" if v is None else repr(float(f"{v:.12g}")) if math.isfinite(v) else repr(v) for v in values]
    return [repr(value) for value in values]


def _plain_leaf(node: Any) -> tuple[Any, ...]:
    if not hasattr(node, "term"):
        return (type(node).__name__,)
    name = getattr(node.term, "name", None)
    term = name if isinstance(name, str) else repr(node.term)
    literals = getattr(node, "literals", None)
    if literals is not None:
        return (type(node).__name__, term, tuple(sorted(map(_plain_literal, literals))))
    literal = getattr(node, "literal", None)
    return (type(node).__name__, term) if literal is None else (type(node).__name__, term, _plain_literal(literal))


def _plain_literal(literal: Any) -> str:
    value = getattr(literal, "value", literal)
    return f"{type(literal).__name__}({value!r}: {type(value).__name__})"


def _plain_file(file: Any) -> dict[str, Any]:
    described = {name: _plain_field(getattr(file, name, None)) for name in DATA_FILE_FIELDS}
    partition = file.partition
    described["partition"] = [repr(partition[i]) for i in range(len(partition))]
    return described


def _plain_field(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {repr(key): repr(item) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [repr(item) for item in value]
    return value if isinstance(value, str) and type(value) is str else repr(value)
