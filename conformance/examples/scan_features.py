"""What a scan has, by name: what was done to its table, what is asked of it, and what of that its rows show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from conformance.examples.engine_refusals import is_refusal
from fixtures.expected import asked_rows
from fixtures.tables.model import is_sound, rows_selected
from strategies.filters import predicates_of
from strategies.histories import NO_COLUMN, table_before
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
    Predicate,
    RenameColumn,
    RollBack,
    RowwiseSpec,
    ScanSpec,
    SetProperty,
    WidenColumn,
)

__all__ = ["ASKED", "NOTHING_WRITTEN", "features"]

BARE = "untransformed: "
NOTHING_WRITTEN = f"{BARE}nothing written yet"
NESTED = "in a namespace within a namespace"
# What may be asked of a table. Without a transformation first, which might hide the rest.
ASKED = (
    f"{BARE}rows as they are",
    NOTHING_WRITTEN,
    NESTED,
    f"{BARE}AddColumn",
    f"{BARE}DropColumn",
    f"{BARE}RenameColumn",
    f"{BARE}moved before one of its type",
    f"{BARE}an old name again",
    f"{BARE}an older schema with more columns",
    f"{BARE}a newer snapshot elsewhere",
    f"{BARE}partitioned by what is gone",
    f"{BARE}three files",
    f"{BARE}several delete files",
    f"{BARE}a delete file for several files",
    f"{BARE}deletes of rows of their own commit",
    f"{BARE}files removed by the last commit",
    f"{BARE}partitioned by a name that looks hidden",
    f"{BARE}a small size of parts",
    f"{BARE}filter eq",
    f"{BARE}filter in",
    f"{BARE}filter is-null",
    f"{BARE}filter that all of the oldest file match",
    f"{BARE}filter that all of the newest file match",
    f"{BARE}filter beside positions",
    f"{BARE}filter of an added column",
    f"{BARE}filter of a column that is not asked for",
    f"{BARE}filter is-null of the first partitioning",
    f"{BARE}filter eq of a later partitioning",
    f"{BARE}filter eq of a second partitioning",
    f"{BARE}filter of a partition or another column",
    f"{BARE}filter eq of what is before 1970 in partitions by time",
    f"{BARE}filter of a partition by truncation",
    f"{BARE}filter of a partition by bucket",
    f"{BARE}filter not-starts-with of a partition by truncation",
    f"{BARE}filter beyond the type that a column was widened from",
    "columns",
    "row_filter",
    "at",
    "ref",
    "registry",
    "columns in another case",
    "a filter in another case",
    "constants",
    "constants over deleted positions",
    "every column",
    "expressions",
    "where",
    "where of a null beside a filter",
    "having",
    "where of a star within a query",
    "where of a function",
)


def features(scan: ScanSpec) -> frozenset[str]:
    """Return the names of all that a scan has; none of one that asks for what is not there.

    >>> from strategies.specs import ColumnSpec, HistorySpec
    >>> scan = ScanSpec(HistorySpec((ColumnSpec(1, "a", "long", (1,)),)))
    >>> sorted(features(scan))
    ['Append', 'untransformed: rows as they are']
    """
    if not is_sound(scan):
        return frozenset()
    found = {*_of_history(scan), *_of_what_is_asked(scan), *_told(scan)}
    if scan.transformation is None:
        found |= {f"{BARE}{name}" for name in (*_of_rows_as_they_are(scan), *_of_filter(scan))}
    else:
        found |= set(_of_transformation(scan, scan.transformation))
    return frozenset(found)


def _of_history(scan: ScanSpec) -> Iterator[str]:
    operations = scan.history.operations
    yield from (type(done).__name__ for done in operations)
    if any(isinstance(done, Append) and done.branch for done in operations):
        yield "append to a branch"
    if scan.history.partition_by:
        yield "partitioned"
    if scan.history.nested:
        yield NESTED


def _of_what_is_asked(scan: ScanSpec) -> Iterator[str]:
    yield from (name for name in ("columns", "row_filter", "at", "ref", "registry") if getattr(scan, name) is not None)
    named = {predicate.column for predicate in predicates_of(scan.row_filter)}
    holds = {
        "columns in another case": bool(scan.columns) and not scan.case_sensitive,
        "a filter in another case": bool(named) and not scan.case_sensitive,
        "filter of a column that is not asked for": scan.columns is not None and bool(named - set(scan.columns)),
    }
    yield from (name for name, held in holds.items() if held)


def _of_transformation(scan: ScanSpec, made: RowwiseSpec) -> Iterator[str]:
    constants, of_null = made.select == NO_COLUMN, made.where.endswith("IS NOT NULL")
    tells = bool(made.where) and _leaves_out_some(scan, replace(made, where=""))
    holds = {
        "constants": constants,
        "constants over deleted positions": constants
        and not (made.where or made.having)
        and "DeletePositions that tells" in _told(scan),
        "every column": made.select.startswith("*"),
        "expressions": not made.select.startswith("*"),
        "where": tells,
        "where of a null": of_null and tells,
        "where of a null beside a filter": of_null and tells and scan.row_filter is not None,
        "having": bool(made.having),
        "where of a star within a query": tells and made.select == "*" and "selected" in made.sql(""),
        "where of a function": tells and scan.registry is not None and "(" in made.where,
    }
    yield from (name for name, held in holds.items() if held)


def _of_rows_as_they_are(scan: ScanSpec) -> Iterator[str]:
    """Yield what was done to the table that shows in all columns of the scan, or in all rows of it."""
    operations = scan.history.operations
    is_current, every_column = scan.at is None and scan.ref is None, scan.columns is None
    now = {column.name for column in table_before(scan.history, len(operations)).columns}
    dropped = {done.name for done in operations if isinstance(done, DropColumn)}
    added = {done.column.name for done in operations if isinstance(done, AddColumn)}
    since = operations[scan.at + 1 :] if scan.at is not None else ()
    deletes = [place for place, done in enumerate(operations) if isinstance(done, DeletePositions)]
    last = operations[-1] if operations else None
    if every_column and is_current:
        yield from (
            type(done).__name__ for done in operations if isinstance(done, AddColumn | DropColumn | RenameColumn)
        )
    holds = {
        "rows as they are": True,
        "nothing written yet": not operations,
        "moved before one of its type": every_column
        and is_current
        and any(_is_moved(scan, place) for place in range(len(operations))),
        # Nothing was written anew since: the old files are there.
        "an old name again": every_column
        and is_current
        and bool(added & dropped & now)
        and not any(isinstance(done, (DeleteRows, OverwriteRows)) for done in operations),
        "an older schema with more columns": every_column
        and any(isinstance(done, DropColumn) for done in since)
        and _appends(since) > 0,
        "a newer snapshot elsewhere": is_current
        and (isinstance(last, RollBack) or (isinstance(last, Append) and last.branch is not None)),
        "partitioned by what is gone": bool(dropped & set(_partitionings(scan))),
        "several delete files": is_current and len(deletes) > 1,
        "filter beyond the type that a column was widened from": is_current and _asks_beyond_a_former_type(scan),
        "files removed by the last commit": is_current
        and isinstance(last, (DeleteRows, OverwriteRows))
        and f"{type(last).__name__} that tells" in _told(scan),
        "deletes of rows of their own commit": is_current and any(_of_their_own(operations, at) for at in deletes),
        "partitioned by a name that looks hidden": is_current
        and any(name is not None and name.startswith("_") for name in _partitionings(scan)),
        "three files": is_current and not _partitionings(scan) and _files(operations) == 3,
        "a delete file for several files": is_current and any(_of_several_files(operations, at) for at in deletes),
        "a small size of parts": SetProperty("read.split.target-size", "200") in operations,
    }
    yield from (name for name, held in holds.items() if held)


def _of_filter(scan: ScanSpec) -> Iterator[str]:
    """Yield what the filter of a current scan has, where it selects some rows and not all."""
    if scan.at is not None or scan.ref is not None or not _selects_some(scan):
        return
    operations, asked = scan.history.operations, list(predicates_of(scan.row_filter))
    named = {predicate.column for predicate in asked}
    added = {done.column.name for done in operations if isinstance(done, AddColumn)}
    partitionings = _partitionings(scan)
    newest = partitionings[-1] if partitionings else None
    holds = {
        "filter beside positions": any(isinstance(done, DeletePositions) for done in operations),
        "filter of an added column": isinstance(scan.row_filter, Predicate)
        and scan.row_filter.op != "is-null"
        and bool(named & added),
        "filter of a column that is not asked for": scan.columns is not None and bool(named - set(scan.columns)),
        "filter of a partition or another column": isinstance(scan.row_filter, Or)
        and newest in named
        and len(named) > 1,
    }
    yield from (name for name, held in holds.items() if held)
    if isinstance(scan.row_filter, Predicate):
        yield from _of_what_is_stored(scan, scan.row_filter)
    # Of one file some rows are wanted and some not: where a file is of one partition, its rows are often alike.
    if not partitionings and _appends(operations) == 1 and isinstance(scan.row_filter, Predicate):
        yield f"filter {scan.row_filter.op}"
    if not partitionings and _files(operations) > 1:
        matched = [_all_match(scan, file) for file in range(len(operations))]
        if matched[0]:
            yield "filter that all of the oldest file match"
        if matched[-1]:
            yield "filter that all of the newest file match"
    if len(asked) == 1 and named == {newest}:
        which = "the first"
        if len(partitionings) > 1 or scan.history.partition_by is None:
            which = "a second" if len(partitionings) > 1 else "a later"
        yield f"filter {asked[0].op} of {which} partitioning"


def _of_what_is_stored(scan: ScanSpec, asked: Predicate) -> Iterator[str]:
    """Yield by which transforms of its column a filter chooses files."""
    operations = scan.history.operations
    for at, done in enumerate(operations):
        if not isinstance(done, PartitionBy) or done.name != asked.column or not _appends(operations[at:]):
            continue
        held = rows_selected(replace(scan, columns=(asked.column,)))[asked.column].to_pylist()
        if (
            done.transform in _BY_TIME
            and asked.op == "eq"
            and any(value is not None and value.year < 1970 for value in held)
        ):
            yield "filter eq of what is before 1970 in partitions by time"
        if done.transform.startswith("truncate"):
            yield "filter of a partition by truncation"
            if asked.op == "not-starts-with" and any(_begin_alike(value, asked.values[0]) for value in held):
                yield "filter not-starts-with of a partition by truncation"
        if done.transform.startswith("bucket"):
            yield "filter of a partition by bucket"


def _begin_alike(value: object, prefix: object) -> bool:
    """Return whether a value begins as a prefix does, as far as a truncated partition tells, and goes on otherwise."""
    width = 2  # of each truncation that is drawn
    return (
        isinstance(value, str) and isinstance(prefix, str) and len(prefix) > width and value[:width] == prefix[:width]
    )


_BY_TIME = ("year", "month", "day", "hour")
# What an `int` of Iceberg's holds.
INT = range(-(2**31), 2**31)


def _asks_beyond_a_former_type(scan: ScanSpec) -> bool:
    """Return whether a filter over one column compares with a number that older files could not hold."""
    asked, operations = scan.row_filter, scan.history.operations
    return (
        isinstance(asked, Predicate)
        and any(isinstance(done, WidenColumn) and done.name == asked.column for done in operations)
        and any(isinstance(value, int) and value not in INT for value in asked.values)
    )


def _of_their_own(operations: Sequence[Operation], place: int) -> bool:
    """Return whether an operation deletes positions of rows that it writes itself, of a table of appends."""
    done, before = operations[place], operations[:place]
    assert isinstance(done, DeletePositions)
    if not done.rows or not _files(before):
        return False
    written = sum(made.rows for made in before if isinstance(made, Append))
    return any(row >= written for row in range(done.first, written + done.rows, done.step))


def _partitionings(scan: ScanSpec) -> list[str | None]:
    """Return the columns by which the table was partitioned, one after another; ``None`` for by none later on."""
    later = [done.name for done in scan.history.operations if isinstance(done, PartitionBy)]
    return later if scan.history.partition_by is None else [scan.history.partition_by, *later]


def _appends(operations: Sequence[Operation]) -> int:
    """Return how many appends there are to the table itself."""
    return sum(isinstance(done, Append) and done.branch is None for done in operations)


def _files(operations: Sequence[Operation]) -> int:
    """Return how many data files a table has to which nothing was done but appends, one a file; else 0."""
    return _appends(operations) if _appends(operations) == len(operations) else 0


def _all_match(scan: ScanSpec, file: int) -> bool:
    """Return whether the filter selects each row of a file, the one that this append made, of a table of appends."""
    with_it, without = (replace(scan.history, operations=scan.history.operations[:end]) for end in (file + 1, file))
    everything = replace(scan, columns=None, row_filter=None)
    counts = [
        int(rows_selected(replace(asked, history=history)).num_rows) if history.operations else 0
        for asked in (scan, everything)
        for history in (with_it, without)
    ]
    return counts[0] - counts[1] == counts[2] - counts[3]


def _of_several_files(operations: Sequence[Operation], place: int) -> bool:
    """Return whether an operation deletes positions of several files, each made by an append."""
    done, before = operations[place], operations[:place]
    assert isinstance(done, DeletePositions)
    if not _files(before):
        return False
    files = [number for number, made in enumerate(before) if isinstance(made, Append) for _ in range(made.rows)]
    return len(set(files[done.first :: done.step])) > 1


def _is_moved(scan: ScanSpec, place: int) -> bool:
    """Return whether an operation moves a column before another of its type."""
    done = scan.history.operations[place]
    if not isinstance(done, MoveFirst):
        return False
    before = table_before(scan.history, place).columns
    position = [column.name for column in before].index(done.name)
    return any(column.type == before[position].type for column in before[:position])


def _leaves_out_some(scan: ScanSpec, less: RowwiseSpec) -> bool:
    """Return whether the transformation leaves out some rows that it would give with less in it, and not all."""
    try:
        given, every = (int(asked_rows(each).num_rows) for each in (scan, replace(scan, transformation=less)))
    except Exception as error:
        if not is_refusal(error):
            raise
        return False
    return 0 < given < every


def _selects_some(scan: ScanSpec) -> bool:
    """Return whether the filter selects some rows and not all."""
    if scan.row_filter is None:
        return False
    selected, every = (int(rows_selected(each).num_rows) for each in (scan, replace(scan, row_filter=None)))
    return 0 < selected < every


def _told(scan: ScanSpec) -> Iterator[str]:
    """Yield which parts of a scan show in its rows: without them there are others. A plan is not looked at."""
    rows = rows_selected(scan)
    if rows.num_rows and any(column.null_count == len(column) for column in rows.columns):
        yield "a column of nulls"
    if _selects_some(scan):
        yield "a filter that tells"
    for place, done in enumerate(scan.history.operations):
        if isinstance(done, (DeletePositions, DeleteRows, OverwriteRows)):
            without = without_operation(scan, place)
            if without and is_sound(without) and rows_selected(without).num_rows != rows.num_rows:
                yield f"{type(done).__name__} that tells"
