"""Processes of the suite die, for a reason of the loader's or of nobody's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.running import adapter, command

# Kills a process of the suite once, between two splits; its kind is told by its command line.
KILLS = """
import pathlib, signal
def build(materials):
    mark = pathlib.Path(__file__).with_name("killed")
    if materials.plan is not None and not mark.exists():
        tasks = pathlib.Path("/proc/self/task").glob("*/children")
        for pid in [int(pid) for task in tasks for pid in task.read_text().split()]:
            if b"KIND" in pathlib.Path("/proc/%d/cmdline" % pid).read_bytes():
                mark.touch()
                os.kill(pid, signal.SIGKILL)
    return REFERENCE.build(materials)
"""
# By transport: what the command line of the process to kill holds.
KINDS = [
    ("worker", "worker_process"),
    ("spawn", "multiprocessing.spawn"),
    ("forkserver", "multiprocessing.forkserver"),
    ("futures", "multiprocessing.forkserver"),
    ("spawn", "multiprocessing.resource_tracker"),
]


@pytest.mark.parametrize(("transport", "kind"), KINDS, ids=["worker", "spawn", "forkserver", "futures", "tracker"])
def test_process_of_the_suite_that_is_killed_once(transport: str, kind: str, tmp_path: Path) -> None:
    """Another takes its place: the loader conforms."""
    file = adapter(tmp_path, "build=build", KILLS.replace("KIND", kind))
    clauses = [part for clause in ("ID-1", "WIRE-4", "WIRE-5", "WIRE-6") for part in ("--clause", clause)]
    ran = command("run", "--profile", "smoke", "--adapter", file, *clauses, "--transport", transport, cwd=tmp_path)
    assert (tmp_path / "killed").exists(), "no such process was found"
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "violated" not in ran.stdout.replace("violated so far", "")


def test_process_of_the_suite_that_is_killed_while_it_has_a_split(tmp_path: Path) -> None:
    """It is asked again on a fresh one, and the report says that one died: the loader conforms."""
    reads = """
import pathlib, signal
def read(split):
    mark = pathlib.Path(__file__).with_name("killed")
    if "DRIVER" in os.environ and os.environ["DRIVER"] != str(os.getpid()) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return REFERENCE.read(split)
def build(materials):
    os.environ.setdefault("DRIVER", str(os.getpid()))
    return REFERENCE.build(materials)
"""
    file = adapter(tmp_path, "build=build, read=read", reads)
    ran = command(
        "run", "--profile", "smoke", "--adapter", file, "--clause", "WIRE-5", "--transport", "worker", cwd=tmp_path
    )
    assert (tmp_path / "killed").exists()
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = " ".join(ran.stdout.split())
    assert "A process of the suite died, which was not the loader's doing. worker first: the process ends" in said
    assert "signal SIGKILL" in said


ENDS_ITS_PROCESS = """
def build(materials):
    os.environ.setdefault("DRIVER", str(os.getpid()))
    return REFERENCE.build(materials)
def read(split):
    if split.plan_bytes is not None and os.environ.get("DRIVER") != str(os.getpid()):
        os._exit(7)
    return REFERENCE.read(split)
"""


def test_loader_that_ends_its_process_in_workers(tmp_path: Path) -> None:
    """A violation of the transports' clauses alone, with exit code and example; all other clauses are judged."""
    file = adapter(tmp_path, "build=build, read=read", ENDS_ITS_PROCESS)
    run = ["run", "--profile", "smoke", "--adapter", file, "-n", "2", "--json", "report.json"]
    ran = command(*run, cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    clauses = {clause["id"]: clause for clause in report["clauses"]}
    assert {id_ for id_, clause in clauses.items() if clause["verdict"] == "violates"} == {"WIRE-5", "WIRE-6"}
    for violation in report["violations"]:  # one for each
        assert "exit code 7" in violation["actual"]
        # One of the smallest: each trial costs a process, so that a busy machine does not search to the end.
        assert len(violation["example"]) < 500, violation["example"]
    assert len(report["violations"]) == 2
    # None is left out for the deaths; the few examples of a smoke run do not reach every clause.
    not_run = {clause["why"] for clause in clauses.values() if clause["verdict"] == "not run"}
    assert not_run <= {"no example met its premise", "no engine was asked for: --engines, or --transport NAME of one"}


def test_loader_that_ends_its_process_where_it_is_built(tmp_path: Path) -> None:
    """Exit code 3: the run's own process is gone, and the command says how."""
    ends = """
def build(materials):
    if materials.plan is not None:
        os._exit(0)
    return REFERENCE.build(materials)
"""
    file = adapter(tmp_path, "build=build", ends)
    ran = command("run", "--profile", "smoke", "--adapter", file, "--clause", "ID-1", cwd=tmp_path)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "The run ended with exit code 0 and came to no verdict" in ran.stderr
