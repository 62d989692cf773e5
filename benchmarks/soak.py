"""Memory of the gate's processes over a long run: ``python -m benchmarks.soak --seconds 600 --json soak.json``.

The profile `soak` draws new splits of the reference for that time, in two processes that share the work. Their resident
memory is measured every few seconds. Processes that they start are left out, since these end with them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import linear_regression, median
from typing import Any

import click
from rich.console import Console

EVERY = 5.0  # seconds
# Seconds during which imports and the first examples fill caches. Growth is measured after that.
WARM = 120.0


def resident(pid: int) -> int | None:
    """Return the resident memory of a process in bytes, or ``None`` if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS")), None)


def grandchildren(pid: int) -> list[int]:
    """Return the ids of a process's grandchildren: the command starts pytest, and pytest starts its workers."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        children[parent].append(int(path.parent.name))
    return [grandchild for child in children[pid] for grandchild in children[child]]


def while_drawing(series: list[tuple[float, int]], seconds: float) -> list[tuple[float, int]]:
    """Return the measurements after the process was warm, and before it began with real tables and lifecycles."""
    return [(when, memory) for when, memory in series if WARM <= when <= seconds]


def slope(series: list[tuple[float, int]]) -> float:
    """Return by how many bytes a minute memory grows."""
    return 60 * linear_regression(*zip(*series, strict=True)).slope if len(series) > 1 else 0.0


def figures(series: list[tuple[float, int]], seconds: float) -> dict[str, Any]:
    """Return median, maximum and growth per minute of a worker, in bytes, and all its measurements."""
    drawing = while_drawing(series, seconds)
    memory = [seen for _, seen in drawing or series]
    return {"median": median(memory), "most": max(memory), "a minute": slope(drawing), "series": series}


@click.command()
@click.option("--seconds", default=600, show_default=True, help="How long to run.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("soak.json"), show_default=True)
def main(seconds: int, path: Path) -> None:
    """Measure the memory of a soak, and exit with the exit code of the run."""
    name = Path(sys.executable).with_name("dataloader-conformance")
    command = [str(name), "run", "--profile", "soak", "--budget", str(seconds), "-n", "2"]
    series: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        with subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT) as run:
            while run.poll() is None:
                for pid in grandchildren(run.pid):
                    if (memory := resident(pid)) is not None:
                        series[pid].append((time.monotonic() - started, memory))
                time.sleep(EVERY)
        log.seek(0)
        said = log.read().decode(errors="replace")
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print("\n".join(said.splitlines()[-4:]))
    found: list[dict[str, Any]] = []
    for line in series.values():
        found.append(figures(line, seconds))
        console.print(
            f"{found[-1]['median'] / 1e6:,.0f} MB, at most {found[-1]['most'] / 1e6:,.0f} MB, "
            f"{found[-1]['a minute'] / 1e6:+.2f} MB a minute"
        )
    path.write_text(json.dumps({"seconds": seconds, "workers": found}), encoding="utf-8")
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
