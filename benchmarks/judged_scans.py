"""What a loader makes of scans, each alone: run in the loader's interpreter by :mod:`benchmarks.history`.

`python -m benchmarks.judged_scans ADAPTER < SCANS` reads specs of scans as JSON, one a line, and prints for each a line
of JSON: `null` where the loader gives its rows or declines it, else the clause, what was expected, and what came.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click

from conformance.adapters.loading import load_adapter
from conformance.contract import select
from conformance.observation.difference import Difference
from conformance.observation.raised import Raised
from conformance.run.planning_loader import PlanningLoader
from conformance.run.scans import clauses_of
from conformance.run.sweep import Sweep
from conformance.transports.transport import STARTED
from fixtures.tables.model import is_sound
from fixtures.tables.warehouse import Warehouse
from strategies.serialization import from_json
from strategies.specs import ScanSpec


def judged(loader: PlanningLoader, spec: ScanSpec) -> tuple[str, str, str] | None:
    """Return the clause that a scan breaks, with the difference; ``None`` where it breaks none."""
    if not is_sound(spec):
        return None
    spec = loader.given(spec)
    made = loader.made(spec.history)
    if isinstance(made, Raised):
        return None  # one of the smaller scans that make no sense
    spec, found = loader.first_seen(spec, made)
    return (clauses_of(spec)[-1], found.expected, found.actual) if isinstance(found, Difference) else None


@click.command()
@click.argument("adapter")
def main(adapter: str) -> None:
    """Judge the scans on standard input."""
    with tempfile.TemporaryDirectory() as folder, STARTED:
        sweep = Sweep(load_adapter(adapter), (), (), Warehouse(Path(folder)))
        loader = PlanningLoader(sweep, {clause.id for clause in select(("SCAN",))})
        for line in sys.stdin:
            spec = from_json(line)
            assert isinstance(spec, ScanSpec)
            click.echo(json.dumps(judged(loader, spec)))


if __name__ == "__main__":
    main()
