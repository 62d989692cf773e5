"""What the filter of a scan has, by name: by what of a table it may choose files, and what of that its rows show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pyiceberg.expressions.literals import literal
from pyiceberg.transforms import parse_transform

from fixtures.tables.model import rows_selected, scanned_columns
from fixtures.tables.schemas import iceberg_type, python_value
from strategies.evolution import table_before
from strategies.filters import COMPARISONS, other_zero, predicates_of
from strategies.histories import MANY_ROWS
from strategies.primitives import BY_TIME
from strategies.specs import (
    AddColumn,
    Append,
    ColumnSpec,
    DeletePositions,
    Operation,
    Or,
    PartitionBy,
    Predicate,
    ScanSpec,
    StructSpec,
    WidenColumn,
)

__all__ = ["appends", "asks_beyond_a_former_type", "features_of_filter", "files", "partitionings", "selects_some"]


def features_of_filter(scan: ScanSpec) -> Iterator[str]:
    """Yield what the filter of a current scan has, where it selects some rows and not all."""
    if scan.at is not None or scan.ref is not None or not selects_some(scan):
        return
    operations, asked = scan.history.operations, list(predicates_of(scan.row_filter))
    named = {predicate.column for predicate in asked}
    added = {done.column.name for done in operations if isinstance(done, AddColumn)}
    parted_by = partitionings(scan)
    newest = parted_by[-1] if parted_by else None
    holds = {
        "filter eq of a column that was widened": _asks_for_a_bound_of_former_files(scan),
        "filter beside positions": any(isinstance(done, DeletePositions) for done in operations),
        "filter of a zero that has another sign": any(_is_a_zero_of_another_sign(scan, each) for each in asked),
        "filter in over many rows": isinstance(scan.row_filter, Predicate)
        and scan.row_filter.op == "in"
        and len(set(scan.row_filter.values)) > 1
        and Append(MANY_ROWS) in operations,
        "filter of an added column": isinstance(scan.row_filter, Predicate)
        and scan.row_filter.op != "is-null"
        and bool(named & added),
        "filter of a column that is not asked for": scan.columns is not None and bool(named - set(scan.columns)),
        "filter of a partition or another column": isinstance(scan.row_filter, Or)
        and newest in named
        and len(named) > 1,
    }
    yield from (name for name, held in holds.items() if held)
    if any("'" in value for predicate in asked for value in predicate.values if isinstance(value, str)):
        yield "filter of a text with a quote"
    if isinstance(scan.row_filter, Predicate):
        yield from _of_what_is_stored(scan, scan.row_filter)
    if isinstance(scan.row_filter, Predicate) and scan.row_filter.op in COMPARISONS:
        yield from _of_moved_columns(scan, scan.row_filter)
    # Of one file some rows are wanted and some not: where a file is of one partition, its rows are often alike.
    if not parted_by and appends(operations) == 1 and isinstance(scan.row_filter, Predicate):
        yield f"filter {scan.row_filter.op}"
        yield from _of_bounds(scan, scan.row_filter)
    if not parted_by and files(operations) > 1:
        matched = [_all_match(scan, file) for file in range(len(operations))]
        if matched[0]:
            yield "filter that all of the oldest file match"
        if matched[-1]:
            yield "filter that all of the newest file match"
    if len(asked) == 1 and named == {newest}:
        which = "the first"
        if len(parted_by) > 1 or scan.history.partition_by is None:
            which = "a second" if len(parted_by) > 1 else "a later"
        yield f"filter {asked[0].op} of {which} partitioning"


def _is_a_zero_of_another_sign(scan: ScanSpec, asked: Predicate) -> bool:
    """Return whether a predicate takes in the zero of the other sign than its own, and there are such rows."""
    if (other := other_zero(asked)) is None:
        return False
    held = rows_selected(replace(scan, row_filter=None, columns=(asked.column,)))[asked.column].to_pylist()
    return repr(other) in map(repr, held)


def _of_what_is_stored(scan: ScanSpec, asked: Predicate) -> Iterator[str]:
    """Yield by which transforms of its column a filter chooses files."""
    operations = scan.history.operations
    for at, done in enumerate(operations):
        if not isinstance(done, PartitionBy) or done.name != asked.column or not appends(operations[at:]):
            continue
        held = rows_selected(replace(scan, columns=(asked.column,)))[asked.column].to_pylist()
        column = _scanned_column(scan, asked.column)
        if done.transform in BY_TIME and asked.op == "eq":
            years = [value.year for value in held if value is not None]
            if any(year < 1970 for year in years):
                yield "filter eq of what is before 1970 in partitions by time"
            if any(year > RECENT for year in years):
                yield f"filter eq of a {column.type} in partitions by {done.transform}"
        if done.transform.startswith("truncate"):
            yield "filter of a partition by truncation"
            if asked.op == "not-starts-with" and any(_begin_alike(value, asked.values[0]) for value in held):
                yield "filter not-starts-with of a partition by truncation"
            if asked.op in ("eq", "in") and any(_is_of_several_bytes(value) for value in asked.values):
                yield "filter of a text of several bytes in partitions by truncation"
            if asked.op in ("eq", "ge") and any(_is_truncated_downwards(value) for value in asked.values):
                yield "filter of a negative number in partitions by truncation"
        if done.transform.startswith("bucket"):
            yield "filter of a partition by bucket"
            if asked.op == "ne" and _shares_its_bucket(column, asked, held):
                yield "filter ne of a value in whose bucket are others"


# The last year near 1970: whoever takes each month for thirty days, say, is off by a month only some years later.
RECENT = 2000


def _scanned_column(scan: ScanSpec, name: str) -> ColumnSpec:
    return next(column for column in scanned_columns(scan) if column.name == name)


def _of_moved_columns(scan: ScanSpec, asked: Predicate) -> Iterator[str]:
    """Yield whether by the places of columns in one file another column of a second is taken for the one that is asked.

    That is of the same type, and holds none of the values that are asked for. Each file has some of these.
    """
    written = [at for at, done in enumerate(scan.history.operations) if isinstance(done, Append) and not done.branch]
    if len(written) < 2:
        return
    first, last = (table_before(scan.history, at).columns for at in (written[0], written[-1]))
    before = replace(scan.history, operations=scan.history.operations[: written[-1]])
    known = {column.name for column in table_before(before, len(before.operations)).columns}
    if not {asked.column, *(scan.columns or ())} <= known:
        return
    if not 0 < rows_selected(replace(scan, history=before)).num_rows < rows_selected(scan).num_rows:
        return
    # Which file is looked at first is the loader's own matter.
    for which, files in (("former", (first, last)), ("later", (last, first))):
        other = _taken_for(scan, asked.column, *files)
        if other and not rows_selected(replace(scan, row_filter=replace(asked, column=other))).num_rows:
            yield f"filter of a column in whose {which} place is another"


def _taken_for(scan: ScanSpec, name: str, before: Sequence[ColumnSpec], now: Sequence[ColumnSpec]) -> str | None:
    """Return the column of the same type that stands where one stood; ``None`` where there is no other."""
    wanted = _scanned_column(scan, name)
    place = next((i for i, column in enumerate(before) if column.id == wanted.id), len(now))
    if place >= len(now) or now[place].id == wanted.id or now[place].type != wanted.type:
        return None
    return next((column.name for column in scanned_columns(scan) if column.id == now[place].id), None)


def _shares_its_bucket(column: ColumnSpec, asked: Predicate, selected: Iterable[object]) -> bool:
    """Return whether a value that is selected has the hash of the one that is not."""
    type_ = iceberg_type(column.type)
    bucket = parse_transform("bucket[4]").transform(type_)

    def hashed(value: object) -> int | None:
        stored: Any = literal(value).to(type_).value  # type: ignore[type-var]
        return bucket(stored)

    unwanted = hashed(python_value(column.type, asked.values[0]))
    return any(value is not None and hashed(value) == unwanted for value in selected)


def _is_of_several_bytes(value: object) -> bool:
    """Return whether a text is truncated elsewhere by characters than by bytes."""
    return isinstance(value, str) and value.encode()[:TRUNCATED_TO] != value[:TRUNCATED_TO].encode()


def _is_truncated_downwards(value: object) -> bool:
    """Return whether a number is truncated away from zero."""
    return isinstance(value, int) and value < 0 and value % TRUNCATED_TO != 0


def _of_bounds(scan: ScanSpec, asked: Predicate) -> Iterator[str]:
    """Yield which bound of a file's values a filter asks for, and whether the bounds tell its texts apart."""
    column = _scanned_column(scan, asked.column)
    rows = rows_selected(replace(scan, columns=(asked.column,), row_filter=None))
    held = {value for value in rows[asked.column].to_pylist() if value is not None}
    literals = [python_value(column.type, value) for value in asked.values]
    if asked.op in COMPARISONS and len(held) > 1:
        bounds = {"least": min(held), "greatest": max(held)}
        yield from (f"filter {asked.op} of the {which} value" for which, value in bounds.items() if [value] == literals)
    if column.type == "string" and any(_is_cut(literal, held) for literal in literals):
        yield "filter of a text longer than its bounds"
    if (
        column.type == "string"
        and asked.op in ("eq", "in", "gt", "ge")
        and any(_is_before(each, held) for each in literals)
    ):
        yield "filter of a text before one beyond ASCII"
    if asked.op == "eq" and _is_beyond_a_field_of_its_name(scan, column, literals[0]):
        yield "filter eq of a column whose name a field of a struct before it has"


