"""A recording of what happens at the boundary to the engine and to storage, whichever loader makes it happen.

The methods that every loader has to go through are wrapped, once; they do what they always did. A recording belongs to
one thread.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from datafusion import SessionContext
from datafusion.substrait import Producer, Serde
from pyiceberg.io.fsspec import FsspecFileIO
from pyiceberg.io.pyarrow import PyArrowFileIO

from fixtures.file_ios import VaultFileIO

__all__ = ["Event", "recorded"]


@dataclass(frozen=True)
class Event:
    """``kind`` is ``register``, ``encode``, ``sql`` or ``open``; ``what`` the function's label, the SQL text or the
    location; ``session`` the session's ``id()`` where there is one.
    """

    kind: str
    what: str
    session: int | None = None


_REGISTRATIONS = ("register_udf", "register_udaf", "register_udwf", "register_udtf")
_QUERIES = ("sql", "sql_with_options")
_OPENINGS: tuple[tuple[Any, str], ...] = tuple(
    (class_, "new_input") for class_ in (PyArrowFileIO, FsspecFileIO, VaultFileIO)
)
_ENCODINGS: tuple[tuple[Any, str], ...] = (
    (Producer, "to_substrait_plan"),
    (Serde, "serialize_bytes"),
    (Serde, "serialize_to_plan"),
)


class _Recordings(threading.local):
    """The recordings that run in this thread, outermost first."""

    def __init__(self) -> None:
        self.running: list[list[Event]] = []


_RECORDINGS = _Recordings()


@contextmanager
def recorded() -> Iterator[list[Event]]:
    """Record what this thread registers, encodes and opens, in the order in which it begins."""
    _wrap_once()
    events: list[Event] = []
    _RECORDINGS.running.append(events)
    try:
        yield events
    finally:
        # Not `remove`: of two recordings that hold the same so far, it would end the outer one.
        _RECORDINGS.running = [others for others in _RECORDINGS.running if others is not events]


def _happened(event: Event) -> None:
    for events in _RECORDINGS.running:
        events.append(event)


@cache
def _wrap_once() -> None:
    for name in _REGISTRATIONS:
        if (original := getattr(SessionContext, name, None)) is not None:
            setattr(SessionContext, name, _registration(original))
    for name in _QUERIES:
        setattr(SessionContext, name, _query(getattr(SessionContext, name)))
    for class_, name in _ENCODINGS:
        setattr(class_, name, staticmethod(_encoding(getattr(class_, name))))
    for class_, name in _OPENINGS:
        setattr(class_, name, _opening(getattr(class_, name)))


def _registration(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def register(self: SessionContext, function: Any, *args: Any) -> Any:
        _happened(Event("register", str(getattr(function, "label", function)), id(self)))
        return original(self, function, *args)

    return register


def _query(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def query(self: SessionContext, text: str, *args: Any, **options: Any) -> Any:
        _happened(Event("sql", text, id(self)))
        return original(self, text, *args, **options)

    return query


def _encoding(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def encode(plan: Any, session: Any, *args: Any) -> Any:
        _happened(Event("encode", type(plan).__name__, id(session)))
        return original(plan, session, *args)

    return encode


def _opening(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def new_input(self: Any, location: str) -> Any:
        _happened(Event("open", location))
        return original(self, location)

    return new_input
