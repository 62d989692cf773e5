"""A run as a list of units of work: pytest, the proof, tests and whatever else does a run go through this list."""

from __future__ import annotations

import datetime
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from conformance.examples.covering import chosen
from conformance.examples.design import designed_plans, designed_scans, designed_splits
from conformance.examples.pinned import PINNED
from conformance.examples.real_tables import TABLE_CASES, TableCase, table_example
from conformance.judging.baseline import Entry
from conformance.judging.findings import Findings
from conformance.run.audit import stale
from conformance.run.claims import Claims
from conformance.run.company import told_alone
from conformance.run.engines import through_engine
from conformance.run.lifecycles import live
from conformance.run.memory import reading_memory
from conformance.run.other_processes import departed
from conformance.run.scans import planned
from conformance.run.selection import Selection
from conformance.run.stores import through_store
from conformance.run.surroundings import SuiteFailed, advice, check_surroundings
from conformance.run.sweep import Sweep
from conformance.timing import taken
from conformance.transports.engines import Engine, Way
from conformance.transports.lost_processes import noted
from conformance.transports.transport import STARTED
from conformance.transports.watchdog import noting_in, telling, told_in
from fixtures.tables.warehouse import Warehouse
from strategies import scans, split_specs

__all__ = ["Unit", "Workplace", "outcome", "units", "workplace"]


@dataclass(frozen=True)
class Workplace:
    """Where units of work are done: what is selected, the sweep for it, and the folder of the run.

    ``processes`` is the number of processes that share a run's units.
    """

    selection: Selection
    sweep: Sweep
    folder: Path
    processes: int = 1


@dataclass(frozen=True)
class Unit:
    """A part of a run that is done in one process, in any order with the others."""

    name: str
    work: Callable[[Workplace], Findings]

    def done(self, place: Workplace) -> Findings:
        """Do the work and return what was found, with the time that each phase of it took.

        Raises:
            SuiteFailed: the machine did not give what the work needs.

        """
        if (ended := told_in(place.folder)) is not None:  # it would do so here too
            raise SuiteFailed(ended)
        try:
            findings = self.work(place)
        except Exception as error:
            if (what := advice(error)) is not None:
                raise SuiteFailed(what) from error
            raise
        findings.violations = told_alone(place.sweep, findings.violations)
        check_surroundings(place.folder, [violation.difference for violation in findings.violations])
        findings.lost += noted()
        for name, spent in taken().items():
            findings.seconds[name] += spent
        return findings


def outcome(unit: Unit, place: Workplace) -> Findings | str:
    """Do a unit of work; or return why the suite could not, which needs a traceback only where the reason is unknown.

    It is formatted here because pytest is told to show none, and because it may have to travel.
    """
    try:
        return unit.done(place)
    except SuiteFailed as error:
        return str(error)
    except Exception:  # whatever it is, it is the suite's
        return traceback.format_exc()


def units(selection: Selection) -> tuple[Unit, ...]:
    """Return the units of work of a run, always in the same order. A run is complete once each of them has ended."""
    return tuple(_units(selection))


@contextmanager
def workplace(selection: Selection, folder: Path, processes: int = 1) -> Iterator[Workplace]:
    """Yield a workplace in a folder that the processes of a run share; what it has started ends with it."""
    sweep = Sweep(
        adapter=selection.adapter,
        transports=selection.transports,
        checks=selection.checks,
        warehouse=Warehouse(folder / "drawn"),
        claims=Claims(folder / "searched"),
        baseline=selection.baseline,
        exchanges=True,
    )
    with STARTED, telling(noting_in(folder)):
        yield Workplace(selection, sweep, folder, processes)


