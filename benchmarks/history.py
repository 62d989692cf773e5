"""Fixes that OpenHouse's team made to its loader, seen by the suite: before each, and after it.

`python -m benchmarks.history REPOSITORY --python PYTHON > docs/history.md` judges the same scans with the loader of
each commit, and of the one before it. REPOSITORY is a clone of linkedin/openhouse; PYTHON is an interpreter (3.12 or
newer) in which the suite and the dependency group `openhouse` are installed, such as that of `tox run -e openhouse`.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.openhouse import NEWEST, exported, surroundings
from conformance.examples.design import designed_scans
from conformance.examples.drawing import draw
from conformance.templates import template
from strategies import scans
from strategies.serialization import to_json
from strategies.simpler_scans import simpler_scans
from strategies.specs import ScanSpec

LONGEST = 160
# So many scans are drawn from the seed besides those of the design.
DRAWN, SEED = 150, 20260311
# So often a scan is made smaller that is broken before a fix, and not after it.
ROUNDS = 8


@dataclass(frozen=True)
class Fix:
    """A commit, what was wrong before it, by the team's own words, and why no scan shows it, if none does."""

    commit: str
    fault: str
    unseen: str = ""


FIXES = (
    Fix("4437b37e", "a branch could not be read"),
    Fix(
        "f9fccaa6",
        "camelCase columns of a transformation were not found",
        "the engine itself does not find unquoted names in mixed case",
    ),
    Fix("6d57f3a4", "`SELECT *` read only the columns that the query names elsewhere"),
    Fix("94bdd7f3", "conditions were pushed down by aliases; unquoted identifiers"),
    Fix("74313428", "literals of some types could not be pushed down"),
    Fix(
        "db2292b5",
        "casts of literals to times and dates could not be pushed down",
        "the rows are the same, whether a condition is pushed down or not",
    ),
    Fix("52bd397c", "the engine's batch size was lowered to that of the batches", "it is about speed"),
    Fix("9ce5ca2e", "filters could not be written as SQL", "it is for another caller than a scan"),
    Fix(
        "235b0d24", "errors of the catalog were not told apart", "the catalog of the suite raises none of these errors"
    ),
)


@dataclass(frozen=True)
class Broken:
    """What a loader breaks with a scan."""

    clause: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Mended:
    """The smallest scan of a clause that is broken before a fix, and not after it; or the other way round."""

    clause: str
    told: str


@dataclass(frozen=True)
class Row:
    """A fix, in how many scans each clause is broken before it and after it, what it mended, and what it broke.

    ``failed`` says why the loader could not be judged.
    """

    fix: Fix
    before: Counter[str]
    after: Counter[str]
    mended: tuple[Mended, ...]
    broke: tuple[Mended, ...] = ()
    failed: str = ""


class CannotBeJudged(Exception):
    """The loader of a commit cannot be judged; the message is the last line that it printed."""


