"""The layout is what docs/architecture.md says, and is held: an import against the arrows fails."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.architecture import picture
from conformance.observation.parts import READERS

ROOT = Path(__file__).parent.parent
MOST_MODULES = 7


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in ("conformance", "strategies", "fixtures", "reference"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "recordings"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("conformance/observation/values.py", "conformance.checks.growth"),
        ("conformance/transports/journey.py", "conformance.run.claims"),
        ("conformance/judging/where.py", "conformance.report.files"),
    ],
)
def test_import_against_the_arrows_fails(module: str, imported: str, copied: Path) -> None:
    file = copied / module
    file.write_text(file.read_text() + f"\nimport {imported}\n")
    ran = linted(copied)
    assert ran.returncode != 0, ran.stdout + ran.stderr
    assert "the folders of conformance go one way BROKEN" in ran.stdout
    assert imported in ran.stdout


def test_imports_as_they_are_pass(copied: Path) -> None:
    ran = linted(copied)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_picture_is_that_of_the_imports() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    shown = re.search(r"<!-- picture -->\n(.*?)<!-- end of the picture -->", page, re.S)
    assert shown is not None
    assert shown[1].strip() == picture(), "python -m benchmarks.architecture prints the new one"


def test_few_modules_stand_at_the_top() -> None:
    modules = {path.name: path for path in (ROOT / "conformance").glob("*.py")}
    assert len(ast.parse(modules.pop("__init__.py").read_text()).body) == 1  # its docstring
    assert len(modules) <= MOST_MODULES


def test_every_path_on_the_page_exists() -> None:
    """A path is looked for from the root, or from the folder of its row or of the sentence before it."""
    names = {path.name for top in ("conformance", "strategies", "fixtures") for path in (ROOT / top).rglob("*")}
    for page in ("docs/architecture.md", "CONTRIBUTING.md"):
        for path in re.findall(r"`([\w./]+(?:\.py|/))`", (ROOT / page).read_text()):
            assert (ROOT / path).exists() or Path(path).name in names, f"{page} names {path}"


def test_every_reader_is_on_the_page_of_adapters() -> None:
    page = (ROOT / "docs" / "adapters.md").read_text()
    rows = set(re.findall(r"`(\w+)`", "\n".join(line for line in page.splitlines() if line.startswith("| `"))))
    assert set(READERS) <= rows
