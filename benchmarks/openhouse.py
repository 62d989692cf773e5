"""OpenHouse's data loader at its newest commit under the gate, with the baseline that the suite ships for it.

`python -m benchmarks.openhouse REPOSITORY [OPTIONS]` runs the quick profile over the loader as it is in a clone of
linkedin/openhouse; OPTIONS are those of `dataloader-conformance run`. REPOSITORY is the clone, or an address to clone
from. What the loader needs is in the dependency group `openhouse`: public packages alone, for `benchmarks/li_pyiceberg`
stands in for the team's fork of PyIceberg. `tox run -e openhouse` does all of it.

It exits as the command does: with 0 where nothing is violated that the baseline does not know.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from conformance.adapters.builtin import openhouse

__all__ = ["BASELINE", "NEWEST", "SOURCE", "cloned", "exported", "surroundings"]

ROOT = Path(__file__).parents[1]
SOURCE = "integrations/python/dataloader/src"
STAND_IN = Path(__file__).with_name("li_pyiceberg")
NEWEST = "14463836"
BASELINE = Path(openhouse.__file__).with_name("openhouse-newest.toml")


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


def surroundings(source: Path) -> dict[str, str]:
    """Return the environment of a process that imports the loader from there, the stand-in and the suite."""
    path = os.pathsep.join((str(source), str(STAND_IN), str(ROOT)))
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def cloned(repository: str, folder: Path) -> Path:
    """Return a clone: the repository itself, where that is a folder."""
    if Path(repository).is_dir():
        return Path(repository)
    subprocess.run(["git", "clone", "--quiet", "--bare", "--filter=blob:none", repository, str(folder)], check=True)
    return folder


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("repository")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option("--commit", default=NEWEST, show_default=True, help="The loader's commit.")
def main(repository: str, options: Sequence[str], commit: str) -> None:
    """Run the gate over OpenHouse's loader and exit as it does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = exported(cloned(repository, folder / "clone"), commit, folder)
        command = ["-m", "conformance", "run", "--adapter", "openhouse", "--baseline", str(BASELINE), *options]
        sys.exit(subprocess.run([sys.executable, *command], env=surroundings(source), check=False).returncode)


if __name__ == "__main__":
    main()
