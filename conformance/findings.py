"""What a unit of work found, as plain values."""

from __future__ import annotations

import hashlib
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


@dataclass
class Findings:
    """What a unit of work found, as it goes from an xdist worker to the controller.

    ``met`` and ``broken`` count examples for each (clause, transport); ``seconds`` is the time of each phase,
    ``judging`` that of each clause's checks; ``hung`` names transports and clauses that were given up: they hang;
    ``reached`` counts the examples in each region of what is drawn (:func:`strategies.regions.regions`).
    """

    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    judging: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    examples: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    hung: set[str] = field(default_factory=set, compare=False)
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, other: Findings) -> None:
        """Count what the other survey found as well."""
        self.met.update(other.met)
        self.broken.update(other.broken)
        self.violations += other.violations
        for phase, spent in other.seconds.items():
            self.seconds[phase] += spent
        for clause, spent in other.judging.items():
            self.judging[clause] += spent
        self.examples += other.examples
        self.unusable.update(other.unusable)
        self.reached.update(other.reached)

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
            "seconds": dict(self.seconds),
            "judging": dict(self.judging),
            "examples": self.examples,
            "unusable": dict(self.unusable),
            "reached": dict(self.reached),
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
            defaultdict(float, plain["seconds"]),
            defaultdict(float, plain["judging"]),
            plain["examples"],
            Counter(plain["unusable"]),
            reached=Counter(plain["reached"]),
        )
