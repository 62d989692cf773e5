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
import resource
import shutil
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from fixtures.processes.workers import OWN_TEMPORARY_FILES

__all__ = ["keeping_locale_and_folder", "leave_defaults", "process_state", "putting_back"]


@dataclass(frozen=True)
class Part:
    """A part of a process's state: what returns it, what puts it back, and what makes plain values of it to report."""

    now: Callable[[], Any]
    put_back: Callable[[Any], object]
    told: Callable[[Any], Any]


def process_state() -> dict[str, Any]:
    """Return the state of this process by what it is, as plain values; of what is secret or long, digests."""
    return {name: part.told(part.now()) for name, part in PARTS.items()}


@contextmanager
def putting_back(*names: str) -> Iterator[None]:
    """Put the named parts of this process's state back, or all, so that the next split finds it as this one did."""
    before = {name: PARTS[name].now() for name in names or PARTS}
    try:
        yield
    finally:
        for name, value in before.items():
            PARTS[name].put_back(value)


def as_it_is(value: Any) -> Any:
    """Return what is plain already."""
    return value


def digest(value: object) -> str:
    """Return a text that stands for a value and does not show it."""
    return hashlib.sha256(repr(value).encode(errors="replace")).hexdigest()[:12]


def digests(values: dict[str, Any]) -> dict[str, str]:
    """Return a digest for each value."""
    return {name: digest(value) for name, value in sorted(values.items())}


def named(value: Any) -> str:
    """Return the name of a function or a class, or of the class of anything else."""
    bearer = value if hasattr(value, "__qualname__") else type(value)
    return f"{bearer.__module__}.{bearer.__qualname__}"


def all_named(values: dict[str, Any]) -> dict[str, str]:
    """Return the name of each."""
    return {name: named(value) for name, value in values.items()}


def put_environment(environment: dict[str, str]) -> None:
    """Set only what differs: a thread of a library may read the environment meanwhile, and finds it whole."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def signal_handlers() -> dict[str, Any]:
    """Return what handles each signal, by its number."""
    return {str(int(number)): signal.getsignal(number) for number in sorted(signal.valid_signals())}


def put_signal_handlers(handlers: dict[str, Any]) -> None:
    """Put back those that Python has set; others are ``None``."""
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(int(number)) is not handler:
            signal.signal(int(number), handler)


def put_threads(counts: tuple[int, int]) -> None:
    """Set how many threads Arrow has for computing, and for reading."""
    pa.set_cpu_count(counts[0])
    pa.set_io_thread_count(counts[1])


def attributes_of(*places: str) -> Part:
    """Return the part that attributes are, each ``module:name``; those of modules that nobody imported are left out."""

    def now() -> dict[str, Any]:
        split = ((place, *place.split(":")) for place in places)
        return {place: getattr(sys.modules[module], name) for place, module, name in split if module in sys.modules}

    def put_back(values: dict[str, Any]) -> None:
        for place, value in values.items():
            module, name = place.split(":")
            setattr(sys.modules[module], name, value)

    return Part(now, put_back, all_named)


def items_of(get: Callable[[], Any], told: Callable[[Any], Any]) -> Part:
    """Return the part that the items of a list are: others hold that list, so they are put back into it."""

    def put_back(items: list[Any]) -> None:
        get()[:] = items

    return Part(lambda: list(get()), put_back, told)


def of_numpy(get: str, put: str, told: Callable[[Any], Any] = as_it_is, place: str = "numpy") -> Part:
    """Return a part that functions of a module of numpy get and set; ``None`` where nobody has imported it."""

    def now() -> Any:
        return getattr(sys.modules[place], get)() if place in sys.modules else None

    def put_back(value: Any) -> None:
        if value is None:
            return
        if isinstance(value, dict):
            getattr(sys.modules[place], put)(**value)
        else:
            getattr(sys.modules[place], put)(value)

    return Part(now, put_back, told)


def put_temporary_files(files: set[str]) -> None:
    """Remove what has come since."""
    for name in temporary_files() - files:
        left = Path(os.environ[OWN_TEMPORARY_FILES]) / name
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def temporary_files() -> set[str]:
    """Return the names in the folder for temporary files, where it is the worker's own.

    Of a folder that others use too nothing is told, and nothing is removed from it: what appears there is theirs.
    """
    folder = os.environ.get(OWN_TEMPORARY_FILES)
    return {path.name for path in Path(folder).iterdir()} if folder == tempfile.gettempdir() and folder else set()


def umask() -> int:
    """Return the mask of new files; the process has no call that only tells it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def put_collection(settings: tuple[bool, tuple[int, int, int]]) -> None:
    """Set whether garbage is collected, and when."""
    gc.set_threshold(*settings[1])
    (gc.enable if settings[0] else gc.disable)()


