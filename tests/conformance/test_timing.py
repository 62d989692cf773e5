"""Phases: each second counts once, for the innermost phase, and threads count for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from conformance.timing import phase, taken


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that stands still until it is set."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    taken()
    yield now
    taken()


def test_inner_phase_does_not_count_for_the_outer(clock: list[float]) -> None:
    with phase("judge"):
        clock[0] += 1
        with phase("build"):
            clock[0] += 10
        clock[0] += 100
    clock[0] += 1000
    with phase("build"):
        clock[0] += 10
    assert taken() == {"judge": 101.0, "build": 20.0}
    assert taken() == {}


def test_phase_ends_with_an_error(clock: list[float]) -> None:
    @phase("send")
    def fail() -> None:
        clock[0] += 5
        raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        fail()
    clock[0] += 7
    with phase("judge"):
        clock[0] += 1
    assert taken() == {"send": 5.0, "judge": 1.0}


def test_threads_do_not_count(clock: list[float]) -> None:
    def beside() -> None:
        with phase("observe"):
            clock[0] += 3

    with phase("send"):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
    assert taken() == {"send": 3.0}
