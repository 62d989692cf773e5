"""Choices are drawn as often as they are offered."""

from __future__ import annotations

from collections import Counter

from hypothesis import strategies as st

from conformance.examples.drawing import draw
from strategies.drawing import any_of


def test_a_strategy_that_stands_there_several_times_is_drawn_from_as_often() -> None:
    drawn: Counter[str] = Counter()
    often, seldom = st.just("often"), st.just("seldom")
    draw(any_of(*[often] * 7, seldom), 800, 3, lambda value: drawn.update([value]))
    assert 50 <= drawn["seldom"] <= 160
