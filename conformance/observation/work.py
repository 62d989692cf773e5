"""What it costs a process to do something: calls of functions, and memory."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["calls_made", "memory_used", "tells_memory"]

T = TypeVar("T")

# What Linux forgets the peak of a process by, and what it tells it in.
_FORGET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def tells_memory() -> bool:
    """Return whether this system tells the peak of a process: Linux alone does."""
    return _FORGET.exists()


def memory_used(function: Callable[[], T]) -> tuple[T, int]:
    """Return what a function returns, and the bytes by which this process has grown meanwhile, at most."""
    gc.collect()
    before = _status("VmRSS")
    _FORGET.write_text("5")  # the peak is from now on
    return function(), _status("VmHWM") - before


def calls_made(function: Callable[[], object]) -> int:
    """Return how many functions are called while a function runs, in this thread and in those that it starts."""
    called = count()

    def note(_frame: Any, event: str, _argument: Any) -> None:
        if event in ("call", "c_call"):
            next(called)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return next(called)


def _status(name: str) -> int:
    """Return a size of this process in bytes, as Linux tells it."""
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
