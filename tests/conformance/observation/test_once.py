from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.once import SHARE, observe_once, observed_once
from conformance.observation.question import Question


class Split:
    def __init__(self, value: object) -> None:
        self.value = value


def counting() -> tuple[Adapter, list[Any]]:
    """Return an adapter, and the values of the splits that were read through it."""
    read: list[Any] = []

    def reading(split: Any) -> Iterable[Any]:
        read.append(split.value)
        return iter(())

    return Adapter("counting", lambda materials: None, read=reading), read


ONCE = Question(again=False)


def test_equal_arrivals_are_read_once() -> None:
    adapter, read = counting()
    with observed_once(0):
        seen = [observe_once(adapter, pickle.loads(pickle.dumps(Split(1))), ONCE) for _ in range(SHARE - 1)]
    assert read == [1]
    assert all(observation == seen[0] for observation in seen)


def test_arrivals_that_differ_are_each_read() -> None:
    adapter, read = counting()
    with observed_once(0):
        for value in (1, True, "1", 1):
            observe_once(adapter, Split(value), ONCE)
    assert [repr(value) for value in read] == ["1", "True", "'1'"]


def test_some_are_read_all_the_same_and_others_in_each_example() -> None:
    read_again = set()
    for turn in range(SHARE):
        adapter, read = counting()
        with observed_once(turn):
            for position in range(SHARE):
                before = len(read)
                observe_once(adapter, Split(1), ONCE)
                if position and len(read) > before:
                    read_again.add(position)
    assert read_again == set(range(1, SHARE))


def test_what_was_not_asked_before_is_looked_at() -> None:
    adapter, read = counting()
    with observed_once(0):
        assert "reads again" not in observe_once(adapter, Split(1), ONCE)
        assert "reads again" in observe_once(adapter, Split(1), Question(again=True))
        assert "reads again" not in observe_once(adapter, Split(1), ONCE)
    assert len(read) == 3  # an iterator begun before, and one read whole, are two


def test_outside_every_arrival_is_observed() -> None:
    adapter, read = counting()
    for _ in range(2):
        observe_once(adapter, Split(1), ONCE)
    assert read == [1, 1]
