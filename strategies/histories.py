"""Histories: what was done to a table, one operation after another.

Rows are counted through: row number ``i`` holds in each column ``values[i % len(values)]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from strategies.drawing import flip, one_in, pick, some
from strategies.evolution import COMMITS, ROW_GROUPS, ids_of, is_on_branch, next_id, table_before
from strategies.filters import predicates
from strategies.primitives import BY_TIME, primitive
from strategies.recorded import RECORDED
from strategies.specs import (
    AddColumn,
    Append,
    Branch,
    ColumnSpec,
    Compact,
    DeleteEqual,
    DeletePositions,
    DeleteRows,
    DropColumn,
    ExpireSnapshots,
    HistorySpec,
    MakeOptional,
    MoveFirst,
    Operation,
    OverwriteRows,
    PartitionBy,
    RenameColumn,
    RollBack,
    SetProperty,
    StructSpec,
    Tag,
    TypeSpec,
    WidenColumn,
    WrittenBySpark,
)

__all__ = ["ALIKE", "MANY_ROWS", "histories"]

# Types whose values every layer writes and reads alike; of floats neither NaN nor infinity, of which PyIceberg's
# statistics and pyarrow's tell different things.
TYPES = ("long", "string", "int", "double", "date", "boolean", "timestamp", "decimal(9, 2)")
_WIDENED: dict[TypeSpec, str] = {"int": "long"}
# More than some readers look at at once.
MANY_ROWS = 150
# One column in so many is a struct of such fields.
STRUCT_ONE_IN = 10
_FIELDS = ("x", "Y", "x y")
_LATER_FIELDS = ("z", "select", *_FIELDS)
# Among them one that delete files have for a column of their own.
NAMES = ("a", "b", "c", "Upper", "two words", "_d", "select", "pos")
# The name of a tag may look like the id of a snapshot.
TAGS = ("release", "20240131")
_LATER_NAMES = ("later", "Later", "newer", "renamed", "x y")


def values_of(type_: str) -> tuple[object, ...]:
    """Return the values of a type that are drawn here."""
    floating = primitive(type_).is_floating
    values = tuple(
        value
        for value in primitive(type_).values
        if not (floating and isinstance(value, str)) and len(str(value)) < LONGEST
    )
    return values + ALIKE if type_ == "string" else values


# The bounds of a file's texts are cut, after 16 characters where nothing else is set: then these are all one.
ALIKE = ("begins as others do: 1", "begins as others do: 2", "begins as others do")
# Truncated to two characters, it is another text than truncated to two bytes.
OF_SEVERAL_BYTES = "ääb"
# PyIceberg names folders by the values of a partition, and no file system takes names of any length.
LONGEST = 100


@st.composite
def histories(draw: st.DrawFn) -> HistorySpec:
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
        (Append(MANY_ROWS if one_in(draw, 25) else 1 + pick(draw, range(7))),),
        partition_by,
        nested=one_in(draw, 8),
        format_version=1 if one_in(draw, 10) else 2,
        sort_by=pick(draw, sortable) if sortable and one_in(draw, 8) else None,
    )
    times = {column.name: cut for column in columns if (cut := _by_time(column))}
    if times and history.format_version > 1 and one_in(draw, 5):  # as most tables of events are
        event_time = pick(draw, tuple(times))
        parts = PartitionBy(event_time, pick(draw, times[event_time]))
        history = replace(history, operations=(*history.operations, parts, Append(2 + pick(draw, range(5)))))
    texts = [column.name for column in columns if OF_SEVERAL_BYTES in column.values]
    if texts and not times and history.format_version > 1 and one_in(draw, 5):
        parts = PartitionBy(pick(draw, texts), "truncate[2]")
        history = replace(history, operations=(*history.operations, parts, Append(2 + pick(draw, range(5)))))
    if history.format_version > 1 and one_in(draw, 5):  # of files that nothing else was done to
        history = replace(history, operations=(*history.operations, _positions(draw)))
    for _ in range(pick(draw, range(7))):
        operation = _operation(draw, history)
        done: tuple[Operation, ...] = (operation,)
        if isinstance(operation, (PartitionBy, MoveFirst)) and flip(draw):
            done += (Append(2 + pick(draw, range(5))),)  # of such partitions, and such files, there should be some
        history = replace(history, operations=(*history.operations, *done))
    # A column by which the table was partitioned is dropped last: PyIceberg writes no more deletes afterwards.
    partitioned = {history.partition_by, *(o.name for o in history.operations if isinstance(o, PartitionBy))}
    left = table_before(history, len(history.operations)).columns
    kept = {_partitioned_by(history), history.sort_by}
    former = [column.name for column in left if column.name in partitioned - kept]
    if former and len(left) > 1 and one_in(draw, 3):
        history = replace(history, operations=(*history.operations, DropColumn(pick(draw, former))))
    # Last too: PyIceberg plans nothing afterwards, and so writes no file anew.
    exact = [column for column in left if column.type != "double" and isinstance(column.type, str) and column.values]
    if partitioned == {None} and exact and history.format_version > 1 and one_in(draw, 12):
        history = replace(history, operations=(*history.operations, _values_deleted(draw, exact)))
    return replace(history, properties=(ROW_GROUPS,)) if one_in(draw, 3) else history


def some_names(draw: st.DrawFn, count: int) -> tuple[str, ...]:
    """Return so many different names of columns."""
    start = pick(draw, range(len(NAMES)))
    return tuple((NAMES * 2)[start : start + count])


def _first_columns(draw: st.DrawFn) -> tuple[ColumnSpec, ...]:
    """Draw the columns with which a table is created; those that never hold null may be required.

    Those of some tables are of one type, and share no value: whoever takes one for another is found by values alone.
    """
    count = 1 + pick(draw, range(4))
    enough = [type_ for type_ in TYPES if len(values_of(type_)) >= count]
    only = pick(draw, enough) if one_in(draw, 6) else None
    columns: list[ColumnSpec] = []
    next_id = count + 1
    for id_, name in enumerate(some_names(draw, count), 1):
        if one_in(draw, STRUCT_ONE_IN):
            columns.append(_struct(draw, id_, name, next_id))
            next_id += len(ids_of(columns[-1])) - 1
        else:
            made = (
                _column(draw, id_, name, pick(draw, TYPES))
                if only is None
                else ColumnSpec(id_, name, only, values_of(only)[id_ - 1 :: count])
            )
            columns.append(replace(made, required=None not in made.values and one_in(draw, 4)))
    return tuple(
        _with_a_name_of(draw, each, columns) if isinstance(each.type, StructSpec) else each for each in columns
    )


def _with_a_name_of(draw: st.DrawFn, struct: ColumnSpec, columns: Sequence[ColumnSpec]) -> ColumnSpec:
    """Return a struct whose first field half of the time has name and type of a column, and other values where it can.

    Whoever looks for the column by its name alone may find the field.
    """
    assert isinstance(struct.type, StructSpec)
    others = [column for column in columns if isinstance(column.type, str)]
    if not others or flip(draw):
        return struct
    like = pick(draw, others)
    assert isinstance(like.type, str)
    first, *fields = struct.type.fields
    known = values_of(like.type)
    held = [value for value in known if value not in like.values][:2] or known
    values = tuple(
        value and (None if value[0] is None else held[row % len(held)], *value[1:])
        for row, value in enumerate(struct.values)
    )
    return replace(struct, type=StructSpec((replace(first, name=like.name, type=like.type), *fields)), values=values)


def _column(draw: st.DrawFn, id_: int, name: str, type_: str) -> ColumnSpec:
    held = ALIKE if type_ == "string" and one_in(draw, 6) else some(draw, values_of(type_), 4)
    if type_ == "string" and one_in(draw, 4):
        held = (OF_SEVERAL_BYTES, *held)
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


def _positions(draw: st.DrawFn) -> DeletePositions:
    return DeletePositions(pick(draw, range(3)), 1 + pick(draw, (1, 2, 0)))


def _values_deleted(draw: st.DrawFn, columns: Sequence[ColumnSpec]) -> DeleteEqual:
    """Draw by which values of a row it is deleted: of one column, or of two in any order."""
    row, by = pick(draw, range(8)), pick(draw, columns)
    others = [column for column in columns if column is not by]
    others = [column for column in others if column.type == by.type] or others  # one is taken for another then
    besides = (pick(draw, others),) if others and flip(draw) else ()
    value, *more = ((column.name, column.values[row % len(column.values)]) for column in (by, *besides))
    return DeleteEqual(*value, tuple(more))


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
    if kind == "delete" and history.partition_by and _partitioned_by(history) == history.partition_by and flip(draw):
        # Some files are then removed as a whole.
        column = next((each for each in columns if each.name == history.partition_by), column)
    # PyIceberg writes files of partitions by identity alone, and these operations write them anew.
    if kind in ("delete", "overwrite") and not column.added and column.old_type is None and not _transformed(history):
        where = draw(predicates(column).filter(lambda predicate: predicate.op in _DELETED_BY))
        return DeleteRows(where) if kind == "delete" else OverwriteRows(where, 1 + pick(draw, range(3)))
    if kind == "compact" and not _transformed(history):
        return Compact()
    if kind == "expire" and not any(isinstance(operation, ExpireSnapshots) for operation in done):
        return ExpireSnapshots()
    if kind == "positions" and history.format_version > 1:
        return replace(_positions(draw), rows=pick(draw, (2, 4)) if one_in(draw, 4) else 0)
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
    # PyIceberg writes no null for a required column there (docs/FINDINGS.md).
    may_be_null = [column.name for column in history.columns if not column.required]
    if (
        kind == "partition"
        and history.format_version == 1
        and partitioned == {history.partition_by} <= set(may_be_null)
    ):
        return PartitionBy()
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
        return Tag(pick(draw, TAGS))
    if (
        kind == "roll back"
        and sum(isinstance(o, COMMITS) and not is_on_branch(o) for o in done) > 1
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


def _by_time(column: ColumnSpec) -> tuple[str, ...]:
    """Return the parts of time by which a table may be partitioned by the column."""
    return tuple(transform for transform in _transforms(column) if transform in BY_TIME)


def _transformed(history: HistorySpec) -> bool:
    """Return whether the table is partitioned now by anything but the values of a column."""
    changes = [operation.transform for operation in history.operations if isinstance(operation, PartitionBy)]
    return bool(changes) and changes[-1] != "identity"


def _partitioned_by(history: HistorySpec) -> str | None:
    changes = [operation.name for operation in history.operations if isinstance(operation, PartitionBy)]
    return changes[-1] if changes else history.partition_by