@dataclass(frozen=True)
class Loader:
    """The loader at one commit, in a folder of its own."""

    python: Path
    folder: Path
    source: Path

    def run(self, module: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a module of the suite over the loader."""
        return subprocess.run(
            [str(self.python), "-m", module, *arguments],
            cwd=self.folder,
            env=surroundings(self.source),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def judged(self, specs: Sequence[ScanSpec]) -> list[Broken | None]:
        """Return what the loader breaks with each scan.

        Raises:
            CannotBeJudged: the adapter does not load, or the loader ends the process.

        """
        ran = self.run("benchmarks.judged_scans", "openhouse", given="".join(f"{to_json(spec)}\n" for spec in specs))
        if ran.returncode != 0:
            raise CannotBeJudged((ran.stdout + ran.stderr).strip().splitlines()[-1][:LONGEST])
        found = [json.loads(line) for line in ran.stdout.splitlines()]
        return [None if each is None else Broken(*each) for each in found]

    def violations(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the violations that the gate shows."""
        report = self.folder / "report.json"
        ran = self.run("conformance", "run", "--adapter", "openhouse", "--json", str(report), *arguments)
        if ran.returncode not in (0, 1):
            raise CannotBeJudged((ran.stdout + ran.stderr).strip().splitlines()[-1][:LONGEST])
        violations: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["violations"]
        return violations


@contextmanager
def loader(repository: Path, commit: str, python: Path) -> Iterator[Loader]:
    """Yield the loader at a commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield Loader(python, folder, exported(repository, commit, folder))


@dataclass(frozen=True)
class Pair:
    """The loader before a fix and after it."""

    before: Loader
    after: Loader

    def judged(self, specs: Sequence[ScanSpec]) -> tuple[list[Broken | None], list[Broken | None]]:
        """Return what each of them breaks with the scans; both are asked at once."""
        with ThreadPoolExecutor(2) as pool:
            before, after = (pool.submit(each.judged, specs) for each in (self.before, self.after))
            return before.result(), after.result()

    def mended(self, specs: Sequence[ScanSpec]) -> list[tuple[ScanSpec, Broken]]:
        """Return the scans that are broken before the fix, and not after it, with what was broken."""
        return _alone(specs, *self.judged(specs))

    def smallest(self, spec: ScanSpec, broken: Broken) -> tuple[ScanSpec, Broken]:
        """Return a scan with parts left out that the fix mends too."""
        for _ in range(ROUNDS):
            smaller = self.mended(list(simpler_scans(spec)))
            if not smaller:
                break
            spec, broken = min(smaller, key=_size)
        return spec, broken

    def missing_mended(self) -> Iterator[Mended]:
        """Yield what of the clause on things that are not there, SCAN-9, is broken before the fix alone."""
        before, after = (each.violations("--clause", "SCAN-9") for each in (self.before, self.after))
        if before and not after:
            yield Mended("SCAN-9", f"{before[0]['expected']} ≠ {before[0]['actual']}"[:LONGEST])


def compared(repository: Path, fix: Fix, python: Path, specs: Sequence[ScanSpec]) -> Row:
    """Return what the scans say of a fix."""
    with loader(repository, f"{fix.commit}~1", python) as before, loader(repository, fix.commit, python) as after:
        pair = Pair(before, after)
        try:
            first, then = pair.judged(specs)
            mended = [*_shown(pair, _alone(specs, first, then)), *pair.missing_mended()]
            broke = list(_shown(Pair(after, before), _alone(specs, then, first)))
        except CannotBeJudged as error:
            return Row(fix, Counter(), Counter(), (), failed=str(error))
    before_it, after_it = (Counter(each.clause for each in found if each) for found in (first, then))
    return Row(fix, before_it, after_it, tuple(mended), tuple(broke))


def _alone(
    specs: Sequence[ScanSpec], one: Sequence[Broken | None], other: Sequence[Broken | None]
) -> list[tuple[ScanSpec, Broken]]:
    """Return the scans that one loader breaks, and the other does not, with what is broken."""
    return [(spec, b) for spec, b, not_there in zip(specs, one, other, strict=True) if b and not not_there]


def _shown(pair: Pair, mended: Sequence[tuple[ScanSpec, Broken]]) -> Iterator[Mended]:
    """Yield the smallest scan for each clause that a fix mends, once it is made smaller."""
    left = sorted(mended, key=_size)
    counts = Counter(broken.clause for _, broken in mended)
    shown = set[str]()
    for clause in counts:
        spec, broken = pair.smallest(*next(each for each in left if each[1].clause == clause))
        if broken.clause not in shown:
            shown.add(broken.clause)
            yield Mended(broken.clause, _told(broken.expected, broken.actual, repr(spec)))


def _size(found: tuple[ScanSpec, Broken]) -> int:
    return len(repr(found[0]))


def _told(expected: str, actual: str, example: str) -> str:
    return f"{expected[:LONGEST]} ≠ {actual[:LONGEST]}: {''.join(example.split())}".replace("|", "\\|")


def listed(shown: Sequence[Mended]) -> str:
    """Return the clauses of what is shown."""
    return ", ".join(each.clause for each in shown)


def counted(clauses: Counter[str]) -> str:
    """Return clauses with the number of scans that break each, as the page shows them."""
    return ", ".join(f"{clause} ({count})" for clause, count in sorted(clauses.items()))


def judged_specs() -> list[ScanSpec]:
    """Return the scans that are judged: those of the design, and drawn ones."""
    drawn: list[ScanSpec] = []
    draw(scans(), DRAWN, SEED, drawn.append)
    return [*designed_scans(), *drawn]


@click.command()
@click.argument("repository", type=click.Path(exists=True, path_type=Path))
@click.option("--python", type=click.Path(exists=True, path_type=Path), required=True)
def main(repository: Path, python: Path) -> None:
    """Judge the scans before and after each fix and print the page."""
    specs, rows = judged_specs(), []
    for fix in FIXES:
        rows.append(compared(repository, fix, python, specs))
        mended = listed(rows[-1].mended)
        click.echo(f"{fix.commit}: mended {mended or rows[-1].failed or 'nothing that is seen'}", err=True)
    with loader(repository, NEWEST, python) as newest:
        click.echo(page(rows, newest.violations("--clause", "SCAN"), len(specs)))


def page(rows: Sequence[Row], newest: Sequence[dict[str, Any]], count: int) -> str:
    """Return the page, without the line break at its end; ``newest`` are violations of a report."""
    told = [(each["clause"], _told(each["expected"], each["actual"], each["example"])) for each in newest]
    return (
        template(__file__, "history.md.jinja", counted, listed)
        .render(rows=rows, newest=told, commit=NEWEST, count=count)
        .rstrip()
    )


if __name__ == "__main__":
    main()
