"""Simpler scans: a scan with one of its parts, or one operation of its table's history, left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from strategies.specs import AddColumn, Append, DeletePositions, HistorySpec, ScanSpec, WrittenBySpark

__all__ = ["simpler_scans", "without_operation"]


def simpler_scans(scan: ScanSpec) -> Iterator[ScanSpec]:
    """Yield the scan with each part left out in turn: what is asked first, then what was done, then rows and columns.

    Some of them make no sense, for what was left out is needed: whoever makes them real finds out.

    >>> from strategies.specs import ColumnSpec
    >>> history = HistorySpec((ColumnSpec(1, "a", "long", (1,)),), (Append(), Append(3)))
    >>> [len(each.history.operations) for each in simpler_scans(ScanSpec(history))][:2]
    [1, 1]

    """
    if scan.transformation is not None:
        yield replace(scan, transformation=None, registry=None)
        if scan.transformation.where:
            yield replace(scan, transformation=replace(scan.transformation, where=""))
        if scan.transformation.around != "*":
            yield replace(scan, transformation=replace(scan.transformation, around="*"))
        if scan.transformation.having:
            yield replace(scan, transformation=replace(scan.transformation, having=""))
        if ", " in scan.transformation.select:
            for kept in scan.transformation.select.split(", "):
                yield replace(scan, transformation=replace(scan.transformation, select=kept))
    if scan.registry is not None:
        yield replace(scan, registry=None)
    for without in ({"row_filter": None}, {"columns": None}, {"ref": None}, {"at": None}, {"case_sensitive": True}):
        simpler: ScanSpec = replace(scan, **without)
        if simpler != scan:
            yield simpler
    history = scan.history
    for position in reversed(range(len(history.operations))):
        if (shorter := without_operation(scan, position)) is not None:
            yield shorter
    for position, operation in enumerate(history.operations):
        if isinstance(operation, DeletePositions) and operation.rows:  # what it appends may be what matters
            operations = (*history.operations[:position], Append(operation.rows), *history.operations[position + 1 :])
            yield replace(scan, history=replace(history, operations=operations))
    if history.nested:
        yield replace(scan, history=replace(history, nested=False))
    if history.format_version != HistorySpec.format_version:
        yield replace(scan, history=replace(history, format_version=HistorySpec.format_version))
    if history.sort_by is not None:
        yield replace(scan, history=replace(history, sort_by=None))
    if history.properties:
        yield replace(scan, history=replace(history, properties=()))
    if history.partition_by is not None:
        yield replace(scan, history=replace(history, partition_by=None))
    for position, operation in enumerate(history.operations):
        if isinstance(operation, Append) and operation.rows > 1:
            fewer = replace(operation, rows=operation.rows // 2)
            operations = (*history.operations[:position], fewer, *history.operations[position + 1 :])
            yield replace(scan, history=replace(history, operations=operations))
    fixed = (AddColumn, WrittenBySpark)  # ids and columns are settled
    if len(history.columns) > 1 and not any(isinstance(operation, fixed) for operation in history.operations):
        yield from (replace(scan, history=shorter) for shorter in _with_fewer_columns(history))


def without_operation(scan: ScanSpec, position: int) -> ScanSpec | None:
    """Return the scan of a table to which one operation was not done.

    ``None`` where it is scanned as of that operation, or would not begin with rows.
    """
    done = scan.history.operations
    operations = (*done[:position], *done[position + 1 :])
    if position == scan.at or not operations or not isinstance(operations[0], Append):
        return None
    at = scan.at - 1 if scan.at is not None and position < scan.at else scan.at
    return replace(scan, history=replace(scan.history, operations=operations), at=at)


def _with_fewer_columns(history: HistorySpec) -> Iterator[HistorySpec]:
    for position in reversed(range(len(history.columns))):
        kept = (*history.columns[:position], *history.columns[position + 1 :])
        yield replace(history, columns=tuple(replace(column, id=i) for i, column in enumerate(kept, 1)))
