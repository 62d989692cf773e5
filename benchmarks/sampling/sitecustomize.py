"""Where a process spends its CPU time: loaded by every interpreter that has this folder in its path.

A timer of the process's CPU time interrupts it. What was spent since the last interruption counts as import where a
module is being imported, else for the package of the innermost frame that belongs to one of `SAMPLED_PACKAGES` (an
environment variable, by commas). The counts are written to the folder `SAMPLES`, every second and at the end:
processes may be ended without notice.
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
    """Begin to sample this process."""
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
        signal.setitimer(signal.ITIMER_PROF, 0)  # an interpreter that ends no longer handles it
        write()

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    atexit.register(end)


def package(frame: FrameType | None, packages: frozenset[str]) -> str:
    """Return whose work is done in a frame."""
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
