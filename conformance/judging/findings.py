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

__all__ = ["Common", "Findings", "Violation", "seen"]

# So much of what was expected, and of what came, is kept to be told.
LONGEST = 120
IN_COMPANY = "in the company of other examples, or seldom: a process that has seen no other did not show it"

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Violation:
    """A broken clause with the smallest example found: where, what was expected and what was there.

    ``spec`` is the spec as JSON (empty for a real table, and for LIFE-1); ``example`` says it in Python. ``alone`` is
    false where the example broke the clause only in the company of others: what they left behind takes part in it; or
    not each time: then ``tries`` says in how many tries by itself it did, and of how many.
    """

    clause: str
    transports: tuple[str, ...]
    example: str
    spec: str
    difference: Difference
    alone: bool = True
    tries: tuple[int, int] | None = None

    @property
    def only(self) -> str:
        """When the example shows it, if not always."""
        if self.tries is not None:
            broken, of = self.tries
            return f"in {broken} of {of} tries of this example by itself: the loader does not do the same each time"
        return "" if self.alone else IN_COMPANY

    @property
    def id(self) -> str:
        """The clause with eight digits that stand for it and the example: the same in every run that finds it."""
        return f"{self.clause}-{hashlib.sha256(f'{self.clause} {self.spec or self.example}'.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Pattern:
    """The clauses that one example broke, and all on which it was judged.

    ``places`` are the broken ones, each with the step at which it was noticed, a part that differed and the case of it:
    a clause may be broken by two faults at two of them.
    """

    broken: frozenset[str]
    judged: frozenset[str]
    places: frozenset[tuple[str, str, str, str]] = frozenset()


@dataclass(frozen=True)
class Common:
    """What breaks of a clause through a transport at places alike have in common: conditions of examples, and where.

    ``spec`` is the shortest of their specs, as JSON; empty where only real tables or scripts of steps broke it there.
    ``seen`` says what was expected and what came.
    """

    conditions: frozenset[str]
    where: Where
    spec: str = ""
    seen: str = ""

    def also(self, other: Common) -> Common:
        """Return what these and other breaks have in common."""
        shown = min((each for each in (self, other) if each.spec), key=lambda each: len(each.spec), default=self)
        conditions, where = self.conditions & other.conditions, self.where.common(other.where)
        return Common(conditions, where, shown.spec, shown.seen)


def seen(found: Difference) -> str:
    """Return what was expected and what came, in a line."""
    expected, actual = (
        f"{text[: LONGEST - 1]}…" if len(text) > LONGEST else text for text in (found.expected, found.actual)
    )
    return f"expected {expected}, got {actual}"


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
    ``judging`` that of each clause's checks. ``known`` counts examples for each (clause, number of a baseline's
    entry), ``stale`` says which entries have to go, by their numbers. ``common`` holds, for each (clause,
    transport) broken, what all breaks at places alike have in common. ``held`` are the conditions that held for every
    example so far, by the kind of its spec. ``not_started`` says of engines and stores by name why they did not run.
    ``sent`` and ``arrived`` count the examples that were sent through each transport, and those of which anything
    arrived. ``lost`` says which processes of the suite died for no reason of the loader's. ``scans`` counts the scans
    that were asked for, which are no ``examples``; ``declined`` counts, by reason, what the adapter says its loader
    does not take of both. ``reached`` counts the examples in each region of what is drawn
    (:func:`strategies.regions.regions`). ``patterns`` say of each example what it broke.
    """

    met: Counted[str] = field(default_factory=Counter)
    broken: Counted[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    judging: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    known: Counted[int] = field(default_factory=Counter)
    stale: dict[int, str] = field(default_factory=dict)
    common: Keyed[list[Common]] = field(default_factory=dict)
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
        """Keep what all breaks of the clause through the transport, at places alike, have in common."""
        kept = self.common.setdefault((clause, transport), [])
        alike = next((number for number, before in enumerate(kept) if before.where.is_alike(common.where)), None)
        if alike is None:
            kept.append(common)
        else:
            kept[alike] = kept[alike].also(common)

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
        self.stale |= other.stale
        self.lost += other.lost
        self.patterns += other.patterns
        for (clause, transport), found in other.common.items():
            for common in found:
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
