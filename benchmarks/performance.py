"""Writes `docs/performance.md` and its plots from the results: ``python -m benchmarks.performance RESULTS``.

RESULTS is a folder with the JSON files of all benchmarks, which `tox run -e bench` writes.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from benchmarks.plots import PLOTS
from conformance.templates import template

DOCS = Path(__file__).parents[1] / "docs"
BENCHMARKS = ("wire", "planning", "reading", "gate", "power", "growth")
LIBRARIES = ("datafusion", "pyiceberg", "pyarrow", "hypothesis")


@dataclass(frozen=True)
class Goal:
    """A goal, what was measured, and whether the goal is met."""

    text: str
    measured: str
    met: bool


def goals(results: dict[str, Any]) -> list[Goal]:
    """Return all goals, with what was measured."""
    return [
        *_wire_goals(results["wire"]),
        *_planning_goals(results["planning"]),
        *_reading_goals(results["reading"]),
        *_gate_goals(results["gate"]),
    ]


def _wire_goals(wire: dict[str, Any]) -> list[Goal]:
    own = [row for row in wire["alone"] if row["loader"] == "reference"]
    wide = {row["statistics"]: row for row in own if row["size"].startswith("200 columns")}
    slowest = max(row["load_on_worker"] for row in wide.values())
    all_ = max(
        (row for row in wire["together"] if row["loader"] == "reference" and row["snapshots"] > 1),
        key=lambda row: row["count"],
    )
    each = (all_["bytes"] - wide[False]["bytes"]) / (all_["count"] - 1)
    megabytes, together = all_["bytes"] / 1e6, all_["dump"] + all_["load"]
    plain, full = wide[False]["bytes"], wide[True]["bytes"]
    return [
        Goal("one split of 200 columns and 1,000 snapshots: at most 6 kB", f"{plain:,} bytes", plain <= 6_000),
        Goal("with docs and column statistics: at most 16 kB", f"{full:,} bytes", full <= 16_000),
        Goal(
            f"{all_['count']:,} splits dumped one by one in under 10 s",
            f"{all_['one_by_one_dump']:.1f} s",
            all_["one_by_one_dump"] < 10,
        ),
        Goal(
            "a further split loads in under 0.2 ms on a worker that has seen the scan",
            f"{slowest:.3f} ms",
            slowest < 0.2,
        ),
        Goal(
            f"{all_['count']:,} splits in one payload: under 12 MB",
            f"{megabytes:.1f} MB, {each:.0f} bytes for each further one",
            megabytes < 12,
        ),
        Goal("dumped and loaded in under 3 s", f"{together:.1f} s", together < 3),
    ]


def _planning_goals(planning: dict[str, Any]) -> list[Goal]:
    most = max(row["files"] for row in planning["plannings"])
    took = {row["loader"]: row["plan"] for row in planning["plannings"] if row["files"] == most}
    times, power = took["reference"] / took["pyiceberg"], planning["powers"]["reference"]
    return [
        Goal(
            f"a scan of {most:,} files planned in at most 1.1 times PyIceberg's own", f"{times:.2f} times", times <= 1.1
        ),
        Goal("planning and dumping grow with the files, and no more", f"power {power:.2f}", power <= 1.1),
    ]


def _reading_goals(reading: dict[str, Any]) -> list[Goal]:
    way = {row["way"]: row for row in reading["readings"]}
    memory = way["split"]["peak"] / way["ArrowScan"]["peak"]
    speed = way["ArrowScan"]["seconds"] / way["split"]["seconds"]
    planned = way["DataFusion over ArrowScan"]["seconds"] / way["split with a plan"]["seconds"]
    return [
        Goal("peak memory at most 1.2 times that of `ArrowScan`", f"{memory:.2f} times", memory <= 1.2),
        Goal("at least 95 % of the throughput of `ArrowScan`", f"{speed:.0%}", speed >= 0.95),
        Goal("with a plan, at least 95 % of that of DataFusion by hand", f"{planned:.0%}", planned >= 0.95),
    ]


def _gate_goals(gate: dict[str, Any]) -> list[Goal]:
    fastest = {n: min(run["seconds"] for run in gate["runs"] if run["processes"] == n) for n in (0, 2)}
    share = sum(gate["spent"].get(name, 0.0) for name in gate["loader"]) / sum(gate["spent"].values())
    faster = fastest[0] / fastest[2]
    return [
        Goal(
            "at least half of the gate's CPU time is the work of the loader and its libraries",
            f"{share:.0%}",
            share >= 0.5,
        ),
        Goal("the gate with two processes in under 30 s", f"{fastest[2]:.0f} s", fastest[2] < 30),
        Goal("`-n 2` at least 1.8 times as fast as `-n 0`", f"{faster:.2f} times", faster >= 1.8),
    ]


def page(results: dict[str, Any]) -> str:
    """Return the text of the page."""
    return template(__file__, "performance.md.jinja").render(
        results,
        goals=goals(results),
        day=datetime.date.today().isoformat(),
        cores=os.cpu_count(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions=", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--docs", type=click.Path(path_type=Path), default=DOCS, show_default="docs/ of this checkout")
def main(folder: Path, docs: Path) -> None:
    """Write the page and its plots from the results in a folder."""
    results = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in BENCHMARKS}
    for other in sorted(folder.glob("wire-*.json")):  # of loaders that need a separate environment
        for name, rows in json.loads(other.read_text(encoding="utf-8")).items():
            results["wire"][name] += rows
    soaked = folder / "soak.json"  # takes ten minutes, so it is run by hand
    results["soak"] = json.loads(soaked.read_text(encoding="utf-8")) if soaked.exists() else None
    (docs / "plots").mkdir(exist_ok=True)
    for name, plot in PLOTS.items():
        plot(results, docs / "plots" / f"{name}.svg")
    (docs / "performance.md").write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
