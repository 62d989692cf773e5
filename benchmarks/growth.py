"""What more examples, clauses and transports cost: seconds of one unit of work, along one of them at a time.

`python -m benchmarks.growth --json growth.json` judges the same drawn splits of the reference, in one process whose
workers have started.
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

from benchmarks.kill_matrix import survey_of
from conformance.adapters.reference import ADAPTER
from conformance.growth import exponent
from conformance.loading import load_adapter
from conformance.profiles import PROFILES
from conformance.survey import Survey
from strategies import split_specs

EXAMPLES = (2, 4, 8, 16)
# So many examples where something else is varied.
FEW = 6
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """Seconds of judging, for so many of what is varied."""

    varied: str
    count: int
    seconds: float


def spread(things: Sequence[T], count: int) -> list[T]:
    """Return so many of the things, evenly from first to last."""
    return [things[i * len(things) // count] for i in range(count)]


def seconds(survey: Survey, examples: int) -> float:
    """Return the seconds that drawing and judging so many splits takes."""
    seed = PROFILES["quick"].seed
    assert seed is not None
    started = time.perf_counter()
    findings = survey.drawn(split_specs(), examples, seed)
    if findings.broken:
        raise RuntimeError(f"the reference breaks {sorted(findings.broken)}")
    return time.perf_counter() - started


def costs(survey: Survey) -> Iterator[Cost]:
    """Yield the cost along each axis."""
    seconds(survey, FEW)  # processes start, files are made
    for count in EXAMPLES:
        yield Cost("examples", count, seconds(survey, count))
    for share in (8, 4, 2, 1):
        checks = spread(survey.checks, len(survey.checks) // share)
        yield Cost("clauses", len(checks), seconds(replace(survey, checks=checks), FEW))
    for share in (8, 4, 2, 1):
        transports = spread(survey.transports, max(1, len(survey.transports) // share))
        yield Cost("transports", len(transports), seconds(replace(survey, transports=transports), FEW))


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("growth.json"), show_default=True)
def main(path: Path) -> None:
    """Measure what more of everything costs."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    found: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        for cost in costs(survey_of(load_adapter(ADAPTER.name), folder)):
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
