"""The one pass: every example is made once, carried through all transports, and judged on every clause.

No broken clause raises while examples are drawn, so none hides another and none cuts the run short. Each clause that
was broken anywhere is then searched and shrunk by itself, while the others are left out.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis.strategies import SearchStrategy

from conformance.adapter import Adapter
from conformance.baseline import EMPTY, Baseline, Entry
from conformance.checks import Check
from conformance.conditions import holding
from conformance.examples import Unusable, draw, example_of, minimal
from conformance.exchange import departed, leave, opened, parcel_of
from conformance.findings import Findings, Violation
from conformance.life import lived
from conformance.observation import attempt
from conformance.phases import phase
from conformance.plain import Raised
from conformance.transports import Transport
from conformance.transports.registry import transport_names
from conformance.trip import AS_BUILT, DEPARTED, EXCHANGED, Example, Judgement, Trip, hangs, take
from fixtures.warehouse import Warehouse
from strategies.regions import regions
from strategies.serialization import from_json, to_json
from strategies.specs import SplitSpec

__all__ = ["History", "Survey", "count", "judge"]

# How many specs may be carried while one clause is shrunk: enough for a readable example, and an end to it.
SHRINK_LIMIT = 150
# Seconds after which no further spec is carried either: what hangs would take for ever to shrink.
SHRINK_SECONDS = 30.0
# A broken check that took longer than this has waited for something that hangs.
HANG_SECONDS = 5.0

# The families of clauses that a plan bears on.
PLAN_FAMILIES = frozenset({"BUILD", "PLAN", "UDF"})

# Between the seeds of one unit of work in a soak: more than there are units, so that no two draw the same.
SEED_STEP = 1_000


Breaks = Callable[[SplitSpec], bool]
Smallest = Callable[[Breaks], "SplitSpec | None"]


@dataclass
class History:
    """What was judged while drawing: the clauses that each spec (as JSON) broke, and the first break of each one."""

    broken_by: dict[str, set[str]] = field(default_factory=dict)
    first: dict[str, tuple[SplitSpec, Judgement]] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """Everything that a pass needs: the loader under test, what is selected, and where files are made."""

    adapter: Adapter
    transports: Sequence[Transport]
    checks: Sequence[Check]
    warehouse: Warehouse
    exchange: Path | None = None
    baseline: Baseline = EMPTY

    def drawn(self, strategy: SearchStrategy[SplitSpec], count: int, seed: int) -> Findings:
        """Judge ``count`` specs drawn from the seed, then search each clause that was broken."""
        findings, history = Findings(), History()
        if not self.checks:
            return findings
        draw(strategy, count, seed, lambda spec: self.judge_spec(spec, findings, history))
        self._search(findings, history, lambda breaks: minimal(strategy, count, seed, breaks))
        if self.exchange is not None:
            findings.add(opened(self.exchange, self.adapter, self.baseline))
        return findings

    def of_plans(self) -> Survey:
        """Return the survey that judges plans alone, through one round trip of pickle."""
        checks = [check for check in self.checks if check.clause.family in PLAN_FAMILIES]
        return replace(
            self, checks=checks, transports=[t for t in self.transports if t.name == "pickle-5"], exchange=None
        )

    def drawn_for(self, seconds: float, strategy: SearchStrategy[SplitSpec], count: int, seed: int) -> Findings:
        """Judge specs drawn from one seed after another, ``count`` of each, until the seconds are used up."""
        findings = Findings()
        end = time.monotonic() + seconds
        while True:
            findings.add(self.drawn(strategy, count, seed))
            if time.monotonic() >= end:
                return findings
            seed += SEED_STEP

    def pinned(self, specs: Sequence[SplitSpec]) -> Findings:
        """Judge these specs; a broken clause is shown with the shortest that breaks it."""
        findings, history = Findings(), History()
        for spec in specs:
            self.judge_spec(spec, findings, history, exhaustive=True)
        self._search(findings, history, lambda breaks: min(filter(breaks, specs), key=_length, default=None))
        return findings

    def fixed(self, example: Example | Unusable) -> Findings:
        """Judge one example that has no spec."""
        findings = Findings(examples=1)
        if isinstance(example, Unusable):
            findings.note_unusable(example.reason)
            return findings
        for clause_id, judgements in _by_clause(self._judge(example, findings)[1]).items():
            broken = [judgement for judgement in judgements if judgement.difference]
            if broken:
                where = tuple(dict.fromkeys(judgement.transport for judgement in broken))
                assert broken[0].difference is not None
                findings.violations.append(Violation(clause_id, where, example.title, "", broken[0].difference))
        return findings

    def stale(self, entry: Entry, today: datetime.date) -> str | None:
        """Return why an entry of the baseline has to go, judged by its pinned spec; ``None`` where it still holds.

        It is judged through those of its transports that are selected; where none is, it holds.
        """
        if entry.expires is not None and entry.expires < today:
            return f"expired on {entry.expires}"
        survey = replace(self, checks=[check for check in self.checks if check.clause.id == entry.clause])
        if not survey.checks:
            return "matches nothing: the clause is not applicable to this adapter"
        if entry.script:
            found = attempt(lived, self.adapter, entry.script, self.warehouse)
            if isinstance(found, Raised):
                return f"matches nothing: {found.message}"
            again = found is not None and entry.excuses(entry.clause, AS_BUILT, None, found)
            return None if again else "no longer fails"
        failing: set[str] = set()
        for exhaustive in (False, True):
            example = example_of(from_json(entry.spec), self.warehouse)
            if isinstance(example, Unusable):
                return f"matches nothing: the engine cannot run its pinned spec: {example.reason[:200]}"
            trip = survey.taken(replace(example, exhaustive=exhaustive))
            judgements = list(judge(trip, survey.checks, replace(self.baseline, entries=(entry,))))
            failing |= {judgement.transport for judgement in judgements if judgement.known}
        if {EXCHANGED, DEPARTED} & set(entry.transports) or (entry.clause == "WIRE-5" and not failing):
            single = replace(self.baseline, entries=(replace(entry, transports=()),))
            found = departed(self.adapter, [from_json(entry.spec)], self.warehouse.root, single)
            failing |= {EXCHANGED, DEPARTED} if found.known else set()
        carried = {transport.name for transport in self.transports}
        possible = set(transport_names()) - carried
        judged = set(entry.transports) - possible
        if entry.transports and not judged:
            return None
        if healed := sorted(judged - failing) if entry.transports else ([] if failing else ["any transport"]):
            return f"no longer fails through {', '.join(healed)}"
        return None

    def taken(self, example: Example) -> Trip:
        """Return the example's trip through the transports of this survey."""
        return take(self.adapter, example, self.transports, self.warehouse.root / f"scratch-{os.getpid()}")

    @phase("judge")
    def judge_spec(self, spec: SplitSpec, findings: Findings, history: History, *, exhaustive: bool = False) -> None:
        """Judge one spec and note in both what came of it; nothing is searched."""
        with phase("make"):
            example = example_of(spec, self.warehouse)
        findings.examples += 1
        if isinstance(example, Unusable):
            findings.note_unusable(example.reason)
            return
        findings.reached.update(set(regions(spec)))
        example = replace(example, exhaustive=exhaustive)
        trip, judgements = self._judge(example, findings)
        if self.exchange is not None and not exhaustive:
            leave(self.exchange, parcel_of(trip))
        broken = [judgement for judgement in judgements if judgement.difference]
        history.broken_by[to_json(spec)] = {judgement.clause for judgement in broken}
        for judgement in broken:
            history.first.setdefault(judgement.clause, (spec, judgement))

    @phase("judge")
    def _judge(self, example: Example, findings: Findings) -> tuple[Trip, list[Judgement]]:
        """Carry and judge an example; count each (clause, transport) once, as broken if any judgement of it is.

        A transport or a check that hung once is not tried again in this unit of work: its clause is broken already.
        """
        transports = [transport for transport in self.transports if transport.name not in findings.hung]
        trip = replace(self, transports=transports).taken(example)
        findings.hung |= {name for name, arrivals in trip.arrivals.items() if any(map(hangs, arrivals))}
        judgements = []
        for check in self.checks:
            if check.clause.id in findings.hung:
                continue
            begun = time.perf_counter()
            judged = list(judge(trip, [check], self.baseline))
            judgements += judged
            spent = time.perf_counter() - begun
            findings.judging[check.clause.id] += spent
            if spent > HANG_SECONDS and any(judgement.difference or judgement.known for judgement in judged):
                findings.hung.add(check.clause.id)
        count(example, judgements, findings)
        return trip, judgements

    @phase("search")
    def _search(self, findings: Findings, history: History, smallest: Smallest) -> None:
        """Find the smallest example of each broken clause, until every transport that broke it is accounted for.

        What another unit of work of the run has searched already, through the same transport, is not searched again.
        """
        for clause_id, (spec, seen) in history.first.items():
            broken_through = {transport for clause, transport in findings.broken if clause == clause_id}
            unexplained = {transport for transport in broken_through if self._is_first(clause_id, transport)}
            while unexplained:
                trial = _Trial(self, clause_id, frozenset(unexplained), history)
                found = smallest(trial.breaks) or spec
                broken = [j for j in trial.judgements(found) if j.difference]
                alone = bool(broken)
                if not alone:
                    # Broken in company, not alone: state that outlives a split. Shown as it was first seen.
                    found, broken = (
                        spec,
                        [replace(seen, transport=transport) for transport in sorted(unexplained)],
                    )
                where = tuple(dict.fromkeys(judgement.transport for judgement in broken))
                assert broken[0].difference is not None
                findings.violations.append(
                    Violation(clause_id, where, repr(found), to_json(found), broken[0].difference, alone)
                )
                unexplained -= set(where)

    def _is_first(self, clause_id: str, transport: str) -> bool:
        """Whether no other unit of work of this run has begun to search the clause there."""
        if self.exchange is None:
            return True
        mark = self.exchange / "searched" / f"{clause_id} {transport}".replace("/", "_")
        mark.parent.mkdir(parents=True, exist_ok=True)
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def count(example: Example, judgements: Sequence[Judgement], findings: Findings) -> None:
    """Count an example's judgements, each (clause, transport) once."""
    findings.met.update({(judgement.clause, judgement.transport) for judgement in judgements})
    findings.broken.update({(j.clause, j.transport) for j in judgements if j.difference})
    findings.known.update({(j.clause, j.known) for j in judgements if j.known})
    conditions = frozenset() if example.likeness is None else holding(example.likeness)
    findings.hold(conditions)
    for judgement in judgements:
        if judgement.difference:
            findings.note(judgement.clause, judgement.transport, conditions, judgement.difference.path)


