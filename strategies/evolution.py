"""What the operations of a table's history make of its columns.

Field ids are given as Iceberg gives them: 1, 2, … to the columns of the first schema, the next to the fields within
them, and the next to each that is added.
"""

from __future__ import annotations

from dataclasses import replace

from strategies.specs import (
    AddColumn,
    Append,
    ColumnSpec,
    Compact,
    DeleteEqual,
    DeletePositions,
    DeleteRows,
    DropColumn,
    HistorySpec,
    MakeOptional,
    MoveFirst,
    Operation,
    OverwriteRows,
    RenameColumn,
    StructSpec,
    TableSpec,
    WidenColumn,
)

__all__ = [
    "COMMITS",
    "EVOLVING",
    "REWRITING",
    "ROWS_A_GROUP",
    "ROW_GROUPS",
    "Within",
    "ids_of",
    "is_on_branch",
    "next_id",
    "table_before",
]

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


def ids_of(column: ColumnSpec) -> list[int]:
    """Return the id of a column, and those of the fields within it."""
    within = column.type.fields if isinstance(column.type, StructSpec) else ()
    return [column.id, *(id_ for field in within for id_ in ids_of(field))]


def next_id(history: HistorySpec) -> int:
    """Return the id of the column that is added next."""
    added = [operation.column for operation in history.operations if isinstance(operation, AddColumn)]
    return 1 + sum(len(ids_of(column)) for column in (*history.columns, *added))


def is_on_branch(operation: Operation) -> bool:
    return isinstance(operation, Append) and operation.branch is not None
