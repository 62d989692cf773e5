"""Children of a run are killed at random moments: no verdict is green that should be red, nothing hangs, nothing stays.

`KILLED_CHILDREN_RUNS=100` tries a hundred; a few are tried always.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.run.options import Options
from conformance.run.selection import resolve
from conformance.run.units import units

RUNS = int(os.environ.get("KILLED_CHILDREN_RUNS", "3"))
LIMIT = 240.0
UNITS = len(units(resolve(Options(profile="smoke"))))
COMMAND = [str(Path(sys.executable).with_name("dataloader-conformance")), "run", "--profile", "smoke"]

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="children are found through /proc")


def descendants(pid: int) -> list[int]:
    """Return the processes below one, found through /proc, which on Linux lists the children of each thread."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = [int(child) for child in children.read_text().split()]
        except OSError:
            continue  # it has ended meanwhile
        for child in below:
            found += [child, *descendants(child)]
    return found


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("seed", range(RUNS))
def test_killed_child_is_no_green_and_no_orphan(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    families = ["ID", "IO", "CTX", "READ", "PLAN", "UDF", "WIRE", "BUILD", "SAFE"]
    workers = chance.choice(["0", "2"])
    arguments = ["--clause", chance.choice(families), "-n", workers]
    started = time.monotonic()
    with (tmp_path / "output").open("w") as output:
        run = subprocess.Popen([*COMMAND, *arguments], cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT)
        time.sleep(chance.uniform(1, 10))
        seen = set(descendants(run.pid))
        victim = chance.choice(sorted(seen)) if seen else None
        if victim is not None and run.poll() is None:
            os.kill(victim, signal.SIGKILL)
        while run.poll() is None:
            seen |= set(descendants(run.pid))
            time.sleep(0.2)
            assert time.monotonic() - started < LIMIT, "the run hangs"
    text = (tmp_path / "output").read_text()
    # Green only where the run says that it did all of its work: what was killed had nothing to do, and was replaced.
    if run.returncode == 0:
        assert f"{UNITS}/{UNITS}" in text
        assert "conforms to" in text
    else:
        assert run.returncode in (1, 3), text
        assert "violated" in text or "the suite could not do" in text
    deadline = time.monotonic() + 10
    while (left := [pid for pid in seen if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left, f"{left} are left by {arguments}"
