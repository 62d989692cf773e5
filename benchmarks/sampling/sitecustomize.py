"""Samples where a process spends its CPU time. Every interpreter with this folder in its path loads this module.

A timer interrupts the process at intervals of CPU time. The time since the last interruption counts as import if a
module is being imported. Otherwise it counts for the package of the innermost frame whose package is listed in the
environment variable `SAMPLED_PACKAGES`, separated by commas. The totals are written to the folder in the environment
variable `SAMPLES`, every second and at the end, because processes may be killed.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

INTERVAL = 0.005  # seconds of CPU time
WRITE_EVERY = 1.0


def start(folder: Path, packages: frozenset[str]) -> None:
    """Start to sample this process, and write the totals to the folder."""
    spent: defaultdict[str, float] = defaultdict(float)
    last = written = time.process_time()

    def sample(_: int, frame: FrameType | None) -> None:
        nonlocal last, written
        now = time.process_time()
        spent[package(frame, packages)] += now - last
        last = now
        if now - written > WRITE_EVERY:
            written = now
            write()

    def write() -> None:
        draft = folder / f"{os.getpid()}.draft"
        draft.write_text(json.dumps(spent), encoding="utf-8")
        draft.replace(folder / f"{os.getpid()}.json")

    def end() -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)  # the interpreter no longer handles the signal while it shuts down
        write()

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    atexit.register(end)


def package(frame: FrameType | None, packages: frozenset[str]) -> str:
    """Return the package that a frame counts for, or `imports` or `other`."""
    innermost = "other"
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name == "importlib":
            return "imports"
        if innermost == "other" and name in packages:
            innermost = name
        frame = frame.f_back
    return innermost


if "SAMPLES" in os.environ:
    start(Path(os.environ["SAMPLES"]), frozenset(os.environ["SAMPLED_PACKAGES"].split(",")))
