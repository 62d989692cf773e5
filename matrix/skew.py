"""Sends payloads from each of some environments of the matrix to each other one: ``python -m matrix.skew WORKDIR``.

WORKDIR is tox's work folder. Missing environments are created. The chosen rows contain each version of each axis, so
every two versions of an axis exchange payloads in both directions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from conformance.report.compatibility import loaded
from conformance.transports.transport import STARTED
from conformance.versions.compatibility import Environment, EnvironmentFailed, Outcome, Passage, passage, written_by
from conformance.versions.recordings import specs
from matrix.rows import ROOT, Row, read_table, rows

__all__ = ["cell", "main", "meeting"]

COLOURS = {Outcome.CONFORMS: "green", Outcome.REFUSES: "yellow"}
Passages = Mapping[tuple[str, str], Passage]


def meeting(chosen: Sequence[Row]) -> list[Row]:
    """Return the first two rows, and few others, which together contain each version of each axis."""
    taken = list(chosen[:2])
    missing = {item for row in chosen for item in row.versions.items()}
    missing -= {item for row in taken for item in row.versions.items()}
    while missing:
        taken.append(max(chosen, key=lambda row: len(missing & set(row.versions.items()))))
        missing -= set(taken[-1].versions.items())
    return taken


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--skip-missing", is_flag=True, help="Do not fail if an environment cannot be created.")
@click.option("--adapter", default="reference", show_default=True)
def main(folder: Path, skip_missing: bool, adapter: str) -> None:
    """Print for each pair whether it conforms, refuses clearly, or violates WIRE-10 (with an example)."""
    taken = meeting(rows(read_table()))
    names = ",".join(row.name for row in taken)
    tox = [sys.executable, "-m", "tox", "run", "--notest", "--quiet", "--root", str(ROOT), "--workdir", str(folder)]
    subprocess.run([*tox, "-e", names], check=False)
    with tempfile.TemporaryDirectory(prefix="conformance-") as files, STARTED:
        made = {
            row.name: Environment(str(python), adapter, Path(files))
            for row in taken
            if (python := folder / row.name / "bin" / "python").is_file()
        }
        try:
            found = crossings(made)
        except EnvironmentFailed as error:
            raise click.ClickException(str(error)) from None
    for (writer, reader), passed in found.items():
        print(loaded(f"{writer} to {reader}", passed), end="")
    Console(width=None if sys.stdout.isatty() else 160).print(table([row.name for row in taken], found))
    missing = [row.name for row in taken if row.name not in made]
    if missing:
        print(f"not made, so not tried: {', '.join(missing)}")
    wrong = [pair for pair, passed in found.items() if passed.outcome not in COLOURS]
    print(f"{len(found) - len(wrong)} of {len(found)} pairs conform or refuse clearly")
    sys.exit(1 if wrong or not found or (missing and not skip_missing) else 0)


def crossings(made: Mapping[str, Environment]) -> dict[tuple[str, str], Passage]:
    """Return the result for each (writer, reader): what the writer wrote, as the reader loaded it."""
    written = {name: written_by(environment, specs()) for name, environment in made.items()}
    return {
        (writer, reader): passage(written[writer], made[reader])
        for writer in made
        for reader in made
        if writer != reader
    }


def table(names: Sequence[str], found: Passages) -> Table:
    """Return the table: a line for each writer, a column for each reader."""
    shown = Table("writes, by line; reads, by column", *names, pad_edge=False)
    for writer in names:
        shown.add_row(writer, *(cell(writer, reader, found) for reader in names))
    return shown


def cell(writer: str, reader: str, found: Passages) -> str:
    """Return the outcome of a pair, and how many of the written payloads had it."""
    if writer == reader:
        return ""
    passed = found.get((writer, reader))
    if passed is None:
        return "[red]not tried[/red]"
    wrong = " WIRE-10" if passed.outcome is Outcome.VIOLATES else ""
    counts = f" {passed.counts[passed.outcome]}/{len(passed.crossings) - passed.counts[Outcome.NOT_WRITTEN]}"
    colour = COLOURS.get(passed.outcome, "red")
    return f"[{colour}]{passed.outcome.value}{wrong}{counts}[/{colour}]"


if __name__ == "__main__":
    main()
