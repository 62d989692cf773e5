"""What a process is, beside its own work: what no reader of splits has any business with."""

from __future__ import annotations

import decimal
import gc
import hashlib
import locale
import logging
import multiprocessing
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from fixtures.processes.workers import OWN_TEMPORARY_FILES

__all__ = [
    "OTHER_ZONE",
    "in_zone",
    "keeping_locale_and_folder",
    "leave_defaults",
    "now_held",
    "process_state",
    "putting_back",
    "settled",
]

# What Python calls when something ends in an error that nobody handles, and while it runs.
HOOKS = ((sys, "excepthook"), (sys, "unraisablehook"), (sys, "displayhook"), (threading, "excepthook"))

# Seconds that a reading may take to give back what it holds.
SETTLING_SECONDS = 1.0


def process_state() -> dict[str, Any]:
    """Return the state of this process by what it is, as plain values; of what is secret or long, digests."""
    numpy = sys.modules.get("numpy")
    return {
        "environment": {name: digest(value) for name, value in sorted(os.environ.items())},
        "working directory": str(Path.cwd()),
        "locale": locale.setlocale(locale.LC_ALL),
        "signal handlers": str([signal.getsignal(number) for number in sorted(signal.valid_signals())]),
        "state of random": digest(random.getstate()),
        "state of numpy.random": digest(numpy.random.get_state()) if numpy else None,
        "Arrow's threads": (pa.cpu_count(), pa.io_thread_count()),
        "warning filters": digest(warnings.filters),
        "import path": list(sys.path),
        "recursion limit": sys.getrecursionlimit(),
        "decimal context": (decimal.getcontext().prec, decimal.getcontext().rounding),
        "socket timeout": socket.getdefaulttimeout(),
        "level of the root logger": logging.getLogger().level,
        "handlers of the root logger": [type(handler).__name__ for handler in logging.getLogger().handlers],
        "levels at which nothing is logged": logging.root.manager.disable,
        "who shows warnings": _named(warnings.showwarning),
        "hooks": {name: _named(getattr(module, name)) for module, name in HOOKS},
        "interval at which threads change": sys.getswitchinterval(),
        "rights of new files": _umask(),
        "processors": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "pool of Arrow's memory": pa.default_memory_pool().backend_name,
        "garbage collection": (gc.isenabled(), gc.get_threshold()),
        "start method of processes": multiprocessing.get_start_method(allow_none=True),
        "temporary files": sorted(_temporary_files()),
    }


def _named(function: Any) -> str:
    """Return the name of a function, or of the class of another callable."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def _umask() -> str:
    """Return the mask of new files; the process has no call that only tells it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return oct(mask)


def _temporary_files() -> set[str]:
    """Return the names in the folder for temporary files, where it is the worker's own.

    Of a folder that others use too nothing is told, and nothing is removed from it: what appears there is theirs.
    """
    folder = os.environ.get(OWN_TEMPORARY_FILES)
    return {path.name for path in Path(folder).iterdir()} if folder == tempfile.gettempdir() and folder else set()


def digest(value: object) -> str:
    """Return a text that stands for a value and does not show it."""
    return hashlib.sha256(repr(value).encode(errors="replace")).hexdigest()[:12]


def now_held() -> dict[str, int]:
    """Return how much this process holds of what each reading may leave behind."""
    folder = Path("/proc/self/fd")
    return {
        "bytes of Arrow": pa.total_allocated_bytes(),
        "open descriptors": len(list(folder.iterdir())) if folder.is_dir() else 0,
        "child processes": len(multiprocessing.active_children()),
        "threads": threading.active_count(),
    }


def settled(before: dict[str, int], readings: int) -> dict[str, int]:
    """Return what this process holds after so many readings more; what is about to end is waited for.

    Garbage is collected. Less than one for each reading is left behind by none of them.
    """
    end = time.monotonic() + SETTLING_SECONDS
    now = now_held()
    while any(many - before[name] >= readings for name, many in now.items()) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.02)
        now = now_held()
    return now


