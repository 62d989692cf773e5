"""What the gate costs: seconds by phase, CPU seconds by package, and how much two processes save.

`python -m benchmarks.gate --json gate.json` runs the command on the reference with the quick profile, in one process
and with two workers. A third run samples every process to find out which package uses the CPU time.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

SAMPLING = Path(__file__).with_name("sampling")
# Packages that are told apart: the loader and the libraries that it calls; the suite and the libraries that it calls.
LOADERS = ("reference", "pyiceberg", "datafusion", "pyarrow")
SUITES = ("conformance", "strategies", "fixtures", "hypothesis", "pytest", "_pytest", "xdist", "execnet", "pluggy")


@dataclass(frozen=True)
class Run:
    """One run of the gate: seconds by the clock, CPU seconds of all processes, and seconds of each phase."""

    processes: int
    seconds: float
    cpu_seconds: float
    phases: dict[str, float]
    examples: int


def command(processes: int, report: Path, profile: str) -> list[str]:
    """Return the command line of the gate."""
    name = Path(sys.executable).with_name("dataloader-conformance")
    return [str(name), "run", "--profile", profile, "-n", str(processes), "--json", str(report)]


def timed(processes: int, profile: str, environment: dict[str, str] | None = None) -> Run:
    """Run the gate once.

    Raises:
        subprocess.CalledProcessError: the gate is not green.

    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            command(processes, report, profile),
            check=True,
            capture_output=True,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    phases: dict[str, float] = document["times"]["phases"]
    return Run(processes, seconds, cpu, phases, document["generated"]["examples"])


def shares(profile: str) -> dict[str, float]:
    """Return the CPU seconds of each package and of imports, summed over all processes of one run."""
    spent: defaultdict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join(filter(None, (str(SAMPLING), os.environ.get("PYTHONPATH", ""))))
        packages = ",".join((*LOADERS, *SUITES))
        timed(0, profile, {"PYTHONPATH": path, "SAMPLES": folder, "SAMPLED_PACKAGES": packages})
        for file in Path(folder).glob("*.json"):
            for package, seconds in json.loads(file.read_text(encoding="utf-8")).items():
                spent[package] += seconds
    return dict(spent)


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("gate.json"), show_default=True)
@click.option("--profile", default="quick", show_default=True)
def main(path: Path, profile: str) -> None:
    """Measure the gate."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    runs = []
    for processes in (0, 2):
        runs.append(timed(processes, profile))
        console.print(f"-n {processes}: {runs[-1].seconds:.1f} s, {runs[-1].cpu_seconds:.1f} CPU s")
    for phase, seconds in sorted(runs[0].phases.items(), key=lambda item: -item[1]):
        console.print(f"  {phase:16} {seconds:6.1f} s")
    spent = shares(profile)
    whole = sum(spent.values())
    for package, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        console.print(f"  {package:16} {seconds:6.1f} CPU s, {seconds / whole:.0%}")
    results = {"runs": [asdict(run) for run in runs], "spent": spent, "loader": [*LOADERS]}
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
