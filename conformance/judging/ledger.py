"""The ledger of a unit of work: judgements go in, and it alone makes violations of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from conformance.examples.example import Example
from conformance.judging.baseline import EMPTY, Baseline
from conformance.judging.conditions.holding import Judged, holding
from conformance.judging.findings import Common, Findings, Pattern, Violation, seen
from conformance.judging.judgement import Judgement
from conformance.judging.where import Where
from conformance.observation.difference import Difference
from strategies.serialization import to_json

__all__ = ["Ledger", "Shown", "shown_by", "telling_what_breaks"]

# Who is told of what breaks a clause as soon as it is judged: long before a unit of work has ended.
_TOLD: list[Callable[[str, Difference], None]] = []


@contextmanager
def telling_what_breaks(tell: Callable[[str, Difference], None]) -> Iterator[None]:
    """Call ``tell`` with a clause and how it is broken, once or more often for each judgement meanwhile."""
    _TOLD.append(tell)
    try:
        yield
    finally:
        _TOLD.remove(tell)


@dataclass(frozen=True)
class Shown:
    """What a violation is shown by: an example in Python, and its spec as JSON where it has one."""

    example: str
    spec: str = ""
    likeness: Judged | None = None


def shown_by(example: Example) -> Shown:
    """Return what shows an example."""
    return Shown(example.title, "" if example.drawn is None else to_json(example.drawn), example.likeness)


@dataclass
class Ledger:
    """What a unit of work judges, recorded as :class:`Findings`.

    ``given_up`` names transports and clauses that are not tried again in this unit, for they hang or end processes.
    """

    baseline: Baseline = EMPTY
    findings: Findings = field(default_factory=Findings)
    given_up: set[str] = field(default_factory=set)

    def record(self, shown: Shown, judgements: Sequence[Judgement]) -> None:
        """Count an example's judgements: each (clause, transport) once, as broken if any judgement of it is."""
        findings = self.findings
        findings.met.update({(judgement.clause, judgement.transport) for judgement in judgements})
        findings.broken.update({(j.clause, j.transport) for j in judgements if j.difference})
        findings.known.update({(j.clause, j.known) for j in judgements if j.known})
        broken = frozenset(judgement.clause for judgement in judgements if judgement.difference)
        at = ((j.clause, j.difference.place) for j in judgements if j.difference)
        places = frozenset((clause, place.step.value, place.part, place.case) for clause, place in at)
        findings.patterns.append(Pattern(broken, frozenset(judgement.clause for judgement in judgements), places))
        conditions: frozenset[str] = frozenset()
        if shown.likeness is not None:
            conditions = holding(shown.likeness)
            findings.hold(type(shown.likeness).__name__, conditions)
        for judgement in judgements:
            if judgement.difference:
                found = judgement.difference
                common = Common(conditions, Where.of(found), shown.spec, seen(found))
                findings.note(judgement.clause, judgement.transport, common)
        self.tell(judgements)

    def tell(self, judgements: Sequence[Judgement]) -> None:
        """Tell what breaks a clause before the other clauses are judged on the same example, which may take seconds."""
        for judgement in judgements:
            if judgement.difference:
                for tell in _TOLD:
                    tell(judgement.clause, judgement.difference)

    def excused(self, judgement: Judgement, likeness: Judged | None) -> Judgement:
        """Return the judgement, as known where the baseline excuses it: for what no check of a journey judged."""
        found = judgement.difference
        entry = found and self.baseline.excuse(judgement.clause, judgement.transport, likeness, found)
        return replace(judgement, difference=None, known=entry.number) if entry else judgement

    def violate(self, clause: str, transports: Iterable[str], shown: Shown, found: Difference, *, alone: bool) -> None:
        """Enter a violation: the clause, where it is broken, and the example that shows it."""
        where = tuple(dict.fromkeys(transports))
        self.findings.violations.append(Violation(clause, where, shown.example, shown.spec, found, alone))

    def violate_each(self, shown: Shown, judgements: Sequence[Judgement], *, alone: bool) -> None:
        """Enter a violation of each clause that the example breaks, through all transports that broke it.

        The first example of each clause is enough.
        """
        for clause in dict.fromkeys(judgement.clause for judgement in judgements if judgement.difference):
            if self.findings.violated(clause):
                continue
            broken = [j for j in judgements if j.clause == clause and j.difference]
            assert broken[0].difference is not None
            self.violate(clause, (j.transport for j in broken), shown, broken[0].difference, alone=alone)
