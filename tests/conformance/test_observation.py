"""Every comparison passes on equal and fails on different."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg import expressions
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

from conformance.adapters.reference import ADAPTER
from conformance.observation import Question, attempt, difference, differing, observe, registrations
from conformance.plain import Raised, plain_expression, plain_mapping, plain_rows, plain_schema
from fixtures.materials import make_materials
from fixtures.warehouse import Warehouse
from strategies import ColumnSpec, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

iceberg: Any = expressions  # its pydantic signatures say less than its constructors take
EqualTo, And, Or, Not, In = iceberg.EqualTo, iceberg.And, iceberg.Or, iceberg.Not, iceberg.In


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, True),
        (1, 1.0),
        ("1", 1),
        (None, "None"),
        ((1, 2), [1, 2]),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {}),
        ({}, {"a": 1}),
        (b"a", bytearray(b"a")),
        (Raised("A", "x"), Raised("A", "y")),
    ],
)
def test_difference_tells_types_and_values_apart(expected: Any, actual: Any) -> None:
    assert difference(expected, actual, "x") is not None


@pytest.mark.parametrize("value", [1, "a", (1, (2, [3])), {"a": {"b": None}}, Raised("A", "x")])
def test_difference_of_equals_is_none(value: Any) -> None:
    assert difference(value, value, "x") is None


def test_difference_says_where() -> None:
    found = difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "rows")
    assert found is not None
    assert (found.path, found.expected, found.actual) == ("rows['a'][1]['b']", "2", "3")


def test_expressions_of_equal_literals_of_other_types_differ() -> None:
    assert EqualTo("a", 1) == EqualTo("a", True)  # PyIceberg's own equality, which is why it is no oracle
    assert plain_expression(EqualTo("a", 1)) != plain_expression(EqualTo("a", True))


def test_structure_of_expressions_is_told_apart() -> None:
    a, b, c = EqualTo("a", 1), EqualTo("b", 2), EqualTo("c", 3)
    forms = [And(And(a, b), c), And(a, And(b, c)), Or(And(a, b), c), Not(a), a, And(b, a), In("a", {1, 2})]
    assert len({plain_expression(form) for form in forms}) == len(forms)


def test_depth_of_expressions_overflows_no_stack() -> None:
    node: Any = EqualTo("a", 1)
    for _ in range(5_000):
        node = Or(node, EqualTo("b", 2))
    assert len(plain_expression(node)) == 10_001


def test_schemas_that_are_equal_but_for_their_id_differ() -> None:
    field = NestedField(1, "a", LongType(), required=False)
    assert Schema(field, schema_id=1) == Schema(field, schema_id=2)
    assert plain_schema(Schema(field, schema_id=1)) != plain_schema(Schema(field, schema_id=2))


def test_mapping_keeps_types_apart() -> None:
    assert plain_mapping({"a": 1}) != plain_mapping({"a": True})
    assert plain_mapping({"a": "1"}) != plain_mapping({"a": 1})


def batch(values: list[Any], type_: pa.DataType) -> pa.RecordBatch:
    return pa.record_batch([pa.array(values, type_)], names=["a"])


def test_rows_are_a_multiset() -> None:
    one, two = batch([1, 2, 2], pa.int64()), batch([2, 1, 2], pa.int64())
    assert plain_rows([one], exact=True) == plain_rows([two], exact=True)
    assert plain_rows([one], exact=True) != plain_rows([batch([1, 1, 2], pa.int64())], exact=True)


def test_rows_in_other_batches_are_the_same_rows() -> None:
    whole = batch([1, 2, 3], pa.int64())
    assert plain_rows([whole.slice(0, 1), whole.slice(1)], exact=True) == plain_rows([whole], exact=True)


def test_rows_tell_types_nan_and_signs_of_zero_apart() -> None:
    kinds = [
        batch([0.0], pa.float64()),
        batch([-0.0], pa.float64()),
        batch([math.nan], pa.float64()),
        batch([None], pa.float64()),
        batch([0.0], pa.float32()),
    ]
    assert len({plain_rows([kind], exact=True) for kind in kinds}) == len(kinds)


def test_rows_of_the_engine_forgive_the_last_digits_only() -> None:
    near = [batch([value], pa.float64()) for value in (0.1 + 0.2, 0.3, 0.3001)]
    seen = [plain_rows([one], exact=False) for one in near]
    assert seen[0] == seen[1] != seen[2]


def test_no_batch_has_no_schema() -> None:
    assert plain_rows([], exact=True) is None
    assert plain_rows([batch([], pa.int64())], exact=True) is not None


def test_registry_applied_twice_counts_once() -> None:
    assert registrations(["f", "g", "f", "g"]) == ["f", "g"]
    assert registrations(["f", "g", "g"]) == ["f", "g", "g"]
    assert registrations(["f"]) == ["f"]


def test_attempt_records_what_is_raised() -> None:
    assert attempt(int, "x") == Raised("builtins.ValueError", "invalid literal for int() with base 10: 'x'")


def test_every_aspect_is_observed_and_two_looks_are_equal(warehouse: Warehouse) -> None:
    table = TableSpec((ColumnSpec(1, "a", "long", (1, 2)),), rows=3)
    registry = RegistrySpec((UdfSpec("f"),))
    spec = SplitSpec(table, plan=SqlPlanSpec("SELECT f(a) AS c0 FROM t"), registry=registry)
    split = ADAPTER.build(make_materials(spec, warehouse))
    question = Question(('"f"(x)',), has_plan=True)
    first, second = observe(ADAPTER, split, question), observe(ADAPTER, split, question)
    assert not [name for name, value in first.items() if isinstance(value, Raised)]
    assert list(differing(first, second)) == []
    assert first["rows"].rows == ("(2)", "(2)", "(3)")
    assert first["registered while reading"] == ["f = add(1)"]
    assert first["registry computes"] == {'"f"(x)': ["2", "8", "None"]}
    assert first["reads again"] == first["rows"]


@pytest.mark.parametrize(
    ("change", "aspects"),
    [
        ({"file_name": "other"}, {"id", "scan tasks", "FileIO opens"}),
        ({"table": TableSpec((ColumnSpec(1, "a", "long", (1, 3)),), rows=3)}, {"rows", "scan tasks"}),
        (
            {"projection": ("a",), "table": TableSpec((ColumnSpec(1, "a", "long", (1, 2), doc="d"),), rows=3)},
            {"projected schema"},
        ),
    ],
)
def test_what_differs_is_seen_to_differ(change: dict[str, Any], aspects: set[str], warehouse: Warehouse) -> None:
    spec = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1, 2)),), rows=3))
    other = SplitSpec(**{"table": spec.table, **change})
    seen = [observe(ADAPTER, ADAPTER.build(make_materials(s, warehouse)), Question()) for s in (spec, other)]
    assert aspects <= {name for name, _ in differing(*seen)}
