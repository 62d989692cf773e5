"""Searches for ways in which plans do not survive Substrait in the installed engine (BUILD-4, `docs/FINDINGS.md`).

`python -m benchmarks.losses --seconds 1800 --seed 1` draws splits with a plan. It encodes each plan with the engine's
own encoder, without any of the loader's checks, and decodes it in a new session. It prints every distinct way in which
a plan did not survive, known or unknown, with how often it was found, how often the reference data loader refused it,
and the shortest plan that shows it. What gives other rows and is not refused is a silent loss: then the exit code is 1.
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
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import in_any_layout, plain_rows
from fixtures.survival import lost_construct, survives
from fixtures.tables.warehouse import Warehouse
from reference import NoOpRegistry, PlanRefused
from reference.plans import encode_plan
from strategies import split_specs
from strategies.specs import SplitSpec

BATCH = 100  # plans per seed
DOES_NOT_RUN = "does not run"


def way(spec: SplitSpec, example: Example) -> str:
    """Return how the plan of an example fails to survive, without names and numbers in it; empty if it survives."""
    known = lost_construct(spec.plan)
    outcome = attempt(survives, example.make(), example.scanned)
    if isinstance(outcome, Raised):
        return f"{outcome.type}: {_gist(outcome.message)}"
    arrived = plain_rows(outcome, exact=False, in_order=example.question.in_order)
    expected = example.rows
    assert arrived is not None  # there is at least one batch
    differs = ""
    if arrived.columns != expected.columns:
        differs = f"other columns: {_changed(expected.columns, arrived.columns)}"
    elif in_any_layout(arrived) != in_any_layout(expected):
        differs = "other rows"
    return f"{differs or 'the same rows'} ({known})" if known else differs


def refuses(example: Example) -> bool:
    """Return whether the reference data loader refuses the plan of an example."""
    materials = example.make()
    assert materials.plan is not None
    assert materials.session_context is not None
    registry = NoOpRegistry() if materials.udf_registry is None else materials.udf_registry
    registry.register_udfs(materials.session_context)
    rows = example.expected if example.scanned is None else example.scanned
    try:
        encode_plan(materials.plan, materials.session_context, registry, rows.schema)
    except PlanRefused:
        return True
    return False


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
    refused: Counter[str] = Counter()
    shortest: dict[str, str] = {}

    def judge(spec: SplitSpec) -> None:
        example = example_of(spec, warehouse)
        how = DOES_NOT_RUN if isinstance(example, Unusable) else way(spec, example)
        met[how] += 1
        is_silent = False
        if not isinstance(example, Unusable):
            is_refused = refuses(example)
            refused[how] += is_refused
            is_silent = how.startswith(("other rows", "other columns")) and not is_refused
        name, plan = f"{how}, and is not refused" if is_silent else how, repr(spec.plan)
        if how and (name not in shortest or len(plan) < len(shortest[name])):
            shortest[name] = plan

    started = time.process_time()
    while time.process_time() - started < seconds:
        with tempfile.TemporaryDirectory() as folder:
            warehouse = Warehouse(Path(folder))
            draw(split_specs(with_plan=True), BATCH, seed, judge)
        seed += 1
        print(f"{time.process_time() - started:6.0f} s, {met.total()} plans, {len(shortest)} ways", flush=True)
    ran, surviving = met.total() - met[DOES_NOT_RUN], met[""]
    share = 100 * refused[""] / surviving if surviving else 0.0
    print(f"datafusion {version('datafusion')}: {ran} plans, {surviving} survive, {share:.2f} % of these are refused")
    for how, count in met.most_common():
        if how:
            print(f"\n{count:6}  {how}; {refused[how]} refused")
    for how, plan in shortest.items():
        print(f"\n{how}\n        {plan}")
    raise SystemExit(any(how.endswith(", and is not refused") for how in shortest))


if __name__ == "__main__":
    main()