def processors() -> list[int] | None:
    """Return the numbers of the processors that this process may run on; ``None`` where the system cannot tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def put_processors(numbers: list[int] | None) -> None:
    """Let this process run on these processors."""
    if numbers is not None:
        os.sched_setaffinity(0, numbers)


def limits() -> dict[int, tuple[int, int]]:
    """Return the limits of what the process may use, by the number that the system gives them."""
    return {number: resource.getrlimit(number) for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)}


def put_limits(before: dict[int, tuple[int, int]]) -> None:
    """Set the limits that are other ones now; who lowered one for good cannot raise it again."""
    for number, limit in before.items():
        if (now := resource.getrlimit(number)) != limit:
            resource.setrlimit(number, (limit[0] if now[1] == limit[1] else min(limit[0], now[1]), now[1]))


PARTS: dict[str, Part] = {
    "environment": Part(lambda: dict(os.environ), put_environment, digests),
    "working directory": Part(Path.cwd, os.chdir, str),
    "locale": Part(lambda: locale.setlocale(locale.LC_ALL), partial(locale.setlocale, locale.LC_ALL), as_it_is),
    "signal handlers": Part(signal_handlers, put_signal_handlers, str),
    "state of random": Part(random.getstate, random.setstate, digest),
    "state of numpy.random": of_numpy("get_state", "set_state", digest, "numpy.random"),
    "what numpy does about errors": of_numpy("geterr", "seterr"),
    "how numpy prints": of_numpy("get_printoptions", "set_printoptions", str),
    "Arrow's threads": Part(lambda: (pa.cpu_count(), pa.io_thread_count()), put_threads, as_it_is),
    "pool of Arrow's memory": Part(pa.default_memory_pool, pa.set_memory_pool, lambda pool: pool.backend_name),
    "warning filters": items_of(lambda: warnings.filters, digest),
    "import path": items_of(lambda: sys.path, as_it_is),
    "recursion limit": Part(sys.getrecursionlimit, sys.setrecursionlimit, as_it_is),
    "digits of numbers in texts": Part(sys.get_int_max_str_digits, sys.set_int_max_str_digits, as_it_is),
    "interval at which threads change": Part(sys.getswitchinterval, sys.setswitchinterval, as_it_is),
    "decimal context": Part(
        lambda: decimal.getcontext().copy(), decimal.setcontext, lambda context: (context.prec, context.rounding)
    ),
    "socket timeout": Part(socket.getdefaulttimeout, socket.setdefaulttimeout, as_it_is),
    "level of the root logger": Part(
        lambda: logging.getLogger().level, lambda level: logging.getLogger().setLevel(level), as_it_is
    ),
    "handlers of the root logger": items_of(lambda: logging.getLogger().handlers, lambda each: list(map(named, each))),
    "levels at which nothing is logged": Part(lambda: logging.root.manager.disable, logging.disable, as_it_is),
    # What Python calls when something ends in an error that nobody handles, and while it runs.
    "hooks": attributes_of("sys:excepthook", "sys:unraisablehook", "sys:displayhook", "threading:excepthook"),
    "function that traces": Part(sys.gettrace, sys.settrace, named),
    "function that profiles": Part(sys.getprofile, sys.setprofile, named),
    "who shows warnings": attributes_of("warnings:showwarning"),
    "standard streams": attributes_of("sys:stdin", "sys:stdout", "sys:stderr"),
    # By it each library asks whether it may trust who answers.
    "who makes contexts of TLS": attributes_of("ssl:_create_default_https_context"),
    "rights of new files": Part(umask, os.umask, oct),
    "limits of the process": Part(limits, put_limits, str),
    "garbage collection": Part(lambda: (gc.isenabled(), gc.get_threshold()), put_collection, as_it_is),
    "start method of processes": Part(
        lambda: multiprocessing.get_start_method(allow_none=True),
        lambda method: multiprocessing.set_start_method(method, force=True),
        as_it_is,
    ),
    "temporary files": Part(temporary_files, put_temporary_files, sorted),
    "processors": Part(processors, put_processors, as_it_is),
}


@contextmanager
def keeping_locale_and_folder() -> Iterator[None]:
    """Put back what the suite's own work goes by in this process: the locale and the working directory.

    All else that a loader sets while it builds here, its reading may need. It decorates functions, too.
    """
    with putting_back("working directory", "locale"):
        yield


def leave_defaults() -> None:
    """Set otherwise what Python sets: who "sets it back" to that, and not to what it was, shows only then."""
    gc.disable()
    sys.setrecursionlimit(sys.getrecursionlimit() + 100)
    socket.setdefaulttimeout(900.0)
    decimal.getcontext().prec += 1
    logging.getLogger().handlers.clear()  # as in a new interpreter: who finds a handler sets up no other
