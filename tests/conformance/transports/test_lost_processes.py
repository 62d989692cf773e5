"""Whose doing the death of a process was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.observation.raised import Died
from conformance.transports import lost_processes
from conformance.transports.lost_processes import asked_twice, noted

DEAD = Died.of("signal SIGKILL")


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what other tests asked."""
    monkeypatch.setattr(lost_processes, "_ENDED", set())
    noted()
    yield
    noted()


def answers(*given: Any) -> Any:
    """Return a function that gives these answers, one a call."""
    rest = iter(given)
    return lambda: next(rest)


def test_who_answers_is_asked_once() -> None:
    assert asked_twice("worker", answers("rows")) == "rows"
    assert noted() == []


def test_death_that_a_fresh_process_does_not_repeat_is_noted_and_is_nobodys_doing() -> None:
    assert asked_twice("worker", answers(DEAD, "rows")) == "rows"
    assert noted() == ["worker: the process ends before it answers: signal SIGKILL; a fresh one answered"]
    assert noted() == []


def test_death_that_is_repeated_is_the_loaders_and_costs_one_process_from_then_on() -> None:
    assert asked_twice("worker", answers(DEAD, DEAD)) == DEAD
    assert asked_twice("worker", answers(DEAD)) == DEAD
    assert asked_twice("other", answers(DEAD, "rows")) == "rows"
    assert noted() == ["other: the process ends before it answers: signal SIGKILL; a fresh one answered"]
