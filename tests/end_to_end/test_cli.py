"""The command, as a user runs it: in a process, from folders with traps."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.running import COMMAND, ONE_CLAUSE, adapter, command
from conformance.run.options import Options
from conformance.run.selection import resolve
from conformance.run.units import units

# Of a run of the family ID.
UNITS = len(units(resolve(Options(clause=("ID",)))))


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """A folder with packages and configuration that a run must not read."""
    for name in ("fixtures", "tests", "reference", "strategies", "conformance"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the user folder was imported')")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('the conftest of the user was read')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    return tmp_path


def test_conforming_loader_from_a_folder_with_traps(trapped: Path) -> None:
    ran = command("run", "--clause", "ID", "--transport", "pickle-5", cwd=trapped, PYTEST_ADDOPTS="--nope")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "reference: conforms to 2 clauses" in ran.stdout
    for shown in ("adapter  reference", "executes_plans", "datafusion", "seed 20260311", f"{UNITS}/{UNITS}", "ID-1"):
        assert shown in ran.stdout


def test_violating_loader_shows_clause_sentence_example_and_both_values(trapped: Path) -> None:
    file = adapter(trapped, "split_id=lambda split: split.id if split.plan_bytes is None else str(id(split))")
    ran = command(*ONE_CLAUSE, "--adapter", file, "-n", "2", cwd=trapped)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "mine: 1 clause violated: ID-1" in ran.stdout
    for shown in ("ID-1 (MUST) violated", "The id arrives unchanged", "expected", "actual", "SqlPlanSpec("):
        assert shown in ran.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two"])
def test_what_breaks_is_said_before_the_unit_that_found_it_has_ended(tmp_path: Path, workers: tuple[str, ...]) -> None:
    file = adapter(tmp_path, "split_id=lambda split: split.id if split.plan_bytes is None else str(id(split))")
    ran = command(*ONE_CLAUSE, "--adapter", file, *workers, cwd=tmp_path)
    said = [i for i, line in enumerate(ran.stdout.splitlines()) if " s  ID-1 violated: id, its value" in line]
    ended = [i for i, line in enumerate(ran.stdout.splitlines()) if line.endswith("violated so far: ID-1")]
    assert len(said) == 1, ran.stdout
    assert said[0] < ended[0]


HOLDS_WHAT_IS_DELETED = """
from conformance.adapter import Adapter
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE

class Holding:
    def __init__(self, split):
        self.split = split
        self.rows = list(split) if split.file_scan_task.delete_files else None

def build(materials):
    return Holding(REFERENCE.build(materials))

def read(holding):
    try:
        return iter(list(holding.split))
    except Exception as error:
        if not any(file.file_path in str(error) for file in holding.split.file_scan_task.delete_files):
            raise
        return iter(holding.rows)

ADAPTER = Adapter(name="mine", build=build, read=read)
"""


def test_a_delete_file_that_was_read_on_the_driver_may_be_gone(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HOLDS_WHAT_IS_DELETED)
    ran = command("run", "--profile", "smoke", "--clause", "READ-4", "--adapter", "mine.py", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "mine: conforms to 1 clause" in ran.stdout


def test_adapter_that_does_not_import_shows_its_own_traceback(tmp_path: Path) -> None:
    file = adapter(tmp_path, "build=1", body="import my_missing_loader")
    ran = command("run", "--adapter", file, cwd=tmp_path)
    assert ran.returncode == 2
    assert "No module named 'my_missing_loader'" in ran.stderr
    assert "my_adapter.py" in ran.stderr
    assert "importlib" not in ran.stderr


def test_adapter_file_sees_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("NAME = 'seen'")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    adapter(tmp_path, "split_id=None", body="import beside")
    ran = command(*ONE_CLAUSE, "--adapter", "../my_adapter.py", cwd=folder)
    assert ran.returncode == 1
    assert "nothing was checked" in ran.stdout
    assert "not: splits have an id" in ran.stdout


KILLS_ONCE = """
import os, pathlib
def build(materials):
    mark = pathlib.Path("killed")
    if materials.plan is not None and not mark.exists():
        mark.touch()
        os._exit(0)
    return REFERENCE.build(materials)
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_process_that_dies_turns_the_run_red(workers: str, tmp_path: Path) -> None:
    file = adapter(tmp_path, "build=build", body=KILLS_ONCE)
    ran = command(*ONE_CLAUSE, "--adapter", file, "-n", workers, cwd=tmp_path)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "the suite could not do" in ran.stdout + ran.stderr


SWALLOWS_INTERRUPTS = """
def build(materials):
    try:
        return REFERENCE.build(materials)
    except KeyboardInterrupt:
        return REFERENCE.build(materials)
    finally:
        try:
            import time; time.sleep(0.02)
        except KeyboardInterrupt:
            pass
"""


@pytest.mark.parametrize("swallows", [False, True])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_interrupted_run_is_red_and_says_what_it_knows(workers: str, swallows: bool, tmp_path: Path) -> None:
    chosen = ["--adapter", adapter(tmp_path, "build=build", body=SWALLOWS_INTERRUPTS)] if swallows else []
    running = subprocess.Popen(
        [*COMMAND, "run", "--transport", "pickle-5", "--clause", "ID", "-n", workers, *chosen],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    lines = []
    for line in running.stdout:
        lines.append(line)
        if f"1/{UNITS}" in line:
            break
    os.killpg(running.pid, signal.SIGINT)
    output = "".join(lines) + running.stdout.read()
    assert running.wait(timeout=60) == 3, output
    assert "the run was cut short" in output
    assert "could not do all of its work" in output


def test_list_and_explain(tmp_path: Path) -> None:
    listed = command("list", cwd=tmp_path)
    assert listed.returncode == 0
    for shown in ("PLAN-5", "MUST", "reference", "deepcopy", "quick", "soak"):
        assert shown in listed.stdout
    explained = command("explain", "udf-3", cwd=tmp_path)
    assert "Where two UDFs bear one name the last one registered wins" in explained.stdout
    assert "conformance/checks/udf.py" in explained.stdout
    family = command("explain", "UDF", cwd=tmp_path)
    assert explained.stdout in family.stdout
    assert "UDF-1 (" in family.stdout


def test_soak_stops_after_its_budget(tmp_path: Path) -> None:
    started = time.monotonic()
    arguments = ["run", "--profile", "soak", "--budget", "1", "--clause", "ID-1", "--transport", "pickle-5"]
    ran = command(*arguments, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "profile  soak" in ran.stdout
    assert time.monotonic() - started > 1


def test_another_package_in_place_of_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "__init__.py").write_text("")
    ran = command("list", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert ran.returncode == 2
    assert "another 'strategies' stands at" in ran.stderr
    assert str(tmp_path) in ran.stderr
