"""Plots of the benchmarks' results, as small SVG files.

The files are committed, so they are kept short enough to be read in a diff: text stays text, every element has a line
of its own, and what matplotlib adds for its own use is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib

matplotlib.use("svg")
SETTINGS: dict[Any, Any] = {
    "axes.grid": True,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmarks",  # ids are the same each time
}
# The grid lines show where the ticks are, and the frame is one path instead of four.
SETTINGS |= {f"{axis}tick.{size}.size": 0 for axis in "xy" for size in ("major", "minor")}
SETTINGS |= {f"axes.spines.{side}": False for side in ("bottom", "left", "right", "top")}
matplotlib.rcParams.update(SETTINGS)
from matplotlib import pyplot  # noqa: E402 - the backend is chosen first
from matplotlib.ticker import EngFormatter, MaxNLocator, NullLocator, StrMethodFormatter  # noqa: E402

__all__ = ["PLOTS"]

Results = dict[str, Any]

SVG = "{http://www.w3.org/2000/svg}"
COUNTS = StrMethodFormatter("{x:,.0f}")
BYTES = EngFormatter("B")
SECONDS = StrMethodFormatter("{x:,g}")
STYLE = "*{stroke-linejoin:round;stroke-linecap:butt} text{font:9px DejaVu Sans,Verdana,sans-serif}"
FONT = re.compile(r"font[\w-]*: [^;]*; ")  # given once, in STYLE
NUMBER = re.compile(r"-?\d+\.\d+")


def wire(results: Results, path: Path) -> None:
    """Draw the bytes of one split against each size of its scan, one panel a size."""
    rows = [row for row in results["wire"]["alone"] if not row["statistics"] and row["bytes"]]
    sizes = [size for size in dict.fromkeys(row["size"] for row in rows) if " and " not in size]
    figure, axes = pyplot.subplots(1, len(sizes), figsize=(3.2 * len(sizes), 3), sharey=True)
    for axis, size in zip(axes, sizes, strict=True):
        for number, loader in enumerate(dict.fromkeys(row["loader"] for row in rows)):
            line = [row for row in rows if (row["loader"], row["size"]) == (loader, size)]
            counts = [row["count"] for row in line]
            axis.loglog(counts, [row["bytes"] for row in line], f"C{number}o-", label=loader, **_width(number))
        axis.set_xlabel(size)
        _decades(axis.xaxis, COUNTS)
        _decades(axis.yaxis, BYTES)
    axes[0].set_ylabel("bytes of one split")
    axes[0].legend()
    _write(figure, path)


def splits(results: Results, path: Path) -> None:
    """Draw the seconds and the bytes of dumping many splits of the wide table, in one payload and one by one."""
    rows = [row for row in results["wire"]["together"] if row["snapshots"] > 1]
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3.4))
    for axis, unit, formatter, together, single in (
        (axes[0], "seconds to dump", SECONDS, "dump", "one_by_one_dump"),
        (axes[1], "bytes", BYTES, "bytes", "one_by_one_bytes"),
    ):
        for number, loader in enumerate(dict.fromkeys(row["loader"] for row in rows)):
            line = [row for row in rows if row["loader"] == loader]
            counts = [row["count"] for row in line]
            width = _width(number)
            axis.loglog(counts, [row[single] for row in line], f"C{number}o-", label=f"{loader}, one by one", **width)
            axis.loglog(counts, [row[together] for row in line], f"C{number}s--", label=f"{loader}, together", **width)
        axis.set_xlabel("splits")
        axis.set_ylabel(unit)
        _decades(axis.xaxis, COUNTS)
        _decades(axis.yaxis, formatter)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    _write(figure, path)


def gate(results: Results, path: Path) -> None:
    """Draw the gate's CPU seconds by package, and its seconds by phase."""
    spent = _largest(results["gate"]["spent"])
    phases = _largest(results["gate"]["runs"][0]["phases"])
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3))
    _bars(axes[0], spent, "CPU seconds, all processes", lambda name: name in results["gate"]["loader"])
    _bars(axes[1], phases, "seconds by the clock, one process", lambda _: False)
    _write(figure, path)


