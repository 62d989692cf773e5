"""What may be asked of the strategies: what is impossible is refused at once, and the documented examples hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NonInteractiveExampleWarning

import strategies
from conformance.examples.drawing import draw
from strategies import (
    ColumnSpec,
    ListSpec,
    MapSpec,
    SqlPlanSpec,
    TableSpec,
    UdfSpec,
    column_types,
    columns,
    file_io_properties,
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
from strategies.filters import filter_columns, is_filterable
from strategies.udfs import ORIGINS

LIST = ColumnSpec(1, "a", ListSpec(2, "long"))
TABLE = TableSpec((ColumnSpec(1, "a", "long", (0, None)), ColumnSpec(2, "b", MapSpec(3, "string", 4, "int"))))
MODULES = sorted(module.name for module in pkgutil.iter_modules(strategies.__path__))


def drawn(strategy: st.SearchStrategy[Any], count: int = 40) -> list[Any]:
    found: list[Any] = []
    draw(strategy, count, 3, found.append)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_documented_examples_hold(name: str) -> None:
    module = importlib.import_module(f"strategies.{name}")
    namespace = {**vars(strategies), **vars(module)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NonInteractiveExampleWarning)
        result = doctest.testmod(module, extraglobs=namespace)
    assert result.failed == 0


@pytest.mark.parametrize(
    "name", sorted(name for name in strategies.__all__ if name[0].islower() and name not in ("from_json", "to_json"))
)
def test_each_strategy_is_documented_with_an_example(name: str) -> None:
    assert ">>> " in (getattr(strategies, name).__doc__ or "")


@pytest.mark.parametrize("strategy", [strategies.split_specs(), strategies.pairs(), strategies.valid_arguments()])
def test_a_strategy_is_shown_in_short(strategy: st.SearchStrategy[Any]) -> None:
    """Hypothesis shows it where an example is asked for in a script, or where none is found."""
    assert len(repr(strategy)) < 1000


def test_all_names_exist() -> None:
    for name in MODULES:
        module = importlib.import_module(f"strategies.{name}")
        assert all(hasattr(module, exported) for exported in module.__all__)
    assert all(hasattr(strategies, name) for name in strategies.__all__)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: tables(min_columns=0), "min_columns"),
        (lambda: tables(min_columns=3, max_columns=2), "got 3 and 2"),
        (lambda: tables(max_columns=99), "99"),
        (lambda: column_types(depth=-1), "depth"),
        (lambda: values("colour"), "colour"),
        (lambda: file_io_properties(max_size=-1), "max_size"),
        (lambda: udfs(behaviours=["juggle"]), "juggle"),
        (lambda: udfs(behaviours=[]), "behaviours"),
        (lambda: udfs(names=[]), "names"),
        (lambda: udfs(origins=["mars"]), "mars"),
        (lambda: registries(max_udfs=-1), "max_udfs"),
        (lambda: registries(kinds=["bag"]), "bag"),
        (lambda: registries(origins=["mars"]), "mars"),
        (lambda: predicates(LIST), "list"),
        (lambda: row_filters(TableSpec((LIST,))), "no column"),
        (lambda: row_filters(TABLE, max_leaves=0), "max_leaves"),
    ],
)
def test_what_is_impossible_is_refused(make: Callable[[], object], named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        make()


def test_tables_keep_to_their_options() -> None:
    found = drawn(tables(types=st.just("uuid"), min_columns=2, max_columns=3, rows=st.just(7)))
    assert {len(table.columns) for table in found} == {2, 3}
    assert {table.rows for table in found} == {7}
    assert {column.type for table in found for column in table.columns} == {"uuid"}
    assert {table.file_format for table in found} == {"parquet"}, "no ORC file holds a UUID"


def test_names_and_ids_are_distinct() -> None:
    for table in drawn(tables(min_columns=4, max_columns=4)):
        assert len({column.name for column in table.columns}) == 4
        ids = re.findall(r"id=(\d+)", repr(table.columns))
        assert len(set(ids)) == len(ids)
        assert "0" not in ids


def test_columns_keep_to_their_options() -> None:
    found = drawn(columns(names=st.just("x"), types=st.just("date")))
    assert {(column.name, column.type) for column in found} == {("x", "date")}
    assert all(None not in column.values for column in found if column.required)


def test_types_keep_to_their_depth() -> None:
    def depth(type_: Any) -> int:
        if isinstance(type_, str):
            return 0
        inner = [type_.element] if isinstance(type_, ListSpec) else [type_.value] if isinstance(type_, MapSpec) else []
        inner += [field.type for field in getattr(type_, "fields", ())]
        return 1 + max(map(depth, inner))

    assert {depth(type_) for type_ in drawn(column_types(depth=2), 200)} == {0, 1, 2}
    assert {depth(type_) for type_ in drawn(column_types(depth=0))} == {0}
    assert {depth(type_) for type_ in drawn(column_types(nested=False))} == {0}


def test_filters_and_projections_name_columns_of_the_table() -> None:
    for spec in drawn(row_filters(TABLE)):
        assert all(is_filterable(TABLE.column(name)) for name in filter_columns(spec))
    assert set(drawn(projections(TABLE))) == {("a",), ("b",), ("a", "b"), ("b", "a")}
    assert all(len(list(filter_columns(spec))) == 1 for spec in drawn(row_filters(TABLE, max_leaves=1), 10))


def test_plans_scan_the_projected_columns_alone() -> None:
    for strategy in (plans, sql_plans, frame_plans):
        for plan in drawn(strategy(TABLE, projection=("b",))):
            assert '"a"' not in repr(plan).replace('"a"."b"', "")


def test_registries_keep_to_their_options() -> None:
    found = drawn(registries(max_udfs=2, kinds=["slots"], origins=ORIGINS))
    assert {len(registry.udfs) for registry in found} == {0, 1, 2}
    assert {registry.kind for registry in found} == {"slots"}
    assert {udf.origin for registry in found for udf in registry.udfs} == set(ORIGINS)
    assert {udf.name for udf in drawn(udfs(names=["only"]))} == {"only"}


def test_splits_take_strategies_for_their_parts() -> None:
    table, udf = TableSpec((ColumnSpec(5, "x", "long", (4,)),)), UdfSpec("h")
    found = drawn(
        split_specs(
            table_specs=st.just(table),
            registry_specs=st.just(strategies.RegistrySpec((udf,))),
            file_io_specs=st.just(strategies.FileIOSpec(mapping="chain")),
            with_plan=True,
        )
    )
    assert all(spec.table == table and spec.file_io.mapping == "chain" and spec.plan for spec in found)
    assert {spec.registry.udfs for spec in found if spec.registry} == {(udf,)}
    assert any(isinstance(spec.plan, SqlPlanSpec) and '"h"(' in spec.plan.sql for spec in found)
    assert all(spec.plan is None for spec in drawn(split_specs(with_plan=False), 10))
