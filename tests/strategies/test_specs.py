"""A spec is a plain value: it can be written down, compared, hashed, pickled, and read again as the same spec."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import strategies.specs
from strategies import (
    ColumnSpec,
    FileIOSpec,
    ListSpec,
    Predicate,
    Spec,
    SplitSpec,
    TableSpec,
    UdfSpec,
    from_json,
    split_specs,
    to_json,
)

NAMES = {name: getattr(strategies.specs, name) for name in strategies.specs.__all__}
varied = settings(
    max_examples=150, database=None, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def read(text: str) -> Any:
    return eval(text, dict(NAMES))


@varied
@given(split_specs())
def test_a_repr_evaluates_to_an_equal_spec(spec: SplitSpec) -> None:
    again = read(repr(spec))
    assert again == spec
    assert to_json(again) == to_json(spec)
    assert hash(again) == hash(spec)


@varied
@given(split_specs())
def test_a_spec_goes_to_json_and_back(spec: SplitSpec) -> None:
    again = from_json(to_json(spec))
    assert again == spec
    assert repr(again) == repr(spec)
    assert hash(again) == hash(spec)
    assert "\n" not in to_json(spec)
    assert to_json(spec).isascii()


@varied
@given(split_specs())
def test_a_spec_pickles_and_copies(spec: SplitSpec) -> None:
    for again in (pickle.loads(pickle.dumps(spec)), copy.copy(spec), copy.deepcopy(spec)):
        assert again == spec
        assert repr(again) == repr(spec)


@pytest.mark.parametrize("class_", Spec.classes.values(), ids=lambda class_: class_.__name__)
def test_specs_cannot_be_changed(class_: type[Spec]) -> None:
    assert class_.__name__ in NAMES
    names = [field.name for field in dataclasses.fields(class_)]  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(object.__new__(class_), (*names, "any")[0], 1)


@pytest.mark.parametrize("value", [1, True, 1.0, "1", 0, False, 0.0, -0.0, "", None, (), (1,), ("1",)])
def test_values_keep_their_type_and_sign(value: Any) -> None:
    spec = ColumnSpec(1, "a", "long", (value,))
    for again in (read(repr(spec)), from_json(to_json(spec)), pickle.loads(pickle.dumps(spec))):
        assert repr(again.values) == repr((value,))
        assert type(again.values[0]) is type(value)


def test_values_that_python_holds_equal_differ_in_json() -> None:
    values = [1, True, 1.0, "1", 0, False, 0.0, -0.0, "", None]
    assert len({to_json(ColumnSpec(1, "a", "long", (value,))) for value in values}) == len(values)
    assert len({to_json(FileIOSpec(properties=(("k", value),))) for value in values}) == len(values)


def test_a_setting_that_equals_its_default_but_for_its_type_is_written() -> None:
    assert repr(TableSpec((), rows=True)) == "TableSpec(columns=(), rows=True)"
    assert repr(from_json(to_json(TableSpec((), rows=True)))) == "TableSpec(columns=(), rows=True)"
    assert repr(TableSpec((), rows=1)) == "TableSpec(columns=())"


def test_a_repr_leaves_out_defaults() -> None:
    spec = SplitSpec(TableSpec((ColumnSpec(1, "a", ListSpec(2, "long")),)))
    assert repr(spec) == (
        "SplitSpec(table=TableSpec(columns=(ColumnSpec(id=1, name='a', type=ListSpec(element_id=2, element='long')),)))"
    )


@pytest.mark.parametrize("text", ["{}", '{"int": {}}', '{"SplitSpec": {}, "TableSpec": {}}', "not json"])
def test_what_is_no_spec_is_no_spec(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)


@pytest.mark.parametrize("text", ['{"UdfSpec": {}}', '{"UdfSpec": {"name": "f", "colour": "red"}}'])
def test_a_missing_or_unknown_field_is_an_error(text: str) -> None:
    with pytest.raises(TypeError):
        from_json(text)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_has_not_are_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(Predicate("eq", "a", (number,)))


def test_a_column_is_found_by_its_name() -> None:
    table = TableSpec((ColumnSpec(1, "a", "long"), ColumnSpec(2, "A", "string")))
    assert table.column("A").id == 2
    with pytest.raises(KeyError):
        table.column("b")


def test_specs_show_their_settings_to_rich() -> None:
    assert dict(UdfSpec("f", operand=2).__rich_repr__()) == {"name": "f", "operand": 2}
