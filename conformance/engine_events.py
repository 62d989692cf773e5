"""A recording of what happens at the boundary to the engine and to storage, whichever loader makes it happen.

The methods that every loader has to go through are wrapped while a recording runs; they do what they always do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from datafusion import SessionContext
from datafusion.substrait import Producer, Serde
from pyiceberg.io.fsspec import FsspecFileIO
from pyiceberg.io.pyarrow import PyArrowFileIO

from fixtures.file_ios import VaultFileIO

__all__ = ["Event", "recorded"]


@dataclass(frozen=True)
class Event:
    """``kind`` is ``register``, ``encode`` or ``open``; ``what`` the function's label or the location; ``session`` the
    session's ``id()`` where there is one.
    """

    kind: str
    what: str
    session: int | None = None


_REGISTRATIONS = ("register_udf", "register_udaf", "register_udwf", "register_udtf")


@contextmanager
def recorded() -> Iterator[list[Event]]:
    """Record registrations of functions, encodings of plans and openings of files, in the order in which they begin."""
    events: list[Event] = []
    with ExitStack() as stack:
        for name in _REGISTRATIONS:
            if (original := getattr(SessionContext, name, None)) is not None:
                stack.enter_context(patch.object(SessionContext, name, _registration(original, events)))
        for class_, name in (
            (Producer, "to_substrait_plan"),
            (Serde, "serialize_bytes"),
            (Serde, "serialize_to_plan"),
        ):
            wrapped = staticmethod(_encoding(getattr(class_, name), events))
            stack.enter_context(patch.object(class_, name, wrapped))
        for file_io in (PyArrowFileIO, FsspecFileIO, VaultFileIO):
            stack.enter_context(patch.object(file_io, "new_input", _opening(file_io.new_input, events)))
        yield events


def _registration(original: Callable[..., Any], events: list[Event]) -> Callable[..., Any]:
    @functools.wraps(original)
    def register(self: SessionContext, function: Any, *args: Any) -> Any:
        events.append(Event("register", str(getattr(function, "label", function)), id(self)))
        return original(self, function, *args)

    return register


def _encoding(original: Callable[..., Any], events: list[Event]) -> Callable[..., Any]:
    @functools.wraps(original)
    def encode(plan: Any, session: Any, *args: Any) -> Any:
        events.append(Event("encode", type(plan).__name__, id(session)))
        return original(plan, session, *args)

    return encode


def _opening(original: Callable[..., Any], events: list[Event]) -> Callable[..., Any]:
    @functools.wraps(original)
    def new_input(self: Any, location: str) -> Any:
        events.append(Event("open", location))
        return original(self, location)

    return new_input
