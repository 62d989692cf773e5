"""Splits that are the same are observed once.

An example arrives some twenty times in one process. What is seen of a split there follows from what belongs to it, and
from what does not: modules, classes, caches by address. So an arrival of which every part equals that of another one
(:func:`conformance.observation.state.exact_state`) is not looked at again, but for a share of them that moves on with
the examples, which sees what does not belong to the split.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.aspects import Observation, observe
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.state import exact_state

__all__ = ["observe_once", "observed_once"]

# One arrival in so many is looked at though it is the same as another.
SHARE = 6
AGAIN = "reads again"


@dataclass
class _Seen:
    """What was seen of each state so far, and how many arrivals there were."""

    turn: int
    observations: dict[Any, Observation] = field(default_factory=dict)


_SEEN: ContextVar[_Seen | None] = ContextVar("seen", default=None)


@contextmanager
def observed_once(turn: int) -> Iterator[None]:
    """Within, equal splits are observed once. ``turn`` settles which are observed all the same."""
    token = _SEEN.set(_Seen(turn))
    try:
        yield
    finally:
        _SEEN.reset(token)


def observe_once(adapter: Adapter, split: Any, question: Question) -> Observation:
    """Return what :func:`observe` returns, or has returned of an equal split that was asked as much."""
    seen = _SEEN.get()
    state = None if seen is None else attempt(exact_state, split)
    if seen is None or isinstance(state, Raised):
        return observe(adapter, split, question)
    seen.turn += 1
    key = question.only, state
    known = seen.observations.get(key)
    if known is None or (question.again and AGAIN not in known) or seen.turn % SHARE == 0:
        known = observe(adapter, split, question)
        seen.observations.setdefault(key, known)
    return known if question.again else {name: value for name, value in known.items() if name != AGAIN}
