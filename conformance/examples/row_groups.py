"""What of files with several row groups a scan shows: which rows are deleted, and which are skipped by their bounds."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from conformance.examples.filter_features import files, partitionings
from fixtures.tables.model import scanned_columns
from fixtures.tables.schemas import python_value
from strategies.evolution import REWRITING, ROW_GROUPS, ROWS_A_GROUP
from strategies.specs import Append, DeletePositions, Operation, Predicate, ScanSpec

__all__ = ["after_skipped_row_groups", "after_two_row_groups", "between_values_of_another", "has_row_groups"]

# By which a row is asked for, and a row group may be skipped.
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def has_row_groups(scan: ScanSpec) -> bool:
    """Return whether a file without partitions, which no operation has written anew, has several row groups."""
    written = [done.rows for done in scan.history.operations if isinstance(done, Append) and done.branch is None]
    anew = any(isinstance(done, REWRITING) for done in scan.history.operations)
    groups = ROW_GROUPS in scan.history.properties and max(written, default=0) > ROWS_A_GROUP
    return groups and not anew and not partitionings(scan)


def _files(operations: Sequence[Operation], place: int) -> Iterator[tuple[range, list[int]]]:
    """Yield the rows of each file that appends have made, and the positions in it that an operation deletes; nothing
    where there are others.
    """
    done, before = operations[place], operations[:place]
    assert isinstance(done, DeletePositions)
    if not files(before):
        return
    start = 0
    for made in before:
        rows = range(start, start + made.rows)  # type: ignore[union-attr]  # appends all
        start = rows.stop
        yield rows, [row - rows.start for row in rows if row in range(done.first, rows.stop, done.step)]


def after_two_row_groups(operations: Sequence[Operation], place: int) -> bool:
    """Return whether an operation deletes positions of a file, that an append made, such that others are deleted where
    they are counted from the beginning of a part of one row group, or of two.
    """
    for rows, gone in _files(operations, place):
        sizes = (ROWS_A_GROUP, 2 * ROWS_A_GROUP)
        counted_anew = [sum(position % size in gone for position in range(len(rows))) for size in sizes]
        if len(rows) > max(sizes) and len(gone) not in counted_anew:
            return True
    return False


def after_skipped_row_groups(scan: ScanSpec, place: int) -> bool:
    """Return whether an operation deletes positions of a file, that an append made, such that other rows are left where
    they are counted without the row groups whose bounds tell that the filter selects none of their rows.
    """
    asked = scan.row_filter
    if not isinstance(asked, Predicate) or asked.op not in COMPARED:
        return False
    values, literals = _values_of(scan, asked)
    if not values:
        return False
    literal, compare = literals[0], COMPARED[asked.op]

    def may_hold(group: list[Any]) -> bool:
        known = sorted(value for value in group if value is not None)
        between = bool(known) and known[0] <= literal <= known[-1]
        return (between and asked.op == "eq") or any(compare(bound, literal) for bound in known)

    for rows, gone in _files(scan.history.operations, place):
        written = [values[row % len(values)] for row in rows]
        groups = _groups(len(rows))
        kept = [position for group in groups if may_hold([written[each] for each in group]) for position in group]
        wanted = [value is not None and compare(value, literal) for value in written]
        otherwise = [kept[count] for count in gone if count < len(kept)]
        if sum(wanted[position] for position in gone) != sum(wanted[position] for position in otherwise):
            return True
    return False


def between_values_of_another(scan: ScanSpec) -> bool:
    """Return whether rows are asked for by a number or a text, and of the row groups of their file by whose bounds it
    may be there the first does not hold it, and a later one does.
    """
    asked, operations = scan.row_filter, scan.history.operations
    if not isinstance(asked, Predicate) or asked.op not in ("eq", "in"):
        return False
    if not {c.type for c in scanned_columns(scan) if c.name == asked.column} <= {"int", "long", "string"}:
        return False
    values, literals = _values_of(scan, asked)
    start = 0
    for made in (done for done in operations if isinstance(done, Append)):
        written = [values[row % len(values)] for row in range(start, start + made.rows)] if values else []
        start += made.rows
        held = [{value for value in written[g.start : g.stop] if value is not None} for g in _groups(len(written))]
        for literal in literals:
            may_hold = [
                group for group in held if literal is not None and group and min(group) <= literal <= max(group)
            ]
            if any(literal in group for group in may_hold) and literal not in may_hold[0]:
                return True
    return False


def _values_of(scan: ScanSpec, asked: Predicate) -> tuple[list[Any], list[Any]]:
    """Return the values that the column of a predicate repeats since the table was created, and those that it is
    compared with; nothing of a column that was added or changed since.
    """
    column = next(column for column in scanned_columns(scan) if column.name == asked.column)
    held = [each for each in scan.history.columns if (each.id, each.type) == (column.id, column.type) and each.values]
    if not held or not isinstance(column.type, str):
        return [], []
    type_ = column.type
    return [python_value(type_, value) for value in held[0].values], [python_value(type_, v) for v in asked.values]


def _groups(rows: int) -> list[range]:
    """Return the positions in each row group of a file of so many rows."""
    return [range(rows)[first : first + ROWS_A_GROUP] for first in range(0, rows, ROWS_A_GROUP)]
