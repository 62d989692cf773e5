"""The command, or its run, is told to end, or is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.running import ONE_CLAUSE, Running, adapter, command, started

WHOLE_FAMILY = ["run", "--profile", "smoke", "--clause", "WIRE"]


@pytest.fixture
def running(tmp_path: Path, temporary: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A run of some seconds, with a folder of temporary files of its own."""
    with started(*WHOLE_FAMILY, "-n", request.param, cwd=tmp_path, TMPDIR=str(temporary)) as running:
        yield running


both = pytest.mark.parametrize("running", ["0", "2"], indirect=True)


@both
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_signal_to_the_command(number: signal.Signals, running: Running, temporary: Path) -> None:
    """The run ends too, says what it knows, and leaves neither process nor file; exit code 3."""
    running.until("  1/")
    running.process.send_signal(number)
    assert running.wait() == 3, running.text()
    assert "interrupted: the suite could not do all of its work" in running.text()
    assert running.left() == []
    assert list(temporary.iterdir()) == []


BUSY = """
import time
def build(materials):
    end = time.monotonic() + (0 if materials.plan is None else 60)
    while time.monotonic() < end:
        try:
            time.sleep(0.2)
        except KeyboardInterrupt:
            pass
    return REFERENCE.build(materials)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_while_workers_are_busy(number: signal.Signals, tmp_path: Path) -> None:
    """They are not waited for: the run says what it knows; exit code 3."""
    file = adapter(tmp_path, "build=build", BUSY)
    with started(*WHOLE_FAMILY, "--adapter", file, "-n", "2", cwd=tmp_path) as running:
        running.until("profile")
        time.sleep(4)  # until both have a unit
        running.process.send_signal(number)
        assert running.wait() == 3, running.text()
        assert "interrupted: the suite could not do all of its work" in running.text()
        assert running.left() == []


@both
def test_signal_to_the_run_alone(running: Running) -> None:
    """It says what it knows; exit code 3."""
    running.until("  1/")
    os.kill(running.run(), signal.SIGTERM)
    assert running.wait() == 3, running.text()
    assert "interrupted: the suite could not do all of its work" in running.text()
    assert running.left() == []


@both
def test_run_that_is_killed(running: Running, temporary: Path) -> None:
    """The command says so, and ends what the run had started; exit code 3."""
    running.until("  1/")
    os.kill(running.run(), signal.SIGKILL)
    assert running.wait() == 3, running.text()
    assert "was killed by SIGKILL and came to no verdict" in running.text()
    assert running.left() == []
    assert list(temporary.iterdir()) == []


@both
def test_command_that_is_killed(running: Running, temporary: Path, tmp_path: Path) -> None:
    """Its guard ends the run; the next run removes the files."""
    running.until("  1/")
    running.process.kill()
    running.process.wait()
    assert running.left() == []
    assert len(list(temporary.iterdir())) == 1
    assert command(*ONE_CLAUSE, cwd=tmp_path, TMPDIR=str(temporary)).returncode == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("after", [0.05, 0.2, 0.4, 0.8, 1.2])
def test_interrupt_in_the_first_second(after: float, tmp_path: Path) -> None:
    """No traceback of imports; no exit code of a pass."""
    with started(*WHOLE_FAMILY, cwd=tmp_path) as running:
        time.sleep(after)
        running.process.send_signal(signal.SIGINT)
        assert running.wait() in (3, 1, -signal.SIGINT), running.text()
        assert "Traceback" not in running.text()
        assert running.left() == []


def test_second_interrupt(tmp_path: Path) -> None:
    """Ends a run at once that does not end by itself."""
    (tmp_path / "my_adapter.py").write_text(
        "import dataclasses, time\n"
        "from conformance.adapters.builtin.reference import ADAPTER as REFERENCE\n"
        "def build(materials):\n"
        "    while materials.plan is not None:\n"
        "        try:\n            time.sleep(1)\n        except BaseException:\n            pass\n"
        "    return REFERENCE.build(materials)\n"
        "ADAPTER = dataclasses.replace(REFERENCE, name='mine', build=build)\n"
    )
    with started(*WHOLE_FAMILY, "--adapter", "my_adapter.py", cwd=tmp_path) as running:
        running.until("profile")
        time.sleep(2)
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        begun = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        assert running.wait() == 3, running.text()
        assert "was interrupted by SIGINT and came to no verdict" in running.text()
        assert time.monotonic() - begun < 60  # it would never have ended
        assert running.left() == []


def test_folder_of_a_run_that_lives(tmp_path: Path, temporary: Path) -> None:
    """Another run leaves it alone."""
    with started(*WHOLE_FAMILY, cwd=tmp_path, TMPDIR=str(temporary)) as running:
        running.until("profile")
        mine = set(temporary.iterdir())
        assert command(*ONE_CLAUSE, cwd=tmp_path, TMPDIR=str(temporary)).returncode == 0
        assert set(temporary.iterdir()) == mine
        assert running.wait() == 0, running.text()
