"""Processes of multiprocessing: how they end, and from where they are started."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.adapters.loading import load_adapter
from conformance.observation.question import Question
from conformance.observation.raised import Died, Hung
from conformance.transports import processes
from conformance.transports.processes import Packed, StandingProcess, apart, at_root


class Calls:
    """Calls a function where it is loaded."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def send(process: StandingProcess, value: object) -> Any:
    """Send a value as a split is sent."""
    return process("no adapter", Packed(pickle.dumps(value)), None)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_exit_code_of_a_process_that_dies_and_another_in_its_place(method: str) -> None:
    process = StandingProcess(method)
    try:
        for code in (7, 8):
            assert send(process, Calls(os._exit, code)) == Died.of(f"exit code {code}")
    finally:
        process.end()


def test_process_that_hangs_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    process = StandingProcess("spawn")
    monkeypatch.setattr(processes, "TASK_SECONDS", 0.5)
    try:
        assert send(process, Calls(time.sleep, 60)) == Hung.after(0.5)
    finally:
        process.end()


def test_folder_is_the_root_while_processes_are_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with at_root():
        assert Path.cwd() == Path("/")
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(("own", "others"), [("0", "1"), ("1", "0"), (None, "0")])
def test_processes_are_started_under_another_hash_seed(
    own: str | None, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tox sets it, and what is made of hashes would arrive."""
    if own is None:
        monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    else:
        monkeypatch.setenv("PYTHONHASHSEED", own)
    with apart():
        assert os.environ["PYTHONHASHSEED"] == others
    assert os.environ.get("PYTHONHASHSEED") == own


def asleep(split: object) -> str:
    """Wait for what nobody does."""
    threading.Event().wait()
    return "never"


def busy(split: object) -> str:
    """Wait, and look again and again."""
    while True:
        time.sleep(0.05)


def with_a_child(split: object) -> str:
    """Wait for another process, which has the work."""
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], check=True)
    return "late"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the kernel does not tell what has run")
@pytest.mark.parametrize(
    ("waits", "how"),
    [(asleep, Hung.asleep(0.5)), (busy, Hung.after(1.5)), (with_a_child, Hung.after(1.5))],
    ids=["asleep", "busy", "with a child"],
)
def test_forked_child_is_cut_off_sooner_where_nothing_of_it_runs(
    waits: Callable[[Any], str], how: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "ASLEEP_SECONDS", 0.5)
    monkeypatch.setattr(processes, "FORK_SECONDS", 1.5)
    adapter = replace(load_adapter("reference"), split_id=waits)
    (arrival,) = processes.Fork().send(adapter, None, Question())
    assert arrival.failure == how
