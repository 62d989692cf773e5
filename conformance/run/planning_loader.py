"""The loader under test as one that plans: its splits of a scan are sent, and two workers read them, in any order."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

from conformance.adapter import Adapter, Capability, NotSupported
from conformance.adapters.loading import load_adapter
from conformance.checks.scan import (
    AFTER_MORE,
    FILE_IO,
    NEXT_PLANNING,
    NO_CATALOG,
    OF_THE_SPLITS,
    PINNED,
    PLANNED_ELSEWHERE,
    TWICE,
)
from conformance.examples.asked_scans import expected_rows_of, query_survives, with_more
from conformance.judging.judgement import Judgement
from conformance.observation.difference import Difference, Place, Step, difference, difference_of_rows
from conformance.observation.process_state import keeping_locale_and_folder
from conformance.observation.raised import Died, Raised, attempt, qualified_name
from conformance.observation.values import Rows, together
from conformance.run.sweep import Sweep
from conformance.timing import phase
from conformance.transports.afresh import asked_afresh
from conformance.transports.calls import READER, call
from conformance.transports.transport import AS_BUILT
from conformance.transports.watchdog import watched
from conformance.transports.worker_tasks import read_planned
from fixtures.processes.local_zone import OTHER_ZONE, in_zone
from fixtures.scans import Scan, scan_of
from fixtures.tables.commits import CREDENTIAL
from fixtures.tables.made_histories import MadeTable, do_more, make_history, shared_history
from fixtures.tables.model import is_sound
from strategies.recorded import is_recorded
from strategies.scans import NO_COLUMN, deletes_by_value
from strategies.specs import HistorySpec, ScanSpec

__all__ = ["DECLINED", "THROUGH", "Declined", "PlanningLoader", "compared", "gives_its_rows", "planned_splits"]

T = TypeVar("T")

# The workers that read splits, and the name under which reports have it.
WORKERS, THROUGH = ("first", READER), "worker"
DECLINED = qualified_name(NotSupported)


@dataclass
class PlanningLoader:
    """Plans scans, and says what clauses of SCAN say of what it gives.

    ``deaths`` counts the scans whose splits ended the process that read them.
    """

    sweep: Sweep
    clauses: set[str]
    deaths: int = 0

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
        if spec.columns is not None and Capability.FIELDS_OF_STRUCTS not in capabilities:
            spec = replace(spec, columns=tuple(dict.fromkeys(name.partition(".")[0] for name in spec.columns)))
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

    def rows_differ(self, spec: ScanSpec, made: MadeTable, zone: str = OTHER_ZONE) -> Any:
        """Return how the rows of a scan differ from those asked for, where it is planned in that time zone.

        ``None`` where they do not; :class:`Declined` where the loader takes no such scan.
        """
        expected = expected_rows_of(spec)
        if isinstance(expected, Raised):
            return Declined(f"the engine cannot run the transformation: {expected.message}")
        payloads = self.payloads(scan_of(spec, made), zone)
        if isinstance(payloads, Raised):
            if payloads.type == DECLINED:
                return Declined(payloads.message)
            if self._takes_no_deletes_by_value(spec, made):
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
        if isinstance(seen, Raised) and self._takes_no_deletes_by_value(spec, made):
            return Declined(f"deletes that name values: {seen.message}")
        names_none = spec.transformation is not None and spec.transformation.select == NO_COLUMN
        return compared(expected, seen, variant="whose query names no column" if names_none else "")

    def _takes_no_deletes_by_value(self, spec: ScanSpec, made: MadeTable) -> bool:
        """Return whether rows were deleted by a value, and the loader refuses even the table as a whole.

        PyIceberg refuses such tables. A loader that reads one has to read it whatever is asked of it.
        """
        whole = replace(spec, columns=None, row_filter=None, transformation=None, registry=None)
        return deletes_by_value(spec) and (spec == whole or self.rows_differ(whole, made) is not None)

    def told_of_the_zone(self, spec: ScanSpec, found: Difference) -> Difference:
        """Return how the rows of a scan differ, with a word on the time zone if the scan is planned well in another."""
        made = self.made(spec.history)
        if isinstance(made, Raised) or self.rows_differ(spec, made, "UTC") is not None:
            return found
        return replace(found, place=replace(found.place, variant=PLANNED_ELSEWHERE))

    def payloads(self, scan: Scan, zone: str = OTHER_ZONE) -> Any:
        """Return the payloads of the splits that the loader plans, or how it fails."""
        return attempt(planned_splits, self.sweep.adapter, scan, dumped, zone)

    def read(self, spec: ScanSpec, payloads: list[bytes]) -> Any:
        """Return the rows that two workers read from the payloads, or how that fails; ``None`` for no batch."""
        exact = spec.transformation is None
        halves = [(worker, payloads[i :: len(WORKERS)]) for i, worker in enumerate(WORKERS)]
        parts = [call(self.sweep.adapter, worker, "read_planned", half, exact) for worker, half in halves if half]
        failed = next((part for part in parts if isinstance(part, Raised)), None)
        return failed or attempt(together, [part for part in parts if part is not None])

    def others(self, spec: ScanSpec, made: MadeTable, *, again: bool, later: bool) -> Iterator[Judgement]:
        """Yield what the other clauses of the family say.

        Where ``again``, the scan is planned once more; where ``later``, more is committed to the table, but to a
        recorded one.
        """
        if again and self.clauses & {TWICE, FILE_IO}:
            yield from self._again(spec, made)
        if later and self.clauses & {PINNED, NO_CATALOG} and not is_recorded(spec.history):
            yield from self._later(spec, made)

    def _again(self, spec: ScanSpec, made: MadeTable) -> Iterator[Judgement]:
        """Plan once more, and compare each split's FileIO with that which the catalog gives the table; then twice.

        Nothing on FileIOs where splits that are planned are others than those that are built, and the adapter cannot
        show theirs.
        """
        adapter = self.sweep.adapter
        split_id, file_io = adapter.split_id or (lambda _: None), adapter.file_io or (lambda _: None)

        def looked_at(split: Any) -> tuple[str, Any]:
            return repr(split_id(split)), attempt(lambda: _file_io(file_io(split)))

        first = attempt(planned_splits, adapter, scan_of(spec, made), looked_at)
        if isinstance(first, Raised):
            return  # others tell
        held = [each for _, each in first if not isinstance(each, Raised)]
        if adapter.file_io is not None and held:
            where = Place(Step.LOOK, "FileIO properties", case="of a split that was planned")
            given = self._given(spec, made)
            found = next(filter(None, (difference(given, each, where) for each in held)), None)
            yield Judgement(FILE_IO, AS_BUILT, found)
        if adapter.split_id is not None:
            second = attempt(planned_splits, adapter, scan_of(spec, made), lambda split: repr(split_id(split)))
            yield Judgement(TWICE, AS_BUILT, _ids_differ([id_ for id_, _ in first], second))

    def _given(self, spec: ScanSpec, made: MadeTable) -> dict[str, str]:
        """Return what there is of the FileIO that the catalog gives the table."""
        own = scan_of(spec, made).catalog
        given = _file_io(own.load_table(made.identifier).io)
        own.close()
        return given

    def _later(self, spec: ScanSpec, made: MadeTable) -> Iterator[Judgement]:
        """Plan, commit more, and read what was planned where the catalog cannot be reached; then plan again."""
        payloads, expected = self.payloads(scan_of(spec, made)), expected_rows_of(spec)
        if isinstance(payloads, Raised) or isinstance(expected, Raised):
            return
        with _away(made.database):
            without = self.read(spec, payloads)
        yield Judgement(NO_CATALOG, THROUGH, compared(expected, without, "without the catalog"))
        longer = with_more(spec)
        do_more(made, longer.history, len(spec.history.operations))
        afterwards = self.read(spec, payloads)
        found = compared(expected, afterwards, AFTER_MORE, _committed(spec, longer))
        if found is None:
            found = self._next_planning_differs(spec, longer, made)
        yield Judgement(PINNED, THROUGH, found)

    def _next_planning_differs(self, spec: ScanSpec, longer: ScanSpec, made: MadeTable) -> Difference | None:
        """Return how a scan that is planned after more was committed gives other rows than those that are there then.

        Only where that comes of what was planned and read before: a process that has seen nothing of the table gives
        what it should; where that does not answer, the rows of before tell as much. What else may be wrong others tell.
        """
        before, wanted = expected_rows_of(spec), expected_rows_of(longer)
        assert isinstance(before, Rows)
        if isinstance(wanted, Raised):
            return None  # the engine cannot transform the rows that there are then
        again = self.payloads(scan_of(longer, made))
        seen = again if isinstance(again, Raised) else self.read(longer, again)
        found = compared(wanted, seen, NEXT_PLANNING, _committed(spec, longer))
        if found is None:
            return None
        comes_of_before = asked_afresh(gives_its_rows, self.sweep.adapter.reference, longer, made)
        if comes_of_before is None:
            comes_of_before = compared(before, seen) is None
        return found if comes_of_before else None


@dataclass(frozen=True)
class Declined:
    """Why a scan proves nothing."""

    why: str


def _ids_differ(first: list[str], second: Any) -> Difference | None:
    """Return how the ids of a scan's splits are not each its own, or others when it is planned again."""
    where = Place(Step.LOOK, "ids of the splits")
    if len(set(first)) < len(first):
        return Difference(where, f"{len(first)} different ids", f"{len(set(first))} different ids: {first}")
    return difference(first, second, replace(where, case="of a second planning"))


