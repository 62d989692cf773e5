"""What a scan has, by name: what was done to its table, what is asked of it, and what of that its rows show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from conformance.examples.delete_features import features_of_deletes
from conformance.examples.engine_refusals import is_refusal
from conformance.examples.filter_features import (
    appends,
    asks_beyond_a_former_type,
    features_of_filter,
    files,
    partitionings,
    selects_some,
)
from conformance.examples.row_groups import (
    after_skipped_row_groups,
    after_two_row_groups,
    between_values_of_another,
    has_row_groups,
)
from conformance.examples.struct_features import features_of_structs
from fixtures.expected import asked_rows
from fixtures.tables.model import is_sound, model_of, rows_selected, scanned_columns
from strategies.evolution import REWRITING, table_before
from strategies.filters import predicates_of
from strategies.primitives import BY_TIME
from strategies.recorded import RECORDED, is_recorded
from strategies.scans import NO_COLUMN
from strategies.simpler_scans import without_operation
from strategies.specs import (
    AddColumn,
    Append,
    Compact,
    DeleteEqual,
    DeletePositions,
    DeleteRows,
    DropColumn,
    MoveFirst,
    Operation,
    OverwriteRows,
    Predicate,
    RenameColumn,
    RollBack,
    RowwiseSpec,
    ScanSpec,
    SetProperty,
    WidenColumn,
    WrittenBySpark,
)
from strategies.terms import quoted

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
    f"{BARE}AddColumn within",
    f"{BARE}DropColumn within",
    f"{BARE}RenameColumn within",
    f"{BARE}WidenColumn within",
    f"{BARE}a struct that is null",
    f"{BARE}a struct of nulls",
    f"{BARE}a struct of whose fields older files hold none",
    f"{BARE}a field of a struct",
    f"{BARE}two fields of a struct of three",
    f"{BARE}null in a column that was required",
    f"{BARE}a required column",
    f"{BARE}a sort order",
    f"{BARE}moved before one of its type",
    f"{BARE}an old name again",
    f"{BARE}an older schema with more columns",
    f"{BARE}a newer snapshot elsewhere",
    f"{BARE}a snapshot before rows of its files were deleted",
    f"{BARE}a tag before rows of its files were deleted",
    f"{BARE}partitioned by what is gone",
    f"{BARE}files written anew",
    f"{BARE}files of snapshots that have expired",
    f"{BARE}format version 1",
    *(f"{BARE}written by Spark: {name}" for name in RECORDED),
    "constants over a table of Spark's",
    f"{BARE}three files",
    f"{BARE}several delete files",
    f"{BARE}a delete file for several files",
    f"{BARE}deletes of rows of their own commit",
    f"{BARE}rows deleted by a value",
    f"{BARE}rows deleted by a value beside nulls",
    f"{BARE}rows deleted by a value of a column that is not asked for",
    f"{BARE}rows deleted by the values of two columns in another order than the table's",
    f"{BARE}filter of a zero that has another sign",
    f"{BARE}files removed by the last commit",
    f"{BARE}partitioned by a name that looks hidden",
    f"{BARE}a column named as those of delete files",
    f"{BARE}a tag whose name is a number",
    f"{BARE}a small size of parts",
    f"{BARE}files of several row groups",
    f"{BARE}deleted positions after two row groups",
    f"{BARE}filter in files of several row groups",
    f"{BARE}filter that skips row groups before deleted positions",
    f"{BARE}filter of a value between those of an earlier row group",
    f"{BARE}filter in over many rows",
    f"{BARE}filter eq",
    f"{BARE}filter in",
    f"{BARE}filter is-null",
    f"{BARE}filter that all of the oldest file match",
    f"{BARE}filter that all of the newest file match",
    f"{BARE}filter beside positions",
    f"{BARE}filter of an added column",
    f"{BARE}filter is-null of a column that was required",
    f"{BARE}filter of a column that is not asked for",
    f"{BARE}filter is-null of the first partitioning",
    f"{BARE}filter eq of a later partitioning",
    f"{BARE}filter eq of a second partitioning",
    f"{BARE}filter of a partition or another column",
    f"{BARE}filter eq of what is before 1970 in partitions by time",
    *(f"{BARE}filter eq of a date in partitions by {transform}" for transform in ("year", "month", "day")),
    *(f"{BARE}filter eq of a timestamp in partitions by {transform}" for transform in BY_TIME),
    f"{BARE}filter of a partition by truncation",
    f"{BARE}filter of a negative number in partitions by truncation",
    f"{BARE}filter of a text of several bytes in partitions by truncation",
    f"{BARE}filter not-null of a partition beside files that were removed",
    f"{BARE}no longer partitioned, in format version 1",
    f"{BARE}filter of a partition by bucket",
    f"{BARE}filter ne of a value in whose bucket are others",
    f"{BARE}filter not-starts-with of a partition by truncation",
    f"{BARE}filter beyond the type that a column was widened from",
    f"{BARE}filter eq of a column that was widened",
    f"{BARE}filter le of the least value",
    f"{BARE}filter ge of the greatest value",
    f"{BARE}filter lt of the greatest value",
    f"{BARE}filter gt of the least value",
    f"{BARE}filter eq of the least value",
    f"{BARE}filter eq of the greatest value",
    f"{BARE}filter of a text longer than its bounds",
    f"{BARE}filter of a text before one beyond ASCII",
    f"{BARE}filter eq of a column whose name a field of a struct before it has",
    *(f"{BARE}filter of a column in whose {which} place is another" for which in ("former", "later")),
    f"{BARE}filter of a text with a quote",
    f"{BARE}filter not-null",
    f"{BARE}filter ne",
    f"{BARE}filter starts-with",
    "columns",
    "row_filter",
    "at",
    "ref",
    "registry",
    "columns in another case",
    "a filter in another case",
    "constants",
    "constants over deleted positions",
    "constants over deleted values",
    "every column",
    "expressions",
    "where",
    "where of a null beside a filter",
    "having",
    "where of a star within a query",
    "where of a function",
    *(f"where {operator} before a literal" for operator in ("=", "<>", "<", "<=", ">", ">=")),
    *(f"where {operator} after a literal" for operator in ("<", "<=", ">", ">=")),
    *("where BETWEEN", "where IN", "where NOT IN", "where AND", "where OR", "where NOT", "where NOT OR"),
    *("where of a whole number beside a fraction", "where of a column that is cast"),
    *("where of a date", "where of a timestamp", "where LIKE with any character before the rest"),
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
        untransformed = (_of_rows_as_they_are, features_of_structs, features_of_deletes, features_of_filter)
        found |= {f"{BARE}{name}" for told in untransformed for name in told(scan)}
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
    counts = constants and not (made.where or made.having)
    tells = bool(made.where) and _leaves_out_some(scan, replace(made, where=""))
    holds = {
        "constants": constants,
        "constants over deleted positions": counts and "DeletePositions that tells" in _told(scan),
        "constants over a table of Spark's": counts and is_recorded(scan.history),
        "constants over deleted values": counts and "DeleteEqual that tells" in _told(scan),
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
    if tells:
        yield from _of_condition(scan, made)


def _of_condition(scan: ScanSpec, made: RowwiseSpec) -> Iterator[str]:
    """Yield how a condition is written that leaves out some rows: whoever pushes it down has to understand that."""
    negated = re.fullmatch(r"NOT \((.*)\)", made.where)
    joined = re.search(r" (AND|OR) ", re.sub(r"BETWEEN \S+ AND", "BETWEEN", made.where))
    if negated or joined:
        yield f"where {'NOT ' if negated else ''}{joined[1] if joined else ''}".rstrip()
        return
    pattern = " LIKE 'a_%'"
    if made.where.endswith(pattern) and _differs(scan, made, made.where.replace(pattern, r" LIKE 'a\_%'")):
        yield "where LIKE with any character before the rest"
    compares = any(f" {operator} " in made.where for operator in COMPARED_WITH)
    if CAST.search(made.where) and _differs(scan, made, CAST.sub(r"\1", made.where)):
        yield "where of a column that is cast"
    whole = [quoted(column.name) for column in scanned_columns(scan) if column.type in ("long", "int")]
    of_whole = compares and any(name in made.where for name in whole)
    if of_whole and FRACTION.search(made.where) and _differs(scan, made, FRACTION.sub(r"\1", made.where)):
        yield "where of a whole number beside a fraction"
    if (compared := _COMPARED.fullmatch(made.where)) is None:
        return
    first, operator, second = compared.groups()
    order = "after a literal" if second.startswith('"') else "before a literal"
    taken_in = _TAKEN_IN.get(operator)
    if taken_in is None or _differs(scan, made, f"{first} {taken_in} {second}"):
        yield f"where {operator} {order}" if operator in COMPARED_WITH else f"where {operator}"
    for type_ in ("DATE", "TIMESTAMP"):
        if f"{type_} '" in made.where:
            yield f"where of a {type_.lower()}"


def _differs(scan: ScanSpec, made: RowwiseSpec, where: str) -> bool:
    """Return whether the transformation gives more or fewer rows under the other condition."""
    given, otherwise = (asked_rows(replace(scan, transformation=each)) for each in (made, replace(made, where=where)))
    return int(given.num_rows) != int(otherwise.num_rows)


_COMPARED = re.compile(r"""((?:"[^"]*"|\S+ '[^']*'|'[^']*'|\S+)) (<=|>=|<>|<|>|=|BETWEEN|IN|NOT IN) (.*)""", re.DOTALL)
CAST = re.compile(r"CAST\((.*?) AS BIGINT\)")
# What is cut off where a number is made a whole one.
FRACTION = re.compile(r"(\d+)\.\d+")
COMPARED_WITH = ("=", "<>", "<", "<=", ">", ">=")
_TAKEN_IN = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def _of_rows_as_they_are(scan: ScanSpec) -> Iterator[str]:
    """Yield what was done to the table that shows in all columns of the scan, or in all rows of it."""
    operations = scan.history.operations
    is_current, every_column = scan.at is None and scan.ref is None, scan.columns is None
    now = {column.name for column in table_before(scan.history, len(operations)).columns}
    dropped = {done.name for done in operations if isinstance(done, DropColumn) and done.within is None}
    added = {done.column.name for done in operations if isinstance(done, AddColumn) and done.within is None}
    since = operations[scan.at + 1 :] if scan.at is not None else ()
    deletes = [place for place, done in enumerate(operations) if isinstance(done, DeletePositions)]
    last = operations[-1] if operations else None
    if every_column and is_current:
        yield from _evolutions(operations)
    yield from (f"written by Spark: {done.name}" for done in operations if isinstance(done, WrittenBySpark))
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
        and not any(isinstance(done, REWRITING) for done in operations),
        "an older schema with more columns": every_column
        and any(isinstance(done, DropColumn) for done in since)
        and appends(since) > 0,
        "a newer snapshot elsewhere": is_current
        and (isinstance(last, RollBack) or (isinstance(last, Append) and last.branch is not None)),
        "partitioned by what is gone": bool(dropped & set(partitionings(scan))),
        "files written anew": is_current and any(_of_several(operations, at) for at in range(len(operations))),
        "files of snapshots that have expired": is_current and _outlived_their_snapshot(scan),
        "no longer partitioned, in format version 1": is_current
        and every_column
        and scan.history.format_version == 1
        and partitionings(scan)[-1:] == [None],
        "filter not-null of a partition beside files that were removed": is_current
        and scan.case_sensitive
        and isinstance(last, DeleteRows)
        and _asks_for_what_removed_files_left(scan, last),
        "format version 1": scan.history.format_version == 1,
        "a column named as those of delete files": "pos" in now and every_column and is_current,
        "a tag whose name is a number": scan.ref is not None and scan.ref.isdecimal(),
        "a sort order": is_current and scan.history.sort_by is not None,
        "a required column": is_current and any(column.required for column in scanned_columns(scan)),
        "null in a column that was required": is_current and _holds_null_since(scan),
        "filter is-null of a column that was required": is_current and _asks_for_nulls_since(scan),
        "filter beyond the type that a column was widened from": is_current and asks_beyond_a_former_type(scan),
        "files removed by the last commit": is_current
        and isinstance(last, (DeleteRows, OverwriteRows))
        and f"{type(last).__name__} that tells" in _told(scan),
        "rows deleted by a value": is_current and "DeleteEqual that tells" in _told(scan),
        "partitioned by a name that looks hidden": is_current
        and any(name is not None and name.startswith("_") for name in partitionings(scan)),
        "three files": is_current and not partitionings(scan) and files(operations) == 3,
        "files of several row groups": is_current and has_row_groups(scan),
        "deleted positions after two row groups": is_current
        and has_row_groups(scan)
        and any(after_two_row_groups(operations, at) for at in deletes),
        "filter that skips row groups before deleted positions": is_current
        and scan.case_sensitive
        and has_row_groups(scan)
        and any(after_skipped_row_groups(scan, at) for at in deletes),
        "filter in files of several row groups": is_current and has_row_groups(scan) and selects_some(scan),
        "filter of a value between those of an earlier row group": is_current
        and has_row_groups(scan)
        and between_values_of_another(scan),
        "a small size of parts": SetProperty("read.split.target-size", "200") in operations,
    }
    yield from (name for name, held in holds.items() if held)