def _units(selection: Selection) -> Iterator[Unit]:
    profile = selection.profile
    for entry in selection.baseline.entries:
        yield Unit(f"known-{entry.number}-{entry.clause}", partial(_known, entry))
    for engine, ways in selection.engines:
        yield Unit(f"engine-{engine.name}", partial(_engine, engine, ways))
    checks = selection.checks if selection.transports else []
    carries, wanted = any(check.journeys for check in checks), {unit for check in checks for unit in check.units}
    # What takes longest comes first, so that the processes of a run end at about the same time.
    if carries:
        yield Unit("pinned", _pinned)
    ways_of_their_own = {"scans": _scans, "lifecycles": _lifecycles, "departed": _departed, "memory": _memory}
    for name, work in ways_of_their_own.items():
        if name in wanted:
            yield Unit(name, work)
    for store in selection.stores:
        yield Unit(f"store-{store}", partial(_store, store))
    if carries:
        splits, plans = (_designed, _designed_plans) if selection.designed else (_drawn, _drawn_plans)
        for shard in range(profile.plan_shards):
            yield Unit(f"plans-{shard + 1}-of-{profile.plan_shards}", partial(plans, shard))
        for case in TABLE_CASES if profile.tables else ():
            yield Unit(f"table-{case.name}", partial(_real_table, case))
        for shard in range(profile.shards):
            yield Unit(f"examples-{shard + 1}-of-{profile.shards}", partial(splits, shard))


def _drawn(shard: int, place: Workplace) -> Findings:
    """Splits drawn from one seed; in a soak from one after another, so that all units together use up the budget."""
    selection = place.selection
    count, seed = selection.profile.examples, selection.seed + shard
    if selection.budget is None:
        return place.sweep.drawn(split_specs(large=True), count, seed)
    seconds = selection.budget * place.processes / selection.profile.shards
    return place.sweep.drawn_for(seconds, split_specs(large=True), count, seed)


def _drawn_plans(shard: int, place: Workplace) -> Findings:
    """Splits with a plan drawn from one seed, judged on what concerns the plan."""
    selection = place.selection
    strategy = split_specs(with_plan=True, large=True)
    return place.sweep.of_plans().drawn(strategy, selection.profile.plans, selection.seed + shard)


def _designed(shard: int, place: Workplace) -> Findings:
    """A share of the splits of the design, of which the first meet most."""
    selection = place.selection
    count = selection.profile.shards * selection.profile.examples
    specs = designed_splits()[:count][shard :: selection.profile.shards]
    return place.sweep.designed(specs, split_specs(large=True), selection.seed + shard)


def _designed_plans(shard: int, place: Workplace) -> Findings:
    """A share of the design's splits with a plan, judged on what concerns the plan."""
    selection = place.selection
    count = selection.profile.plan_shards * selection.profile.plans
    specs = designed_plans()[:count][shard :: selection.profile.plan_shards]
    return place.sweep.of_plans().designed(specs, split_specs(with_plan=True, large=True), selection.seed + shard)


def _pinned(place: Workplace) -> Findings:
    """Splits that a drawn run reaches too rarely, and splits that once failed."""
    return place.sweep.pinned(PINNED, first_here=True)


def _lifecycles(place: Workplace) -> Findings:
    """Splits in orders of steps drawn from the seed."""
    return live(place.sweep, place.selection.profile.lives, place.selection.seed)


def _scans(place: Workplace) -> Findings:
    """Scans of the design, or drawn from the seed, which the loader plans itself."""
    selection, count = place.selection, place.selection.profile.scans
    specs = designed_scans()[:count] if selection.designed else chosen(scans(), count, selection.seed)
    return planned(place.sweep, specs)


def _departed(place: Workplace) -> Findings:
    """Splits whose driver has ended before they are loaded."""
    sweep = place.sweep
    return departed(sweep.adapter, [sweep.given(spec) for spec in PINNED], sweep.warehouse.root, sweep.baseline)


def _memory(place: Workplace) -> Findings:
    """What reading takes, on two sizes of a file."""
    return reading_memory(place.sweep)


def _real_table(case: TableCase, place: Workplace) -> Findings:
    """A split of a real table, planned by PyIceberg."""
    return place.sweep.real_table(table_example(case, place.folder))


def _engine(engine: Engine, ways: tuple[Way, ...], place: Workplace) -> Findings:
    """Splits through one engine, which the unit starts and stops."""
    return through_engine(place.sweep, engine, ways, place.selection.profile, place.selection.seed)


def _store(store: str, place: Workplace) -> Findings:
    """A table in one object store, read by a process that has nothing but the split."""
    return through_store(place.sweep, store)


def _known(entry: Entry, place: Workplace) -> Findings:
    """An entry of the baseline, judged by what it pins. One that no longer fails, or has expired, has to go."""
    if entry.clause not in {clause.id for clause in place.selection.clauses}:
        return Findings()
    why = stale(place.sweep, entry, datetime.date.today())
    if why is None:
        return Findings()
    return Findings(stale={entry.number: f"{entry.place}: {why}; delete these lines"})
