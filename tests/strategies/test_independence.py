"""What is drawn depends on the seed alone."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PROGRAM = """
import hashlib, sys
from conformance.examples.drawing import draw
from strategies import split_specs, to_json
digest = hashlib.sha256()
draw(split_specs(), 60, int(sys.argv[1]), lambda spec: digest.update(to_json(spec).encode()))
print(digest.hexdigest())
"""
CONSTANTS = "NUMBERS = [{}]\nTEXTS = {}\n".format(
    ", ".join(str(7919 * i) for i in range(300)), [hashlib.md5(bytes([i])).hexdigest() for i in range(99)]
)


def drawn(seed: int, hash_seed: str, folder: Path, prefix: str = "") -> str:
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    result = subprocess.run(
        [sys.executable, "-c", prefix + PROGRAM, str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(path)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@cache
def plainly_drawn(folder: Path) -> str:
    return drawn(1, "0", folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loader")
    (folder / "unrelated_constants.py").write_text(CONSTANTS)
    return folder


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_draws_do_not_depend_on_the_hash_seed(folder: Path, hash_seed: str) -> None:
    assert drawn(1, hash_seed, folder) == plainly_drawn(folder)


def test_draws_do_not_depend_on_constants_in_other_modules(folder: Path) -> None:
    assert drawn(1, "0", folder, "import unrelated_constants\n") == plainly_drawn(folder)


def test_draws_depend_on_the_seed(folder: Path) -> None:
    assert drawn(2, "0", folder) != plainly_drawn(folder)