def _is_before(text: str, held: Iterable[str]) -> bool:
    """Return whether a text is held, and the last one begins beyond ASCII: there, bytes are negative if signed."""
    return text in held and text[:1].isascii() and not max(held)[:1].isascii()


def _is_beyond_a_field_of_its_name(scan: ScanSpec, column: ColumnSpec, wanted: Any) -> bool:
    """Return whether a field of a struct that stands before a column has its name and type, and no value near this.

    Of numbers and texts: these have statistics in any file, which are compared as they are.
    """
    if column.type not in ("long", "int", "string"):
        return False
    columns = scanned_columns(scan)
    for struct in columns[: columns.index(column)]:
        for place, field in enumerate(struct.type.fields if isinstance(struct.type, StructSpec) else ()):
            values = [value[place] for value in struct.values if value is not None and value[place] is not None]
            held = [python_value(field.type, value) for value in values]
            if (field.name, field.type) == (column.name, column.type) and held:
                return bool(not min(held) <= wanted <= max(held))
    return False


def _is_cut(text: str, held: Iterable[str]) -> bool:
    """Return whether a bound of these texts is cut so that it is one of this and others."""
    return len(text) > BOUND and len({value for value in held if value[:BOUND] == text[:BOUND]}) > 1


# The characters of a text that are left of it in a bound.
BOUND = 16


