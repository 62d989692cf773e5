"""Choices among values, drawn through strategies that are made once.

Hypothesis validates each new strategy object, which costs more than drawing from it: what depends on drawn
values is chosen by index, through a strategy that depends on their number alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

__all__ = ["any_of", "flip", "one_in", "pick", "picks", "some"]

T = TypeVar("T")

_BOOLEANS = st.booleans()


def pick(draw: st.DrawFn, options: Sequence[T]) -> T:
    """Return one of the options; the first is the simplest."""
    return options[draw(_index(len(options)))]


def picks(draw: st.DrawFn, options: Sequence[T], low: int, high: int) -> tuple[T, ...]:
    """Return ``low`` to ``high`` of the options, any of them more than once."""
    return tuple(options[i] for i in draw(_indices(len(options), low, high)))


def some(draw: st.DrawFn, options: Sequence[T], high: int) -> tuple[T, ...]:
    """Return one to ``high`` of the options, each at most once, in any order."""
    return tuple(options[i] for i in draw(_distinct_indices(len(options), min(high, len(options)))))


def flip(draw: st.DrawFn) -> bool:
    """Return true in half of the draws."""
    return draw(_BOOLEANS)


def one_in(draw: st.DrawFn, count: int) -> bool:
    """Return true in one draw of ``count``."""
    return draw(_index(count)) == count - 1


def any_of(*strategies: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Draw from one of the strategies, each as often as it stands there; the first is the simplest.

    Of :func:`hypothesis.strategies.one_of` each is drawn from equally often, even if it stands there several times.
    """
    return _any_of(strategies)


@st.composite
def _any_of(draw: st.DrawFn, strategies: Sequence[st.SearchStrategy[T]]) -> T:
    return draw(pick(draw, strategies))


@cache
def _index(count: int) -> st.SearchStrategy[int]:
    return st.integers(0, count - 1)


@cache
def _indices(count: int, low: int, high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(_index(count), min_size=low, max_size=high)


@cache
def _distinct_indices(count: int, high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.sampled_from(range(count)), unique=True, min_size=1, max_size=high)
