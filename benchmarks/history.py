"""Fixes that OpenHouse's team made to its loader, seen by the gate: before each, and after it.

`python -m benchmarks.history REPOSITORY --python PYTHON > docs/history.md` runs the family SCAN on the loader of each
commit, and of the one before it. REPOSITORY is a clone of linkedin/openhouse; PYTHON is an interpreter (3.12 or newer)
in which the suite, DataFusion 53.0, PyIceberg 0.11, sqlglot 29.0, tenacity, requests and opentelemetry-api are
installed. `benchmarks/li_pyiceberg` stands in for the team's fork of PyIceberg.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from conformance.templates import template

SOURCE = "integrations/python/dataloader/src"
STAND_IN = Path(__file__).with_name("li_pyiceberg")
NEWEST = "14463836"
LONGEST = 160


@dataclass(frozen=True)
class Fix:
    """A commit, and what was wrong before it, by the team's own words."""

    commit: str
    fault: str


FIXES = (
    Fix("4437b37e", "a branch could not be read"),
    Fix("f9fccaa6", "camelCase columns of a transformation were not found"),
    Fix("6d57f3a4", "`SELECT *` read only the columns that the query names elsewhere"),
    Fix("94bdd7f3", "conditions were pushed down by aliases; unquoted identifiers"),
    Fix("74313428", "literals of some types could not be pushed down"),
    Fix("db2292b5", "casts of literals to times and dates could not be pushed down"),
    Fix("52bd397c", "the engine's batch size was lowered to that of the batches"),
    Fix("9ce5ca2e", "filters could not be written as SQL"),
    Fix("235b0d24", "errors of the catalog were not told apart"),
)


@dataclass(frozen=True)
class Seen:
    """What the gate says of one commit: the violated clauses with their differences, or why it says nothing.

    ``report`` is its report as JSON.
    """

    broken: dict[str, str]
    failed: str = ""
    report: str = ""


@dataclass(frozen=True)
class Row:
    """A fix, what the gate says of the commit before it and of the fix itself, and which clauses it mended.

    A clause is mended where the example that broke it before does not break it after. Another fault may break it there.
    """

    fix: Fix
    before: Seen
    after: Seen
    mended: frozenset[str]


def exported(repository: Path, commit: str, folder: Path) -> Path:
    """Return a folder with the loader's packages as they are at a commit, and a distribution to ask for its version."""
    archive = subprocess.run(
        ["git", "-C", str(repository), "archive", commit, SOURCE], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    source = folder / SOURCE
    about = source / "openhouse.dataloader-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: openhouse.dataloader\nVersion: 0\n")
    return source


@dataclass(frozen=True)
class Loader:
    """The loader at one commit, in a folder of its own."""

    python: Path
    folder: Path
    source: Path

    def asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call the suite's command with these arguments."""
        path = os.pathsep.join((str(self.source), str(STAND_IN)))
        return subprocess.run(
            [str(self.python.with_name("dataloader-conformance")), *arguments, "--adapter", "openhouse"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    def seen(self) -> Seen:
        """Return what the gate says of it."""
        report = self.folder / "report.json"
        ran = self.asked("run", "--clause", "SCAN", "--json", str(report))
        if ran.returncode not in (0, 1):
            return Seen({}, (ran.stdout + ran.stderr).strip().splitlines()[-1][:LONGEST])
        text = report.read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
        return Seen({violation["clause"]: _told(violation) for violation in document["violations"]}, report=text)

    def mends(self, before: Seen) -> frozenset[str]:
        """Return the clauses whose violations of before it does not show, each by the example of then."""
        if not before.broken:
            return frozenset()
        (self.folder / "before.json").write_text(before.report, encoding="utf-8")
        return fixed(self.asked("replay", "before.json").stdout)


@contextmanager
def loader(repository: Path, commit: str, python: Path) -> Iterator[Loader]:
    """Yield the loader at a commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield Loader(python, folder, exported(repository, commit, folder))


def fixed(said: str) -> frozenset[str]:
    """Return the clauses of which `replay` says that they are fixed, and of no example that they are not."""
    results = re.findall(r"^(\S+-\d+)-[0-9a-f]{8}: (.+)$", said, re.MULTILINE)
    return frozenset(clause for clause, _ in results) - {clause for clause, result in results if result != "fixed"}


def compared(repository: Path, fix: Fix, python: Path) -> Row:
    """Return what the gate says of a fix."""
    with loader(repository, f"{fix.commit}~1", python) as made:
        before = made.seen()
    with loader(repository, fix.commit, python) as made:
        return Row(fix, before, made.seen(), made.mends(before))


def _told(violation: dict[str, Any]) -> str:
    example = "".join(violation["example"].split())
    return f"{violation['expected'][:LONGEST]} ≠ {violation['actual'][:LONGEST]}: {example}".replace("|", "\\|")


@click.command()
@click.argument("repository", type=click.Path(exists=True, path_type=Path))
@click.option("--python", type=click.Path(exists=True, path_type=Path), required=True)
def main(repository: Path, python: Path) -> None:
    """Run the gate on each fix and print the page."""
    rows = []
    for fix in FIXES:
        rows.append(compared(repository, fix, python))
        click.echo(f"{fix.commit}: mended {', '.join(sorted(rows[-1].mended)) or 'nothing that is seen'}", err=True)
    with loader(repository, NEWEST, python) as newest:
        click.echo(page(rows, newest.seen()))


def page(rows: Sequence[Row], newest: Seen) -> str:
    """Return the page, without the line break at its end."""
    return template(__file__, "history.md.jinja", repr).render(rows=rows, newest=newest, commit=NEWEST).rstrip()


if __name__ == "__main__":
    main()
