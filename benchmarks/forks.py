"""Runs tasks in forked children.

A child need not import again what this process has imported. Whatever a task changes in its process, such as classes,
ends with the child. This process must have no threads that hold locks: see `multiprocessing`'s notes on fork.
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
    """How a child ended.

    Attributes:
        number: the position of its task.
        value: what the task returned, after a trip through JSON. ``None`` if the child failed.
        signal: the signal that ended it, or 0.
        output: the last 2,000 characters that it printed.
        seconds: how long it ran, by the clock.

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
    """Run each task in its own child, ``processes`` at a time, and yield how each ended, in the order of their ends.

    A child that runs longer than ``limit`` seconds is killed; its ``signal`` is then SIGKILL. When a child has ended,
    the processes in its process group are killed too. If the caller stops iterating, all children are killed.
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
            os.setpgid(0, 0)  # not a new session, which would lose the scheduling priority of this one
            descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            # Processes that the child spawns would otherwise import this program again.
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
