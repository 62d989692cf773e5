"""Keeps watch over the process of a unit on a cluster's worker, and sees to it that nothing of it stays there.

It stands between the worker and the unit, so that neither the end of the one nor of the other leaves anything behind.
"""

from __future__ import annotations

import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, TextIO

from conformance.observation.secrets import hidden
from conformance.run.clusters.launch import LOST, POLL_SECONDS, SHOWN
from conformance.run.folder import run_folder
from conformance.run.process import run_environment
from conformance.transports.watchdog import told_in
from fixtures.processes.guard import Guard

__all__ = ["ANSWER", "TASK", "main"]

# The files in the unit's folder by which it is told what to do, and says what it found.
TASK, ANSWER = "task.json", "answer.json"

_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "from conformance.run.clusters.unit_process import main; main(sys.argv[1])"
)


def main(requests: BinaryIO, answers: TextIO) -> None:
    """Have the task done that stands in a line of ``requests``, and write what came of it; end where they are closed.

    The process ends with exit code 0 and the answer, or with ``LOST`` and how the process of the unit ended.
    """
    task = requests.readline()
    with run_folder() as folder, Guard() as guard:
        (folder / TASK).write_bytes(task)
        text, code = _done(folder, guard, requests)
    answers.write(text)
    answers.flush()
    sys.exit(code)


def _done(folder: Path, guard: Guard, requests: BinaryIO) -> tuple[str, int]:
    """Return what to write, and the exit code."""
    output = folder / "output"
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env=run_environment(folder, guard),
            start_new_session=True,
        )
    guard.watch(process.pid)
    answer = folder / ANSWER
    # A thread that the loader left may keep the process alive after its answer.
    while process.poll() is None and not answer.exists():
        if select.select([requests], [], [], POLL_SECONDS)[0]:
            return "it was cancelled", LOST
    if answer.exists():
        return answer.read_text(encoding="utf-8"), 0
    if (hung := told_in(folder)) is not None:
        from conformance.run.clusters.tasks import Answer

        return Answer(error=hidden(hung), stops=True).to_json(), 0
    code = process.returncode
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    last = hidden(output.read_bytes()[-SHOWN:].decode(errors="replace").strip())
    return f"the process that did it {how}" + (f". Its last output:\n{last}" if last else ""), LOST
