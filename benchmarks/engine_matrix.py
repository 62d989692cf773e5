"""A Markdown table of clauses by engine and store, from the JSON reports of runs with `--engines` and `--store`.

dataloader-conformance run --engines --json engines.json
python -m benchmarks.engine_matrix engines.json
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from conformance.transports.engines import ENGINES
from fixtures.services.stores import STORES

__all__ = ["matrix"]

# All ways of one engine share a column. Each FileIO of a store has its own.
ENGINE_OF = {way: engine.name for engine in ENGINES for way in engine.ways}


def matrix(documents: Sequence[dict[str, Any]]) -> str:
    """Return the table: for each clause and engine or store, how many examples met it, or that it is violated."""
    met: defaultdict[tuple[str, str], int] = defaultdict(int)
    broken: set[tuple[str, str]] = set()
    for document in documents:
        for clause in document["clauses"]:
            for place, seen in clause["transports"].items():
                column = ENGINE_OF.get(place, place)
                if place in ENGINE_OF or place.split("/")[0] in STORES:
                    met[clause["id"], column] = max(met[clause["id"], column], seen["met"])
                    if seen["broken"]:
                        broken.add((clause["id"], column))
    places = [engine.name for engine in ENGINES]
    places += sorted({column for _, column in met} - set(places), key=lambda place: (_order(place), place))
    columns = [place for place in places if any(column == place for _, column in met)]
    ids = dict.fromkeys(clause["id"] for document in documents for clause in document["clauses"])
    lines = [f"| clause | {' | '.join(columns)} |", f"|---|{'--:|' * len(columns)}"]
    for id_ in ids:
        cells = [_cell(met.get((id_, column), 0), (id_, column) in broken) for column in columns]
        if any(cells):
            lines.append(f"| {id_} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _order(place: str) -> int:
    return list(STORES).index(place.split("/")[0])


def _cell(met: int, is_broken: bool) -> str:
    if is_broken:
        return "**violated**"
    return str(met) if met else ""


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(reports: tuple[Path, ...]) -> None:
    """Print the table for these JSON reports."""
    click.echo(matrix([json.loads(report.read_text(encoding="utf-8")) for report in reports]), nl=False)


if __name__ == "__main__":
    main()
