"""What reading a split does to the process that reads it, and in which circumstances of that process it works."""

from __future__ import annotations

import asyncio
import decimal
import gc
import hashlib
import locale
import logging
import multiprocessing
import os
import pickle
import random
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from conformance.adapter import Adapter
from conformance.observation.question import Question
from conformance.observation.raised import attempt
from conformance.observation.values import Rows, plain_rows

__all__ = ["CIRCUMSTANCES", "LEFT", "changed_by_reading", "grown_by_use", "rows_after_leaving", "rows_in"]

_DESCRIPTORS = Path("/proc/self/fd")
# So many readings more; a descriptor or a child that each of them leaves behind is counted as often.
READINGS = 3


def rows_read(adapter: Adapter, question: Question, split: Any) -> Rows | None:
    """Return the rows of a split as they are compared."""
    return plain_rows(adapter.read(split), exact=not question.has_plan, in_order=question.in_order)


def changed_by_reading(adapter: Adapter, split: Any) -> dict[str, tuple[str, str]]:
    """Return what of this process is not as it was before reading: its state before and after, by what it is.

    What was changed is put back, so that the next split finds it as this one did.
    """
    before = {name: get() for name, get, _ in STATE}
    for batch in adapter.read(split):
        del batch
    changed = {}
    for name, get, put_back in STATE:
        if (after := get()) != before[name]:
            changed[name] = _told(before[name], after)
            put_back(before[name])
    kept = _kept()
    for _ in range(READINGS):
        for batch in adapter.read(split):
            del batch
    for (name, few), (_, many) in zip(kept, _kept(), strict=True):
        if many - few >= READINGS:
            changed[name] = (str(few), f"{many} after {READINGS} readings more")
    return changed


def _told(before: Any, after: Any) -> tuple[str, str]:
    """Return what two states differ in; of what is secret or long, digests."""
    if isinstance(before, dict):
        names = sorted(name for name in before | after if before.get(name) != after.get(name))
        one, other = ({name: _digest(state[name]) for name in names if name in state} for state in (before, after))
        return str(one), str(other)
    short = len(repr(before)) + len(repr(after)) < 400
    return (repr(before), repr(after)) if short else (_digest(before), _digest(after))


def _signal_handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in sorted(signal.valid_signals())}


def _set_signal_handlers(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler and handler is not None:
            signal.signal(number, handler)


def _set_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _numpy_state() -> str | None:
    numpy = sys.modules.get("numpy")
    return None if numpy is None else repr(numpy.random.get_state())


def _set_arrow_threads(counts: tuple[int, int]) -> None:
    pa.set_cpu_count(counts[0])
    pa.set_io_thread_count(counts[1])


# What a reader has no business with: its name, how to get it, and how to put it back.
STATE: tuple[tuple[str, Callable[[], Any], Callable[[Any], Any]], ...] = (
    ("environment", lambda: dict(os.environ), _set_environment),
    ("working directory", os.getcwd, os.chdir),
    ("locale", lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
    ("signal handlers", _signal_handlers, _set_signal_handlers),
    ("state of random", random.getstate, random.setstate),
    ("state of numpy.random", _numpy_state, lambda state: None),
    ("Arrow's threads", lambda: (pa.cpu_count(), pa.io_thread_count()), _set_arrow_threads),
    ("warning filters", lambda: list(warnings.filters), lambda kept: setattr(warnings, "filters", kept)),
    ("import path", lambda: list(sys.path), lambda path: setattr(sys, "path", path)),
    ("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    ("decimal context", lambda: repr(decimal.getcontext()), lambda _: decimal.setcontext(decimal.Context())),
    ("socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    ("level of the root logger", lambda: logging.getLogger().level, lambda level: logging.getLogger().setLevel(level)),
    ("garbage collection", gc.get_threshold, lambda threshold: gc.set_threshold(*threshold)),
)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode(errors="replace")).hexdigest()[:12]


def _kept() -> list[tuple[str, int]]:
    """Return how much this process holds of what each reading may leave behind."""
    descriptors = len(list(_DESCRIPTORS.iterdir())) if _DESCRIPTORS.is_dir() else 0
    return [("open descriptors", descriptors), ("child processes", len(multiprocessing.active_children()))]


def _in_event_loop(read: Callable[[], Any]) -> Any:
    async def running() -> Any:
        return read()

    return asyncio.run(running())


def _in_thread(read: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(attempt(read)), daemon=True)
    thread.start()
    thread.join()
    return found[0]


CIRCUMSTANCES: dict[str, Callable[[Callable[[], Any]], Any]] = {
    "in a running event loop": _in_event_loop,
    "in another thread than the one that loaded it": _in_thread,
}
"""Where workers read, by name."""


def rows_in(adapter: Adapter, question: Question, split: Any) -> dict[str, Any]:
    """Return the rows as they are read plainly, and in each circumstance; :class:`Raised` where that fails."""
    read = partial(rows_read, adapter, question, split)
    return {"plainly": attempt(read)} | {name: attempt(within, read) for name, within in CIRCUMSTANCES.items()}


class _Left(Exception):
    """Ends a reading from outside."""


def _at_once(batches: Iterator[Any]) -> None:
    del batches


def _after_one(batches: Iterator[Any]) -> None:
    next(batches, None)


def _by_an_error(batches: Iterator[Any]) -> None:
    for _ in batches:
        raise _Left


LEFT: dict[str, Callable[[Iterator[Any]], None]] = {
    "before its first batch": _at_once,
    "after its first batch": _after_one,
    "by an error of who reads": _by_an_error,
}
"""How a reading is left before its end, by name."""


def rows_after_leaving(adapter: Adapter, question: Question, split: Any) -> dict[str, Any]:
    """Return the rows as they are read plainly, and after a reading was left in each way."""
    found = {"plainly": attempt(rows_read, adapter, question, split)}
    for name, leave in LEFT.items():
        with suppress(_Left):
            leave(iter(adapter.read(split)))
        found[name] = attempt(rows_read, adapter, question, split)
    return found


def grown_by_use(adapter: Adapter, split: Any) -> tuple[int, int]:
    """Return the bytes of the split's payload before it is read and looked at, and after."""
    before = len(pickle.dumps(split))
    for _ in range(READINGS):
        attempt(lambda: sum(batch.num_rows for batch in adapter.read(split)))
        if adapter.split_id is not None:
            attempt(adapter.split_id, split)
    return before, len(pickle.dumps(split))
