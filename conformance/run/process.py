"""A run as a process of its own, which the command starts, passes signals on to, and waits for.

The run is led by pytest, whose settings and plugins must not come from the folder in which the command is called. It
has a session of its own, so that a signal reaches it once, through the command, whoever sends it to whom.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from conformance.run.folder import run_folder
from conformance.run.options import OUTCOME
from fixtures.processes.guard import MARK, Guard

__all__ = ["Ended", "run_environment", "run_pytest"]

COLLECTED = Path(__file__).resolve().parent.parent / "collected"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds that a run has after a signal to say what it knows. A container that is stopped has ten.
LAST_WORDS_SECONDS = 8.0

# Nothing of the current folder comes before what is installed, not even on Python 3.10.
_START = "import sys; sys.path[:] = [p for p in sys.path if p]; import pytest; sys.exit(pytest.main(sys.argv[1:]))"


@dataclass(frozen=True)
class Ended:
    """How a run ended: its return code, as :mod:`subprocess` gives it; what it wrote down; the signals that came."""

    returncode: int
    outcome: str
    signals: tuple[int, ...]

    @property
    def has_verdict(self) -> bool:
        """Whether it came to a verdict, which its return code is."""
        return self.outcome == str(self.returncode)


def run_pytest(arguments: Sequence[str]) -> Ended:
    """Run the checks with these arguments, and return how that ended. No process and no file of it stays."""
    with run_folder() as folder, Guard() as guard:
        outcome = folder / "outcome"
        outcome.touch()
        environment = run_environment(folder, guard)
        start = [sys.executable, "-c", _START, *_pytest_arguments(), *arguments, f"{OUTCOME}={outcome}"]
        with _relay() as relay:
            child = subprocess.Popen(start, env=environment, start_new_session=True)
            guard.watch(child.pid)
            relay.to(lambda number: _pass_on(number, child, outcome, is_first=len(relay.signals) == 1))
            _wait(child, relay.signals)
        return Ended(child.returncode, outcome.read_text(), tuple(relay.signals))


def run_environment(folder: Path, guard: Guard) -> dict[str, str]:
    """Return the environment of a process that does units of work: its files are below the folder, and it is marked."""
    environment = {n: v for n, v in os.environ.items() if n not in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    return environment | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        # For the processes that others start for the run: xdist, and multiprocessing's own.
        "PYTHONSAFEPATH": "1",
        "TMPDIR": str(folder),
        # Else Hypothesis leaves a folder of its own where the command is called.
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
        MARK: guard.marks(),
    }


def _pytest_arguments() -> list[str]:
    return [
        str(COLLECTED),
        f"--rootdir={COLLECTED}",
        f"--config-file={COLLECTED / 'pytest.ini'}",
        f"--confcutdir={COLLECTED}",
        *("-p", "xdist.plugin", "-p", "conformance.plugin", "-p", "no:cacheprovider", "-p", "no:tmpdir"),
        *("-q", "--tb=no", "-rN", "--disable-warnings"),
    ]


def _pass_on(number: int, child: subprocess.Popen[bytes], outcome: Path, *, is_first: bool) -> None:
    """Pass a signal on to the run. One that has not started yet, or is told a second time, is killed."""
    with suppress(ProcessLookupError):
        child.send_signal(number if is_first and outcome.read_text() else signal.SIGKILL)


def _wait(child: subprocess.Popen[bytes], signals: Sequence[int]) -> None:
    """Wait for the run; after a signal only so long as it may speak."""
    until: float | None = None
    while child.poll() is None:
        if until is None and signals:
            until = time.monotonic() + LAST_WORDS_SECONDS
        if until is not None and time.monotonic() > until:
            child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.wait(0.2)


class _Relay:
    """Takes signals, as a handler does, and passes them on; until it knows to whom, it keeps them."""

    def __init__(self) -> None:
        self.signals: list[int] = []
        self._pass_on: Callable[[int], None] | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        self.signals.append(number)
        if self._pass_on is not None:
            self._pass_on(number)

    def to(self, pass_on: Callable[[int], None]) -> None:
        """Pass on what has come, and what comes from now on."""
        self._pass_on = pass_on
        for number in tuple(self.signals):
            pass_on(number)


@contextmanager
def _relay() -> Iterator[_Relay]:
    """Yield a relay that takes this process's signals, until the end of the block."""
    relay = _Relay()
    former = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:  # as SIGINT is for a job in the background, and SIGHUP under nohup
            signal.signal(number, relay)
    try:
        yield relay
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
