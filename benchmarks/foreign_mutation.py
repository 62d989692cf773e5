"""Mutants of a loader that is not ours: does the gate notice small changes to OpenHouse's data loader?

`python -m benchmarks.foreign_mutation REPOSITORY --python PYTHON` changes the modules of the
loader's newest commit, one change at a time, and judges each mutant by the examples of the quick gate with the shipped
baseline. REPOSITORY and PYTHON are those of :mod:`benchmarks.history`.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from benchmarks.mutants import Mutant, mutants_of
from benchmarks.openhouse import BASELINE, NEWEST, exported, surroundings
from conformance.templates import template

PACKAGE = Path("openhouse") / "dataloader"
# What has to do with rows; metrics, logging, the client of the team's own catalog and texts of errors are left out.
MODULES = (
    "_jvm",
    "_table_scan_context",
    "data_loader",
    "data_loader_split",
    "datafusion_sql",
    "filters",
    "scan_optimizer",
)
BESIDE = (
    "log",
    "metric",
    "_duration",
    "_errors",
    "_rows",
    "_bytes",
    "_batches",
    "_files",
    "_meter",
    "monotonic",
    "raise ",
)
SEED = 20260311


@dataclass(frozen=True)
class Judged:
    """A mutant, the clauses that it broke, or how its process ended, and the seconds that it took."""

    mutant: Mutant
    broken: tuple[str, ...]
    seconds: float


def chosen(package: Path, count: int) -> list[Mutant]:
    """Return mutants of each module, at most ``count`` of one, drawn at random, the same ones each time."""
    found: list[Mutant] = []
    for module in MODULES:
        told = [m for m in mutants_of(package / f"{module}.py") if not any(word in m.before for word in BESIDE)]
        found += random.Random(SEED).sample(told, min(count, len(told)))
    return found


def judged(mutants: Sequence[Mutant], source: Path, python: Path, processes: int) -> Iterator[Judged]:
    """Yield what the gate says of the mutants, as they are ready."""
    command = [str(python), "-m", "benchmarks.judged_mutants", "openhouse", str(BASELINE), str(source)]
    given = "".join(
        f"{json.dumps({'file': str(PACKAGE / f'{each.module}.py'), 'source': each.source})}\n" for each in mutants
    )
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as lines:
        lines.write(given)
        lines.seek(0)
        with subprocess.Popen(
            [*command, str(processes)],
            cwd=folder,
            env=surroundings(source),
            stdin=lines,
            stdout=subprocess.PIPE,
            text=True,
        ) as ran:
            assert ran.stdout is not None
            for line in ran.stdout:
                number, broken, seconds = json.loads(line)
                yield Judged(mutants[number], tuple(broken), seconds)


def page(found: Sequence[Judged]) -> str:
    """Return the page."""
    modules = {module: [each for each in found if each.mutant.module == module] for module in MODULES}
    return template(__file__, "foreign_mutation.md.jinja").render(modules=modules, found=found, commit=NEWEST)


@click.command()
@click.argument("repository", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--python", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--sample", default=40, show_default=True, help="So many mutants of a module at most.")
@click.option("-n", "processes", default=2, show_default=True, help="So many are judged at once.")
def main(repository: Path, python: Path, sample: int, processes: int) -> None:
    """Judge the mutants, and print the page."""
    with tempfile.TemporaryDirectory() as folder:
        source = exported(repository, NEWEST, Path(folder))
        mutants = chosen(source / PACKAGE, sample)
        ready = judged(mutants, source, python, processes)
        found = list(track(ready, total=len(mutants), console=Console(file=sys.stderr)))
    places = {mutant.key: number for number, mutant in enumerate(mutants)}
    print(page(sorted(found, key=lambda each: places[each.mutant.key])), end="")


if __name__ == "__main__":
    main()
