"""Runs of the command that are disturbed, and what they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = [
    "ADAPTER",
    "COMMAND",
    "ENDING",
    "ONE_CLAUSE",
    "Running",
    "adapter",
    "command",
    "descendants",
    "ends",
    "started",
]

COMMAND = [str(Path(sys.executable).with_name("dataloader-conformance"))]
# The shortest run that judges something.
ONE_CLAUSE = ["run", "--profile", "smoke", "--clause", "ID-1", "--transport", "pickle-5"]
LIMIT = 240.0
# The signals that tell a process to end.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# A loader that is the reference but for what a test changes.
ADAPTER = """
import dataclasses, os, sys
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE
{body}
ADAPTER = dataclasses.replace(REFERENCE, name="mine", {change})
"""


def adapter(folder: Path, change: str, body: str = "") -> str:
    """Write an adapter's file into a folder; return how the command names it there."""
    (folder / "my_adapter.py").write_text(ADAPTER.format(change=change, body=body))
    return "my_adapter.py"


def command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


class Running:
    """The command while it runs: its process, and what it prints."""

    def __init__(self, *arguments: str, cwd: Path, **environment: str) -> None:
        self.output = cwd / "output.txt"
        with self.output.open("w") as output, none_ignored():
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=cwd,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.seen: set[int] = set()

    def text(self) -> str:
        """Return what it has printed so far."""
        return self.output.read_text()

    def until(self, words: str) -> None:
        """Wait for words to be printed."""
        end = time.monotonic() + LIMIT
        while words not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < end, f"{words!r} is not printed:\n{self.text()}"
            self.look()
            time.sleep(0.05)

    def look(self) -> list[int]:
        """Return the processes below it, and remember them."""
        below = descendants(self.process.pid)
        self.seen.update(below)
        return below

    def run(self) -> int:
        """Return the process that runs the checks: the command's child that is not its guard."""
        for child in children(self.process.pid):
            if b"pytest" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
        raise AssertionError("there is no run")

    def wait(self) -> int:
        """Wait for the end of the command; return its exit code."""
        end = time.monotonic() + LIMIT
        while (code := self.process.poll()) is None:
            assert time.monotonic() < end, f"it hangs:\n{self.text()}"
            self.look()
            time.sleep(0.05)
        return code

    def left(self, seconds: float = 5.0) -> list[int]:
        """Return the processes of it that still run so many seconds after its end."""
        end = time.monotonic() + seconds
        while (left := [pid for pid in self.seen if not ends(pid)]) and time.monotonic() < end:
            time.sleep(0.1)
        return left


@contextmanager
def started(*arguments: str, cwd: Path, **environment: str) -> Iterator[Running]:
    """Yield a running command, and end it."""
    running = Running(*arguments, cwd=cwd, **environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()


@contextmanager
def none_ignored() -> Iterator[None]:
    """Let a process that is started meanwhile take the signals that end it.

    It inherits what is ignored here, as SIGHUP is under nohup and SIGINT in the background.
    """
    ignored = [number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


def children(pid: int) -> list[int]:
    """Return the children of a process, found through /proc, which on Linux lists them for each thread."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for task in list(Path(f"/proc/{pid}/task").iterdir()):
            with suppress(OSError):  # this thread has
                found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes below one."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


def ends(pid: int) -> bool:
    """Return whether a process has ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
