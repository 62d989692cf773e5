"""The loader at a commit comes out of a clone, or of an address to clone from, and is what processes import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.openhouse import SOURCE, cloned, exported, surroundings


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    ran = subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.mark.parametrize("by_address", [False, True])
def test_processes_import_the_loader_of_the_commit(tmp_path: Path, by_address: bool) -> None:
    repository = tmp_path / "repository"
    module = repository / SOURCE / "openhouse" / "dataloader.py"
    module.parent.mkdir(parents=True)
    git(repository, "init", "--quiet")
    commits = []
    for generation in ("first", "second"):
        module.write_text(f"GENERATION = {generation!r}\n")
        git(repository, "add", "-A")
        git(repository, "commit", "--quiet", "-m", generation)
        commits.append(git(repository, "rev-parse", "HEAD"))
    clone = cloned(repository.as_uri() if by_address else str(repository), tmp_path / "clone")
    assert (clone == repository) is not by_address
    source = exported(clone, commits[0], tmp_path / "exported")
    prints = "import openhouse.dataloader as d; from importlib.metadata import version; "
    ran = subprocess.run(
        [sys.executable, "-c", f"{prints}print(d.GENERATION, version('openhouse.dataloader'))"],
        env=surroundings(source),
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["first", "0"]
