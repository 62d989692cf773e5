"""Payloads that one environment writes and another reads: what arrives there, judged by WIRE-10."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from conformance.observation.aspects import DECIDED_BY_READER
from conformance.observation.difference import ABSENT, Difference, Place, Step, difference
from conformance.observation.raised import Raised
from conformance.transports.calls import call_interpreter

__all__ = [
    "CLAUSE",
    "HERE",
    "Crossing",
    "Environment",
    "EnvironmentFailed",
    "Outcome",
    "Passage",
    "crossed",
    "passage",
    "written_by",
]

CLAUSE = "WIRE-10"
# Where a payload is read: it has made one trip.
HERE = Place(Step.ARRIVE, hop=1)
SAYS_VERSION = re.compile(r"\b(?:version|release)s?\b\D{0,40}\d", re.IGNORECASE)


class EnvironmentFailed(Exception):
    """The suite, the loader or its adapter cannot run under an interpreter; the message says how it failed."""


class Outcome(Enum):
    """What became of a payload. A clear refusal is an error that speaks of versions; it is no wrong answer.

    What is beyond the reader raises there, and so would a split that was built there: no payload can change that.
    """

    CONFORMS = "conforms"
    REFUSES = "refuses clearly"
    VIOLATES = "violates"
    BEYOND = "beyond the reader"
    NOT_WRITTEN = "not written"


@dataclass(frozen=True)
class Crossing:
    """The outcome for one spec (JSON), and the difference or the reason where there is one."""

    spec: str
    outcome: Outcome
    difference: Difference | None = None
    why: str = ""


@dataclass(frozen=True)
class Environment:
    """An interpreter in which the suite and a loader are installed; the files of its splits are below ``root``."""

    python: str
    adapter: str
    root: Path

    def versions(self) -> dict[str, str]:
        """Return what is installed there.

        Raises:
            EnvironmentFailed: the interpreter, the suite in it, or the adapter cannot be used.

        """
        return self._call("versions")

    def write(self, spec: str) -> dict[str, Any]:
        """Return what :func:`conformance.transports.driver_tasks.write` returns there."""
        return self._call("driver_tasks:write", spec, str(self.root))

    def build(self, spec: str) -> dict[str, Any]:
        """Return what :func:`conformance.transports.driver_tasks.build` returns there."""
        return self._call("driver_tasks:build", spec, str(self.root))

    def read(self, spec: str, payload: bytes) -> dict[str, Any]:
        """Return what ``read`` returns there; a payload that makes it hang has failed."""
        answer = call_interpreter(self.python, "driver_tasks:read", self.adapter, spec, str(self.root), payload)
        return {"failed": f"{answer.type}: {answer.message}"} if isinstance(answer, Raised) else dict(answer)

    def _call(self, function: str, *arguments: Any) -> dict[str, Any]:
        answer = call_interpreter(self.python, function, self.adapter, *arguments)
        if isinstance(answer, Raised):
            raise EnvironmentFailed(
                f"{function.rpartition(':')[2]} under {self.python}: {answer.type}: {answer.message}"
            )
        return dict(answer)


@dataclass
class Passage:
    """All crossings from one environment to another."""

    crossings: list[Crossing] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Outcome]:
        """How many crossings had each outcome."""
        return Counter(crossing.outcome for crossing in self.crossings)

    @property
    def outcome(self) -> Outcome:
        """The outcome of all: the worst one. Nothing conforms where nothing was read."""
        for outcome in (Outcome.VIOLATES, Outcome.REFUSES, Outcome.CONFORMS):
            if self.counts[outcome]:
                return outcome
        return Outcome.BEYOND if self.counts[Outcome.BEYOND] else Outcome.NOT_WRITTEN

    @property
    def worst(self) -> Crossing:
        """The crossing with the shortest spec among those with the outcome of all."""
        return min((c for c in self.crossings if c.outcome is self.outcome), key=lambda c: len(c.spec))


def passage(written: Mapping[str, Mapping[str, Any]], reader: Environment) -> Passage:
    """Return what becomes of what an environment wrote, by spec, where another reads it."""
    return Passage([_crossing(spec, sent, reader) for spec, sent in written.items()])


def written_by(writer: Environment, specs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what an environment writes of each spec."""
    return {spec: writer.write(spec) for spec in specs}


def _crossing(spec: str, sent: Mapping[str, Any], reader: Environment) -> Crossing:
    if "payload" not in sent:
        kind, why = next(iter(sent.items()))
        return Crossing(spec, Outcome.NOT_WRITTEN, why=f"{kind}: {why}")
    return crossed(spec, sent["seen"], reader.read(spec, sent["payload"]), lambda: reader.build(spec))


def crossed(
    spec: str, sent: Mapping[str, Any], arrived: Mapping[str, Any], native: Callable[[], Mapping[str, Any]]
) -> Crossing:
    """Judge what arrived of a payload by what was seen of it where it was written.

    ``native`` returns what the reader's environment builds of the spec by itself, unsent. What the reader decides, and
    shows of its own split too, is the doing of the releases there, not of the payload; so is an error, where it can
    build none.
    """
    if "impossible" in arrived:
        return Crossing(spec, Outcome.BEYOND, why=arrived["impossible"])
    if "failed" in arrived:
        return _failed(spec, Difference(Place(Step.SEND, hop=1), "a split", arrived["failed"]), arrived["failed"])
    seen = arrived["seen"]
    differing = [name for name in sent if name in seen and difference(sent[name], seen[name], HERE)]
    if not differing:
        return Crossing(spec, Outcome.CONFORMS)
    own = native()
    own_seen = own.get("seen", {})
    left = [
        name
        for name in differing
        if name not in DECIDED_BY_READER or difference(own_seen.get(name, ABSENT), seen[name], HERE) is not None
    ]
    if "refused" in own or "impossible" in own:
        raised = [name for name in left if _error(seen[name]) is not None]
        if raised == left:
            return Crossing(spec, Outcome.BEYOND, why=next(iter(own.values())))
        left = [name for name in left if name not in raised]
    if not left:
        return Crossing(spec, Outcome.CONFORMS)
    errors = [_error(seen[name]) for name in left]
    unclear = [name for name, error in zip(left, errors, strict=True) if error is None or not _is_clear(error)]
    name = min(unclear or left, key=lambda name: name != "rows")  # what a job gets tells most
    error = _error(seen[name])
    found = difference(sent[name], f"raises {error}" if error else seen[name], replace(HERE, part=name))
    assert found is not None
    return Crossing(spec, Outcome.VIOLATES if unclear else Outcome.REFUSES, found)


def _failed(spec: str, found: Difference, message: str) -> Crossing:
    return Crossing(spec, Outcome.REFUSES if _is_clear(message) else Outcome.VIOLATES, found)


def _is_clear(message: str) -> bool:
    return SAYS_VERSION.search(message) is not None


def _error(seen: Any) -> str | None:
    return f"{seen['raises']}: {seen['message']}" if isinstance(seen, Mapping) and "raises" in seen else None