def judge(trip: Trip, checks: Sequence[Check], baseline: Baseline = EMPTY) -> Iterator[Judgement]:
    """Yield the judgement of every check on a trip; what the baseline excuses counts as known, not as broken."""
    for check in checks:
        for transport, difference in check.judge(trip):
            entry = difference and baseline.excuse(check.clause.id, transport, trip.example.likeness, difference)
            if entry:
                yield Judgement(check.clause.id, transport, None, entry.first)
            else:
                yield Judgement(check.clause.id, transport, difference)


class _Trial:
    """Whether a spec breaks one clause through some transports; at most ``SHRINK_LIMIT`` specs are tried."""

    def __init__(self, survey: Survey, clause_id: str, transports: frozenset[str], history: History) -> None:
        carried = [transport for transport in survey.transports if transport.name in transports]
        self._survey = replace(
            survey,
            checks=[check for check in survey.checks if check.clause.id == clause_id],
            transports=carried or survey.transports[:1],  # what breaks as built may show only after sending
        )
        self._clause_id, self._transports, self._history = clause_id, transports, history
        self._tried: dict[str, list[Judgement]] = {}
        self._end = time.monotonic() + SHRINK_SECONDS

    def breaks(self, spec: SplitSpec) -> bool:
        """Return whether the spec breaks the clause; false for any new one once the limit is reached."""
        key = to_json(spec)
        if self._clause_id not in self._history.broken_by.get(key, {self._clause_id}):
            return False
        if key not in self._tried and (len(self._tried) >= SHRINK_LIMIT or time.monotonic() > self._end):
            return False
        return any(judgement.difference for judgement in self.judgements(spec))

    def judgements(self, spec: SplitSpec) -> list[Judgement]:
        """Return the judgements of the clause on the spec, through these transports or as built."""
        key = to_json(spec)
        if key not in self._tried:
            example = example_of(spec, self._survey.warehouse)
            self._tried[key] = []
            if not isinstance(example, Unusable):
                trip = self._survey.taken(example)
                judgements = judge(trip, self._survey.checks, self._survey.baseline)
                self._tried[key] = [j for j in judgements if j.transport in self._transports]
        return self._tried[key]


def _length(spec: SplitSpec) -> int:
    return len(repr(spec))


def _by_clause(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    grouped: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        grouped.setdefault(judgement.clause, []).append(judgement)
    return grouped
