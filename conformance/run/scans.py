"""SCAN: scans that the loader plans itself, of tables with a history; their splits are read by a worker, in any order.

A scan that gives other rows is made smaller by leaving out parts of it; the clause is that of what it still has then.
"""

from __future__ import annotations

import pickle
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

from conformance.adapter import Capability, NotSupported
from conformance.adapters.loading import load_adapter
from conformance.checks.scan import (
    AFTER_MORE,
    CASE,
    DELETES,
    EVOLUTION,
    FAMILY,
    FILE_IO,
    MISSING,
    NEXT_PLANNING,
    NO_CATALOG,
    OF_THE_SPLITS,
    PINNED,
    ROWS,
    SELECTION,
    TRANSFORMATION,
    TWICE,
)
from conformance.examples.asked_scans import SIMPLEST, THINGS_MISSING, expected_rows_of, query_survives, with_more
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.process_state import keeping_locale_and_folder
from conformance.observation.raised import Died, Raised, attempt, qualified_name
from conformance.observation.values import in_any_layout, together
from conformance.run.sweep import Sweep
from conformance.timing import phase
from conformance.transports.afresh import asked_afresh
from conformance.transports.calls import READER, call
from conformance.transports.transport import AS_BUILT
from conformance.transports.watchdog import watched
from conformance.transports.worker_tasks import read_planned
from fixtures.scans import Scan, scan_of
from fixtures.tables.commits import CREDENTIAL
from fixtures.tables.made_histories import MadeTable, do_more, make_history, shared_history
from fixtures.tables.model import is_sound
from strategies.filters import predicates_of
from strategies.histories import EVOLVING, NO_COLUMN, deletes_by_value
from strategies.serialization import to_json
from strategies.simpler_scans import simpler_scans
from strategies.specs import DeleteEqual, DeletePositions, DeleteRows, HistorySpec, OverwriteRows, PartitionBy, ScanSpec

__all__ = ["MOST_SHRUNK", "THROUGH", "Scanning", "clauses_of", "judged_until_broken", "planned", "scanned_again"]

T = TypeVar("T")

# The workers that read splits, and the name under which reports have it.
WORKERS, THROUGH = ("first", READER), "worker"
# For so many scans that go wrong smaller ones are looked for, and so many of these are tried: not so many seconds, in
# which a busy machine would find another.
MOST_SHRUNK, TRIED = 5, 150
# So many scans may end the processes that read their splits: each death costs the start of one.
MOST_DEATHS = 3
# One scan in so many is planned again after more was committed, the others as the table is.
LATER_SHARE = 3
DECLINED = qualified_name(NotSupported)


def clauses_of(spec: ScanSpec) -> list[str]:
    """Return the clauses that the rows of a scan bear on; the last is broken where no smaller scan goes wrong."""
    operations = spec.history.operations
    deletes = any(isinstance(done, (DeleteRows, OverwriteRows, DeletePositions, DeleteEqual)) for done in operations)
    evolved = any(isinstance(done, (*EVOLVING, PartitionBy)) for done in operations)
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
        scanning.judge_missing()
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
    scanning.judge_missing()
    for spec in specs:
        if scanning.ledger.findings.broken:
            break
        scanning.judge(spec)
    return scanning.ledger.findings


def scanned_again(sweep: Sweep, clause: str, spec: ScanSpec) -> list[Difference | None]:
    """Return what a clause says of one scan: nothing where it does not bear on it, ``None`` where it holds."""
    scanning = Scanning(sweep, {clause})
    if clause == MISSING:
        return [judgement.difference for judgement in scanning.missing()]
    made = scanning.made(spec.history, shared=False)
    if isinstance(made, Raised):
        return []
    if clause in clauses_of(spec):
        found = scanning.rows_differ(spec, made)
        return [] if isinstance(found, Declined) else [found]
    others = scanning.others(spec, made, again=True, later=True)
    return [judgement.difference for judgement in others if judgement.clause == clause]