def _begin_alike(value: object, prefix: object) -> bool:
    """Return whether a value begins as a prefix does, as far as a truncated partition tells, and goes on otherwise."""
    return (
        isinstance(value, str)
        and isinstance(prefix, str)
        and len(prefix) > TRUNCATED_TO
        and value[:TRUNCATED_TO] == prefix[:TRUNCATED_TO]
    )


# The width of each truncation that is drawn.
TRUNCATED_TO = 2


# What an `int` of Iceberg's holds.
INT = range(-(2**31), 2**31)


def asks_beyond_a_former_type(scan: ScanSpec) -> bool:
    """Return whether a filter over one column compares with a number that older files could not hold."""
    asked, operations = scan.row_filter, scan.history.operations
    return (
        isinstance(asked, Predicate)
        and any(isinstance(done, WidenColumn) and done.name == asked.column for done in operations)
        and any(isinstance(value, int) and value not in INT for value in asked.values)
    )


def _asks_for_a_bound_of_former_files(scan: ScanSpec) -> bool:
    """Return whether a filter looks at bounds of a column that was widened: those of older files are narrower."""
    asked, operations = scan.row_filter, scan.history.operations
    widened = [
        place
        for place, done in enumerate(operations)
        if isinstance(asked, Predicate) and isinstance(done, WidenColumn) and done.name == asked.column
    ]
    younger = operations[widened[-1] :] if widened else ()
    return isinstance(asked, Predicate) and asked.op == "eq" and appends(younger) > 0


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


def partitionings(scan: ScanSpec) -> list[str | None]:
    """Return the columns by which the table was partitioned, one after another; ``None`` for by none later on."""
    later = [done.name for done in scan.history.operations if isinstance(done, PartitionBy)]
    return later if scan.history.partition_by is None else [scan.history.partition_by, *later]


def appends(operations: Sequence[Operation]) -> int:
    """Return how many appends there are to the table itself."""
    return sum(isinstance(done, Append) and done.branch is None for done in operations)


def files(operations: Sequence[Operation]) -> int:
    """Return how many data files a table has to which nothing was done but appends, one a file; else 0."""
    return appends(operations) if appends(operations) == len(operations) else 0


def selects_some(scan: ScanSpec) -> bool:
    """Return whether the filter selects some rows and not all."""
    if scan.row_filter is None:
        return False
    selected, every = (int(rows_selected(each).num_rows) for each in (scan, replace(scan, row_filter=None)))
    return 0 < selected < every
