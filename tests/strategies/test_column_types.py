"""What the suite knows of a column type is in its row: it suffices to add one, and each row has all that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pyiceberg.types import PrimitiveType

from fixtures.expected import scanned_rows
from fixtures.materials import make_materials
from fixtures.tables.expressions import PREDICATES, row_filter
from fixtures.tables.schemas import iceberg_type, python_value
from fixtures.tables.warehouse import Warehouse
from strategies import (
    ColumnSpec,
    FramePlanSpec,
    Predicate,
    SplitSpec,
    SqlPlanSpec,
    TableSpec,
    column_types,
    columns,
    frame_plans,
    predicates,
    sql_plans,
    tables,
    values,
)
from strategies.filters import OPERATORS, is_filterable
from strategies.grammar import EXPRESSIONS
from strategies.primitives import PRIMITIVES, TRANSFORMS, Primitive, primitive
from strategies.regions import regions

DRAWN = [name for name, row in PRIMITIVES.items() if row.replaces is None]
DUMMY = Primitive(
    "decimal(7, 3)",
    ("0.000", "1.500", "-9999.999"),
    "decimal",
    is_common=True,
    is_identifier=True,
    transforms=("bucket[4]",),
    default="2.000",
    widened_from="decimal(1, 0)",
    literal="text",
    kind="decimal",
    term="CAST({} AS DECIMAL(9, 3))",
    is_sorted_by=True,
    regions=(("the lowest dummy", "-9999.999"),),
)


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch) -> Primitive:
    monkeypatch.setitem(PRIMITIVES, DUMMY.name, DUMMY)
    return DUMMY


def drawn(strategy: st.SearchStrategy[Any], count: int = 200) -> list[Any]:
    found: list[Any] = []

    @seed(11)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(value: Any) -> None:
        found.append(value)

    each()
    return found


def column_of(type_: str, **options: Any) -> ColumnSpec:
    return ColumnSpec(1, "a", type_, PRIMITIVES[type_].values, **options)


def written(row: Primitive) -> TableSpec:
    """Return a table of all values of the type and a null, in a format version that has the type."""
    column = ColumnSpec(1, "a", row.name, (*row.values, None))
    return TableSpec((column,), rows=len(column.values), format_version=2 if row.replaces is None else 3)


def test_an_added_type_is_drawn(dummy: Primitive) -> None:
    assert dummy.name in drawn(column_types(nested=False), 300)
    assert dummy.name in drawn(column_types(depth=2), 300)
    assert set(drawn(values(dummy.name, required=True))) == set(dummy.values)
    assert {column.type for column in drawn(columns(types=st.just(dummy.name)), 10)} == {dummy.name}


def test_an_added_type_takes_part_in_all_that_its_row_says_of_tables(dummy: Primitive) -> None:
    found = drawn(tables(types=st.just(dummy.name), min_columns=3, max_columns=4), 600)
    all_columns = [column for table in found for column in table.columns]
    assert {table.partition_transform for table in found if table.partition_by} == {"bucket[4]"}
    assert any(table.identifiers for table in found)
    assert any(table.file_format == "orc" for table in found)
    assert {column.old_type for column in all_columns} == {None, "decimal(1, 0)"}
    assert {column.default for column in all_columns} == {None, "2.000"}


def test_an_added_type_is_filtered_on(dummy: Primitive) -> None:
    column = column_of(dummy.name)
    found = drawn(predicates(column))
    assert {"is-null", "eq", "in"} <= {predicate.op for predicate in found}
    assert not {"is-nan", "starts-with"} & {predicate.op for predicate in found}
    assert {value for predicate in found for value in predicate.values} == set(dummy.values)
    assert "1.500" in repr(row_filter(Predicate("eq", "a", ("1.500",)), TableSpec((column,))))


def test_an_added_type_is_in_plans(dummy: Primitive) -> None:
    table = TableSpec((column_of(dummy.name),))
    plans: list[SqlPlanSpec] = drawn(sql_plans(table), 400)
    assert any('CAST("a" AS DECIMAL(9, 3))' in plan.sql for plan in plans)
    frames: list[FramePlanSpec] = drawn(frame_plans(table))
    assert any(("sort", '"a"') in plan.steps for plan in frames)


def test_an_added_type_is_a_region(dummy: Primitive) -> None:
    named = set(regions(SplitSpec(TableSpec((column_of(dummy.name),)))))
    assert {"type: decimal(7, 3)", "value: the lowest dummy"} <= named


def test_an_added_type_is_written_and_read(dummy: Primitive, tmp_path: Path) -> None:
    spec = SplitSpec(written(dummy))
    make_materials(spec, Warehouse(tmp_path))
    assert [str(value) for value in scanned_rows(spec)["a"].to_pylist()] == [*dummy.values, "None"]


def test_a_type_of_other_parameters_has_the_traits_of_its_kin() -> None:
    assert python_value("fixed[8]", "00" * 8) == bytes(8)
    assert is_filterable(ColumnSpec(1, "a", "decimal(15, 2)"))
    assert primitive("decimal(15, 2)").values == ()
    with pytest.raises(ValueError, match="'colour': it is none of long, string"):
        primitive("colour")


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_each_type_is_an_iceberg_type_and_is_written_to_a_file(row: Primitive, tmp_path: Path) -> None:
    assert isinstance(iceberg_type(row.name), PrimitiveType)
    assert str(iceberg_type(row.name)) == row.name
    spec = SplitSpec(written(row))
    warehouse = Warehouse(tmp_path)
    assert make_materials(spec, warehouse).file_scan_task.file.record_count == len(row.values) + 1
    assert warehouse.data_file(spec.table, spec.file_name).exists()
    assert scanned_rows(spec)["a"].null_count == 1


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_each_row_agrees_with_itself(row: Primitive) -> None:
    assert len(set(map(repr, row.values))) == len(row.values) > 1
    assert set(row.transforms) <= set(TRANSFORMS)
    assert {value for _, value in row.regions} <= set(row.values)
    assert row.kind in {"", *EXPRESSIONS}
    assert "{}" in row.term
    assert row.replaces is None or row.replaces in DRAWN
    assert row.widened_from is None or {*PRIMITIVES[row.widened_from].values} & {*row.values}


@pytest.mark.parametrize("type_", DRAWN)
def test_each_type_is_drawn_and_a_region(type_: str) -> None:
    assert set(map(repr, drawn(values(type_, required=True)))) == set(map(repr, PRIMITIVES[type_].values))
    assert f"type: {type_}" in set(regions(SplitSpec(TableSpec((column_of(type_),)))))


def test_types_are_drawn_and_those_of_version_3_take_their_place() -> None:
    assert set(drawn(column_types(nested=False), 400)) == set(DRAWN)
    found = drawn(tables(types=st.sampled_from(["timestamp", "timestamptz"])), 400)
    versions = {(column.type, table.format_version) for table in found for column in table.columns}
    assert {type_ for type_, version in versions if version < 3} == {"timestamp", "timestamptz"}
    assert {type_ for type_, version in versions if version == 3} > {"timestamp_ns", "timestamptz_ns"}


@pytest.mark.parametrize("type_", [name for name in DRAWN if PRIMITIVES[name].is_filtered])
def test_each_filter_over_a_type_is_an_expression(type_: str) -> None:
    column = ColumnSpec(1, "a", type_, tuple(value for value in PRIMITIVES[type_].values if value != "nan"))
    found = drawn(predicates(column), 120)
    assert ("eq" in {predicate.op for predicate in found}) == (PRIMITIVES[type_].literal is not None)
    for predicate in found:
        row_filter(predicate, TableSpec((column,)))


def test_each_operator_has_an_expression() -> None:
    assert set(PREDICATES) == set(OPERATORS)
