"""Searches for ways in which plans do not survive Substrait in the installed engine (BUILD-4, `docs/FINDINGS.md`).

`python -m benchmarks.losses --seconds 1800 --seed 1` draws splits with a plan. It encodes each plan with the engine's
own encoder, without any of the loader's checks, and decodes it in a new session. It prints every distinct way in which
a plan did not survive, known or unknown, with how often it was found and the shortest plan that shows it.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import click

from conformance.examples.drawing import draw
from conformance.examples.from_spec import Unusable, example_of
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import in_any_layout, plain_rows
from fixtures.survival import lost_construct, survives
from fixtures.tables.warehouse import Warehouse
from strategies import split_specs
from strategies.specs import SplitSpec

BATCH = 100  # plans per seed


def way(spec: SplitSpec, warehouse: Warehouse) -> str:
    """Return how the plan of a split fails to survive, without names and numbers of that plan; empty if it survives."""
    example = example_of(spec, warehouse)
    if isinstance(example, Unusable):
        return "does not run"
    known = lost_construct(spec.plan)
    outcome = attempt(survives, example.make(), example.scanned)
    if isinstance(outcome, Raised):
        return f"{outcome.type}: {_gist(outcome.message)}"
    arrived = plain_rows(outcome, exact=False)
    expected = example.rows
    assert arrived is not None  # there is at least one batch
    differs = ""
    if arrived.columns != expected.columns:
        differs = f"other columns: {_changed(expected.columns, arrived.columns)}"
    elif in_any_layout(arrived) != in_any_layout(expected):
        differs = "other rows"
    return f"{differs or 'the same rows'} ({known})" if known else differs


def _gist(message: str) -> str:
    """Return the message of an engine error, without the plan, names and numbers in it."""
    said = re.sub(r'^NotImplemented\("|^.*Substrait error: ', "", message.split("\n")[0])
    said = re.split(r" \{|\(", said)[0]
    return re.sub(r"[\"'`].*?[\"'`]|\d+", "…", said)[:70]


def _changed(expected: tuple[tuple[str, str, bool], ...], arrived: tuple[tuple[str, str, bool], ...]) -> str:
    """Return which properties of the columns changed, and from what to what."""
    if len(expected) != len(arrived):
        return "their number"
    changes = set()
    for before, after in zip(expected, arrived, strict=True):
        if before[0] != after[0]:
            changes.add("a name")
        if before[1] != after[1]:
            changes.add(f"{before[1]} to {after[1]}")
        if before[2] != after[2]:
            changes.add(f"nullable {before[2]} to {after[2]}")
    return ", ".join(sorted(changes))


@click.command()
@click.option("--seconds", default=1800.0, show_default=True, help="CPU time to search for.")
@click.option("--seed", default=1, show_default=True)
def main(seconds: float, seed: int) -> None:
    """Search for ways in which plans do not survive Substrait."""
    met: Counter[str] = Counter()
    shortest: dict[str, str] = {}

    def judge(spec: SplitSpec) -> None:
        how = way(spec, warehouse)
        met[how] += 1
        plan = repr(spec.plan)
        if how and (how not in shortest or len(plan) < len(shortest[how])):
            shortest[how] = plan

    started = time.process_time()
    while time.process_time() - started < seconds:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Warehouse(Path(folder))
            draw(split_specs(with_plan=True), BATCH, seed, judge)
        seed += 1
        print(f"{time.process_time() - started:6.0f} s, {met.total()} plans, {len(shortest)} ways", flush=True)
    print(f"datafusion {version('datafusion')}: {met.total()} plans, {met['']} survive")
    for how, count in met.most_common():
        if how:
            print(f"\n{count:6}  {how}\n        {shortest[how]}")


if __name__ == "__main__":
    main()
