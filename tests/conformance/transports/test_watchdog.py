"""A call that does not come to an end ends its process, which says what it did."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.adapters.loading import load_adapter
from conformance.run.sweep import Sweep
from conformance.transports import watchdog
from strategies.specs import ColumnSpec, SplitSpec, TableSpec

HANGS = """
import sys, time
from pathlib import Path
from conformance.transports import watchdog

def connect():
    time.sleep(60)

watchdog.SECONDS = 0.3
with watchdog.telling(watchdog.noting_in(Path(sys.argv[1]))), watchdog.watched("Building a split", "SplitSpec(…)"):
    connect()
"""


def test_the_process_ends_and_says_in_which_call_and_of_which_example(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HANGS, str(tmp_path)]
    assert watchdog.told_in(tmp_path) is None
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert watchdog.told_in(tmp_path) == ran.stderr.lstrip()
    assert ran.returncode == watchdog.EXIT_CODE
    assert "Building a split takes longer than 0 s" in ran.stderr
    assert "in connect" in ran.stderr
    assert "of the example SplitSpec(…)" in ran.stderr


def test_a_call_that_ends_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Any] = []
    monkeypatch.setattr(watchdog, "_end", lambda *told: ended.append(told))
    monkeypatch.setattr(watchdog, "SECONDS", 0.1)
    with watchdog.watched("Building a split", "SplitSpec(…)"):
        pass
    time.sleep(0.3)
    assert not ended


@pytest.mark.parametrize(("part", "doing"), [("build", "Building"), ("split_id", "Reading")])
def test_building_and_looking_are_watched(
    part: str, doing: str, sweep_of: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Any] = []
    monkeypatch.setattr(watchdog, "_end", lambda _, doing, example: ended.append((doing, example)))
    monkeypatch.setattr(watchdog, "SECONDS", 0.5)
    reference = load_adapter("reference")
    call = getattr(reference, part)

    def slow(given: Any) -> Any:
        time.sleep(0.8)
        return call(given)

    changes: dict[str, Any] = {part: slow}
    adapter = replace(reference, **changes)
    spec = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1,)),)))
    sweep_of(adapter, clauses=("ID-1",), transports=()).judge_alone("ID-1", frozenset(), spec)
    # What is looked at more than once is told as often, where nothing ends the process.
    assert {(told[0].split()[0], "SplitSpec" in told[1]) for told in ended} == {(doing, True)}


def test_the_first_word_of_two_processes_is_the_runs(tmp_path: Path) -> None:
    for text in ("the first", "the second"):
        watchdog.noting_in(tmp_path)(text)
    assert watchdog.told_in(tmp_path) == "the first"
