"""Defects caught against CPU time: the suite compared with two alternatives that a team might have.

`python -m benchmarks.power --json power.json` runs each judge on every seeded defect until it reports anything, on any
clause. The alternatives (`alternatives/`) were written for the reference loader by someone who had seen neither the
suite nor the defects. The cost is the CPU time of the judging process and of all processes that it started. Imports do
not count, because each judge has judged the correct loader before.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console
from rich.progress import Progress

from benchmarks.judging_processes import judging_processes
from benchmarks.kill_matrix import REFERENCE, stages, sweep_of
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.design import designed_scans
from conformance.examples.pinned import PINNED
from conformance.judging.ledger import Ledger
from conformance.run.lifecycles import live
from conformance.run.profiles import PROFILES
from conformance.run.scans import planned
from conformance.run.search import History
from conformance.run.sweep import Sweep
from fixtures.loaders.defects import DEFECTS, Defect
from reference import DataLoaderSplit, TableScanContext

ALTERNATIVES = Path(__file__).with_name("alternatives")
SOUND = Defect(REFERENCE, "", "", DataLoaderSplit, TableScanContext)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Verdict:
    """What one judge said of one defect.

    Attributes:
        judge: the name of the judge.
        defect: the name of the defect.
        clause: the clause that the defect breaks.
        caught: whether the judge reported anything.
        cpu_seconds: the CPU seconds that it took.
        objection: the clause or the test that it reported; empty if none.

    """

    judge: str
    defect: str
    clause: str
    caught: bool
    cpu_seconds: float
    objection: str = ""


def cpu_seconds() -> float:
    """Return the CPU seconds that this process and its descendants have used, including children that were reaped."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended, and its parent counts it
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = sum(map(int, fields[11:15]))
    own = os.getpid()
    return sum(ticks for pid, ticks in used.items() if _descends(pid, own, parents)) / TICKS


def _descends(pid: int, from_: int, parents: dict[int, int]) -> bool:
    while pid and pid != from_:
        pid = parents.get(pid, 0)
    return pid == from_


def suite(defect: Defect) -> str:
    """Return the first clause that the quick profile finds broken, or an empty string."""
    adapter = load_adapter(defect.name if defect is SOUND else reference_of(defect.name))
    with tempfile.TemporaryDirectory() as folder:
        return next(_broken(sweep_of(adapter, folder), brief=defect is SOUND), "")


def _broken(sweep: Sweep, *, brief: bool) -> Iterator[str]:
    """Yield broken clauses as they are found: by pinned splits, lifecycles and designed ones; one of each if brief."""
    quick, ledger = PROFILES["quick"], Ledger()
    assert quick.seed is not None
    for stage in stages():
        view = sweep.of_plans() if stage.plans_only else sweep
        is_pinned = stage.specs is PINNED
        for spec in stage.specs[: 1 if brief else None]:
            history = History()
            if is_pinned:
                view.judge_pinned(spec, ledger, history)
            else:
                view.by_few_ways(spec).judge_spec(spec, ledger, history)
            yield from history.first
        if is_pinned:
            yield from (clause for clause, _ in live(sweep, quick.lives, quick.seed).broken)
            yield from (clause for clause, _ in planned(sweep, designed_scans()).broken)


class Classes:
    """A pytest plugin with fixtures for the classes of one loader. It records the first test that fails."""

    def __init__(self, defect: Defect) -> None:
        self.defect = defect
        self.failed = ""

    @pytest.fixture(scope="session")
    def split_class(self) -> type[DataLoaderSplit]:
        return self.defect.split

    @pytest.fixture(scope="session")
    def context_class(self) -> type[TableScanContext]:
        return self.defect.context

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.rpartition("::")[2]


def tests_of(file: Path, defect: Defect) -> str:
    """Return the first test of the file that fails with the classes of the defect, or an empty string."""
    classes = Classes(defect)
    options = ("-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:terminal", "--capture=no")
    with tempfile.TemporaryDirectory() as folder:
        ini = Path(folder) / "pytest.ini"
        ini.write_text("[pytest]\npython_files = *.py\n")
        code = pytest.main([*options, "-c", str(ini), f"--basetemp={folder}/made", str(file)], plugins=[classes])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"{file.name} ended with {code!r} on {defect.name}")
    return classes.failed


def judges() -> dict[str, Callable[[Defect], str]]:
    """Return the judges by name."""
    return {
        "the suite": suite,
        "example-based tests": lambda defect: tests_of(ALTERNATIVES / "example_based.py", defect),
        "a round-trip property": lambda defect: tests_of(ALTERNATIVES / "round_trip.py", defect),
    }


@cache
def _warm(name: str) -> None:
    if objection := judges()[name](SOUND):
        raise RuntimeError(f"{name} objects to the sound loader: {objection}")


def verdict(name: str, defect_name: str) -> Verdict:
    """Return the verdict of a judge on a defect."""
    defect = DEFECTS[defect_name]
    _warm(name)
    started = cpu_seconds()
    objection = judges()[name](defect)
    return Verdict(name, defect.name, defect.clause, bool(objection), cpu_seconds() - started, objection)


def verdicts(processes: int) -> Iterator[Verdict]:
    """Yield the verdict of each judge on each defect, as they are ready."""
    for name in judges():
        with judging_processes(processes) as pool:
            for future in as_completed([pool.submit(verdict, name, defect) for defect in DEFECTS]):
                yield future.result()


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("power.json"), show_default=True)
@click.option("-n", "processes", default=3, show_default=True, help="Processes; more than cores, as some defects wait.")
def main(path: Path, processes: int) -> None:
    """Count the defects that each judge catches, and what that costs."""
    found: list[Verdict] = []
    started = time.perf_counter()
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with Progress(console=console) as progress:
        task = progress.add_task("verdicts", total=len(judges()) * len(DEFECTS))
        for one in verdicts(processes):
            found.append(one)
            progress.advance(task)
    for name in judges():
        own = [one for one in found if one.judge == name]
        caught = [one for one in own if one.caught]
        spent = sum(one.cpu_seconds for one in own)
        console.print(f"{name}: {len(caught)} of {len(own)} caught, {spent:.0f} CPU s in all")
    console.print(f"{time.perf_counter() - started:.0f} s")
    results: dict[str, Any] = {"verdicts": [asdict(one) for one in found]}
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
