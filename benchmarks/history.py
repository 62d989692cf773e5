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
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
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
    """What the gate says of one commit: the violated clauses with their differences, or why it says nothing."""

    broken: dict[str, str]
    failed: str = ""


@dataclass(frozen=True)
class Row:
    """A fix, and what the gate says of the commit before it and of the fix itself."""

    fix: Fix
    before: Seen
    after: Seen


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


def seen(repository: Path, commit: str, python: Path) -> Seen:
    """Return what the gate says of the loader at a commit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = os.pathsep.join((str(exported(repository, commit, folder)), str(STAND_IN)))
        command = [str(python.with_name("dataloader-conformance")), "run", "--adapter", "openhouse", "--clause", "SCAN"]
        ran = subprocess.run(
            [*command, "--json", str(folder / "report.json")],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode not in (0, 1):
            return Seen({}, (ran.stdout + ran.stderr).strip().splitlines()[-1][:LONGEST])
        document: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Seen({violation["clause"]: _told(violation) for violation in document["violations"]})


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
        rows.append(Row(fix, seen(repository, f"{fix.commit}~1", python), seen(repository, fix.commit, python)))
        click.echo(f"{fix.commit}: {', '.join(rows[-1].before.broken)} -> {', '.join(rows[-1].after.broken)}", err=True)
    click.echo(page(rows, seen(repository, NEWEST, python)))


def page(rows: Sequence[Row], newest: Seen) -> str:
    """Return the page, without the line break at its end."""
    return template(__file__, "history.md.jinja", repr).render(rows=rows, newest=newest, commit=NEWEST).rstrip()


if __name__ == "__main__":
    main()
