"""What a unit of work found, as plain values."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from conformance.observation import Difference

__all__ = ["Findings", "Violation"]


@dataclass(frozen=True)
class Violation:
    """A broken clause with the smallest example found: where, what was expected and what was there.

    ``spec`` is the spec as JSON (empty for a fixed table); ``example`` says it in Python. ``alone`` is false where the
    example broke the clause in the company of others only: what they left behind takes part in it.
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


def common_start(one: str, other: str) -> str:
    """Return what both paths of differences begin with, cut where a name in them ends."""
    if one == other:
        return one
    length = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    cut = re.match(r".*[\[.,: ]", one[: length + 1])
    return cut.group().rstrip("[.,: ") if cut else ""


@dataclass
class Findings:
    """What a unit of work found, as it goes from an xdist worker to the controller.

    ``met`` and ``broken`` count examples for each (clause, transport); ``seconds`` is the time of each phase,
    ``judging`` that of each clause's checks. ``known`` counts examples for each (clause, line of a baseline's entry),
    ``stale`` says which entries have to go. For each (clause, transport) broken, ``common`` holds the conditions that
    held each time and what the paths of all differences begin with; ``held`` are the conditions that held for every
    example, ``None`` before the first. ``hung`` names transports and clauses that were given up: they hang.
    ``not_started`` says of engines and stores by name why they did not run.
    ``reached`` counts the examples in each region of what is drawn (:func:`strategies.regions.regions`).
    """

    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    judging: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    known: Counter[tuple[str, int]] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    common: dict[tuple[str, str], tuple[frozenset[str], str]] = field(default_factory=dict)
    held: frozenset[str] | None = None
    examples: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    hung: set[str] = field(default_factory=set, compare=False)
    reached: Counter[str] = field(default_factory=Counter)
    not_started: dict[str, str] = field(default_factory=dict)

    @property
    def everywhere(self) -> frozenset[str]:
        """The conditions that held for every example."""
        return self.held or frozenset()

    def note_unusable(self, reason: str) -> None:
        """Count an example that the engine cannot run, by the first line of the reason."""
        self.unusable[reason.split("\n")[0][:100]] += 1

    def note(self, clause: str, transport: str, conditions: frozenset[str], path: str) -> None:
        """Keep of the conditions what held each time that the clause was broken there, and of the paths their start."""
        held, start = self.common.get((clause, transport), (conditions, path))
        self.common[clause, transport] = held & conditions, common_start(start, path)

    def hold(self, conditions: frozenset[str] | None) -> None:
        """Keep what held for every example so far and for one more, or for those of another survey."""
        if conditions is not None:
            self.held = conditions if self.held is None else self.held & conditions

    def add(self, other: Findings) -> None:
        """Count what the other survey found as well."""
        self.met.update(other.met)
        self.broken.update(other.broken)
        self.violations += other.violations
        self.known.update(other.known)
        self.stale += other.stale
        for (clause, transport), (conditions, path) in other.common.items():
            self.note(clause, transport, conditions, path)
        self.hold(other.held)
        for phase, spent in other.seconds.items():
            self.seconds[phase] += spent
        for clause, spent in other.judging.items():
            self.judging[clause] += spent
        self.examples += other.examples
        self.unusable.update(other.unusable)
        self.reached.update(other.reached)
        self.not_started.update(other.not_started)

    def to_plain(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return {
            "met": [[*key, count] for key, count in self.met.items()],
            "broken": [[*key, count] for key, count in self.broken.items()],
            "violations": [
                {
                    **vars(violation),
                    "transports": list(violation.transports),
                    "difference": vars(violation.difference),
                }
                for violation in self.violations
            ],
            "known": [[*key, count] for key, count in self.known.items()],
            "stale": self.stale,
            "common": [[*key, sorted(held), path] for key, (held, path) in self.common.items()],
            "held": None if self.held is None else sorted(self.held),
            "seconds": dict(self.seconds),
            "judging": dict(self.judging),
            "examples": self.examples,
            "unusable": dict(self.unusable),
            "reached": dict(self.reached),
            "not_started": self.not_started,
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Findings:
        """Return what :meth:`to_plain` wrote."""
        violations = [
            Violation(**{**v, "transports": tuple(v["transports"]), "difference": Difference(**v["difference"])})
            for v in plain["violations"]
        ]
        return cls(
            Counter({(clause, transport): count for clause, transport, count in plain["met"]}),
            Counter({(clause, transport): count for clause, transport, count in plain["broken"]}),
            violations,
            known=Counter({(clause, line): count for clause, line, count in plain["known"]}),
            stale=plain["stale"],
            common={(clause, transport): (frozenset(held), path) for clause, transport, held, path in plain["common"]},
            held=None if plain["held"] is None else frozenset(plain["held"]),
            seconds=defaultdict(float, plain["seconds"]),
            judging=defaultdict(float, plain["judging"]),
            examples=plain["examples"],
            unusable=Counter(plain["unusable"]),
            reached=Counter(plain["reached"]),
            not_started=plain["not_started"],
        )
