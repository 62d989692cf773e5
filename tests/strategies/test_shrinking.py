"""The smallest spec of a kind reads as one would write it by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from conformance.examples.drawing import minimal
from conformance.run.search import reduced
from strategies import (
    And,
    Chain,
    ColumnSpec,
    FramePlanSpec,
    Or,
    SplitSpec,
    SqlPlanSpec,
    TableSpec,
    column_types,
    columns,
    file_io_properties,
    file_ios,
    frame_plans,
    plans,
    predicates,
    projections,
    registries,
    row_filters,
    split_specs,
    sql_plans,
    tables,
    udfs,
    values,
)
from strategies.plans import callable_udfs

COLUMN = ColumnSpec(1, "a", "long", (0,))
TABLE = TableSpec((COLUMN, ColumnSpec(2, "b", "string", ("",))))
PLAIN = "columns=(ColumnSpec(id=1, name='a', type='long', values=(0,)),)"


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (split_specs(), f"SplitSpec(table=TableSpec({PLAIN}, rows=0))"),
        (tables(), f"TableSpec({PLAIN}, rows=0)"),
        (columns(), "ColumnSpec(id=0, name='a', type='long', values=(0,))"),
        (column_types(), "'long'"),
        (values("date"), "'1970-01-01'"),
        (predicates(COLUMN), "Predicate(op='is-null', column='a')"),
        (row_filters(TABLE), "Predicate(op='is-null', column='a')"),
        (projections(TABLE), "('a',)"),
        (plans(TABLE), "SqlPlanSpec(sql='SELECT * FROM \"t\"')"),
        (sql_plans(TABLE), "SqlPlanSpec(sql='SELECT * FROM \"t\"')"),
        (frame_plans(TABLE), "FramePlanSpec(steps=(('select', '\"a\"'),))"),
        (udfs(), "UdfSpec(name='f')"),
        (registries(), "RegistrySpec()"),
        (file_ios(), "FileIOSpec()"),
        (file_io_properties(), "()"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_smallest_of_each_strategy(strategy: st.SearchStrategy[Any], expected: str) -> None:
    assert repr(minimal(strategy, 30, 1, lambda spec: True)) == expected


def calls_a_udf(spec: SplitSpec) -> bool:
    if not isinstance(spec.plan, SqlPlanSpec):
        return False
    return any(f'"{name}"(' in spec.plan.sql for name, _ in callable_udfs(spec.registry))


def has_two_udfs_of_one_name(spec: SplitSpec) -> bool:
    names = [udf.name for udf in spec.registry.udfs] if spec.registry else []
    return len(set(names)) < len(names)


def nests_and_with_or(spec: SplitSpec) -> bool:
    return isinstance(spec.row_filter, And) and isinstance(spec.row_filter.left, Or)


IS_NULL = "Predicate(op='is-null', column='a')"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (
            calls_a_udf,
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0),"
            ' plan=SqlPlanSpec(sql=\'SELECT "f"(1) AS c0 FROM "t"\'),'
            " registry=RegistrySpec(udfs=(UdfSpec(name='f'),)))",
        ),
        (lambda spec: bool(spec.table.deleted), f"SplitSpec(table=TableSpec({PLAIN}, deleted=(0,)))"),
        (
            lambda spec: any(column.old_type for column in spec.table.columns),
            "SplitSpec(table=TableSpec(columns=(ColumnSpec(id=1, name='a', type='long', values=(0,),"
            " old_type='int'),), rows=0))",
        ),
        (
            lambda spec: any(column.added for column in spec.table.columns),
            "SplitSpec(table=TableSpec(columns=(ColumnSpec(id=1, name='a', type='long', values=(0,)),"
            " ColumnSpec(id=2, name='b', type='long', added=True)), rows=0))",
        ),
        (
            lambda spec: spec.file_io.implementation == "vault",
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0),"
            " file_io=FileIOSpec(chosen_by='instance', implementation='vault'))",
        ),
        (
            has_two_udfs_of_one_name,
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0),"
            " registry=RegistrySpec(udfs=(UdfSpec(name='f'), UdfSpec(name='f'))))",
        ),
        (
            nests_and_with_or,
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0),"
            f" row_filter=And(left=Or(left={IS_NULL}, right={IS_NULL}), right={IS_NULL}))",
        ),
        (
            lambda spec: isinstance(spec.row_filter, Chain),
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0), row_filter=Chain(first={IS_NULL}, last={IS_NULL}, levels=2))",
        ),
        (
            lambda spec: spec.table.file_format == "orc" and bool(spec.table.partition_by),
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0, file_format='orc', partition_by=('a',)))",
        ),
        (
            lambda spec: isinstance(spec.plan, FramePlanSpec) and any("sort" in step for step in spec.plan.steps),
            f"SplitSpec(table=TableSpec({PLAIN}, rows=0), plan=FramePlanSpec("
            "steps=(('select', '\"a\"'), ('sort', '\"a\"'), ('limit', '0'))))",
        ),
    ],
    ids=[
        "a UDF in its plan",
        "deletes",
        "a widened column",
        "an added column",
        "a vault",
        "two UDFs of one name",
        "a nested filter",
        "a chain",
        "an ORC file with partition",
        "a DataFrame sort",
    ],
)
def test_the_smallest_split_with(condition: Callable[[SplitSpec], bool], expected: str) -> None:
    # As a search does it. From some seeds Hypothesis leaves one choice too many: its shrinker gives up after a while.
    found = minimal(split_specs(), 1000, 10, condition)
    assert found is not None
    assert repr(reduced(found, condition)) == expected
