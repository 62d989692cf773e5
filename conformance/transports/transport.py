"""What a transport is, and what arrives through one."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.adapter import Adapter
from conformance.observation.aspects import Observation
from conformance.observation.question import Question
from conformance.observation.raised import Died, Hung, Raised

__all__ = ["AS_BUILT", "DEPARTED", "EXCHANGED", "STARTED", "Arrival", "Transport"]

# In place of a transport, for what is judged before anything was sent.
AS_BUILT = "as built"
# A payload that another living process wrote, and one whose writer had ended before it was loaded.
EXCHANGED = "exchange"
DEPARTED = "departed"


@dataclass(frozen=True)
class Arrival:
    """What came out of one hop: an observation, or how it failed.

    ``split`` is the live split where it arrived in this process.
    """

    hop: int
    observation: Observation | None
    failure: Raised | None = None
    split: Any = None

    @property
    def hangs(self) -> bool:
        """Whether it failed because something did not answer in time."""
        return isinstance(self.failure, Hung)

    @property
    def died(self) -> bool:
        """Whether it failed because the process that had the split ended."""
        return isinstance(self.failure, Died)

    @classmethod
    def of(cls, hop: int, seen: Any, split: Any = None) -> Arrival:
        """Return the arrival of an observation, or of the error that stands in its place."""
        return cls(hop, None, seen) if isinstance(seen, Raised) else cls(hop, seen, None, split)


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

    @property
    def copies(self) -> bool:
        """Whether it copies within the process: a copy may share what copies share."""

    @property
    def carry(self) -> Callable[[Any], Any] | None:
        """One round trip of anything (several splits in one payload, say); ``None`` where it sends only splits."""

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Send the split and return what arrived after the first and after the second trip."""


# What transports have started and who uses them has to end: at the end of a run, else with this process.
STARTED = ExitStack()
atexit.register(STARTED.close)
