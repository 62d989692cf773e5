"""What a unit of work found, as plain values: it goes from a process of the run to the one that reports."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

from conformance.judging.where import Where
from conformance.observation.difference import Difference

__all__ = ["Common", "Findings", "Violation"]

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Violation:
    """A broken clause with the smallest example found: where, what was expected and what was there.

    ``spec`` is the spec as JSON (empty for a real table, and for LIFE-1); ``example`` says it in Python. ``alone`` is
    false where the example broke the clause only in the company of others: what they left behind takes part in it.
    """

    clause: str
    transports: tuple[str, ...]
    example: str
    spec: str
    difference: Difference
    alone: bool = True

    @property
    def id(self) -> str:
        """The clause with eight digits that stand for it and the example: the same in every run that finds it."""
        return f"{self.clause}-{hashlib.sha256(f'{self.clause} {self.spec or self.example}'.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Pattern:
    """The clauses that one example broke, and all on which it was judged."""

    broken: frozenset[str]
    judged: frozenset[str]


@dataclass(frozen=True)
class Common:
    """What all breaks of a clause through a transport have in common: conditions of the examples, and where."""

    conditions: frozenset[str]
    where: Where

    def also(self, other: Common) -> Common:
        """Return what these and other breaks have in common."""
        return Common(self.conditions & other.conditions, self.where.common(other.where))


def _pairs(mapping: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return list(mapping.items())


def _counter(pairs: Any) -> Any:
    return Counter({tuple(key): count for key, count in pairs}) if isinstance(pairs, list) else pairs


def _keyed(pairs: Any) -> Any:
    return {tuple(key): value for key, value in pairs} if isinstance(pairs, list) else pairs


# JSON has no tuples as keys: such a mapping is written as a list of pairs.
Counted = Annotated[Counter[tuple[str, Key]], PlainSerializer(_pairs), BeforeValidator(_counter)]
Keyed = Annotated[dict[tuple[str, str], Value], PlainSerializer(_pairs), BeforeValidator(_keyed)]


@dataclass
class Findings:
    """What one unit of work found, or several.

    ``met`` and ``broken`` count examples for each (clause, transport). ``seconds`` is the time of each phase,
    ``judging`` that of each clause's checks. ``known`` counts examples for each (clause, line of a baseline's entry),
    ``stale`` says which entries have to go. ``common`` holds, for each (clause, transport) broken, what all breaks have
    in common. ``held`` are the conditions that held for every example so far, by the kind of its spec. ``not_started``
    says of engines and stores by name why they did not run. ``sent`` and ``arrived`` count the examples that were sent
    through each transport, and those of which anything arrived. ``lost`` says which processes of the suite died for no
    reason of the loader's. ``scans`` counts the scans that were asked for, which are no ``examples``; ``declined``
    counts, by reason, what the adapter says its loader does not take of both. ``reached`` counts the examples in each
    region of what is drawn (:func:`strategies.regions.regions`). ``patterns`` say of each example what it broke.
    """

    met: Counted[str] = field(default_factory=Counter)
    broken: Counted[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    judging: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    known: Counted[int] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    common: Keyed[Common] = field(default_factory=dict)
    held: dict[str, frozenset[str]] = field(default_factory=dict)
    examples: int = 0
    scans: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    declined: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    not_started: dict[str, str] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    patterns: list[Pattern] = field(default_factory=list)

    def everywhere(self, kind: str) -> frozenset[str]:
        """Return the conditions that held for every example with a spec of that kind: ``SplitSpec``, ``ScanSpec``."""
        return self.held.get(kind, frozenset())

    def note_unusable(self, reason: str) -> None:
        """Count an example that the engine cannot run, by the first line of the reason."""
        self.unusable[reason.split("\n")[0][:100]] += 1

    def note_declined(self, reason: str) -> None:
        """Count an example that the loader does not take, by the first line of the reason."""
        self.declined[reason.split("\n")[0][:100]] += 1

    def note(self, clause: str, transport: str, common: Common) -> None:
        """Keep what all breaks of the clause through the transport have in common."""
        before = self.common.get((clause, transport))
        self.common[clause, transport] = common if before is None else before.also(common)

    def hold(self, kind: str, conditions: frozenset[str]) -> None:
        """Keep what held for every example of the kind so far and for one more, or for those of other units."""
        self.held[kind] = self.held.get(kind, conditions) & conditions

    def add(self, other: Findings) -> None:
        """Count what others found as well."""
        for mine, others in (
            (self.met, other.met),
            (self.broken, other.broken),
            (self.known, other.known),
            (self.unusable, other.unusable),
            (self.declined, other.declined),
            (self.reached, other.reached),
            (self.sent, other.sent),
            (self.arrived, other.arrived),
        ):
            mine.update(others)  # type: ignore[arg-type]  # each of its own kind
        self.violations += other.violations
        self.stale += other.stale
        self.lost += other.lost
        self.patterns += other.patterns
        for (clause, transport), common in other.common.items():
            self.note(clause, transport, common)
        for kind, conditions in other.held.items():
            self.hold(kind, conditions)
        for times, others_times in ((self.seconds, other.seconds), (self.judging, other.judging)):
            for name, spent in others_times.items():
                times[name] += spent
        self.examples += other.examples
        self.scans += other.scans
        self.not_started.update(other.not_started)

    def to_json(self) -> str:
        """Return the findings as JSON."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Findings:
        """Return what :meth:`to_json` wrote."""
        return _ADAPTER.validate_json(text)

    def violated(self, clause: str) -> Sequence[Violation]:
        """Return the violations of a clause."""
        return [violation for violation in self.violations if violation.clause == clause]


_ADAPTER = TypeAdapter(Findings)
