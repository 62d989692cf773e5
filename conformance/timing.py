"""Where the time of a process goes, by phase: each second of a unit of work belongs to one phase, the innermost."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["phase", "taken"]

_SPENT: defaultdict[str, float] = defaultdict(float)
_OPEN: list[str] = []
_SINCE = [0.0]


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Count the time within for the phase, and not for the one around it.

    What other threads do is not counted: the main thread waits for them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _turn()
    _OPEN.append(name)
    try:
        yield
    finally:
        _turn()
        _OPEN.pop()


def _turn() -> None:
    now = time.perf_counter()
    if _OPEN:
        _SPENT[_OPEN[-1]] += now - _SINCE[0]
    _SINCE[0] = now


def taken() -> dict[str, float]:
    """Return the seconds of each phase since the last call, and begin again."""
    spent = dict(_SPENT)
    _SPENT.clear()
    return spent