def _put_back_environment(environment: dict[str, str]) -> None:
    """Set only what differs: a thread of a library may read the environment meanwhile, and finds it whole."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


@contextmanager
def keeping_locale_and_folder() -> Iterator[None]:
    """Put back what the suite's own work goes by in this process: the locale and the working directory.

    All else that a loader sets while it builds here, its reading may need. It decorates functions, too.
    """
    folder, named = Path.cwd(), locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        os.chdir(folder)
        locale.setlocale(locale.LC_ALL, named)


# A local time zone that no driver has: 12 hours and 45 minutes east. As POSIX writes it, without files.
OTHER_ZONE = "SUITE-12:45"


@contextmanager
def in_zone(zone: str) -> Iterator[None]:
    """Have this process in a local time zone meanwhile."""
    before = os.environ.get("TZ")
    _set_zone(zone)
    try:
        yield
    finally:
        _set_zone(before)


def _set_zone(zone: str | None) -> None:
    """``None`` stands for the zone of the machine."""
    os.environ.pop("TZ", None)
    if zone is not None:
        os.environ["TZ"] = zone
    time.tzset()


def leave_defaults() -> None:
    """Set otherwise what Python sets: who "sets it back" to that, and not to what it was, shows only then."""
    gc.disable()
    sys.setrecursionlimit(sys.getrecursionlimit() + 100)
    socket.setdefaulttimeout(900.0)
    decimal.getcontext().prec += 1
    logging.getLogger().handlers.clear()  # as in a new interpreter: who finds a handler sets up no other


@contextmanager
def putting_back() -> Iterator[None]:
    """Put the state of this process back as it was, so that the next split finds it as this one did."""
    environment, folder, named = dict(os.environ), Path.cwd(), locale.setlocale(locale.LC_ALL)
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    generator, threads, filters = random.getstate(), (pa.cpu_count(), pa.io_thread_count()), list(warnings.filters)
    numpy = sys.modules.get("numpy")
    numbers = numpy.random.get_state() if numpy else None
    path, limit, level = list(sys.path), sys.getrecursionlimit(), logging.getLogger().level
    decimals, timeout = decimal.getcontext().copy(), socket.getdefaulttimeout()
    collects, thresholds = gc.isenabled(), gc.get_threshold()
    handlers_of_root, disabled = list(logging.getLogger().handlers), logging.root.manager.disable
    shows, hooks = warnings.showwarning, [getattr(module, name) for module, name in HOOKS]
    interval, mask, pool = sys.getswitchinterval(), int(_umask(), 8), pa.default_memory_pool()
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    method, files = multiprocessing.get_start_method(allow_none=True), _temporary_files()
    try:
        yield
    finally:
        _put_back_environment(environment)
        os.chdir(folder)
        locale.setlocale(locale.LC_ALL, named)
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
        random.setstate(generator)
        if numpy:
            numpy.random.set_state(numbers)
        pa.set_cpu_count(threads[0])
        pa.set_io_thread_count(threads[1])
        warnings.filters[:] = filters  # type: ignore[index]  # a list, though typeshed calls it a sequence
        sys.path[:] = path
        sys.setrecursionlimit(limit)
        decimal.setcontext(decimals)
        socket.setdefaulttimeout(timeout)
        logging.getLogger().setLevel(level)
        logging.getLogger().handlers[:] = handlers_of_root
        logging.disable(disabled)
        warnings.showwarning = shows
        for (module, name), hook in zip(HOOKS, hooks, strict=True):
            setattr(module, name, hook)
        sys.setswitchinterval(interval)
        os.umask(mask)
        pa.set_memory_pool(pool)
        if processors is not None:
            os.sched_setaffinity(0, processors)
        gc.set_threshold(*thresholds)
        (gc.enable if collects else gc.disable)()
        multiprocessing.set_start_method(method, force=True)
        for name in _temporary_files() - files:
            left = Path(os.environ[OWN_TEMPORARY_FILES]) / name
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
