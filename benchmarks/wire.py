"""Size and cost of pickled splits (WIRE-9), for each loader, with one size of the scan varied at a time.

`python -m benchmarks.wire --json wire.json` measures the reference, bare PyIceberg and, if it is installed, OpenHouse's
loader. `--adapter` names others. Times are medians of several rounds in one process. A worker is another interpreter
that has loaded a split before.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import pickle
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks.scans import scan_of, siblings, with_filter, with_plan, without_statistics
from conformance.adapter import Adapter, Capability
from conformance.adapters.loading import load_adapter
from conformance.checks.growth import exponent
from conformance.observation.raised import Raised, attempt
from fixtures.materials import Materials

PROTOCOL = pickle.HIGHEST_PROTOCOL
# Columns and snapshots of the scan while another size is varied.
COLUMNS, SNAPSHOTS = 10, 1
SIZES: dict[str, Sequence[int]] = {
    "snapshots": (1, 10, 100, 1_000, 10_000),
    "columns": (10, 30, 100, 300, 1_000),
    "filter terms": (1, 10, 100, 1_000),
    "plan expressions": (1, 10, 100, 1_000),
}
# How many splits are in one payload. Of splits pickled one by one only the first ONE_BY_ONE are measured, and the
# total is extrapolated.
TOGETHER = (1, 10, 100, 1_000, 10_000, 50_000)
ONE_BY_ONE = 200
# If a payload takes more seconds than this, larger ones are not tried.
PATIENCE = 20.0


@dataclass(frozen=True)
class Alone:
    """One split in one payload. Times are in milliseconds. ``peak`` is the peak memory of dumping it, in bytes."""

    loader: str
    size: str
    count: int
    statistics: bool
    bytes: int = 0
    dump: float = 0.0
    load: float = 0.0
    load_on_worker: float = 0.0
    peak: int = 0
    raised: str = ""


@dataclass(frozen=True)
class Together:
    """Splits of one scan, without column statistics, in one payload and pickled one by one.

    Times are in seconds. Sizes and ``peak`` are in bytes.
    """

    loader: str
    columns: int
    snapshots: int
    count: int
    bytes: int
    dump: float
    load: float
    peak: int
    one_by_one_bytes: int
    one_by_one_dump: float


def median(function: Callable[[], Any], seconds: float = 0.2) -> float:
    """Return the median milliseconds of a function, over at least three rounds and about ``seconds`` in total."""
    spent: list[float] = []
    while len(spent) < 3 or (sum(spent) < seconds and len(spent) < 200):
        started = time.perf_counter()
        function()
        spent.append(time.perf_counter() - started)
    return 1000 * statistics.median(spent)


def peak_of(function: Callable[[], Any]) -> int:
    """Return the peak of the bytes that a function allocates."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def loaded(payload: bytes) -> float:
    """Return the median milliseconds of loading a payload in this process, after it was loaded once."""
    pickle.loads(payload)
    return median(lambda: pickle.loads(payload))


def scans(folder: Path) -> Iterator[tuple[str, int, bool, Materials]]:
    """Yield (what is varied, how much of it, whether the file has statistics, the materials)."""
    for size, counts in SIZES.items():
        for count in counts:
            given = scan_of(
                count if size == "columns" else COLUMNS, count if size == "snapshots" else SNAPSHOTS, folder
            )
            if size == "filter terms":
                given = with_filter(given, count)
            if size == "plan expressions":
                given = with_plan(given, count)
            yield size, count, False, without_statistics(given)
            if size == "columns":
                yield size, count, True, given
    # The table to which the goals refer.
    wide = scan_of(200, 1_000, folder)
    yield "200 columns and 1,000 snapshots", 1, False, without_statistics(wide)
    yield "200 columns and 1,000 snapshots", 1, True, wide


