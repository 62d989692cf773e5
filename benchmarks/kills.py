"""Runs of the command that are disturbed at random: ``python -m benchmarks.kills --json kills.json``.

Some short runs have a process below the command killed at a random moment; in others a signal goes to the command, to
its run or to the group of both. Half of each has ``-n 2``. Half check the reference, half a loader that loses its last
rows. The first must never be blamed, the second must never pass.
"""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.progress import track

from benchmarks.running import ENDING, Running, adapter, started

# A loader that loses rows breaks the first.
CLAUSES = ("READ-1", "WIRE-5", "UDF-3")
TRANSPORTS = ("pickle-5", "worker", "spawn", "forkserver", "fork")
LOSES_ROWS = "def read(split):\n    return list(REFERENCE.read(split))[:-1]"
# A run takes some ten seconds on two cores that do nothing else.
LAST_MOMENT = 10.0


@dataclass(frozen=True)
class Ended:
    """How a disturbed run ended: what was disturbed, its exit code, and what is wrong with it (nothing, if empty)."""

    disturbed: str
    code: int
    wrong: str


def kill_a_process(chance: random.Random, running: Running) -> str:
    """Kill one of the processes below the command; return its kind."""
    below = running.look()
    if not below:
        return "none"
    victim = chance.choice(below)
    try:
        kind = kind_of_process(victim)
        os.kill(victim, signal.SIGKILL)
    except OSError:
        return "none"  # it has ended meanwhile
    return kind


def kind_of_process(pid: int) -> str:
    """Return which process of a run one is.

    Raises:
        OSError: it has ended.

    """
    line = Path(f"/proc/{pid}/cmdline").read_bytes()
    kinds = {b"pytest.main": "run", b"guard.py": "guard", b"preflight": "preflight", b"execnet": "worker of the run"}
    kinds |= {b"pytest-xdist": "worker of the run", b"resource_tracker": "resource tracker"}
    kinds |= {b"worker_process": "fresh interpreter", b"spawn_main": "spawned process", b"forkserver": "forkserver"}
    return next((kind for words, kind in kinds.items() if words in line), "other")


def send_a_signal(chance: random.Random, running: Running) -> str:
    """Send a signal that tells processes to end; return to whom."""
    number, whom = chance.choice(ENDING), chance.choice(("command", "run", "group"))
    try:
        if whom == "group":
            os.killpg(running.process.pid, number)
        else:
            os.kill(running.process.pid if whom == "command" else running.run(), number)
    except (OSError, AssertionError):
        return "none"  # it has ended, or not begun
    return f"{number.name} to the {whom}"


def disturbed(seed: int, disturb: Callable[[random.Random, Running], str]) -> Ended:
    """Run the command, disturb it at a random moment, and judge how it ends."""
    chance = random.Random(seed)
    sound = chance.random() < 0.5
    with tempfile.TemporaryDirectory(prefix="k-") as name:
        here = Path(name)
        temporary = here / "t"
        temporary.mkdir()
        loader = ["--adapter", adapter(here, "" if sound else "read=read", "" if sound else LOSES_ROWS)]
        clause, processes = chance.choice(CLAUSES if sound else CLAUSES[:1]), chance.choice(("0", "2"))
        what = ["run", "--profile", "smoke", "--clause", clause, "-n", processes]
        what += [word for transport in TRANSPORTS for word in ("--transport", transport)]
        with started(*what, *loader, cwd=here, TMPDIR=str(temporary)) as running:
            moment = time.monotonic() + chance.uniform(0.2, LAST_MOMENT)
            while time.monotonic() < moment and running.process.poll() is None:
                running.look()
                time.sleep(0.02)
            whom = disturb(chance, running) if running.process.poll() is None else "none"
            try:
                code = running.wait()
            except AssertionError:
                return Ended(whom, -1, "hangs")
            return Ended(whom, code, wrong(running, code, sound=sound))


def wrong(running: Running, code: int, *, sound: bool) -> str:
    """Return what is wrong with the end of a run; nothing where nothing is."""
    if left := running.left():
        return "left: " + ", ".join(sorted(map(kind_of_process, left)))
    if code == 0 and not sound:
        return "green for a loader that loses rows"
    if code == 1 and sound:
        return "blames a loader that conforms"
    if code not in {0, 1, 3} and code >= 0:
        return f"exit code {code}"
    return ""


@click.command()
@click.option("--kills", default=200, show_default=True, help="How many runs have a process killed.")
@click.option("--signals", default=60, show_default=True, help="How many runs get a signal.")
@click.option("--seed", default=0, show_default=True, help="The first run's seed; each other run has the next.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("kills.json"), show_default=True)
def main(kills: int, signals: int, seed: int, path: Path) -> None:
    """Disturb runs of the command; exit code 1 where one hangs, leaves something behind or tells something wrong."""
    figures = {}
    for name, runs, disturb in (("signals", signals, send_a_signal), ("kills", kills, kill_a_process)):
        ended = []
        for run in track(range(seed, seed + runs), description=name):
            ended.append(one := disturbed(run, disturb))
            if one.wrong:
                click.echo(f"{name} {run}: {one}", err=True)
            figures[name] = summed(ended)
            path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    raise SystemExit(any(figure["wrong"] for figure in figures.values()))


def summed(ended: list[Ended]) -> dict[str, Any]:
    """Return how many runs there were, what was disturbed, how they ended, and what was wrong."""
    return {
        "runs": len(ended),
        "disturbed": dict(Counter(one.disturbed for one in ended).most_common()),
        "exit codes": {str(code): count for code, count in sorted(Counter(one.code for one in ended).items())},
        "wrong": dict(Counter(one.wrong for one in ended if one.wrong)),
    }


if __name__ == "__main__":
    main()
