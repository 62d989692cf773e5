"""A few scans out of many drawn ones: those that together have most pairs of features, and the plainest of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from hypothesis.strategies import SearchStrategy

from conformance.examples.drawing import draw
from fixtures.tables.model import is_sound, rows_selected
from strategies.filters import filter_columns, predicates_of
from strategies.histories import table_before
from strategies.simpler_scans import without_operation
from strategies.specs import (
    AddColumn,
    Append,
    DeletePositions,
    DeleteRows,
    DropColumn,
    MoveFirst,
    Operation,
    Or,
    OverwriteRows,
    PartitionBy,
    RenameColumn,
    RollBack,
    ScanSpec,
    SetProperty,
)

__all__ = ["chosen", "covering", "features", "plainest"]

# So many scans are drawn for each that is chosen.
CHOSEN_FROM = 8


def features(scan: ScanSpec) -> frozenset[str]:
    """Return what a scan has: the kinds of operations of its history, what is asked, and what of it its rows show."""
    found = {type(done).__name__ for done in scan.history.operations}
    appends = [done for done in scan.history.operations if isinstance(done, Append)]
    found |= {"append to a branch"} if any(append.branch for append in appends) else set()
    found |= {"partitioned"} if scan.history.partition_by else set()
    for name in ("columns", "row_filter", "at", "ref", "registry"):
        found |= {name} if getattr(scan, name) is not None else set()
    if not scan.case_sensitive:
        found |= {"columns in another case"} if scan.columns else set()
        found |= {"a filter in another case"} if scan.row_filter else set()
    if scan.row_filter is not None and scan.columns is not None:
        named = set(filter_columns(scan.row_filter))
        found |= {"filter of a column that is not asked for"} if named - set(scan.columns) else set()
    found |= {f"{name}, untransformed" for name in _bare(scan)} if scan.transformation is None else set()
    if (made := scan.transformation) is not None:
        found |= {"constants"} if made.select == "1 AS one" else set()
        plain = made.select == "1 AS one" and not made.where and not made.having
        found |= (
            {"constants over deleted positions"} if plain and "DeletePositions that tells" in _told(scan) else set()
        )
        found |= {"every column"} if made.select.startswith("*") else {"expressions"}
        found |= {"where"} if made.where else set()
        of_null = made.where.endswith("IS NOT NULL")
        found |= {"where of a null"} if of_null else set()
        found |= {"where of a null beside a filter"} if of_null and scan.row_filter is not None else set()
        found |= {"having"} if made.having else set()
    return frozenset(found | _told(scan)) if is_sound(scan) else frozenset()


def _bare(scan: ScanSpec) -> set[str]:
    """Return what a scan has that a transformation might hide."""
    operations, columns = scan.history.operations, table_before(scan.history, len(scan.history.operations)).columns
    whole = scan.at is None and scan.ref is None
    names = {column.name for column in columns}
    found = {"rows as they are"} | ({"nothing written yet"} if not operations else set())
    since = [] if scan.at is None else operations[scan.at + 1 :]
    older = scan.columns is None and any(isinstance(done, DropColumn) for done in since)
    found |= {"an older schema with more columns"} if older else set()
    if scan.columns is None and whole:
        found |= {type(done).__name__ for done in operations if isinstance(done, AddColumn | DropColumn | RenameColumn)}
        found |= (
            {"moved among its type"} if any(_is_moved(scan, position) for position in range(len(operations))) else set()
        )
    if whole and (_is_on_branch(operations[-1:]) or isinstance((*operations, None)[-1], RollBack)):
        found.add("newer snapshot elsewhere")
    gone = [done.name for done in operations if isinstance(done, DropColumn)]
    again = {done.column.name for done in operations if isinstance(done, AddColumn)} & set(gone)
    found |= {"an old name again"} if again & names and scan.columns is None and whole else set()
    found |= {"partitioned by what is gone"} if set(gone) & _partitions(scan) else set()
    positions = [done for done in operations if isinstance(done, DeletePositions)]
    found |= {"several delete files"} if len(positions) > 1 and whole else set()
    if whole and any(
        isinstance(d, DeletePositions) and _appends(operations[:at]) > 1 for at, d in enumerate(operations)
    ):
        found.add("a delete file for several files")
    if ("read.split.target-size", "200") in [(d.name, d.value) for d in operations if isinstance(d, SetProperty)]:
        found.add("a small size of parts")
    return found | (_filtered(scan) if scan.row_filter is not None and whole else set())


def _filtered(scan: ScanSpec) -> set[str]:
    """Return what the filter of a scan has, where it selects some rows and not all."""
    if not 0 < rows_selected(scan).num_rows < rows_selected(replace(scan, row_filter=None)).num_rows:
        return set()
    operations = scan.history.operations
    added = {done.column.name for done in operations if isinstance(done, AddColumn)}
    parts = [done.name for done in operations if isinstance(done, PartitionBy)]
    newest = parts[-1] if parts else scan.history.partition_by
    found = {"filter that tells beside positions"} if any(isinstance(d, DeletePositions) for d in operations) else set()
    asked = list(predicates_of(scan.row_filter))
    # Where a file is of one partition, its rows are often alike.
    found |= {f"filter {predicate.op}" for predicate in asked} if newest is None and not parts else set()
    if scan.columns is not None and {predicate.column for predicate in asked} - set(scan.columns):
        found.add("filter of a column that is not asked for and tells")
    if isinstance(scan.row_filter, Or) and len({predicate.column for predicate in asked}) > 1:
        found |= {"or with a partition"} if newest in {predicate.column for predicate in asked} else set()
    found |= {"filter of an added column"} if {predicate.column for predicate in asked} & added else set()
    if newest is not None and {predicate.column for predicate in asked} == {newest}:
        which = "first" if not parts else "second" if scan.history.partition_by or len(parts) > 1 else "later"
        found |= {f"filter {predicate.op} of the {which} partition" for predicate in asked if len(asked) == 1}
    return found


def _appends(operations: Sequence[Operation]) -> int:
    """Return how many appends there are to the table itself."""
    return sum(isinstance(done, Append) and done.branch is None for done in operations)


def _is_moved(scan: ScanSpec, position: int) -> bool:
    """Return whether an operation moves a column before another of its type."""
    done = scan.history.operations[position]
    if not isinstance(done, MoveFirst):
        return False
    before = table_before(scan.history, position).columns
    place = [column.name for column in before].index(done.name)
    return any(column.type == before[place].type for column in before[:place])


def _partitions(scan: ScanSpec) -> set[str | None]:
    return {scan.history.partition_by, *(d.name for d in scan.history.operations if isinstance(d, PartitionBy))}


def _is_on_branch(last: Sequence[Operation]) -> bool:
    return any(isinstance(done, Append) and done.branch is not None for done in last)


NOTHING = "nothing written yet, untransformed"
# What may be asked of a table.
ASKED = (
    "rows as they are, untransformed",
    NOTHING,
    "constants over deleted positions",
    "a delete file for several files, untransformed",
    "filter of a column that is not asked for and tells, untransformed",
    "AddColumn, untransformed",
    "DropColumn, untransformed",
    "RenameColumn, untransformed",
    "moved among its type, untransformed",
    "newer snapshot elsewhere, untransformed",
    "an old name again, untransformed",
    "an older schema with more columns, untransformed",
    "partitioned by what is gone, untransformed",
    "several delete files, untransformed",
    "a small size of parts, untransformed",
    "filter that tells beside positions, untransformed",
    "filter eq, untransformed",
    "filter in, untransformed",
    "filter is-null, untransformed",
    "filter of an added column, untransformed",
    "filter is-null of the first partition, untransformed",
    "filter eq of the later partition, untransformed",
    "filter eq of the second partition, untransformed",
    "or with a partition, untransformed",
    "columns",
    "row_filter",
    "at",
    "ref",
    "registry",
    "constants",
    "every column",
    "expressions",
    "where",
    "where of a null beside a filter",
    "having",
    "columns in another case",
    "a filter in another case",
)


def plainest(scans: Sequence[ScanSpec]) -> list[ScanSpec]:
    """Return for each thing that may be asked the scan that asks it and has least besides.

    One with many features hides what it would tell of one behind what it tells of another.
    """
    sound = [(scan, has) for scan in scans if (has := features(scan))]
    sound.sort(key=lambda each: (len(each[1]), len(repr(each[0]))))
    found = (next((scan for scan, has in sound if asked in has and _shows(scan, asked)), None) for asked in ASKED)
    return list(dict.fromkeys(scan for scan in found if scan is not None))


def _shows(scan: ScanSpec, asked: str) -> bool:
    """Return whether there are rows in which something can show: over none everything is plain."""
    return asked == NOTHING or rows_selected(scan).num_rows > 1


def _told(scan: ScanSpec) -> set[str]:
    """Return which parts of a scan show in its rows: without them there are others. A plan is not looked at."""
    rows = rows_selected(scan)
    told = {"a column of nulls"} if rows.num_rows and any(c.null_count == len(c) for c in rows.columns) else set()
    if scan.row_filter is not None and rows_selected(replace(scan, row_filter=None)).num_rows > rows.num_rows > 0:
        told.add("a filter that tells")
    for position, done in enumerate(scan.history.operations):
        if isinstance(done, (DeletePositions, DeleteRows, OverwriteRows)):
            without = without_operation(scan, position)
            if without and is_sound(without) and rows_selected(without).num_rows != rows.num_rows:
                told.add(f"{type(done).__name__} that tells")
    return told


def chosen(strategy: SearchStrategy[ScanSpec], count: int, seed: int) -> list[ScanSpec]:
    """Return ``count`` scans, those that meet most of many drawn from the seed; the richest come first."""
    drawn: list[ScanSpec] = []
    draw(strategy, count * CHOSEN_FROM, seed, drawn.append)
    return covering(drawn, count)


def covering(scans: Sequence[ScanSpec], count: int) -> list[ScanSpec]:
    """Return at most ``count`` of the scans, each time one that has most pairs of features which none before it has.

    Of several the first, so that the same scans give the same choice.
    """
    pairs = [set(combinations(sorted(features(scan)), 2)) for scan in scans]
    left = list(range(len(scans)))
    chosen: list[ScanSpec] = []
    met: set[tuple[str, str]] = set()
    while left and len(chosen) < count:
        best = max(left, key=lambda i: (len(pairs[i] - met), -i))
        left.remove(best)
        met |= pairs[best]
        chosen.append(scans[best])
    return chosen
