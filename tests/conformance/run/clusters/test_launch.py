"""What a worker does with a task, in real processes: the unit is done, cancelled, lost, or the suite is missing."""

from __future__ import annotations

import os
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.running import children, ends
from conformance.judging.findings import Findings
from conformance.run.clusters import launch
from conformance.run.clusters.launch import done
from conformance.run.clusters.tasks import Answer, Task
from conformance.run.options import Options

DOES = """
import dataclasses, os, pathlib, signal, time
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE
from conformance.transports import watchdog
{first}

def build(materials):
    {does}
    return REFERENCE.build(materials)

ADAPTER = dataclasses.replace(REFERENCE, build=build)
"""
LIMIT = 120.0


def task(does: str = "pass", first: str = "") -> str:
    options = Options(adapter="my_adapter.py", profile="smoke", clause=("ID-1",), transport=("pickle-5",), seed=1)
    suite = version("dataloader-conformance")
    return Task("examples-1-of-1", suite, options, adapter=DOES.format(does=does, first=first)).to_json()


def never() -> bool:
    return False


def test_unit_is_done_by_another_process() -> None:
    answer = Answer.from_json(done(task(), "there", never))
    assert not answer.error
    assert answer.findings is not None
    assert Findings.from_json(answer.findings).met["ID-1", "pickle-5"] > 0


def test_cancelled_unit_leaves_nothing(tmp_path: Path) -> None:
    began = tmp_path / "began"
    hangs = f"pathlib.Path({str(began)!r}).write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(ChildProcessError, match="on there it was cancelled"):
        done(task(hangs), "there", began.exists)
    deadline = time.monotonic() + LIMIT
    while not ends(int(began.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_unit_that_kills_its_process_is_lost() -> None:
    with pytest.raises(ChildProcessError, match="on there the process that did it was killed by SIGKILL"):
        done(task("os.kill(os.getpid(), signal.SIGKILL)"), "there", never)


def test_unit_whose_watch_is_killed_is_lost(tmp_path: Path) -> None:
    began = tmp_path / "began"

    def kill_watch() -> bool:
        if began.exists():
            for child in children(os.getpid()):
                if b"supervisor" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(child, signal.SIGKILL)
        return False

    hangs = f"pathlib.Path({str(began)!r}).write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(ChildProcessError, match="was killed by SIGKILL"):
        done(task(hangs), "there", kill_watch)
    deadline = time.monotonic() + LIMIT
    while not ends(int(began.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_unit_that_does_not_end_ends_the_run() -> None:
    answer = Answer.from_json(done(task("time.sleep(600)", "watchdog.SECONDS = 2.0"), "there", never))
    assert answer.stops
    assert "takes longer than 2 s" in answer.error


def test_other_version_is_told() -> None:
    other = Task("pinned", "99.1", Options()).to_json()
    answer = Answer.from_json(done(other, "there", never))
    assert answer.stops
    mine = version("dataloader-conformance")
    assert f"On there dataloader-conformance is installed in version {mine}, and here in 99.1" in answer.error
    assert sys.executable in answer.error


def test_suite_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "PACKAGE", "no_such_package")
    answer = Answer.from_json(done(task(), "there", never))
    assert answer.stops
    assert "On there dataloader-conformance is not installed: install version" in answer.error


def test_suite_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_START", "raise ImportError('a part of it is missing')")
    answer = Answer.from_json(done(task(), "there", never))
    assert answer.stops
    assert "On there the suite does not start (exit code 1" in answer.error
    assert "a part of it is missing" in answer.error
