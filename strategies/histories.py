"""Scans of tables with a history: what was done to a table, one operation after another, and what is asked of it.

Field ids are given as Iceberg gives them: 1, 2, … to the columns of the first schema, the next to the fields within
them, and the next to each that is added. Rows are counted through: row number ``i`` holds in each column
``values[i % len(values)]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from strategies.drawing import flip, one_in, pick, some
from strategies.filters import filter_columns, predicates, predicates_of, row_filters
from strategies.primitives import primitive
from strategies.specs import (
    AddColumn,
    Append,
    Branch,
    Chain,
    ColumnSpec,
    Compact,
    DeleteEqual,
    DeletePositions,
    DeleteRows,
    DropColumn,
    ExpireSnapshots,
    FilterSpec,
    HistorySpec,
    MakeOptional,
    MoveFirst,
    Not,
    Operation,
    Or,
    OverwriteRows,
    PartitionBy,
    Predicate,
    RegistrySpec,
    RenameColumn,
    RollBack,
    RowwiseSpec,
    ScanSpec,
    SetProperty,
    StructSpec,
    TableSpec,
    Tag,
    TypeSpec,
    UdfSpec,
    WidenColumn,
    WrittenBySpark,
)
from strategies.terms import quoted

__all__ = [
    "COMMITS",
    "EVOLVING",
    "NO_COLUMN",
    "RECORDED",
    "REWRITING",
    "ROWS_A_GROUP",
    "ROW_GROUPS",
    "deletes_by_value",
    "is_recorded",
    "next_id",
    "scans",
    "table_before",
]

T = TypeVar("T")
# What is done to a column, or to a field within one.
Within = AddColumn | DropColumn | RenameColumn | WidenColumn

# Files of more rows than this have several row groups, into which loaders cut them.
ROWS_A_GROUP = 2
ROW_GROUPS = ("write.parquet.row-group-limit", str(ROWS_A_GROUP))

# Operations that make a snapshot.
COMMITS = (Append, DeleteRows, OverwriteRows, DeletePositions, DeleteEqual, Compact)
# Operations that write files anew.
REWRITING = (DeleteRows, OverwriteRows, Compact)
# Operations that change the schema.
EVOLVING = (AddColumn, DropColumn, RenameColumn, WidenColumn, MakeOptional, MoveFirst)

# Types whose values every layer writes and reads alike; of floats neither NaN nor zeros, which PyIceberg's statistics
# and pyarrow's tell differently.
TYPES = ("long", "string", "int", "double", "date", "boolean", "timestamp", "decimal(9, 2)")
_WIDENED: dict[TypeSpec, str] = {"int": "long"}
# One column in so many is a struct of such fields.
STRUCT_ONE_IN = 10
_FIELDS = ("x", "Y", "x y")
_LATER_FIELDS = ("z", "select", *_FIELDS)
_OF_SPARK = (
    ColumnSpec(1, "id", "long", (0, 10, 11, 19, 59)),
    ColumnSpec(2, "name", "string", ("name 0", "name 3", "name 6")),
    ColumnSpec(3, "kind", "int", (0, 1, 2)),
    ColumnSpec(4, "price", "double", (0.25, 2.5, 14.75)),
)
_EVOLVED = (
    ColumnSpec(1, "id", "long", (0, 10, 12, 29, 39)),
    ColumnSpec(2, "title", "string", ("name 0", "new", None), old_name="name"),
    ColumnSpec(3, "kind", "long", (0, 1, 2), old_type="int"),
    ColumnSpec(5, "added", "string", ("late", None), added=True),
)
# The columns of each recorded table, with values to ask for.
RECORDED = {
    "positional_deletes": _OF_SPARK,
    "deletion_vectors": _OF_SPARK,
    "orc_deletes": _OF_SPARK,
    "evolved": _EVOLVED,
}
# What a query selects that names no column.
NO_COLUMN = "1 AS one"
NAMES = ("a", "b", "c", "Upper", "two words", "_d", "select")
_LATER_NAMES = ("later", "Later", "newer", "renamed", "x y")


def scans() -> st.SearchStrategy[ScanSpec]:
    """Scans of tables with a history of some operations; rarely nothing was written yet.

    >>> scan = scans().example()
    >>> len(scan.history.operations) < 16
    True

    """
    return _scans()


def deletes_by_value(scan: ScanSpec) -> bool:
    """Return whether the scanned snapshot has deletes that name values.

    >>> history = HistorySpec((ColumnSpec(1, "a", "int", (1, 2)),), (Append(2), DeleteEqual("a", 1)))
    >>> deletes_by_value(ScanSpec(history)), deletes_by_value(ScanSpec(history, at=0))
    (True, False)

    """
    done = scan.history.operations
    seen = done if scan.at is None else done[: scan.at + 1]
    return scan.ref is None and any(isinstance(operation, DeleteEqual) for operation in seen)


def is_recorded(history: HistorySpec) -> bool:
    """Return whether a table is a recorded one, to which nothing can be done.

    >>> is_recorded(HistorySpec(RECORDED["evolved"], (WrittenBySpark("evolved"),)))
    True

    """
    return any(isinstance(operation, WrittenBySpark) for operation in history.operations)


def table_before(history: HistorySpec, count: int) -> TableSpec:
    """Return the columns that the table has after so many of its operations, as far as filters ask for them.

    >>> columns = (ColumnSpec(1, "a", "int"),)
    >>> history = HistorySpec(columns, (Append(), RenameColumn("a", "b"), WidenColumn("b", "long")))
    >>> [(column.name, column.type) for column in table_before(history, 3).columns]
    [('b', 'long')]

    """
    columns = list(history.columns)
    for operation in history.operations[:count]:
        columns = _columns_after(columns, operation)
    return TableSpec(tuple(columns))


def _columns_after(columns: list[ColumnSpec], operation: Operation) -> list[ColumnSpec]:
    if isinstance(operation, (AddColumn, DropColumn, RenameColumn, WidenColumn)) and operation.within is not None:
        return [_struct_after(each, operation) if each.name == operation.within else each for each in columns]
    if isinstance(operation, AddColumn):
        return [*columns, replace(operation.column, added=True)]
    if isinstance(operation, DropColumn):
        return [column for column in columns if column.name != operation.name]
    if isinstance(operation, RenameColumn):
        return [replace(column, name=operation.to) if column.name == operation.name else column for column in columns]
    if isinstance(operation, WidenColumn):
        return [
            replace(column, type=operation.type, old_type=column.type) if column.name == operation.name else column  # type: ignore[arg-type]  # only primitives are widened
            for column in columns
        ]
    if isinstance(operation, MakeOptional):
        return [
            replace(column, required=False, values=(*column.values, None)) if column.name == operation.name else column
            for column in columns
        ]
    if isinstance(operation, MoveFirst):
        return sorted(columns, key=lambda column: column.name != operation.name)
    return columns


def _struct_after(column: ColumnSpec, operation: Within) -> ColumnSpec:
    """Return a struct column after an operation on its fields, with the values that its later rows have."""
    assert isinstance(column.type, StructSpec)
    before = column.type.fields
    after = _columns_after(list(before), replace(operation, within=None))
    added = operation.column.values if isinstance(operation, AddColumn) else ()
    kept = [place for place, field in enumerate(before) if field.id in {each.id for each in after}]

    def value(row: int, held: tuple[object, ...] | None) -> tuple[object, ...] | None:
        later = (added[row % len(added)],) if added else ()
        return None if held is None else (*(held[place] for place in kept), *later)

    values = tuple(value(row, held) for row, held in enumerate(column.values))
    return replace(column, type=StructSpec(tuple(after)), values=values)


def values_of(type_: str) -> tuple[object, ...]:
    """Return the values of a type that are drawn here."""
    floating = primitive(type_).is_floating
    values = tuple(
        value
        for value in primitive(type_).values
        if not (floating and (isinstance(value, str) or value == 0)) and len(str(value)) < LONGEST
    )
    return values + ALIKE if type_ == "string" else values


# The bounds of a file's texts are cut, after 16 characters where nothing else is set: then these are all one.
ALIKE = ("begins as others do: 1", "begins as others do: 2", "begins as others do")
# PyIceberg names folders by the values of a partition, and no file system takes names of any length.
LONGEST = 100


@st.composite
def _scans(draw: st.DrawFn) -> ScanSpec:
    history = draw(_histories())
    operations = history.operations
    at, ref = None, None
    expired = max((i for i, operation in enumerate(operations) if isinstance(operation, ExpireSnapshots)), default=0)
    commits = [
        i
        for i, operation in enumerate(operations)
        if isinstance(operation, COMMITS) and not _on_branch(operation) and i >= expired
    ]
    refs = [operation.name for operation in operations if isinstance(operation, Tag)]
    refs += [o.name for o in operations if isinstance(o, Branch) and _has_schema_of_today(history, o)]
    outgrown = [i for i in commits if any(isinstance(done, EVOLVING) for done in operations[i:])]
    if outgrown and flip(draw):
        at = pick(draw, outgrown)
    elif len(commits) > 1 and one_in(draw, 4):
        at = pick(draw, commits)
    elif refs and flip(draw):
        ref = pick(draw, refs)
    table = table_before(history, _seen(history, at, ref))
    names = [column.name for column in table.columns]
    parts = {history.partition_by, *(o.name for o in operations if isinstance(o, (PartitionBy, MakeOptional)))}
    cut = {o.name for o in operations if isinstance(o, PartitionBy) and o.transform.startswith("truncate")}
    row_filter = _filter(draw, table, table_before(history, len(operations)), parts, cut)
    columns = _columns(draw, names, () if row_filter is None else tuple(filter_columns(row_filter)))
    if flip(draw):
        case_sensitive = not (one_in(draw, 3) and _may_ignore_case(names) and (columns or row_filter))
        return ScanSpec(history, columns, row_filter, at, ref, case_sensitive=case_sensitive)
    shown = [column for column in table.columns if columns is None or column.name in columns]
    transformation, registry = draw(_transformations(tuple(shown)))
    return ScanSpec(history, columns, row_filter, at, ref, transformation, registry)


# Predicates by which whole partitions are chosen or left out.
_CHOOSES_PARTITIONS = ("eq", "in", "is-null", "ne", "ge", "lt", "starts-with", "not-starts-with")


def _has_schema_of_today(history: HistorySpec, branch: Branch) -> bool:
    """Return whether the schema of a branch is the table's current one.

    Otherwise readers differ: Iceberg's own give a branch in the current schema, and a tag in that of its snapshot.
    """
    return table_before(history, _seen(history, None, branch.name)) == table_before(history, len(history.operations))


def _may_ignore_case(names: Sequence[str]) -> bool:
    """Return whether names are told apart, and found, whatever their case."""
    return len({name.lower() for name in names}) == len(names) and all(
        name.swapcase().lower() == name.lower() for name in names
    )


def _columns(draw: st.DrawFn, names: Sequence[str], filtered: Sequence[str]) -> tuple[str, ...] | None:
    """Draw the columns that are asked for; half of those under a filter lack one that it names."""
    if flip(draw):
        return None
    left_out = pick(draw, filtered) if filtered and len(names) > 1 and flip(draw) else None
    offered = [name for name in names if name != left_out]
    return tuple(sorted(some(draw, offered, len(offered)), key=names.index))


def _filter(
    draw: st.DrawFn, table: TableSpec, now: TableSpec, parts: set[str | None], cut: set[str | None]
) -> FilterSpec | None:
    """Draw a filter over the columns that are named in the scanned schema as they are now, or none.

    Half of those of a table with texts that no bound tells apart are about these.
    Half of those of a partitioned table are about a column by which it is or was partitioned: over that alone, or over
    it or another. So are they about a column that was widened, or required (which ``parts`` names too). One by whose
    first characters the table is partitioned (``cut``) is asked for longer prefixes.

    PyIceberg plans by the current schema, and fails over names that only the scanned one has (docs/FINDINGS.md). Where
    a set is negated, it selects nulls, which a negated comparison does not: no such is drawn. Nor is one that orders
    null partition values among other predicates, over which PyIceberg fails.
    """
    named = {(column.id, column.name, column.type) for column in now.columns}
    columns = tuple(
        column
        for column in table.columns
        if (column.id, column.name, column.type) in named and isinstance(column.type, str)
    )
    if not columns or flip(draw):
        return None
    by = tuple(column for column in columns if column.name in parts or column.old_type is not None)
    alike = [column for column in columns if set(ALIKE) <= set(column.values)]
    truncated = [column for column in by if column.type == "string" and column.name in cut]
    found: FilterSpec
    if alike and flip(draw):
        return Predicate(pick(draw, ("eq", "gt", "in", "ne")), pick(draw, alike).name, (pick(draw, ALIKE),))
    if truncated and flip(draw):
        found = _of_a_prefix(draw, pick(draw, truncated))
    elif by and flip(draw):
        chosen = draw(predicates(pick(draw, by)).filter(lambda predicate: predicate.op in _CHOOSES_PARTITIONS))
        others = [column for column in columns if column.name != chosen.column]
        found = chosen
        if others and one_in(draw, 4):
            found = Or(chosen, draw(predicates(pick(draw, others))))
    else:
        found = draw(row_filters(TableSpec(columns), max_leaves=3))
    return None if _negates_a_set(found) or _orders_a_null(found, by) else found


def _of_a_prefix(draw: st.DrawFn, column: ColumnSpec) -> Predicate:
    """Draw whether a text begins so, or not: with all of a value, or with more than that."""
    held = [value for value in column.values if isinstance(value, str) and value]
    prefix = pick(draw, [*held, *(f"{value}c" for value in held)] or ["abc"])
    return Predicate(pick(draw, ("starts-with", "not-starts-with")), column.name, (prefix,))


def _orders_a_null(spec: FilterSpec, parts: Sequence[ColumnSpec]) -> bool:
    nullable = {column.name for column in parts if None in column.values}
    compared = (each for each in predicates_of(spec) if each.op in _ORDERING)
    return not isinstance(spec, Predicate) and any(each.column in nullable for each in compared)


_ORDERING = ("lt", "le", "gt", "ge", "starts-with", "not-starts-with")


def _negates_a_set(spec: FilterSpec, *, negated: bool = False) -> bool:
    if isinstance(spec, Predicate):
        return spec.op == "not-in" or (negated and spec.op == "in")
    if isinstance(spec, Not):
        return _negates_a_set(spec.child, negated=True)
    if isinstance(spec, Chain):
        return any(_negates_a_set(part, negated=negated) for part in (spec.first, spec.last))
    return any(_negates_a_set(part, negated=negated) for part in (spec.left, spec.right))


def _seen(history: HistorySpec, at: int | None, ref: str | None) -> int:
    """Return how many operations the schema of the scan has seen."""
    if at is not None:
        return at + 1
    if ref is None:
        return len(history.operations)
    names = [getattr(operation, "name", None) for operation in history.operations]
    made = names.index(ref) + 1
    later = [
        i + 1
        for i, operation in enumerate(history.operations)
        if isinstance(operation, Append) and operation.branch == ref
    ]
    commits = [i + 1 for i, operation in enumerate(history.operations[:made]) if isinstance(operation, COMMITS)]
    return max([*later, *commits[-1:]], default=made)


def _on_branch(operation: Operation) -> bool:
    return isinstance(operation, Append) and operation.branch is not None


@st.composite
def _histories(draw: st.DrawFn) -> HistorySpec:
    if one_in(draw, 30):
        name = pick(draw, tuple(RECORDED))
        return HistorySpec(RECORDED[name], (WrittenBySpark(name),))
    columns = _first_columns(draw)
    partitionable = [column.name for column in columns if column.type in ("long", "string", "int")]
    partition_by = pick(draw, partitionable) if partitionable and one_in(draw, 3) else None
    if one_in(draw, 40):
        return HistorySpec(columns, (), partition_by)
    sortable = [column.name for column in columns if isinstance(column.type, str)]
    history = HistorySpec(
        columns,
        (Append(1 + pick(draw, range(7))),),
        partition_by,
        nested=one_in(draw, 8),
        format_version=1 if one_in(draw, 10) else 2,
        sort_by=pick(draw, sortable) if sortable and one_in(draw, 8) else None,
    )
    for _ in range(pick(draw, range(7))):
        operation = _operation(draw, history)
        done: tuple[Operation, ...] = (operation,)
        if isinstance(operation, PartitionBy) and flip(draw):
            done += (Append(2 + pick(draw, range(5))),)  # of the new partitions there should be some
        history = replace(history, operations=(*history.operations, *done))
    # A column by which the table was partitioned is dropped last: PyIceberg writes no more deletes afterwards.
    parts = {history.partition_by, *(o.name for o in history.operations if isinstance(o, PartitionBy))}
    left = table_before(history, len(history.operations)).columns
    kept = {_partitioned_by(history), history.sort_by}
    former = [column.name for column in left if column.name in parts - kept]
    if former and len(left) > 1 and one_in(draw, 3):
        history = replace(history, operations=(*history.operations, DropColumn(pick(draw, former))))
    # Last too: PyIceberg plans nothing afterwards, and so writes no file anew.
    exact = [column for column in left if column.type != "double" and isinstance(column.type, str) and column.values]
    if parts == {None} and exact and history.format_version > 1 and one_in(draw, 12):
        by = pick(draw, exact)
        history = replace(history, operations=(*history.operations, DeleteEqual(by.name, pick(draw, by.values))))
    return replace(history, properties=(ROW_GROUPS,)) if one_in(draw, 3) else history


def some_names(draw: st.DrawFn, count: int) -> tuple[str, ...]:
    """Return so many different names of columns."""
    start = pick(draw, range(len(NAMES)))
    return tuple((NAMES * 2)[start : start + count])


def _first_columns(draw: st.DrawFn) -> tuple[ColumnSpec, ...]:
    """Draw the columns with which a table is created; those that never hold null may be required."""
    count = 1 + pick(draw, range(4))
    columns: list[ColumnSpec] = []
    next_id = count + 1
    for id_, name in enumerate(some_names(draw, count), 1):
        if one_in(draw, STRUCT_ONE_IN):
            columns.append(_struct(draw, id_, name, next_id))
            next_id += len(ids_of(columns[-1])) - 1
        else:
            made = _column(draw, id_, name, pick(draw, TYPES))
            columns.append(replace(made, required=None not in made.values and one_in(draw, 4)))
    return tuple(columns)


def _column(draw: st.DrawFn, id_: int, name: str, type_: str) -> ColumnSpec:
    held = ALIKE if type_ == "string" and one_in(draw, 6) else some(draw, values_of(type_), 4)
    return ColumnSpec(id_, name, type_, (*held, None) if flip(draw) else held)


def _struct(draw: st.DrawFn, id_: int, name: str, first_id: int) -> ColumnSpec:
    """Draw a struct column, whose fields have the ids from the first on."""
    names = _FIELDS[: 1 + pick(draw, range(len(_FIELDS)))]
    fields = tuple(_column(draw, id_, name, pick(draw, TYPES)) for id_, name in enumerate(names, first_id))
    held = tuple(tuple(field.values[row % len(field.values)] for field in fields) for row in range(3))
    if one_in(draw, 4):
        held = (*held, (None,) * len(fields))
    plain = tuple(replace(field, values=()) for field in fields)
    return ColumnSpec(id_, name, StructSpec(plain), (*held, None) if flip(draw) else held)


def ids_of(column: ColumnSpec) -> list[int]:
    """Return the id of a column, and those of the fields within it."""
    within = column.type.fields if isinstance(column.type, StructSpec) else ()
    return [column.id, *(id_ for field in within for id_ in ids_of(field))]


def next_id(history: HistorySpec) -> int:
    """Return the id of the column that is added next."""
    added = [operation.column for operation in history.operations if isinstance(operation, AddColumn)]
    return 1 + sum(len(ids_of(column)) for column in (*history.columns, *added))


def _operation(draw: st.DrawFn, history: HistorySpec) -> Operation:
    """Draw what is done next; what cannot be done becomes an append."""
    # Another partitioning of a table that has one already: files of both are read by one scan.
    kind = pick(draw, _KINDS if history.partition_by is None else (*_KINDS, *("partition",) * 4))
    columns = table_before(history, len(history.operations)).columns
    done = history.operations
    column = pick(draw, columns)
    partitioned = {history.partition_by, *(o.name for o in done if isinstance(o, PartitionBy))}
    if kind in _ABOUT_COLUMNS and isinstance(column.type, StructSpec):
        return _within(draw, history, column, column.type.fields)
    # PyIceberg writes files of partitions by identity alone, and these operations write them anew.
    if kind in ("delete", "overwrite") and not column.added and column.old_type is None and not _transformed(history):
        where = draw(predicates(column).filter(lambda predicate: predicate.op in _DELETED_BY))
        return DeleteRows(where) if kind == "delete" else OverwriteRows(where, 1 + pick(draw, range(3)))
    if kind == "compact" and not _transformed(history):
        return Compact()
    if kind == "expire" and not any(isinstance(operation, ExpireSnapshots) for operation in done):
        return ExpireSnapshots()
    if kind == "positions" and history.format_version > 1:
        same_commit = pick(draw, (2, 4)) if one_in(draw, 4) else 0
        return DeletePositions(pick(draw, range(3)), 1 + pick(draw, (1, 2, 0)), same_commit)
    if kind == "add":
        taken = {column.name for column in columns}
        free = [name for name in _LATER_NAMES if name not in taken]
        id_ = next_id(history)
        gone = [(old.name, old.type) for old in _dropped(history) if old.name not in taken]
        if gone and flip(draw):  # another column under the name of one that is no more
            name, type_ = pick(draw, gone)
            return AddColumn(_column(draw, id_, name, type_ if isinstance(type_, str) else pick(draw, TYPES)))
        return AddColumn(_column(draw, id_, pick(draw, free), pick(draw, TYPES))) if free else Append()
    if kind == "drop" and len(columns) > 1 and column.name not in {*partitioned, history.sort_by}:
        return DropColumn(column.name)
    if kind == "rename" and column.name not in partitioned:
        free = [name for name in (*_LATER_NAMES, *NAMES) if name not in {c.name for c in columns}]
        return RenameColumn(column.name, pick(draw, free))
    narrow = [each for each in columns if each.type in _WIDENED and each.name not in partitioned]
    if kind == "widen" and narrow:
        column = pick(draw, narrow)
        return WidenColumn(column.name, _WIDENED[column.type])
    if kind == "optional" and (required := [each.name for each in columns if each.required]):
        return MakeOptional(pick(draw, required))
    if kind == "move":
        return MoveFirst(column.name)
    # Specs of format version 1 keep each column for ever, which PyIceberg takes for a redundant one later.
    if kind == "partition" and history.format_version > 1:
        now = _partitioned_by(history)
        others = [c for c in columns if not c.added and c.old_type is None and c.name != now and _transforms(c)]
        if not others or (now is not None and one_in(draw, 4)):
            return PartitionBy() if now is not None else Append()
        by = pick(draw, others)
        plainly = "identity" in _transforms(by) and flip(draw)
        return PartitionBy(by.name) if plainly else PartitionBy(by.name, pick(draw, _transforms(by)))
    refs = [operation.name for operation in done if isinstance(operation, Branch)]
    if kind == "branch":
        return Append(1 + pick(draw, range(3)), pick(draw, refs)) if refs else Branch("work")
    if kind == "tag" and not any(isinstance(operation, Tag) for operation in done):
        return Tag("release")
    if (
        kind == "roll back"
        and sum(isinstance(o, COMMITS) and not _on_branch(o) for o in done) > 1
        and not any(isinstance(o, (RollBack, ExpireSnapshots)) for o in done)
    ):
        return RollBack()
    if kind == "property":
        # A size at which some loaders cut files into parts, in bytes.
        return SetProperty(*pick(draw, (("owner", "one"), ("owner", "two"), ("read.split.target-size", "200"))))
    return Append(1 + pick(draw, range(5)))


def _within(draw: st.DrawFn, history: HistorySpec, column: ColumnSpec, fields: Sequence[ColumnSpec]) -> Operation:
    """Draw what is done to the fields of a struct column."""
    taken, field = {each.name for each in fields}, pick(draw, fields)
    free = [name for name in _LATER_FIELDS if name not in taken]
    kind = pick(draw, ("add", "drop", "rename", "widen"))
    if kind == "drop" and len(fields) > 1:
        return DropColumn(field.name, within=column.name)
    if kind == "widen" and field.type in _WIDENED:
        return WidenColumn(field.name, _WIDENED[field.type], within=column.name)
    if kind == "rename" and free:
        return RenameColumn(field.name, pick(draw, free), within=column.name)
    if not free:
        return Append()
    return AddColumn(_column(draw, next_id(history), pick(draw, free), pick(draw, TYPES)), within=column.name)


def _dropped(history: HistorySpec) -> list[ColumnSpec]:
    """Return the columns that were dropped, as they were then."""
    return [
        column
        for position, operation in enumerate(history.operations)
        if isinstance(operation, DropColumn) and operation.within is None
        for column in table_before(history, position).columns
        if column.name == operation.name
    ]


_KINDS = (
    *("append", "append", "delete", "overwrite", "positions", "positions", "positions"),
    *("add", "drop", "rename", "widen", "widen", "optional", "move", "partition"),
    *("branch", "branch", "tag", "roll back", "property", "compact", "expire"),
)
# In place of these something is done within a struct.
_ABOUT_COLUMNS = ("delete", "overwrite", "add", "widen", "optional", "partition")
# Predicates whose complement needs no word on null.
_DELETED_BY = ("eq", "lt", "le", "gt", "ge", "in", "is-null", "not-null")


def _transforms(column: ColumnSpec) -> tuple[str, ...]:
    """Return the transforms by which a table may be partitioned by the column."""
    if not isinstance(column.type, str) or column.type == "decimal(9, 2)":
        return ()
    return tuple(transform for transform in primitive(column.type).transforms if transform != "void")


def _transformed(history: HistorySpec) -> bool:
    """Return whether the table is partitioned now by anything but the values of a column."""
    changes = [operation.transform for operation in history.operations if isinstance(operation, PartitionBy)]
    return bool(changes) and changes[-1] != "identity"


def _partitioned_by(history: HistorySpec) -> str | None:
    changes = [operation.name for operation in history.operations if isinstance(operation, PartitionBy)]
    return changes[-1] if changes else history.partition_by


@st.composite
def _transformations(draw: st.DrawFn, columns: Sequence[ColumnSpec]) -> tuple[RowwiseSpec, RegistrySpec | None]:
    """Draw a transformation over the columns; where there are functions, it calls one."""
    chosen = some(draw, [term for column in columns for term in _terms(column)], 3)
    numbers = [quoted(column.name) for column in columns if column.type in ("long", "int")]
    registry = None
    if numbers and flip(draw):
        name = pick(draw, ("f", "ABS", "abs", "Mask", "two words"))
        registry = RegistrySpec((UdfSpec(name, operand=1 + pick(draw, range(9))),))
        chosen = (f"{quoted(name)}({pick(draw, numbers)})", *chosen[1:])
    listed = ", ".join(f"{term} AS {quoted(f'c{i}')}" for i, term in enumerate(chosen))
    kind = "some" if registry else pick(draw, ("*", "constant", "some", "constant", "star and more"))
    selected = {"*": "*", "constant": NO_COLUMN, "star and more": f"*, {listed}"}.get(kind, listed)
    calls = [f"{chosen[0]} > 1"] if registry and flip(draw) else []
    where = pick(draw, calls or [_condition(draw, columns)]) if flip(draw) else ""
    if selected == listed:
        return RowwiseSpec(selected, where, pick(draw, _OF_RESULTS) if one_in(draw, 3) else ""), registry
    if selected == "*" and flip(draw):
        # Whoever rewrites a query has to know what a star around, or within, stands for.
        condition = pick(draw, columns)
        having = pick(draw, ("", *(f"selected.{each}" for each in _of_itself(condition)[:2])))
        around = "*" if having and flip(draw) else ", ".join(quoted(each.name) for each in some(draw, columns, 2))
        return RowwiseSpec(selected, where, having, around), registry
    return RowwiseSpec(selected, where), registry


_OF_RESULTS = ("c0 IS NOT NULL", '"c0" = "c0"', 'c0 IS NULL OR "c0" = c0')


def _terms(column: ColumnSpec) -> list[str]:
    name = quoted(column.name)
    if column.type in ("long", "int"):
        return [name, f"{name} % 7", f"CASE WHEN {name} > 1 THEN 'many' ELSE 'few' END", f"coalesce({name}, -5)"]
    if column.type == "string":
        return [name, f"upper({name})", f"{name} || '!'", f"char_length({name})"]
    return [name, f"{name} IS NULL", f"CAST({name} AS VARCHAR)" if column.type == "date" else name]


def _condition(draw: st.DrawFn, columns: Sequence[ColumnSpec]) -> str:
    """Draw a condition as whoever pushes it down has to understand it: compared this way and that, joined, negated."""
    first, second = (_simple_condition(draw, pick(draw, columns)) for _ in "12")
    made = pick(draw, ("{0}", "{0}", "{0}", "{0} AND {1}", "({0} OR {1})", "NOT ({0})", "NOT ({0} OR {1})"))
    return made.format(first, second)


def _simple_condition(draw: st.DrawFn, column: ColumnSpec) -> str:
    name, literals = quoted(column.name), _literals(column)
    if not literals or one_in(draw, 4):
        return pick(draw, _of_itself(column))
    one, other = (pick(draw, literals) for _ in "12")
    made = pick(draw, ("{} {op} {}", "{1} {op} {0}", "{} BETWEEN {} AND {}", "{} IN ({}, {})", "{} NOT IN ({}, {})"))
    return made.format(name, one, other, op=pick(draw, ("<", "<=", "=", "<>", ">", ">=")))


def _of_itself(column: ColumnSpec) -> list[str]:
    name = quoted(column.name)
    if column.type in ("long", "int"):
        return [f"{name} IS NOT NULL", f"{name} > 0", f"{name} IN (0, 1, 2)", f"{name} IS NULL OR NOT ({name} = 1)"]
    if column.type == "string":
        return [f"{name} IS NOT NULL", f"{name} = 'a'", f"{name} LIKE 'a%'", f"lower({name}) <> 'b'"]
    return [f"{name} IS NOT NULL", f"{name} IS NULL"]


def _literals(column: ColumnSpec) -> list[str]:
    """Return the values of a column as SQL writes them, without those that engines take for another type."""
    if not isinstance(column.type, str):
        return []
    beyond = primitive(column.type).beyond_nanoseconds  # the engine counts those of SQL in nanoseconds
    held = [value for value in column.values if value is not None and value not in beyond]
    if column.type in ("long", "int"):
        return [str(value) for value in held if isinstance(value, int) and abs(value) < BEYOND]
    if column.type == "string":
        return ["'{}'".format(str(value).replace("'", "''")) for value in held]
    if column.type in ("date", "timestamp"):
        return [f"{str(column.type).upper()} '{value}'" for value in held]
    plain = held if column.type != "double" else [value for value in held if value in (1.5, 2.0, -1.0)]
    return [str(value).upper() for value in plain]


# A number whose negative needs more than 64 bits before its sign is read.
BEYOND = 2**63
