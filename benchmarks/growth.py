"""How the time of one unit of work grows with examples, clauses and transports, each varied separately.

`python -m benchmarks.growth --json growth.json` judges the same drawn splits of the reference, in one process whose
workers have already started.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console

from benchmarks.kill_matrix import sweep_of
from conformance.adapters.builtin.reference import ADAPTER
from conformance.adapters.loading import load_adapter
from conformance.checks.growth import exponent
from conformance.run.profiles import PROFILES
from conformance.run.sweep import Sweep
from strategies import split_specs

EXAMPLES = (2, 4, 8, 16)
# The number of examples while something else is varied.
FEW = 6
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """The seconds of judging, for one count of what is varied: examples, clauses or transports."""

    varied: str
    count: int
    seconds: float


def spread(things: Sequence[T], count: int) -> list[T]:
    """Return ``count`` of the things, evenly spaced from first to last."""
    return [things[i * len(things) // count] for i in range(count)]


def seconds(sweep: Sweep, examples: int) -> float:
    """Return the seconds that it takes to draw and judge this many splits.

    Raises:
        RuntimeError: the reference breaks a clause.

    """
    seed = PROFILES["quick"].seed
    assert seed is not None
    started = time.perf_counter()
    findings = sweep.drawn(split_specs(large=True), examples, seed)
    if findings.broken:
        raise RuntimeError(f"the reference breaks {sorted(findings.broken)}")
    return time.perf_counter() - started


def costs(sweep: Sweep) -> Iterator[Cost]:
    """Yield the cost along each axis."""
    seconds(sweep, FEW)  # starts the processes and writes the files
    for count in EXAMPLES:
        yield Cost("examples", count, seconds(sweep, count))
    for share in (8, 4, 2, 1):
        checks = spread(sweep.checks, len(sweep.checks) // share)
        yield Cost("clauses", len(checks), seconds(replace(sweep, checks=checks), FEW))
    for share in (8, 4, 2, 1):
        transports = spread(sweep.transports, max(1, len(sweep.transports) // share))
        yield Cost("transports", len(transports), seconds(replace(sweep, transports=transports), FEW))


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("growth.json"), show_default=True)
def main(path: Path) -> None:
    """Measure how the time grows."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    found: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        for cost in costs(sweep_of(load_adapter(ADAPTER.name), folder)):
            found.append(cost)
            console.print(f"{cost.count:4} {cost.varied:12} {cost.seconds:6.1f} s")
    grown = {}
    for varied in dict.fromkeys(cost.varied for cost in found):
        line = [cost for cost in found if cost.varied == varied]
        grown[varied] = exponent([cost.count for cost in line], [cost.seconds for cost in line])
        console.print(f"{varied}: to the power {grown[varied]}")
    path.write_text(json.dumps({"costs": [asdict(cost) for cost in found], "exponents": grown}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
