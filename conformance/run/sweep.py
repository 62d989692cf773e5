"""The one pass: every example is made once, carried through all transports, and judged on every clause.

No broken clause raises while examples are drawn, so none hides another and none cuts the run short.
"""

from __future__ import annotations

import os
import pickle
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from hypothesis.strategies import SearchStrategy

from conformance.adapter import Adapter, Capability
from conformance.checks import Check
from conformance.examples.drawing import draw, minimal
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.examples.pinned import PURPOSES
from conformance.judging.baseline import EMPTY, Baseline
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement, judge
from conformance.judging.ledger import Ledger, shown_by
from conformance.observation.process_state import keeping_locale_and_folder
from conformance.run.claims import Claims
from conformance.run.other_processes import CLAUSE as OTHER_PROCESSES
from conformance.run.other_processes import exchanged
from conformance.run.search import History, Smallest, search
from conformance.timing import phase
from conformance.transports.in_process import IN_PROCESS
from conformance.transports.journey import Journey, travel
from conformance.transports.transport import Arrival, Transport
from fixtures.plans import within_sql
from fixtures.tables.warehouse import Warehouse
from strategies.regions import regions
from strategies.specs import SplitSpec
from strategies.udfs import goes_by_name

__all__ = ["Sweep"]

# A broken check that took longer than this has waited for something that hangs.
HANG_SECONDS = 5.0
# In so many examples of a process a transport may end the process that it sends to, and in so many units of work hang.
# Each death costs the start of a process, each hang some seconds.
MOST_DEATHS = 3
MOST_HANGS = 2
# The families of clauses that a plan bears on, the one transport through which plans alone are judged, and what is
# looked at of their splits.
PLAN_FAMILIES = frozenset({"BUILD", "PLAN", "UDF"})
PLAN_TRANSPORT = "pickle-5"
# The family of clauses of what a split does to the process that reads it.
PROCESS_FAMILY = "PROC"
PLAN_ASPECTS = frozenset({"plan bytes", "SQL text", "rows", "registry registers", "registry computes"})
# Transports of one kind: an example goes by one of each kind. Those of the first kind differ only in the protocol of
# pickle, so an example that goes by all the others goes by one of them too.
KINDS = (
    tuple(f"pickle-{protocol}" for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)),
    ("pickle-oob", "cloudpickle"),
    ("copy", "deepcopy", "threads"),
    ("worker", "worker-cloudpickle"),
    ("spawn", "forkserver", "futures", "fork"),
)
# Of drawn specs, one in so many is built and dumped by another process too.
EXCHANGED_ONE_IN = 3
# So many specs are drawn in search of a smaller example than the one that a design has found.
SEARCHED = 30
# Between the seeds of one unit of work in a soak: more than there are units, so that no two draw the same.
SEED_STEP = 1_000


