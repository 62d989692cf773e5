"""Every comparison passes on equal and fails on different."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg import expressions
from pyiceberg.manifest import DATA_FILE_TYPE
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import IntegerType, ListType, LongType, NestedField

from conformance.adapters.builtin.reference import ADAPTER
from conformance.observation.aspects import _registered_before_sql, observe, registrations
from conformance.observation.difference import Place, Step, difference, differing
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.recorder import Event
from conformance.observation.values import (
    DATA_FILE_FIELDS,
    in_any_layout,
    plain_expression,
    plain_id,
    plain_mapping,
    plain_metadata,
    plain_rows,
    plain_schema,
    plain_task,
)
from fixtures.materials import make_materials
from fixtures.tables.warehouse import Warehouse
from strategies import ColumnSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

iceberg: Any = expressions  # its pydantic signatures say less than its constructors take
EqualTo, And, Or, Not, In = iceberg.EqualTo, iceberg.And, iceberg.Or, iceberg.Not, iceberg.In

X = Place(Step.LOOK)


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
    assert difference(expected, actual, X) is not None


@pytest.mark.parametrize("value", [1, "a", (1, (2, [3])), {"a": {"b": None}}, Raised("A", "x")])
def test_difference_of_equals_is_none(value: Any) -> None:
    assert difference(value, value, X) is None


def test_difference_names_what_a_tuple_holds_and_quotes_once() -> None:
    found = difference(plain_id("a"), plain_id("b"), Place(Step.ARRIVE, "id"))
    assert found is not None
    assert (str(found.place), found.expected, found.actual) == ("id, its value", "'a'", "'b'")
    found = difference({"'a'": "1"}, {"'a'": "'1'"}, Place(Step.ARRIVE, "FileIO properties"))
    assert found is not None
    assert (str(found.place), found.expected, found.actual) == ("FileIO properties['a']", "1", "'1'")


def test_difference_says_where() -> None:
    found = difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, Place(Step.LOOK, "rows"))
    assert found is not None
    assert found.place == Place(Step.LOOK, "rows", within=("'a'", "1", "'b'"))
    assert (str(found.place), found.expected, found.actual) == ("rows['a'][1]['b']", "2", "3")


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


FIELD = NestedField(1, "a", LongType(), required=True, doc="d")
OTHER = NestedField(2, "b", ListType(3, LongType(), element_required=True), required=False)


@pytest.mark.parametrize(
    "other",
    [
        Schema(FIELD),
        Schema(OTHER, FIELD),
        Schema(FIELD, OTHER, identifier_field_ids=[1]),
        Schema(NestedField(4, "a", LongType(), required=True, doc="d"), OTHER),
        Schema(NestedField(1, "A", LongType(), required=True, doc="d"), OTHER),
        Schema(NestedField(1, "a", IntegerType(), required=True, doc="d"), OTHER),
        Schema(NestedField(1, "a", LongType(), required=False, doc="d"), OTHER),
        Schema(NestedField(1, "a", LongType(), required=True), OTHER),
        Schema(NestedField(1, "a", LongType(), required=True, doc=""), OTHER),
        Schema(NestedField(1, "a", LongType(), required=True, doc="d", initial_default=1), OTHER),
        Schema(FIELD, NestedField(2, "b", ListType(3, LongType(), element_required=False), required=False)),
        Schema(FIELD, NestedField(2, "b", ListType(4, LongType(), element_required=True), required=False)),
    ],
)
def test_schemas_that_differ_in_one_detail_differ(other: Schema) -> None:
    assert plain_schema(Schema(FIELD, OTHER)) == plain_schema(Schema(FIELD, OTHER).model_copy(deep=True))
    assert plain_schema(Schema(FIELD, OTHER)) != plain_schema(other)


RICH = SplitSpec(
    TableSpec(
        (ColumnSpec(1, "a", "long", (1,)), ColumnSpec(2, "b", "string", ("x", "y"))),
        rows=4,
        deleted=(1,),
        partition_by=("a",),
        sort_by=("b",),
        snapshots=3,
        tag="release",
        properties=(("p", "q"),),
    ),
    Predicate("not-null", "b"),
)


@pytest.mark.parametrize("name", [*DATA_FILE_FIELDS, "partition"])
@pytest.mark.parametrize("which", ["data file", "delete file"])
def test_a_task_with_one_other_field_differs(name: str, which: str, warehouse: Warehouse) -> None:
    task, other = (make_materials(RICH, warehouse).file_scan_task for _ in range(2))
    assert plain_task(task) == plain_task(other)
    file = other.file if which == "data file" else next(iter(other.delete_files))
    if name == "spec_id":
        file.spec_id = 9
    else:
        position = [field.name for field in DATA_FILE_TYPE[2].fields].index(name)
        file._data[position] = Record(9) if name == "partition" else "other"
    assert plain_task(task) != plain_task(other)


def test_tasks_tell_deletes_and_residuals_apart(warehouse: Warehouse) -> None:
    task, bare, unfiltered = (make_materials(RICH, warehouse).file_scan_task for _ in range(3))
    bare.delete_files.clear()
    unfiltered.residual = iceberg.AlwaysTrue()
    assert plain_task(task) != plain_task(bare)
    assert plain_task(task) != plain_task(unfiltered)


def current(metadata: Any) -> list[Any]:
    return [s for s in metadata.snapshots if s.snapshot_id == metadata.current_snapshot_id]


@pytest.mark.parametrize(
    "change",
    [
        lambda metadata: {"properties": {}},
        lambda metadata: {"properties": {"p": "Q"}},
        lambda metadata: {"location": metadata.location + "/"},
        lambda metadata: {"schemas": []},
        lambda metadata: {"partition_specs": []},
        lambda metadata: {"default_spec_id": 7},
        lambda metadata: {"sort_orders": []},
        lambda metadata: {"last_column_id": 70},
        lambda metadata: {"snapshots": []},
        lambda metadata: {"current_snapshot_id": metadata.snapshots[0].snapshot_id},
        lambda metadata: {"refs": {name: ref for name, ref in metadata.refs.items() if name != "release"}},
    ],
)
def test_metadata_that_differs_in_what_must_arrive_differs(
    change: Callable[[Any], dict[str, Any]], warehouse: Warehouse
) -> None:
    metadata: Any = make_materials(RICH, warehouse).table_metadata
    assert plain_metadata(metadata) != plain_metadata(metadata.model_copy(update=change(metadata)))


@pytest.mark.parametrize(
    "change",
    [
        lambda metadata: {},
        lambda metadata: {"snapshots": current(metadata)},
        lambda metadata: {"snapshot_log": [], "metadata_log": []},
        lambda metadata: {"statistics": [], "partition_statistics": []},
    ],
)
def test_metadata_without_what_may_stay_behind_is_equal(
    change: Callable[[Any], dict[str, Any]], warehouse: Warehouse
) -> None:
    metadata: Any = make_materials(RICH, warehouse).table_metadata
    assert plain_metadata(metadata) == plain_metadata(metadata.model_copy(update=change(metadata)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (EqualTo("a", Decimal("1.0")), EqualTo("a", Decimal("1.00"))),
        (EqualTo("a", 0.1 + 0.2), EqualTo("a", 0.3)),
        (EqualTo("a", 0.0), EqualTo("a", -0.0)),
        (EqualTo("a", "1"), EqualTo("a", b"1")),
        (EqualTo("a", 1), EqualTo("b", 1)),
        (EqualTo("a", 1), iceberg.NotEqualTo("a", 1)),
        (iceberg.IsNull("a"), iceberg.IsNaN("a")),
        (In("a", {1, 2}), In("a", {1, 3})),
        (In("a", {1, 2}), iceberg.NotIn("a", {1, 2})),
        (In("a", {1, 2}), In("a", {1, 2, 3})),
        (iceberg.AlwaysTrue(), iceberg.AlwaysFalse()),
    ],
)
def test_predicates_that_differ_in_one_detail_differ(one: Any, other: Any) -> None:
    assert plain_expression(one) == plain_expression(pickle.loads(pickle.dumps(one)))
    assert plain_expression(one) != plain_expression(other)


def test_order_within_a_set_of_literals_does_not_count() -> None:
    assert plain_expression(In("a", {"x", "y", "z"})) == plain_expression(In("a", {"z", "x", "y"}))


def test_mapping_keeps_types_apart() -> None:
    assert plain_mapping({"a": 1}) == plain_mapping(MappingProxyType({"a": 1}))
    assert plain_mapping({1: "a"}) != plain_mapping({"1": "a"})
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


TEXT = pa.string()


def columns(name: str = "a", type_: pa.DataType = TEXT, nullable: bool = True) -> Any:
    schema = pa.schema([pa.field(name, type_, nullable=nullable)])
    return plain_rows([pa.record_batch([pa.array(["x"], type_)], schema=schema)], exact=True)


@pytest.mark.parametrize("other", [columns("b"), columns(type_=pa.large_string()), columns(nullable=False)])
def test_rows_tell_columns_apart(other: Any) -> None:
    assert difference(columns(), columns(), X) is None
    assert difference(columns(), other, X) is not None


@pytest.mark.parametrize(
    ("other", "same"),
    [(columns(type_=pa.large_string()), True), (columns(nullable=False), True), (columns("b"), False), (None, False)],
)
def test_a_layout_is_offsets_and_nullability_alone(other: Any, same: bool) -> None:
    assert (difference(in_any_layout(columns()), in_any_layout(other), X) is None) is same


def type_in_any_layout(type_: pa.DataType) -> Any:
    field = pa.field("a", type_)
    rows = plain_rows([pa.RecordBatch.from_pylist([], schema=pa.schema([field]))], exact=True)
    return in_any_layout(rows)


REQUIRED = pa.field("element", pa.struct([pa.field("x", pa.int64(), nullable=False)]), nullable=False)
OPTIONAL = pa.field("item", pa.struct([pa.field("x", pa.int64())]))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (pa.list_(REQUIRED), pa.list_(OPTIONAL), True),
        (pa.map_(TEXT, pa.list_(REQUIRED)), pa.map_(pa.large_string(), pa.large_list(OPTIONAL)), True),
        (pa.list_(REQUIRED), pa.list_(REQUIRED.with_type(pa.int64())), False),
        (pa.struct([REQUIRED]), pa.struct([OPTIONAL]), False),  # the name of a field of a struct is no layout
    ],
)
def test_a_layout_is_that_of_nested_types_too(one: pa.DataType, other: pa.DataType, same: bool) -> None:
    assert (type_in_any_layout(one) == type_in_any_layout(other)) is same


def test_a_reading_without_a_batch_is_told_as_such() -> None:
    of_rows = difference(columns(), None, Place(Step.READ, "rows"))
    of_another_part = difference("a text", None, Place(Step.LOOK, "plan bytes"))
    assert of_rows is not None
    assert of_another_part is not None
    assert (of_rows.actual, of_another_part.actual) == ("no batch", "None")


def test_rows_of_the_engine_forgive_the_last_digits_only() -> None:
    near = [batch([value], pa.float64()) for value in (0.1 + 0.2, 0.3, 0.3001)]
    seen = [plain_rows([one], exact=False) for one in near]
    assert seen[0] == seen[1] != seen[2]


def test_no_batch_has_no_schema() -> None:
    assert plain_rows([], exact=True) is None
    assert plain_rows([batch([], pa.int64())], exact=True) is not None


@pytest.mark.parametrize("values", [[], [1, 2]])
def test_a_reader_has_a_schema_also_without_rows(values: list[Any]) -> None:
    def seen(type_: pa.DataType) -> Any:
        batches = [batch(values, type_)] if values else []
        return plain_rows(pa.RecordBatchReader.from_batches(pa.schema([("a", type_)]), batches), exact=True)

    assert seen(pa.int64()) == plain_rows([batch(values, pa.int64())], exact=True)
    assert seen(pa.int64()) != seen(pa.int32())


def test_registry_applied_twice_counts_once() -> None:
    assert registrations(["f", "g", "f", "g"]) == ["f", "g"]
    assert registrations(["f", "g", "g"]) == ["f", "g", "g"]
    assert registrations(["f"]) == ["f"]


@pytest.mark.parametrize(
    ("events", "seen"),
    [
        ("register f 1, sql SELECT 1", [["f"]]),
        ("sql SELECT 1, register f 1", [[]]),
        ("register f 2, sql SELECT 1", [[]]),
        ("sql CREATE SCHEMA 1, register f 1, sql SELECT 1", [["f"]]),
        ("register f 1, register g 1, sql SELECT 1", [["f", "g"]]),
        ("register g 1, register f 1, sql SELECT 1", [["g", "f"]]),
        ("register f 1, sql SELECT 1, register f 2, sql SELECT 2", [["f"]]),
        ("register f 1, sql SELECT 1, sql SELECT 2", [[], ["f"]]),
    ],
)
def test_what_is_registered_too_late_is_seen(events: str, seen: list[list[str]]) -> None:
    words = [event.split(" ") for event in events.split(", ")]
    happened = [Event(kind, " ".join(what), int(session)) for kind, *what, session in words]
    assert _registered_before_sql(happened) == seen


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
    assert list(differing(first, second, X)) == []
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
    assert aspects <= {name for name, _ in differing(seen[0], seen[1], X)}


def test_whether_properties_can_be_set_is_tried_and_taken_back(warehouse: Warehouse) -> None:
    spec = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1,)),)))
    properties = {"owner": "nobody"}
    adapter = replace(ADAPTER, table_properties=lambda split: properties)
    split = adapter.build(make_materials(spec, warehouse))
    seen = observe(adapter, split, Question(only=frozenset({"read-only"})))
    assert seen["read-only"]["properties"] == "changed"
    assert properties == {"owner": "nobody"}
