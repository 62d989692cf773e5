"""Do the causes of a report tell faults apart? One seeded defect is one cause, two in one loader are two.

`python -m benchmarks.causes` judges twenty loaders with one seeded defect each, and pairs of them as
one loader, on the pinned examples, some of the design's, and its scans. `--pairs 200` is all of them, in an hour.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from benchmarks.judging_processes import judging_processes
from conformance.adapters.specimens import reference_of
from conformance.examples.design import designed_scans, designed_splits
from conformance.examples.pinned import PINNED
from conformance.judging.causes import causes
from conformance.run.options import Options
from conformance.run.scans import planned
from conformance.run.selection import resolve
from conformance.run.sweep import Sweep
from conformance.templates import template
from fixtures.loaders.defects import DEFECTS
from fixtures.loaders.paired import AND, paired
from fixtures.tables.warehouse import Warehouse
from strategies import split_specs

# Of families and methods as different as can be: two that are made by one method hide each other.
TWENTY = (
    *("filter-dropped", "statistics-dropped", "id-of-the-name", "plan-as-bytearray", "missing-file-is-empty"),
    *("null-struct-has-null-fields", "no-deep-copies", "copies-known-fields", "rows-of-the-file-counted"),
    *("last-row-again", "clock-of-the-worker", "repr-shows-properties", "environment-before-properties"),
    *("properties-by-reference", "session-alone-accepted", "errors-end-the-rows", "new-protocols-only"),
    *("delete-file-for-one-data-file", "missing-table-is-empty", "ids-by-size"),
)
TRANSPORTS = ("pickle-2", "pickle-5", "cloudpickle", "copy", "deepcopy", "worker")
DESIGNED, SEED = 20, 20260311


@dataclass(frozen=True)
class Told:
    """A loader, and the clauses of each cause that is told of it."""

    name: str
    causes: tuple[tuple[str, ...], ...]

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clause of each defect that the loader has."""
        return tuple(DEFECTS[name].clause for name in self.name.split(AND))

    @property
    def is_right(self) -> bool:
        """Whether there is a cause for each defect, which has its clause, and none besides."""
        among = [{number for number, told in enumerate(self.causes) if clause in told} for clause in self.clauses]
        each = set().union(*among) == set(range(len(self.causes))) and all(among)
        return each and len(self.causes) == len(self.clauses)


def told_of(name: str) -> Told:
    """Judge a loader, and return the causes that are told."""
    selection = resolve(Options(adapter=reference_of(name), transport=TRANSPORTS))
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(selection.adapter, selection.transports, selection.checks, Warehouse(Path(folder)))
        findings = sweep.pinned(PINNED)
        findings.add(sweep.designed(designed_splits()[:DESIGNED], split_specs(large=True), SEED))
        findings.add(planned(sweep, designed_scans()))
    return Told(name, tuple(cause.clauses for cause in causes(findings.violations, findings.patterns)))


def loaders() -> tuple[list[str], list[str]]:
    """Return the names of the loaders, and of pairs whose defects are made by one method: no loader has both."""
    names, hiding = list(TWENTY), []
    for one, other in combinations(TWENTY, 2):
        try:
            paired(one, other)
        except ValueError:
            hiding.append(f"{one}{AND}{other}")
        else:
            names.append(f"{one}{AND}{other}")
    return names, hiding


def told(names: list[str], processes: int) -> Iterator[Told]:
    """Yield what is told of the loaders, as they are ready."""
    with judging_processes(processes) as pool:
        for done in as_completed([pool.submit(told_of, name) for name in names]):
            yield done.result()


def page(found: list[Told], hiding: list[str], pairs_in_all: int) -> str:
    """Return the page."""
    alone, pairs = ([one for one in found if (AND in one.name) is both] for both in (False, True))
    return template(__file__, "causes.md.jinja").render(
        alone=alone, pairs=pairs, hiding=hiding, pairs_in_all=pairs_in_all
    )


@click.command()
@click.option("-n", "processes", default=2, show_default=True, help="Processes that judge side by side.")
@click.option("--pairs", default=40, show_default=True, help="So many pairs, drawn at random, the same each time.")
def main(processes: int, pairs: int) -> None:
    """Judge the loaders, and print the page."""
    every, hiding = loaders()
    both = every[len(TWENTY) :]
    names = [*TWENTY, *random.Random(SEED).sample(both, min(pairs, len(both)))]
    progress = track(told(names, processes), total=len(names), console=Console(file=sys.stderr))
    by_name = {one.name: one for one in progress}
    print(page([by_name[name] for name in names], hiding, len(both)), end="")


if __name__ == "__main__":
    main()
