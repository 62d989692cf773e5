"""Simpler splits: a spec with one of its parts left out, for where Hypothesis did not draw it and cannot shrink it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from strategies.filters import filter_columns
from strategies.specs import ColumnSpec, Numbered, Repeated, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec
from strategies.terms import quoted

__all__ = ["simpler"]

# Parts of a split, and of its table, that can be left out by themselves: in their place comes the default.
SPLIT_PARTS = ("plan", "registry", "row_filter", "projection", "file_io", "file_name", "snapshot")
TABLE_PARTS = (
    "deleted",
    "delete_files",
    "row_group_rows",
    "sort_by",
    "identifiers",
    "dropped",
    "schema_id",
    "snapshots",
    "tag",
    "properties",
    "partition_evolved",
    "field_ids",
    "partition_in_file",
    "every_field",
    "file_format",
)


def simpler(spec: SplitSpec) -> Iterator[SplitSpec]:
    """Yield the split with each part left out in turn: what is large first, then functions, columns and rows.

    >>> from strategies.specs import ColumnSpec
    >>> table = TableSpec((ColumnSpec(1, "a", "long"),), tag="release")
    >>> [each.table.tag for each in simpler(SplitSpec(table))]
    [None]
    """
    yield from _without(spec, SPLIT_PARTS)
    if spec.plan is not None:
        plain = SqlPlanSpec(
            f"SELECT * FROM {'.'.join(map(quoted, spec.plan.table))}", spec.plan.table, spec.plan.session
        )
        if spec.plan != plain:
            yield dataclasses.replace(spec, plan=plain)
    if spec.registry is not None:
        for udfs in (*_shorter(spec.registry.udfs), *_plainer(spec.registry.udfs)):
            yield dataclasses.replace(spec, registry=dataclasses.replace(spec.registry, udfs=udfs))
    for table in _simpler_tables(spec):
        if spec.snapshot is not None and spec.snapshot >= table.snapshots:
            continue
        yield dataclasses.replace(spec, table=table)


def _simpler_tables(spec: SplitSpec) -> Iterator[TableSpec]:
    table = spec.table
    yield from _without(table, TABLE_PARTS)
    if table.partition_by and not table.partition_evolved:
        yield dataclasses.replace(table, partition_by=(), partition_transform="identity", partition_in_file=True)
    for position, column in enumerate(table.columns):
        if (short := _short(column)) != column:
            yield dataclasses.replace(table, columns=(*table.columns[:position], short, *table.columns[position + 1 :]))
    named = {*table.partition_by, *table.sort_by, *table.identifiers, *(_columns_of(spec))}
    named |= set(filter_columns(spec.row_filter)) if spec.row_filter is not None else set()
    if spec.plan is None or (isinstance(spec.plan, SqlPlanSpec) and spec.plan.sql.startswith("SELECT * FROM")):
        for columns in _shorter(table.columns):
            in_file = [column for column in columns if not column.added]
            if not table.partition_in_file:  # a file without any column would have no rows
                in_file = [column for column in in_file if column.name not in table.partition_by]
            if in_file and not named - {column.name for column in columns}:
                yield dataclasses.replace(table, columns=columns)
    if table.rows > 1 and not table.deleted:
        yield dataclasses.replace(table, rows=table.rows // 2)


def _short(column: ColumnSpec) -> ColumnSpec:
    """Return the column without what is large in it."""
    values = tuple(value for value in column.values if not isinstance(value, Repeated))
    return dataclasses.replace(column, values=values, doc=None if isinstance(column.doc, Repeated) else column.doc)


def _columns_of(spec: SplitSpec) -> Iterator[str]:
    """Yield the name of each column of which something is projected."""
    names = {column.name for column in spec.table.columns}
    for path in spec.projection or ():
        yield path if path in names else path.split(".")[0]


def _plainer(udfs: tuple[UdfSpec, ...]) -> Iterator[tuple[UdfSpec, ...]]:
    """Yield the functions with a trait of one of them as it is by default."""
    for position, udf in enumerate(udfs):
        if isinstance(udf, Numbered):
            continue
        for plain in _without(udf, ("operand", "origin", "volatility")):
            yield (*udfs[:position], plain, *udfs[position + 1 :])


def _without(spec: Any, parts: tuple[str, ...]) -> Iterator[Any]:
    """Yield the spec with each of the parts as it is by default."""
    defaults = {field.name: field.default for field in dataclasses.fields(spec)}
    for part in parts:
        if getattr(spec, part) != defaults[part]:
            yield dataclasses.replace(spec, **{part: defaults[part]})


def _shorter(items: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the items without each of them."""
    for position in range(len(items)):
        yield items[:position] + items[position + 1 :]