@dataclass(frozen=True)
class Sweep:
    """Everything that a pass needs: the loader under test, what is selected, and where files are made.

    ``exchanges`` says whether some drawn splits are also built and dumped by another process, and loaded in this one.
    ``deaths`` counts, for each transport, the examples that ended the process that they were sent to, ``hangs`` those
    that hung. ``aspects`` are what is looked at, ``None`` for all.
    """

    adapter: Adapter
    transports: Sequence[Transport]
    checks: Sequence[Check]
    warehouse: Warehouse
    claims: Claims = field(default_factory=Claims)
    baseline: Baseline = EMPTY
    exchanges: bool = False
    deaths: Counter[str] = field(default_factory=Counter)
    hangs: Counter[str] = field(default_factory=Counter)
    aspects: frozenset[str] | None = None

    def of_plans(self) -> Sweep:
        """Return the sweep that judges only plans, through one round trip of pickle."""
        checks = [check for check in self.checks if check.clause.family in PLAN_FAMILIES]
        transports = [transport for transport in self.transports if transport.name == PLAN_TRANSPORT]
        return replace(self, checks=checks, transports=transports, exchanges=False, aspects=PLAN_ASPECTS)

    def drawn(self, strategy: SearchStrategy[SplitSpec], count: int, seed: int) -> Findings:
        """Judge ``count`` specs drawn from the seed, then search each clause that was broken."""
        ledger, history = Ledger(self.baseline), History()
        if not self.checks:
            return ledger.findings
        specs: list[SplitSpec] = []

        def use(spec: SplitSpec) -> None:
            specs.append(spec)
            self.judge_spec(spec, ledger, history)

        draw(strategy, count, seed, use)
        return self._searched(ledger, history, specs, partial(minimal, strategy, count, seed))

    def designed(self, specs: Sequence[SplitSpec], strategy: SearchStrategy[SplitSpec], seed: int) -> Findings:
        """Judge these specs, each by a few ways, then search each clause that was broken among drawn ones."""
        ledger, history = Ledger(self.baseline), History()
        if not self.checks:
            return ledger.findings
        for spec in specs:
            self.by_few_ways(spec).judge_spec(spec, ledger, history)
        return self._searched(ledger, history, specs, partial(minimal, strategy, SEARCHED, seed))

    def by_few_ways(self, spec: SplitSpec, kinds: Sequence[Sequence[str]] = KINDS) -> Sweep:
        """Return the sweep with one transport of each of these kinds, one that can carry the spec's functions.

        Which one, is settled by the spec.
        """
        turn, left_out = zlib.crc32(repr(spec).encode()), set[str]()
        for kind in kinds:
            selected = [transport for transport in self.transports if transport.name in kind]
            able = [transport for transport in selected if transport.by_value or goes_by_name(spec)] or selected
            left_out.update(t.name for t in selected if t != able[turn % len(able)])
        return replace(self, transports=[transport for transport in self.transports if transport.name not in left_out])

    def _searched(self, ledger: Ledger, history: History, specs: Sequence[SplitSpec], smallest: Smallest) -> Findings:
        """Return the findings, with the smallest example of each clause that was broken."""
        search(ledger, history, smallest, partial(self.judge_alone, exhaustive=True), self.claims)
        if self.exchanges and any(check.clause.id == OTHER_PROCESSES for check in self.checks):
            shared = [self.given(spec) for spec in specs[::EXCHANGED_ONE_IN]]
            ledger.findings.add(exchanged(self.adapter, shared, self.warehouse.root, self.baseline))
        return ledger.findings

    def drawn_for(self, seconds: float, strategy: SearchStrategy[SplitSpec], count: int, seed: int) -> Findings:
        """Judge specs drawn from one seed after another, ``count`` of each, until the seconds are used up."""
        findings = Findings()
        end = time.monotonic() + seconds
        while True:
            findings.add(self.drawn(strategy, count, seed))
            if time.monotonic() >= end:
                return findings
            seed += SEED_STEP

    def pinned(self, specs: Sequence[SplitSpec], *, first_here: bool = False) -> Findings:
        """Judge these specs; a broken clause is shown with the shortest that breaks it.

        Where ``first_here``, the first is judged within this process before: other processes take seconds to start, and
        what breaks without them is told meanwhile.

        Each clause is searched whether or not another unit does that as well: there it may find a smaller example, and
        here it costs next to nothing.
        """
        ledger, history = Ledger(self.baseline), History()
        if first_here:
            self.within_the_process().judge_pinned(specs[0], ledger, history)
        for spec in specs:
            self.judge_pinned(spec, ledger, history)
        judge_alone = partial(self.judge_alone, exhaustive=True)
        by_length = sorted(specs, key=lambda spec: len(repr(spec)))
        claims = replace(self.claims, exclusive=False)
        search(ledger, history, lambda breaks: next(filter(breaks, by_length), None), judge_alone, claims)
        return ledger.findings

    def within_the_process(self) -> Sweep:
        """Return the sweep without other processes: also without clauses of what a split does to its process, which
        are judged in a worker, but not once it is known that a split ends it.
        """
        transports = [transport for transport in self.transports if transport in IN_PROCESS]
        checks = [check for check in self.checks if check.clause.family != PROCESS_FAMILY]
        return replace(self, transports=transports, checks=checks)

    def real_table(self, example: Example | Unusable) -> Findings:
        """Judge one example that has no spec."""
        ledger = Ledger(self.baseline)
        ledger.findings.examples += 1
        if isinstance(example, Unusable):
            ledger.findings.note_unusable(example.reason)
        else:
            judgements = self.judge_example(example, ledger)
            ledger.violate_each(shown_by(example), judgements, alone=True)
        return ledger.findings

    def judge_pinned(self, spec: SplitSpec, ledger: Ledger, history: History) -> None:
        """Judge a pinned spec on what it is there for and a share of the rest, by a few ways.

        One that is there for nothing in particular is judged on everything, by all ways.
        """
        purposes = PURPOSES.get(spec)
        sweep = self.by_few_ways(spec, KINDS if purposes else KINDS[:1])
        sweep.judge_spec(spec, ledger, history, purposes=purposes)

    @phase("judge")
    def judge_spec(
        self, spec: SplitSpec, ledger: Ledger, history: History, *, purposes: tuple[str, ...] | None = ()
    ) -> None:
        """Judge one spec and note in both what came of it; nothing is searched.

        The clauses of ``purposes`` are judged in any case, ``None`` of them means exhaustively.
        """
        spec = self.given(spec)
        with phase("make"):
            example = example_of(spec, self.warehouse)
        ledger.findings.examples += 1
        if isinstance(example, Unusable):
            ledger.findings.note_unusable(example.reason)
            return
        ledger.findings.reached.update(set(regions(spec)))
        thorough = replace(example, exhaustive=purposes is None, purposes=purposes or ())
        history.note(spec, self.judge_example(thorough, ledger))

    @phase("judge")
    @keeping_locale_and_folder()
    def judge_example(self, example: Example, ledger: Ledger) -> list[Judgement]:
        """Carry, judge and record an example.

        A transport or a check that hung once, or a transport whose process ended, is not tried again in this unit of
        work: its clause is broken already. Where the baseline knows that an example such as this hangs, and was seen
        to be right in this run, it is not waited for again.
        """
        findings = ledger.findings
        given_up = ledger.given_up | {name for name, deaths in self.deaths.items() if deaths >= MOST_DEATHS}
        given_up |= {name for name, hangs in self.hangs.items() if hangs >= MOST_HANGS}
        given_up |= {
            transport.name
            for transport in self.transports
            for number in self.claims.known_to_hang()
            if self.baseline.covers(number, transport.name, example.likeness)
        }
        transports = [transport for transport in self.transports if transport.name not in given_up]
        journey = replace(self, transports=transports).travelled(example)
        if (declined := journey.declined) is not None:
            findings.note_declined(declined)
            return []
        for name, arrivals in journey.arrivals.items():
            self._note_arrivals(name, arrivals, journey, ledger)
        judgements = []
        for check in self.checks:
            if check.clause.id in ledger.given_up:
                continue
            begun = time.perf_counter()
            judged = list(judge(journey, [check], self.baseline))
            ledger.tell(judged)
            judgements += judged
            spent = time.perf_counter() - begun
            findings.judging[check.clause.id] += spent
            if spent > HANG_SECONDS and any(judgement.difference or judgement.known for judgement in judged):
                ledger.given_up.add(check.clause.id)
        hung = self.hung(journey, judgements)
        self.hangs.update(hung)
        ledger.given_up |= hung
        ledger.record(shown_by(example), judgements)
        return judgements

    def hung(self, journey: Journey, judgements: Sequence[Judgement]) -> set[str]:
        """Return the transports that hung. Where the baseline knows it, it is noted for the run instead."""
        clauses = {t.clause for t in self.transports}
        known = {j.transport: j.known for j in judgements if j.known and j.clause in clauses}
        hung = {name for name, arrivals in journey.arrivals.items() if any(arrival.hangs for arrival in arrivals)}
        for name in hung & set(known):
            self.claims.hangs(known[name])
        return hung - set(known)

    def _note_arrivals(self, name: str, arrivals: Sequence[Arrival], journey: Journey, ledger: Ledger) -> None:
        """Count what was sent through a transport and arrived; give up one that ends processes."""
        if journey.can_carry(name):
            ledger.findings.sent[name] += 1
            ledger.findings.arrived[name] += any(arrival.failure is None for arrival in arrivals)
        if any(arrival.died for arrival in arrivals):
            self.deaths[name] += 1
            ledger.given_up.add(name)

    def given(self, spec: SplitSpec) -> SplitSpec:
        """Return a spec as the loader under test can be given it: one of SQL text gets no session, one that transforms
        nothing neither a plan nor functions.
        """
        takes = self.adapter.capabilities
        if Capability.TRANSFORMS not in takes:
            return replace(spec, plan=None, registry=spec.registry if Capability.UDF_REGISTRIES in takes else None)
        return spec if Capability.PLANS in takes or spec.plan is None else replace(spec, plan=within_sql(spec.plan))

    def travelled(self, example: Example) -> Journey:
        """Return the example's journey through the transports of this sweep."""
        scratch = self.warehouse.root / f"scratch-{os.getpid()}"
        if self.aspects is not None:
            example = replace(example, question=replace(example.question, only=self.aspects, again=False))
        journey = travel(self.adapter, example, self.transports, scratch)
        return replace(journey, ended_processes=bool(self.deaths))

    @keeping_locale_and_folder()
    def judge_alone(
        self, clause: str, transports: frozenset[str], spec: SplitSpec, *, exhaustive: bool = False
    ) -> list[Judgement]:
        """Judge one clause on a spec, through some transports; nothing where the engine cannot run it."""
        example = example_of(self.given(spec), self.warehouse)
        if isinstance(example, Unusable):
            return []
        checks = [check for check in self.checks if check.clause.id == clause]
        through = [transport for transport in self.transports if transport.name in transports]
        # What breaks as built may show only after sending.
        journey = replace(self, transports=through or self.transports[:1]).travelled(
            replace(example, exhaustive=exhaustive)
        )
        return [] if journey.declined is not None else list(judge(journey, checks, self.baseline))