def _committed(spec: ScanSpec, longer: ScanSpec) -> str:
    """Return what was committed in the longer history since."""
    return ", ".join(map(repr, longer.history.operations[len(spec.history.operations) :]))


@keeping_locale_and_folder()
def planned_splits(adapter: Adapter, scan: Scan, look: Callable[[Any], T], zone: str = OTHER_ZONE) -> list[T]:
    """Return what is seen of each split that a loader plans in that time zone; the scan's catalog is closed then."""
    assert adapter.plan is not None
    try:
        with watched("Planning a scan", repr(scan)), in_zone(zone):
            return [look(split) for split in adapter.plan(scan)]
    finally:
        scan.catalog.close()


def gives_its_rows(reference: str, spec: ScanSpec, made: MadeTable) -> bool:
    """Return whether a scan gives the rows that it must, planned and read here: asked of a process of its own."""
    expected, adapter = expected_rows_of(spec), load_adapter(reference)
    payloads = attempt(planned_splits, adapter, scan_of(spec, made), dumped)
    if isinstance(payloads, Raised) or isinstance(expected, Raised):
        return False
    return compared(expected, attempt(read_planned, reference, payloads, spec.transformation is None)) is None


def dumped(split: Any) -> bytes:
    """Return the payload of a split that was planned."""
    return pickle.dumps(split, pickle.HIGHEST_PROTOCOL)


def _file_io(file_io: Any) -> dict[str, str]:
    """Return the class of a FileIO, and the credential that a catalog has given it.

    What its properties say of the catalog itself need not be sent.
    """
    return {"class": qualified_name(type(file_io)), CREDENTIAL: repr(file_io.properties.get(CREDENTIAL))}


def compared(expected: Rows, actual: Any, case: str = OF_THE_SPLITS, variant: str = "") -> Difference | None:
    """Return how the rows that were read differ from those that are expected."""
    return difference_of_rows(expected, actual, Place(Step.READ, "rows", case=case, variant=variant))


@contextmanager
def _away(file: Path) -> Iterator[None]:
    """Put a file out of reach meanwhile."""
    elsewhere = file.with_name(f"{file.name}-away")
    file.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(file)
