from __future__ import annotations

import copy
import functools
import pickle
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions import EqualTo as PyIcebergs
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

from conformance.observation.state import exact_state, state_differences, whole_state


def equal_to(value: int) -> BooleanExpression:
    make: Any = PyIcebergs  # its positional arguments are no part of its signature
    return make("a", value)  # type: ignore[no-any-return]


class Holder:
    def __init__(self, **held: Any) -> None:
        self.__dict__.update(held)


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held


def changes(one: object, other: object) -> list[str]:
    return [path for path, *_ in state_differences(whole_state(one), whole_state(other))]


SCHEMA = Schema(NestedField(1, "a", LongType()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("a", None),
        ((1, 2), [1, 2]),
        ({1: "a"}, {"1": "a"}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({1, 2}, {1, 3}),
        (b"a", bytearray(b"a")),
        (deque([1]), deque([2])),
        (functools.partial(print, 1), functools.partial(print, 2)),
        (equal_to(1), equal_to(2)),
        (PyArrowFileIO({"a": "b"}), PyArrowFileIO({"a": "c"})),
        (SCHEMA, Schema(NestedField(1, "a", LongType(), required=True))),
        (Slotted(1), Slotted(2)),
        ("x" * 1000, "x" * 999 + "y"),
    ],
    ids=lambda value: f"{type(value).__name__} {str(value)[:20]}",
)
def test_what_differs_is_told_by_its_path(one: object, other: object) -> None:
    found = changes(Holder(inner={"deep": [one]}), Holder(inner={"deep": [other]}))
    assert found
    assert all(path.startswith("split.inner['deep'][0]") for path in found)


@pytest.mark.parametrize(
    "value",
    [
        None,
        float("nan"),
        {"a": [1, (2, {"b": {3, 4}})]},
        Holder(a=Slotted(1)),
        equal_to(1),
        SCHEMA,
        PyArrowFileIO({"a": "b"}),
        functools.partial(len, "a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_round_trip_changes_nothing(value: object) -> None:
    held = Holder(value=value, again=value)
    for arrived in (pickle.loads(pickle.dumps(held)), copy.deepcopy(held), copy.copy(held)):
        assert changes(held, arrived) == []


def test_it_does_not_matter_which_equal_parts_are_one_object() -> None:
    part = ["a"]
    assert changes(Holder(one=part, other=part), Holder(one=["a"], other=["a"])) == []
    assert changes(Holder(one=["a"], other=["a"]), Holder(one=part, other=part)) == []
    assert changes(Holder(one=part, other=part), Holder(one=["a"], other=["b"])) == ["split.other[0]"]


def test_caches_of_pyicebergs_objects_are_no_difference() -> None:
    used, fresh = PyArrowFileIO({"a": "b"}), PyArrowFileIO({"a": "b"})
    used.fs_by_scheme("file", None)
    looked_at, untouched = SCHEMA, Schema(NestedField(1, "a", LongType()))
    looked_at.find_field("a")
    assert changes(Holder(io=used, schema=looked_at), Holder(io=fresh, schema=untouched)) == []


def test_a_loop_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert changes(loop, pickle.loads(pickle.dumps(loop))) == []


def test_a_state_travels() -> None:
    state = whole_state(Holder(a=[1, {"b": equal_to(1)}]))
    assert pickle.loads(pickle.dumps(state)) == state


@pytest.mark.parametrize(
    "make",
    [lambda: [lambda: 1], lambda: [type("Made", (), {})], lambda: [threading.Lock()], lambda: [{threading.Lock()}]],
    ids=["function", "class", "lock", "set of locks"],
)
def test_what_cannot_be_looked_into_is_the_same_only_as_itself(make: Callable[[], list[object]]) -> None:
    one, other = make(), make()
    assert exact_state(one) == exact_state(list(one))
    assert exact_state(one) != exact_state(other)


def test_equal_splits_have_one_exact_state() -> None:
    held = Holder(a={"b": (1, "c")}, schema=SCHEMA)
    arrived = [exact_state(pickle.loads(pickle.dumps(held, protocol))) for protocol in (2, 4, 5)]
    assert arrived[0] == arrived[1] == arrived[2]
    assert exact_state(Holder(a={"b": (1, "d")}, schema=SCHEMA)) != arrived[0]