@dataclass
class Scanning:
    """Scans that are judged one after another. ``searched`` counts those for which a smaller one was looked for."""

    sweep: Sweep
    clauses: set[str]
    ledger: Ledger = field(init=False)
    deaths: int = 0
    shrunk: dict[str, ScanSpec] = field(default_factory=dict)
    searched: int = 0
    shapes: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with nothing found."""
        self.ledger = Ledger(self.sweep.baseline)

    def judge(self, spec: ScanSpec) -> None:
        """Judge one scan and note what came of it; nothing once several have ended the processes that read them."""
        if self.deaths >= MOST_DEATHS:
            return
        self.ledger.findings.scans += 1
        spec, later = self.given(spec), self.ledger.findings.scans % LATER_SHARE == 0
        made = self.made(spec.history, shared=not later)
        if isinstance(made, Raised):
            raise RuntimeError(f"the table of a drawn scan cannot be made: {made}; {spec!r}")
        spec, found = self.first_seen(spec, made)
        if isinstance(found, Declined):
            self.ledger.findings.note_declined(found.why)
            return
        bears_on = [clause for clause in clauses_of(spec) if clause in self.clauses]
        if found is None:
            self._record(spec, [Judgement(clause, THROUGH, None) for clause in bears_on])
        else:
            self._break(spec, found)
            return  # the other clauses are about scans that give their rows
        for judgement in self.others(spec, made, again=not later, later=later):
            self._record(spec, [judgement])

    def judge_missing(self) -> None:
        """Judge what a loader says of what is not there."""
        for judgement in self.missing():
            self._record(SIMPLEST, [judgement])

    def given(self, spec: ScanSpec) -> ScanSpec:
        """Return a scan as the loader under test can be asked for it.

        An operation that changed no row has made no snapshot: what was drawn to be asked of that names columns that
        may not be there, and only the whole is asked for.
        """
        if not is_sound(spec):
            spec = ScanSpec(spec.history)
        capabilities = self.sweep.adapter.capabilities
        if Capability.IGNORES_CASE not in capabilities:
            spec = replace(spec, case_sensitive=True)
        if not self.sweep.adapter.applies_transforms:
            return replace(spec, transformation=None, registry=None)
        if spec.registry is not None and Capability.UDF_REGISTRIES not in capabilities:
            return replace(spec, transformation=None, registry=None)
        return spec

    def made(self, history: HistorySpec, *, shared: bool = True) -> MadeTable | Raised:
        """Return the table of a history, or why there is none; ``shared`` with whoever reads it too."""
        root = self.sweep.warehouse.root
        root.mkdir(parents=True, exist_ok=True)
        with phase("make"):
            folder = root if shared else Path(mkdtemp(prefix="scan-", dir=root)) / "table"
            made: MadeTable | Raised = attempt(shared_history if shared else make_history, history, folder)
        return made

    def first_seen(self, spec: ScanSpec, made: MadeTable) -> tuple[ScanSpec, Any]:
        """Return the scan as the loader takes it, and what :meth:`rows_differ` says of it."""
        found = self.rows_differ(spec, made)
        if isinstance(found, Declined) and spec.transformation is not None:
            # A loader may choose columns of, and filter, what it has transformed.
            spec = replace(spec, columns=None, row_filter=None)
            found = self.rows_differ(spec, made)
        return spec, found

    def rows_differ(self, spec: ScanSpec, made: MadeTable) -> Any:
        """Return how the rows of a scan differ from those asked for; ``None`` where they do not.

        :class:`Declined` where the loader takes no such scan.
        """
        expected = expected_rows_of(spec)
        if isinstance(expected, Raised):
            return Declined(f"the engine cannot run the transformation: {expected.message}")
        payloads = self.payloads(scan_of(spec, made))
        if isinstance(payloads, Raised):
            if payloads.type == DECLINED:
                return Declined(payloads.message)
            if deletes_by_value(spec):
                return Declined(f"deletes that name values: {payloads.message}")
            carries_plans = Capability.PLANS in self.sweep.adapter.capabilities
            if carries_plans and spec.transformation is not None and not query_survives(spec, expected):
                return Declined(f"a plan that does not survive encoding: {payloads.message}")
            return Difference(Place(Step.BUILD, case=OF_THE_SPLITS), "splits", str(payloads))
        random.Random(len(payloads)).shuffle(payloads)
        seen = self.read(spec, payloads)
        if isinstance(seen, Died):
            self.deaths += 1
            return Declined("a split that ends the process which reads it: WIRE-5 judges that")
        if isinstance(seen, Raised) and deletes_by_value(spec):
            return Declined(f"deletes that name values: {seen.message}")
        names_none = spec.transformation is not None and spec.transformation.select == NO_COLUMN
        return _compared(expected, seen, variant="whose query names no column" if names_none else "")

    def payloads(self, scan: Scan) -> Any:
        """Return the payloads of the splits that the loader plans, or how it fails."""
        return attempt(self.planned_splits, scan, lambda split: pickle.dumps(split, pickle.HIGHEST_PROTOCOL))

    def read(self, spec: ScanSpec, payloads: list[bytes]) -> Any:
        """Return the rows that two workers read from the payloads, or how that fails; ``None`` for no batch."""
        exact = spec.transformation is None
        halves = [(worker, payloads[i :: len(WORKERS)]) for i, worker in enumerate(WORKERS)]
        parts = [call(self.sweep.adapter, worker, "read_planned", half, exact) for worker, half in halves if half]
        failed = next((part for part in parts if isinstance(part, Raised)), None)
        return failed or attempt(together, [part for part in parts if part is not None])

    def others(self, spec: ScanSpec, made: MadeTable, *, again: bool, later: bool) -> Iterator[Judgement]:
        """Yield what the other clauses of the family say.

        Where ``again``, the scan is planned once more; where ``later``, more is committed to the table.
        """
        if again and TWICE in self.clauses and self.sweep.adapter.split_id is not None:
            yield Judgement(TWICE, AS_BUILT, self._planned_twice(spec, made))
        if again and FILE_IO in self.clauses:
            yield from (Judgement(FILE_IO, AS_BUILT, found) for found in self._file_io_differs(spec, made))
        if later and self.clauses & {PINNED, NO_CATALOG}:
            yield from self._later(spec, made)

    def _file_io_differs(self, spec: ScanSpec, made: MadeTable) -> Iterator[Difference | None]:
        """Yield how the FileIO of a split differs from that which the catalog gives the table, ``None`` if it does not.

        Nothing where splits that are planned are others than those that are built, and the adapter cannot show theirs.
        """
        own = scan_of(spec, made).catalog
        given = _file_io(own.load_table(made.identifier).io)
        own.close()
        reader = self.sweep.adapter.file_io
        assert reader is not None
        where = Place(Step.LOOK, "FileIO properties", case="of a split that was planned")
        held = attempt(self.planned_splits, scan_of(spec, made), lambda split: _file_io(reader(split)))
        if not isinstance(held, Raised):
            yield next(filter(None, (difference(given, each, where) for each in held)), None)

    def _planned_twice(self, spec: ScanSpec, made: MadeTable) -> Difference | None:
        split_id = self.sweep.adapter.split_id
        assert split_id is not None
        first, second = (
            attempt(self.planned_splits, scan_of(spec, made), lambda split: repr(split_id(split))) for _ in "12"
        )
        if isinstance(first, Raised):
            return None  # others tell
        where = Place(Step.LOOK, "ids of the splits")
        if len(set(first)) < len(first):
            return Difference(where, f"{len(first)} different ids", f"{len(set(first))} different ids: {first}")
        return difference(first, second, replace(where, case="of a second planning"))

    @keeping_locale_and_folder()
    def planned_splits(self, scan: Scan, look: Callable[[Any], T]) -> list[T]:
        """Return what is seen of each split that the loader plans."""
        plan = self.sweep.adapter.plan
        assert plan is not None
        try:
            with watched("Planning a scan", repr(scan)):
                return [look(split) for split in plan(scan)]
        finally:
            scan.catalog.close()

    def _later(self, spec: ScanSpec, made: MadeTable) -> Iterator[Judgement]:
        """Plan, commit more, and read what was planned where the catalog cannot be reached; then plan again."""
        payloads, expected = self.payloads(scan_of(spec, made)), expected_rows_of(spec)
        if isinstance(payloads, Raised) or isinstance(expected, Raised):
            return
        with _away(made.database):
            without = self.read(spec, payloads)
        yield Judgement(NO_CATALOG, THROUGH, _compared(expected, without, "without the catalog"))
        longer = with_more(spec)
        do_more(made, longer.history, len(spec.history.operations))
        afterwards = self.read(spec, payloads)
        found = _compared(expected, afterwards, AFTER_MORE, _committed(spec, longer))
        if found is None:
            found = self._next_planning_differs(spec, longer, made)
        yield Judgement(PINNED, THROUGH, found)

    def _next_planning_differs(self, spec: ScanSpec, longer: ScanSpec, made: MadeTable) -> Difference | None:
        """Return how a scan that is planned after more was committed gives other rows than those that are there then.

        Only where that comes of what was planned and read before: a process that has seen nothing of the table gives
        what it should; where that does not answer, the rows of before tell as much. What else may be wrong others tell.
        """
        wanted, again = expected_rows_of(longer), self.payloads(scan_of(longer, made))
        seen = again if isinstance(again, Raised) else self.read(longer, again)
        found = _compared(wanted, seen, NEXT_PLANNING, _committed(spec, longer))
        if found is None:
            return None
        comes_of_before = asked_afresh(_gives, self.sweep.adapter.reference, longer, made)
        if comes_of_before is None:
            comes_of_before = _compared(expected_rows_of(spec), seen) is None
        return found if comes_of_before else None

    def missing(self) -> Iterator[Judgement]:
        """Yield what a loader says of each thing that is not there."""
        made = self.made(SIMPLEST.history)
        assert isinstance(made, MadeTable), made
        if MISSING not in self.clauses:
            return
        scan = scan_of(SIMPLEST, made)
        for what, name, changes in THINGS_MISSING:
            seen = self.payloads(replace(scan, **changes))
            if isinstance(seen, Raised) and seen.type == DECLINED:
                continue
            where = Place(Step.BUILD, case="of a scan with a missing", variant=what)
            if not isinstance(seen, Raised):
                yield Judgement(MISSING, AS_BUILT, Difference(where, f"an error that names {name!r}", "splits"))
            elif name not in seen.message:
                yield Judgement(MISSING, AS_BUILT, Difference(where, f"an error that names {name!r}", str(seen)))
            else:
                yield Judgement(MISSING, AS_BUILT, None)

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
        self.shrunk.setdefault(clause, smallest)
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
        known = (clause for clause in self.shrunk if clause in bears_on and not (is_small and clause == ROWS))
        return next(known, bears_on[-1])

    def _smallest(self, spec: ScanSpec, found: Difference) -> tuple[ScanSpec, Difference]:
        candidates, tried = simpler_scans(spec), 0
        while (candidate := next(candidates, None)) is not None and tried < TRIED:
            if not is_sound(candidate):
                continue
            tried += 1
            made = self.made(candidate.history)
            differs = None if isinstance(made, Raised) else attempt(self.rows_differ, candidate, made)
            if isinstance(differs, Difference):
                spec, found, candidates = candidate, differs, simpler_scans(candidate)
        return spec, found


def _committed(spec: ScanSpec, longer: ScanSpec) -> str:
    """Return what was committed in the longer history since."""
    return ", ".join(map(repr, longer.history.operations[len(spec.history.operations) :]))


def _gives(reference: str, spec: ScanSpec, made: MadeTable) -> bool:
    """Return whether a scan gives the rows that it must, planned and read here."""
    adapter = load_adapter(reference)
    assert adapter.plan is not None
    scan = scan_of(spec, made)
    payloads = [pickle.dumps(split, pickle.HIGHEST_PROTOCOL) for split in adapter.plan(scan)]
    scan.catalog.close()
    return _compared(expected_rows_of(spec), read_planned(reference, payloads, spec.transformation is None)) is None


def _shape(clause: str, spec: ScanSpec, found: Difference) -> tuple[str, ...]:
    """Return what kind of scan it is: what was done and asked, and what went wrong, without names and values."""
    asked = spec.transformation
    kinds = [] if asked is None else [asked.select if asked.select in ("*", NO_COLUMN) else "terms"]
    kinds += [f"{each.op} {'' if each is spec.row_filter else 'within'}" for each in predicates_of(spec.row_filter)]
    given = {name for name, value in spec.settings() if name not in ("history", "row_filter")}
    done = [type(operation).__name__ for operation in spec.history.operations]
    raised = found.actual.partition(":")[0] if found.actual.startswith("raises") else ""
    return clause, *done, *sorted(given), *kinds, raised


@dataclass(frozen=True)
class Declined:
    """Why a scan proves nothing."""

    why: str


def _file_io(file_io: Any) -> dict[str, str]:
    """Return the class of a FileIO, and the credential that a catalog has given it.

    What its properties say of the catalog itself need not be sent.
    """
    return {"class": qualified_name(type(file_io)), CREDENTIAL: repr(file_io.properties.get(CREDENTIAL))}


def _compared(expected: Any, actual: Any, case: str = OF_THE_SPLITS, variant: str = "") -> Difference | None:
    if actual is None and not expected.rows:
        return None
    where = Place(Step.READ, "rows", case=case, variant=variant)
    return difference(in_any_layout(expected), in_any_layout(actual), where)


@contextmanager
def _away(file: Path) -> Iterator[None]:
    """Put a file out of reach meanwhile."""
    elsewhere = file.with_name(f"{file.name}-away")
    file.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(file)