def alone(adapter: Adapter, folder: Path, worker: ProcessPoolExecutor) -> Iterator[Alone]:
    """Yield size and cost of one split, for each scan."""
    for size, count, has_statistics, given in scans(folder):
        if given.plan is not None and Capability.PLANS not in adapter.capabilities:
            continue
        split = attempt(adapter.build, given)
        payload = split if isinstance(split, Raised) else attempt(pickle.dumps, split, PROTOCOL)
        if isinstance(payload, Raised):
            yield Alone(adapter.name, size, count, has_statistics, raised=str(payload)[:200])
            continue
        yield Alone(
            adapter.name,
            size,
            count,
            has_statistics,
            bytes=len(payload),
            dump=median(lambda: pickle.dumps(split, PROTOCOL)),  # noqa: B023 - called at once
            load=loaded(payload),
            load_on_worker=worker.submit(loaded, payload).result(),
            peak=peak_of(lambda: pickle.dumps(split, PROTOCOL)),  # noqa: B023 - called at once
        )


def together(adapter: Adapter, folder: Path) -> Iterator[Together]:
    """Yield size and cost of several splits of one scan, in one payload and one by one."""
    assert adapter.build_scan is not None
    for columns, snapshots in ((10, 1), (200, 1_000)):
        given = without_statistics(scan_of(columns, snapshots, folder))
        for count in TOGETHER:
            splits = list(adapter.build_scan(siblings(given, count)))
            started = time.perf_counter()
            payload = pickle.dumps(splits, PROTOCOL)
            dumped = time.perf_counter()
            pickle.loads(payload)
            ended = time.perf_counter()
            single = [len(pickle.dumps(split, PROTOCOL)) for split in splits[:ONE_BY_ONE]]
            by_one = time.perf_counter() - ended
            yield Together(
                adapter.name,
                columns,
                snapshots,
                count,
                len(payload),
                dumped - started,
                ended - dumped,
                peak_of(lambda: pickle.dumps(splits, PROTOCOL)),  # noqa: B023
                sum(single) * count // len(single),
                by_one * count / len(single),
            )
            if ended - started > PATIENCE:
                break


def growths(rows: Sequence[Alone]) -> list[dict[str, Any]]:
    """Return, for each loader and size, the bytes at both ends and the exponent of their growth.

    The exponent is `None` if they do not grow.
    """
    found: list[dict[str, Any]] = []
    for loader, size in dict.fromkeys((row.loader, row.size) for row in rows):
        line = [row for row in rows if (row.loader, row.size) == (loader, size) and not row.statistics and row.bytes]
        if len(line) > 2:
            power = exponent([row.count for row in line], [row.bytes for row in line])
            row: dict[str, Any] = {"loader": loader, "size": size, "counts": [line[0].count, line[-1].count]}
            row["bytes"] = [line[0].bytes, line[-1].bytes]
            found.append(row | {"exponent": None if power is None else round(power, 2)})
    return found


@click.command()
@click.option("--adapter", "names", multiple=True, help="Loader to measure; repeatable.")
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("wire.json"), show_default=True)
def main(names: tuple[str, ...], path: Path) -> None:
    """Measure bytes, times and memory of splits along every size of a scan."""
    names = names or ("reference", "pyiceberg", *(("openhouse",) if find_spec("openhouse") else ()))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    one: list[Alone] = []
    many: list[Together] = []
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, spawn) as worker:
        for name in names:
            adapter = load_adapter(name)
            for row in alone(adapter, Path(folder), worker):
                one.append(row)
                shown = row.raised or f"{row.bytes:9,} bytes, {row.dump:8.3f} ms to dump, {row.load:8.3f} ms to load"
                console.print(f"{name:12} {row.count:6,} {row.size:32} {shown}")
            for several in together(adapter, Path(folder)):
                many.append(several)
                console.print(
                    f"{name:12} {several.count:6,} splits of {several.columns} columns: {several.bytes:12,} bytes, "
                    f"{several.dump:7.3f} s, {several.load:7.3f} s; one by one {several.one_by_one_dump:7.1f} s"
                )
    grown = growths(one)
    for growing in grown:
        console.print(f"{growing['loader']:12} by {growing['size']:18} to the power {growing['exponent']}")
    results = {"alone": [asdict(row) for row in one], "together": [asdict(row) for row in many], "growth": grown}
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