def _evolutions(operations: Sequence[Operation]) -> Iterator[str]:
    """Yield how the names and fields of columns were changed; of structs only what files show that are older."""
    for place, done in enumerate(operations):
        if isinstance(done, AddColumn | DropColumn | RenameColumn | WidenColumn):
            within = done.within is not None
            older = not any(isinstance(later, REWRITING) for later in operations[place:])
            if within and older:
                yield f"{type(done).__name__} within"
            elif not within and not isinstance(done, WidenColumn):
                yield type(done).__name__


def _asks_for_what_removed_files_left(scan: ScanSpec, last: DeleteRows) -> bool:
    """Return whether a filter takes all partitions without null that are left, of a commit of several partitions.

    The files of some were removed as a whole: the manifest in which they were is written anew, and adds nothing.
    """
    asked, by = scan.row_filter, scan.history.partition_by
    if not isinstance(asked, Predicate) or asked.op != "not-null" or by is None or partitionings(scan) != [by]:
        return False
    if asked.column != by or any(each.column != by for each in predicates_of(last.where)):
        return False
    before = replace(scan.history, operations=scan.history.operations[:-1])
    left, whole = (
        set(rows_selected(replace(scan, history=each, row_filter=None, columns=(by,)))[by].to_pylist())
        for each in (scan.history, before)
    )
    return None not in whole and 0 < len(left) < len(whole)


