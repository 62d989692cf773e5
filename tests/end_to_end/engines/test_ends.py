"""Nothing of an engine outlives the session that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from conformance.transports.engines import ENGINES, Engine
from fixtures.processes.guard import marked

LIMIT = 180.0
# Starts the engine, carries something so that all its processes are there, and stays.
SESSION = """
import sys, time
from conformance.transports import engines

if __name__ == "__main__":
    (engine,) = [engine for engine in engines.ENGINES if engine.name == sys.argv[1]]
    with engines.running(engine):
        for way in engine.ways:
            assert engines.carried(way, ["1"], int) == [1]
        print(next(iter(engines._RUNNING.values()))[2].mark, flush=True)
        time.sleep(600)
"""


def ended(mark: str) -> list[int]:
    """Return what bears the mark and is still there after a while."""
    deadline = time.monotonic() + 30
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
@pytest.mark.parametrize(
    "engine", [pytest.param(e, id=e.name, marks=pytest.mark.xdist_group(f"{e.name} ends")) for e in ENGINES]
)
def test_nothing_is_left(engine: Engine, ending: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "session.py"
    script.write_text(SESSION)
    command = [sys.executable, str(script), engine.name]
    with (tmp_path / "errors").open("w") as errors:
        session = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=tmp_path)
    try:
        assert session.stdout is not None
        mark = next((line.strip() for line in session.stdout if len(line.strip()) == 32), "")
        assert mark, (tmp_path / "errors").read_text()
        assert marked(mark)  # the engine's processes are known by it
        os.kill(session.pid, ending)
        session.wait(LIMIT)
        assert ended(mark) == []
    finally:
        session.kill()
        session.wait()


@pytest.mark.xdist_group("ray ends")
def test_interrupted_run_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("dataloader-conformance")), "run", "--transport", "ray"]
    own = f"TEST_OF_ENDS={uuid.uuid4().hex}"
    environment = {**os.environ, **dict([own.split("=")])}
    with (tmp_path / "output").open("w") as output:
        run = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=tmp_path, env=environment, start_new_session=True
        )
    deadline = time.monotonic() + LIMIT
    while not any("raylet" in line for line in command_lines(own)):
        assert time.monotonic() < deadline, (tmp_path / "output").read_text()
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C does
    assert run.wait(LIMIT) == 3, (tmp_path / "output").read_text()
    assert "interrupted" in (tmp_path / "output").read_text()
    deadline = time.monotonic() + 30
    while (left := command_lines(own)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def command_lines(variable: str) -> list[str]:
    """Return the command lines of the processes in whose environment the variable is."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended meanwhile
    return [line for line in found if line]
