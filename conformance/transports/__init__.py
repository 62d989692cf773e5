"""Transports: ways for a split to travel, each named, each the subject of one WIRE clause."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.adapter import Adapter
from conformance.observation import Observation, Question
from conformance.plain import Raised

__all__ = ["STARTED", "Arrival", "Transport"]


@dataclass(frozen=True)
class Arrival:
    """What came out of one hop: an observation, or how it failed.

    ``split`` is the live split where it arrived in this process.
    """

    hop: int
    observation: Observation | None
    failure: Raised | None = None
    split: Any = None


class Transport(Protocol):
    """Carries a split, once and then again, and observes what arrives after each hop."""

    @property
    def name(self) -> str:
        """How reports and ``--transport`` name it."""

    @property
    def clause(self) -> str:
        """The clause that a split which cannot be carried breaks."""

    @property
    def by_value(self) -> bool:
        """Whether functions and classes without an importable name can be carried."""

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Send the split and return what arrived after the first and after the second trip."""


# What transports have started and who uses them has to end: at the end of a run, else with this process.
STARTED = ExitStack()
atexit.register(STARTED.close)
