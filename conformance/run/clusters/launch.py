"""What a worker of a cluster does with a task: it starts a process for it, and ends that where the task is cancelled.

This module travels with the task, because the suite may be missing where it arrives, which is to be told well. So it
imports nothing but the standard library.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

__all__ = ["done"]

SUITE, PACKAGE = "dataloader-conformance", "conformance"
POLL_SECONDS = 0.2
# Seconds that the process may take to end all that it has started.
END_SECONDS = 20.0
# How it says that the process of the unit was lost, which may go well elsewhere.
LOST = os.EX_TEMPFAIL
# Of what it prints when it fails, so much is told.
SHOWN = 2000

# Nothing of the current folder comes before what is installed.
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "from conformance.run.clusters.supervisor import main; main(sys.stdin.buffer, sys.stdout)"
)


def done(task: str, host: str, is_cancelled: Callable[[], bool]) -> str:
    """Do a task, as JSON, in a new process of this interpreter; return the answer, as JSON.

    Raises:
        ChildProcessError: the process was lost; the message says on which host, and how.

    """
    plain = json.loads(task) | {"host": host}
    if missing := _missing(plain["version"], host):
        return json.dumps({"error": missing, "stops": True})
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=output, stderr=errors)
        assert process.stdin is not None
        try:
            with suppress(BrokenPipeError):  # it has ended: its exit code says more
                process.stdin.write(json.dumps(plain).encode() + b"\n")
                process.stdin.flush()
            while process.poll() is None and not is_cancelled():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS)
        finally:
            _end(process)
        output.seek(0)
        errors.seek(0)
        return _answer(process.returncode, output.read().decode(), errors.read().decode(errors="replace"), host)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it has started: it does so itself when its standard input is closed."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answer(code: int, output: str, errors: str, host: str) -> str:
    if code == LOST:
        raise ChildProcessError(f"on {host} {output}")
    if code < 0:
        raise ChildProcessError(
            f"on {host} the process that watched over it was killed by {signal.Signals(-code).name}"
        )
    if code > 0:
        told = f"On {host} the suite does not start (exit code {code}, {sys.executable}):\n{errors[-SHOWN:].strip()}"
        return json.dumps({"error": told, "stops": True})
    return output


def _missing(wanted: str, host: str) -> str:
    """Return in a sentence what is missing on this host, and what to do; empty for nothing."""
    try:
        found = version(SUITE) if importlib.util.find_spec(PACKAGE) is not None else None
    except PackageNotFoundError:
        found = None
    if found == wanted:
        return ""
    there = "is not installed" if found is None else f"is installed in version {found}, and here in {wanted}"
    return f"On {host} {SUITE} {there}: install version {wanted} and the loader for {sys.executable} there."
