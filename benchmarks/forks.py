"""Tasks in forked children: what this process has imported need not be imported again, and what a task does to its
process, or to the classes in it, is gone with it.

This process must have no threads that hold locks: see `multiprocessing`'s notes on fork.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICK_SECONDS = 0.02


@dataclass(frozen=True)
class Ended:
    """How a child ended: with a value (anything that JSON knows), by a signal, or neither (it broke down); what it
    printed last, and how long it lived.
    """

    number: int
    value: Any = None
    signal: int = 0
    output: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class _Child:
    number: int
    pid: int
    answer: Path
    output: Path
    started: float


def in_forks(tasks: Iterable[Callable[[], Any]], processes: int, limit: float) -> Iterator[Ended]:
    """Run each task in a child of its own, so many at once, and yield how it ended, in the order of the ends. The
    children are killed where this ends early.

    A child that lives longer than ``limit`` seconds is killed, which its ``signal`` (SIGKILL) tells; whatever a child
    has started and left behind in its process group is killed too.
    """
    with tempfile.TemporaryDirectory() as folder:
        waiting = iter(enumerate(tasks))
        running: dict[int, _Child] = {}
        try:
            while True:
                while len(running) < processes and (following := next(waiting, None)) is not None:
                    number, task = following
                    child = _started(number, task, Path(folder))
                    running[child.pid] = child
                if not running:
                    return
                for child in list(running.values()):
                    pid, status = os.waitpid(child.pid, os.WNOHANG)
                    if not pid and time.monotonic() < child.started + limit:
                        continue
                    _kill_group(child.pid)
                    if not pid:
                        _, status = os.waitpid(child.pid, 0)
                    del running[child.pid]
                    yield _ended(child, status)
                time.sleep(TICK_SECONDS)
        finally:
            for pid in running:
                _kill_group(pid)
                os.waitpid(pid, 0)


def _started(number: int, task: Callable[[], Any], folder: Path) -> _Child:
    sys.stdout.flush()
    sys.stderr.flush()
    answer, output = folder / f"{number}.json", folder / f"{number}.txt"
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setpgid(0, 0)  # of the same session, and so of the priority that was given to it
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            # What the child starts by spawn would import this program once more.
            sys.modules["__main__"] = types.ModuleType("__main__")
            answer.write_text(json.dumps(task()), "utf-8")
            code = 0
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    return _Child(number, pid, answer, output, time.monotonic())


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _ended(child: _Child, status: int) -> Ended:
    output = child.output.read_text("utf-8", "replace")[-2000:] if child.output.exists() else ""
    value = None
    if status == 0 and child.answer.exists():
        value = json.loads(child.answer.read_text("utf-8"))
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ended(child.number, value, ended_by, output, time.monotonic() - child.started)
