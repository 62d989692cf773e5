"""SCAN: scans that the loader plans itself, of tables with a history; their splits are read by a worker, in any order.

A scan that gives other rows is made smaller by leaving out parts of it; the clause is that of what it still has then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from conformance.checks.scan import (
    BATCH_SIZE,
    CASE,
    DELETES,
    EVOLUTION,
    FAMILY,
    GROWTH,
    MISSING,
    OUTAGE,
    ROWS,
    SELECTION,
    SPLIT_SIZE,
    TRANSFORMATION,
)
from conformance.examples.asked_scans import IN_PARTS, SIMPLEST
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.judging.where import Where
from conformance.observation.difference import Difference
from conformance.observation.raised import Raised, attempt
from conformance.run.planning_growth import planning_grows
from conformance.run.planning_loader import THROUGH, Declined, PlanningLoader
from conformance.run.scan_sizes import sizes
from conformance.run.scans_without import missing, outages
from conformance.run.sweep import Sweep
from conformance.timing import phase
from fixtures.tables.made_histories import MadeTable
from fixtures.tables.model import is_sound
from strategies.evolution import EVOLVING
from strategies.filters import predicates_of
from strategies.scans import NO_COLUMN
from strategies.serialization import to_json
from strategies.simpler_scans import simpler_scans
from strategies.specs import (
    DeleteEqual,
    DeletePositions,
    DeleteRows,
    OverwriteRows,
    PartitionBy,
    ScanSpec,
    WrittenBySpark,
)

__all__ = ["MOST_SHRUNK", "THROUGH", "Scanning", "clauses_of", "judged_until_broken", "planned", "scanned_again"]

# For so many scans that go wrong smaller ones are looked for, and so many of these are tried: not so many seconds, in
# which a busy machine would find another.
MOST_SHRUNK, TRIED = 5, 150
# So many scans may end the processes that read their splits: each death costs the start of one.
MOST_DEATHS = 3
# The recorded table whose schema was changed; of each some rows were deleted.
EVOLVED = "evolved"
# One scan in so many is planned again after more was committed, the others as the table is.
LATER_SHARE = 3
# One in so many is planned with sizes of splits and of batches too.
SIZED_SHARE = 4


def clauses_of(spec: ScanSpec) -> list[str]:
    """Return the clauses that the rows of a scan bear on; the last is broken where no smaller scan goes wrong."""
    operations = spec.history.operations
    recorded = {done.name for done in operations if isinstance(done, WrittenBySpark)}
    deletes = any(isinstance(done, (DeleteRows, OverwriteRows, DeletePositions, DeleteEqual)) for done in operations)
    deletes |= bool(recorded - {EVOLVED})
    evolved = any(isinstance(done, (*EVOLVING, PartitionBy)) for done in operations) or EVOLVED in recorded
    has = {
        ROWS: True,
        EVOLUTION: evolved,
        SELECTION: spec.row_filter is not None or spec.columns is not None,
        TRANSFORMATION: spec.transformation is not None,
        DELETES: deletes,
        CASE: not spec.case_sensitive,
    }
    return [clause for clause, is_there in has.items() if is_there]


@phase("scans")
def planned(sweep: Sweep, specs: Sequence[ScanSpec]) -> Findings:
    """Judge scans on the clauses of the family that the sweep checks."""
    scanning = Scanning(sweep, {check.clause.id for check in sweep.checks if check.clause.family == FAMILY})
    if scanning.clauses:
        started = time.perf_counter()
        scanning.judge_simplest()
        for spec in specs:
            scanning.judge(spec)
        spent = time.perf_counter() - started
        for clause in scanning.clauses:
            scanning.ledger.findings.judging[clause] += spent / len(scanning.clauses)
    return scanning.ledger.findings


def judged_until_broken(sweep: Sweep, specs: Sequence[ScanSpec], *, shrink: bool = True) -> Findings:
    """Judge scans up to the first that breaks a clause, which is made smaller where ``shrink``."""
    clauses = {check.clause.id for check in sweep.checks if check.clause.family == FAMILY}
    scanning = Scanning(sweep, clauses, searched=0 if shrink else MOST_SHRUNK)
    scanning.judge_simplest()
    for spec in specs:
        if scanning.ledger.findings.broken:
            break
        scanning.judge(spec)
    return scanning.ledger.findings


def scanned_again(sweep: Sweep, clause: str, spec: ScanSpec) -> list[Difference | None]:
    """Return what a clause says of one scan: nothing where it does not bear on it, ``None`` where it holds."""
    loader = PlanningLoader(sweep, {clause})
    if clause == MISSING:
        return [judgement.difference for judgement in missing(loader)]
    if clause == GROWTH:
        return [judgement.difference for _, judgement in planning_grows(loader)]
    if clause == OUTAGE:
        return [judgement.difference for judgement in outages(loader)]
    made = loader.made(spec.history, shared=False)
    if isinstance(made, Raised):
        return []
    if clause in clauses_of(spec):
        found = loader.rows_differ(spec, made)
        if isinstance(found, Declined):
            return []
        return [found and loader.told_of_the_zone(spec, found)]
    others = chain(sizes(loader, spec, made), loader.others(spec, made, again=True, later=True))
    return [judgement.difference for judgement in others if judgement.clause == clause]


@dataclass
class Scanning:
    """Scans that are judged one after another. ``searched`` counts those for which a smaller one was looked for."""

    sweep: Sweep
    clauses: set[str]
    loader: PlanningLoader = field(init=False)
    ledger: Ledger = field(init=False)
    shrunk: list[tuple[str, ScanSpec]] = field(default_factory=list)
    searched: int = 0
    shapes: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with nothing found."""
        self.loader = PlanningLoader(self.sweep, self.clauses)
        self.ledger = Ledger(self.sweep.baseline)

    def judge(self, spec: ScanSpec) -> None:
        """Judge one scan and note what came of it; nothing once several have ended the processes that read them."""
        if self.loader.deaths >= MOST_DEATHS:
            return
        self.ledger.findings.scans += 1
        spec, later = self.loader.given(spec), self.ledger.findings.scans % LATER_SHARE == 0
        made = self.loader.made(spec.history, shared=not later)
        if isinstance(made, Raised):
            raise RuntimeError(f"the table of a drawn scan cannot be made: {made}; {spec!r}")
        spec, found = self.loader.first_seen(spec, made)
        if isinstance(found, Declined):
            self.ledger.findings.note_declined(found.why)
            return
        bears_on = [clause for clause in clauses_of(spec) if clause in self.clauses]
        if found is None:
            self._record(spec, [Judgement(clause, THROUGH, None) for clause in bears_on])
        else:
            self._break(spec, found)
            return  # the other clauses are about scans that give their rows
        sized = sizes(self.loader, spec, made) if self.ledger.findings.scans % SIZED_SHARE == 0 else ()
        for judgement in chain(sized, self.loader.others(spec, made, again=not later, later=later)):
            self._record(spec, [judgement])

    def judge_simplest(self) -> None:
        """Judge what a loader says of what is not there, or does not answer, and sizes of the simplest splits."""
        for judgement in missing(self.loader):
            self._record(SIMPLEST, [judgement])
        for spec, judgement in planning_grows(self.loader):
            self._record(spec, [judgement])
        for judgement in (*outages(self.loader), *self._sizes_of_parts()):
            self._record(IN_PARTS, [judgement])

    def _sizes_of_parts(self) -> Iterator[Judgement]:
        if not self.clauses & {SPLIT_SIZE, BATCH_SIZE}:
            return
        made = self.loader.made(IN_PARTS.history)
        assert isinstance(made, MadeTable), made
        if self.loader.rows_differ(IN_PARTS, made) is None:
            yield from sizes(self.loader, IN_PARTS, made)

    def _record(self, spec: ScanSpec, judgements: list[Judgement]) -> None:
        kept = [self.ledger.excused(j, spec) for j in judgements if j.clause in self.clauses]
        shown = Shown(repr(spec), to_json(spec), spec)
        self.ledger.record(shown, kept)
        self.ledger.violate_each(shown, kept, alone=True)

    def _break(self, spec: ScanSpec, found: Difference) -> None:
        """Find a smaller scan that goes wrong too, and note it under the clause of what it has."""
        is_small = self.searched < MOST_SHRUNK
        self.searched += 1
        smallest, difference_ = self._smallest(spec, found) if is_small else (spec, found)
        clause = self._clause(smallest, difference_, is_small=is_small)
        difference_ = self.loader.told_of_the_zone(smallest, difference_)
        if is_small:
            self.shrunk.append((clause, smallest))
        if clause not in self.clauses:
            return
        judgement = self.ledger.excused(Judgement(clause, THROUGH, difference_), smallest)
        shown, shape = Shown(repr(smallest), to_json(smallest), smallest), _shape(clause, smallest, difference_)
        self.ledger.record(shown, [judgement])
        # Each smallest scan of another kind is shown, not the first of a clause alone: it may have another cause.
        is_new = shape not in self.shapes and (is_small or not self.ledger.findings.violated(clause))
        if judgement.difference is not None and is_new:
            self.shapes.add(shape)
            self.ledger.violate(clause, [THROUGH], shown, judgement.difference, alone=True)

    def _clause(self, spec: ScanSpec, found: Difference, *, is_small: bool) -> str:
        """Return the clause that a scan breaks, by what it has."""
        bears_on = clauses_of(spec)
        if ".schema" in found.place.within:  # other columns, or in another order
            return EVOLUTION if EVOLUTION in bears_on and spec.columns is None else ROWS
        # Every scan bears on its rows: what is small and has more than those is broken by what it has more.
        known = [each for each in self.shrunk if each[0] in bears_on and not (is_small and each[0] == ROWS)]
        # The likeliest is that of a table to which nothing was done but what was done to this one too.
        known.sort(key=lambda each: not _done(each[1]) <= _done(spec))
        likely = [*(clause for clause, _ in known), *reversed(bears_on)]
        # A guess: what the baseline excuses in a large scan goes by the clause of its entry, whichever came up first.
        excused = (each for each in bears_on if self.ledger.excused(Judgement(each, THROUGH, found), spec).known)
        return likely[0] if is_small else next(excused, likely[0])

    def _smallest(self, spec: ScanSpec, found: Difference) -> tuple[ScanSpec, Difference]:
        """Return the smallest scan that goes wrong at the same place, and raises the same error where it does.

        Another fault of the loader, one that the baseline knows say, would hide this one.
        """
        candidates, tried, same = simpler_scans(spec), 0, (Where.of(found), found.error)
        while (candidate := next(candidates, None)) is not None and tried < TRIED:
            if not is_sound(candidate):
                continue
            tried += 1
            made = self.loader.made(candidate.history)
            differs = None if isinstance(made, Raised) else attempt(self.loader.rows_differ, candidate, made)
            if isinstance(differs, Difference) and (Where.of(differs), differs.error) == same:
                spec, found, candidates = candidate, differs, simpler_scans(candidate)
        return spec, found


def _done(spec: ScanSpec) -> set[type]:
    return {type(operation) for operation in spec.history.operations}


def _shape(clause: str, spec: ScanSpec, found: Difference) -> tuple[str, ...]:
    """Return what kind of scan it is: what was done and asked, and what went wrong, without names and values."""
    asked = spec.transformation
    kinds = [] if asked is None else [asked.select if asked.select in ("*", NO_COLUMN) else "terms"]
    kinds += [f"{each.op} {'' if each is spec.row_filter else 'within'}" for each in predicates_of(spec.row_filter)]
    given = {name for name, value in spec.settings() if name not in ("history", "row_filter")}
    done = [type(operation).__name__ for operation in spec.history.operations]
    return clause, *done, *sorted(given), *kinds, found.error