def power(results: Results, path: Path) -> None:
    """Draw how many defects each judge catches within so many CPU seconds for each."""
    figure, axis = pyplot.subplots(figsize=(6, 3.4))
    verdicts = results["power"]["verdicts"]
    for judge in dict.fromkeys(one["judge"] for one in verdicts):
        costs = sorted(one["cpu_seconds"] for one in verdicts if one["judge"] == judge and one["caught"])
        costs = [max(cost, 0.01) for cost in costs]
        axis.step([0.01, *costs], range(len(costs) + 1), where="post", label=judge)
    axis.set_xscale("log")
    _decades(axis.xaxis, SECONDS)
    axis.axhline(len({one["defect"] for one in verdicts}), color="grey", linestyle=":")
    axis.set_xlabel("CPU seconds for one defect")
    axis.set_ylabel("defects caught")
    axis.legend()
    _write(figure, path)


def growth(results: Results, path: Path) -> None:
    """Draw seconds against the numbers of examples, clauses and transports, one panel each."""
    costs = results["growth"]["costs"]
    varied = list(dict.fromkeys(cost["varied"] for cost in costs))
    figure, axes = pyplot.subplots(1, len(varied), figsize=(3 * len(varied), 3))
    for axis, name in zip(axes, varied, strict=True):
        line = [cost for cost in costs if cost["varied"] == name]
        axis.plot([cost["count"] for cost in line], [cost["seconds"] for cost in line], marker="o")
        axis.set_xlabel(name)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=(1, 2, 5, 10)))
        axis.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
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
    """Return the widths of the n-th line, from 0. Each is thinner than the one before, and does not hide it."""
    return {"markersize": 9.0 - 2 * number, "linewidth": 5.0 - 1.6 * number}


def _largest(spent: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(spent.items(), key=lambda item: item[1])[-9:]


def _bars(axis: Any, spent: Sequence[tuple[str, float]], label: str, marked: Callable[[str], bool]) -> None:
    names = [name for name, _ in spent]
    axis.barh(names, [seconds for _, seconds in spent], color=["C2" if marked(name) else "C7" for name in names])
    axis.set_xlabel(label)


def _decades(axis: Any, formatter: Any) -> None:
    """Label the decades of a logarithmic axis, and nothing between them."""
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())


def _write(figure: Any, path: Path) -> None:
    figure.draw_without_rendering()  # settles the layout, which counts what is not clipped
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.patch.set(edgecolor="black", linewidth=0.8)  # the frame
    for artist in figure.findobj():
        artist.set_clip_on(False)  # nothing leaves its axes, and each clip would be one more element
    drawn = StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    path.write_text(shortened(drawn.getvalue()), encoding="utf-8")


def shortened(drawn: str) -> str:
    """Return the SVG text of a figure as matplotlib writes it, without what does not show, one element a line."""
    ElementTree.register_namespace("", SVG[1:-1])
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(drawn)
    kept = ElementTree.Element(root.tag, root.attrib)
    ElementTree.SubElement(kept, f"{SVG}style").text = STYLE
    kept.extend(_shapes(root))
    kept.text = "\n"
    for element in kept:
        element.tail = "\n"
    return ElementTree.tostring(kept, encoding="unicode") + "\n"


def _shapes(parent: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield what is drawn inside an element, without the groups around it."""
    for child in parent:
        if child.tag == f"{SVG}g":
            yield from _shapes(child)
        elif child.tag == f"{SVG}defs":
            if child.find(f"{SVG}style") is None:  # the shape of a marker, which others refer to
                yield _short(child)
        elif child.tag != f"{SVG}metadata":
            yield _short(child)


def _short(element: ElementTree.Element) -> ElementTree.Element:
    """Shorten an element, and those inside it, in place."""
    for each in element.iter():
        each.text, each.tail = (each.text or "").strip(), None
        if each.tag == f"{SVG}text":
            each.attrib["style"] = FONT.sub("", each.attrib["style"])
            if each.attrib["transform"].startswith("rotate(-0 "):
                del each.attrib["transform"]
        for name in {"d", "x", "y", "transform"} & each.attrib.keys():
            numbers = NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), each.attrib[name])
            each.attrib[name] = " ".join(numbers.split())
    return element