def _holds_null_since(scan: ScanSpec) -> bool:
    """Return whether a column that was required holds null in some row, and another value in another."""
    required = {column.id for column in scan.history.columns if column.required}
    names = [column.name for column in scanned_columns(scan) if column.id in required and not column.required]
    rows = rows_selected(replace(scan, columns=None))
    return any(0 < rows[name].null_count < rows.num_rows for name in names)


def _asks_for_nulls_since(scan: ScanSpec) -> bool:
    """Return whether nulls are asked for of a column that was required, and found."""
    asked, required = scan.row_filter, {column.id for column in scan.history.columns if column.required}
    if not isinstance(asked, Predicate) or asked.op != "is-null":
        return False
    return selects_some(scan) and any(c.id in required for c in scanned_columns(scan) if c.name == asked.column)


def _of_several(operations: Sequence[Operation], place: int) -> bool:
    """Return whether an operation writes anew what several appends have written."""
    return isinstance(operations[place], Compact) and appends(operations[:place]) > 1


def _outlived_their_snapshot(scan: ScanSpec) -> bool:
    """Return whether a file is there that an append has written whose snapshot has expired; deletes beside it do not
    count, which may be told otherwise.
    """
    operations = scan.history.operations
    expired = [operations[place] for place in model_of(scan.history).expired]
    deletes = any(isinstance(done, (*REWRITING, DeletePositions, DeleteEqual)) for done in operations)
    return not deletes and any(isinstance(done, Append) and done.branch is None for done in expired)


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


def _told(scan: ScanSpec) -> Iterator[str]:
    """Yield which parts of a scan show in its rows: without them there are others. A plan is not looked at."""
    rows = rows_selected(scan)
    if rows.num_rows and any(column.null_count == len(column) for column in rows.columns):
        yield "a column of nulls"
    if selects_some(scan):
        yield "a filter that tells"
    for place, done in enumerate(scan.history.operations):
        if isinstance(done, (DeletePositions, DeleteEqual, DeleteRows, OverwriteRows)):
            without = without_operation(scan, place)
            if without and is_sound(without) and rows_selected(without).num_rows != rows.num_rows:
                yield f"{type(done).__name__} that tells"
