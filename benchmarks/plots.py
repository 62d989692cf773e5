"""Plots of the benchmarks' results, as SVG files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "benchmarks", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3})
matplotlib.rcParams["figure.constrained_layout.use"] = True
from matplotlib import pyplot  # noqa: E402 - the backend is chosen first

__all__ = ["PLOTS"]

Results = dict[str, Any]


def wire(results: Results, path: Path) -> None:
    """Bytes of one split along every size."""
    rows = [row for row in results["wire"]["alone"] if not row["statistics"] and row["bytes"]]
    sizes = [size for size in dict.fromkeys(row["size"] for row in rows) if " and " not in size]
    figure, axes = pyplot.subplots(1, len(sizes), figsize=(3.2 * len(sizes), 3), sharey=True)
    for axis, size in zip(axes, sizes, strict=True):
        for number, loader in enumerate(dict.fromkeys(row["loader"] for row in rows)):
            line = [row for row in rows if (row["loader"], row["size"]) == (loader, size)]
            counts = [row["count"] for row in line]
            axis.loglog(counts, [row["bytes"] for row in line], f"C{number}o-", label=loader, **_width(number))
        axis.set_xlabel(size)
    axes[0].set_ylabel("bytes of one split")
    axes[0].legend()
    _write(figure, path)


def splits(results: Results, path: Path) -> None:
    """Seconds to dump all splits of the wide table with a long past, together and one by one."""
    rows = [row for row in results["wire"]["together"] if row["snapshots"] > 1]
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.4))
    for axis, unit, together, single in (
        (axes[0], "seconds to dump", "dump", "one_by_one_dump"),
        (axes[1], "bytes", "bytes", "one_by_one_bytes"),
    ):
        for number, loader in enumerate(dict.fromkeys(row["loader"] for row in rows)):
            line = [row for row in rows if row["loader"] == loader]
            counts = [row["count"] for row in line]
            width = _width(number)
            axis.loglog(counts, [row[single] for row in line], f"C{number}o-", label=f"{loader}, one by one", **width)
            axis.loglog(counts, [row[together] for row in line], f"C{number}s--", label=f"{loader}, together", **width)
        axis.set_xlabel("splits")
        axis.set_ylabel(unit)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    _write(figure, path)


def gate(results: Results, path: Path) -> None:
    """Whose the CPU time of the gate is, and the seconds of its phases."""
    spent = _largest(results["gate"]["spent"])
    phases = _largest(results["gate"]["runs"][0]["phases"])
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3))
    _bars(axes[0], spent, "CPU seconds, all processes", lambda name: name in results["gate"]["loader"])
    _bars(axes[1], phases, "seconds by the clock, one process", lambda _: False)
    _write(figure, path)


def power(results: Results, path: Path) -> None:
    """Defects caught within a budget of CPU seconds each."""
    figure, axis = pyplot.subplots(figsize=(6, 3.4))
    verdicts = results["power"]["verdicts"]
    for judge in dict.fromkeys(one["judge"] for one in verdicts):
        costs = sorted(one["cpu_seconds"] for one in verdicts if one["judge"] == judge and one["caught"])
        costs = [max(cost, 0.01) for cost in costs]
        axis.step([0.01, *costs], range(len(costs) + 1), where="post", label=judge)
    axis.set_xscale("log")
    axis.axhline(len({one["defect"] for one in verdicts}), color="grey", linestyle=":")
    axis.set_xlabel("CPU seconds for one defect")
    axis.set_ylabel("defects caught")
    axis.legend()
    _write(figure, path)


def growth(results: Results, path: Path) -> None:
    """Seconds against examples, clauses and transports."""
    costs = results["growth"]["costs"]
    varied = list(dict.fromkeys(cost["varied"] for cost in costs))
    figure, axes = pyplot.subplots(1, len(varied), figsize=(3 * len(varied), 3))
    for axis, name in zip(axes, varied, strict=True):
        line = [cost for cost in costs if cost["varied"] == name]
        axis.plot([cost["count"] for cost in line], [cost["seconds"] for cost in line], marker="o")
        axis.set_xlabel(name)
        axis.set_xlim(left=0)
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("seconds")
    _write(figure, path)


PLOTS: dict[str, Callable[[Results, Path], None]] = {
    "wire": wire,
    "splits": splits,
    "gate": gate,
    "power": power,
    "growth": growth,
}


def _width(number: int) -> dict[str, float]:
    """Return the widths of a line, thinner than the one before, so that a line on top of another does not hide it."""
    return {"markersize": 9.0 - 2 * number, "linewidth": 5.0 - 1.6 * number}


def _largest(spent: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(spent.items(), key=lambda item: item[1])[-9:]


def _bars(axis: Any, spent: Sequence[tuple[str, float]], label: str, marked: Callable[[str], bool]) -> None:
    names = [name for name, _ in spent]
    axis.barh(names, [seconds for _, seconds in spent], color=["C2" if marked(name) else "C7" for name in names])
    axis.set_xlabel(label)


def _write(figure: Any, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
