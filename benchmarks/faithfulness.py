"""Which plans the reference refuses, and which it should: measured on a fixed set of plans (BUILD-4).

`python -m benchmarks.faithfulness benchmarks/plans.jsonl` draws the set, labels each plan by running the original and
what Substrait makes of it over ten tables made to tell plans apart, has the reference loader build a split with it,
writes a line of JSON for each plan, and prints both rates. A plan that holds a construct of `docs/FINDINGS.md` counts
as unfaithful.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from conformance.adapters.reference import ADAPTER
from conformance.examples import draw
from conformance.observation import attempt
from conformance.plain import Raised, in_any_layout, plain_rows
from fixtures.expected import planned_rows, scanned_rows
from fixtures.materials import Materials, make_materials
from fixtures.plans import empty_batch
from fixtures.survival import lost_construct, survives
from fixtures.warehouse import Warehouse
from strategies import ColumnSpec, ListSpec, RegistrySpec, SplitSpec, StructSpec, TableSpec, UdfSpec, plans
from strategies.specs import PlanSpec
from strategies.tables import PRIMITIVE_VALUES

PLANS = 2000
TABLES = 10
SEED = 4
TYPES = (
    *("long", "int", "string", "double", "boolean", "date", "timestamp", "timestamptz"),
    *("decimal(9, 2)", "binary", "time", "float"),
)
REGISTRY = RegistrySpec(
    (
        UdfSpec("f"),
        UdfSpec("g", "mask", 2),
        UdfSpec("h", "scale", 3),
        UdfSpec("all_of", "total"),
        UdfSpec("w", "count_in"),
    )
)
# Small numbers with ties and gaps, on both sides of the bounds that plans mention.
NUMBERS = (0, 1, 1, 2, -1, 3, 5, 9, 40, None)
TEXTS = ("", "a", "b", "ab", "B", "a%", "x", None)


@dataclass(frozen=True)
class Labelled:
    """A plan, why it does not survive (empty if it does), and why the reference refuses it (empty if it does not)."""

    plan: PlanSpec
    unfaithful: str
    refused: str


def tables() -> list[TableSpec]:
    """Return tables of one schema and other rows."""
    made = []
    for seed in range(TABLES):
        chance = random.Random(seed)
        columns = []
        for number, type_ in enumerate(TYPES, 1):
            options = NUMBERS if type_ in ("long", "int") else TEXTS if type_ == "string" else PRIMITIVE_VALUES[type_]
            known = (*options, None)
            columns.append(ColumnSpec(number, f"c{number}", type_, tuple(chance.choice(known) for _ in range(11))))
        lists = tuple(chance.choice(((), (1, 2), (1, None, 3), (2,), None)) for _ in range(7))
        columns.append(ColumnSpec(20, "l", ListSpec(21, "long"), lists))
        struct = StructSpec((ColumnSpec(23, "f0", "long"), ColumnSpec(24, "f1", "string")))
        columns.append(ColumnSpec(22, "s", struct, ((1, "x"), None, (None, "y"))))
        made.append(TableSpec(tuple(columns), rows=13 + seed))
    return made


def label(plan: PlanSpec, scans: list[tuple[SplitSpec, pa.Table, Materials]]) -> str | None:
    """Return how the plan does not survive, "" where it does, ``None`` where it does not run in the first place."""
    lost = ""
    for spec, scanned, materials in scans:
        original = attempt(planned_rows, plan, spec.registry, scanned.schema, scanned.to_batches())
        if isinstance(original, Raised):
            return None
        copy = attempt(survives, materials, scanned)
        if isinstance(copy, Raised):
            lost = lost or copy.message.split("\n")[0][:160]
            continue
        batches = original.to_batches() or [empty_batch(original.schema)]
        before, after = plain_rows(batches, exact=False), plain_rows(copy, exact=False)
        if in_any_layout(before) != in_any_layout(after):
            lost = lost or "computes other rows"
    return f"holds {known}" if (known := lost_construct(plan)) else lost


def labelled(count: int, folder: Path) -> list[Labelled]:
    """Return a labelled plan for each of ``count`` different ones that run."""
    warehouse = Warehouse(folder)
    found: list[Labelled] = []
    seen: set[PlanSpec] = set()
    specs = [SplitSpec(table, registry=REGISTRY) for table in tables()]
    rows = [scanned_rows(spec) for spec in specs]

    def use(plan: PlanSpec) -> None:
        if len(found) >= count or plan in seen:
            return
        seen.add(plan)
        made = [attempt(make_materials, replace(spec, plan=plan), warehouse) for spec in specs]
        if any(isinstance(materials, Raised) for materials in made):
            return
        why = label(plan, list(zip(specs, rows, made, strict=True)))
        if why is None:
            return
        built = attempt(ADAPTER.build, made[0])
        found.append(Labelled(plan, why, built.message[:160] if isinstance(built, Raised) else ""))
        if sys.stderr.isatty():
            print(f"\r{len(found)} of {count} plans", end="", file=sys.stderr)

    draw(plans(specs[0].table, registry=REGISTRY), int(count * 1.3), SEED, use)
    return found


def main(target: str) -> None:
    """Write the labelled plans, and print the rates."""
    with tempfile.TemporaryDirectory() as folder:
        found = labelled(PLANS, Path(folder))
    lines = [
        json.dumps(
            {"plan": repr(each.plan), "unfaithful": each.unfaithful, "refused": each.refused}, ensure_ascii=False
        )
        for each in found
    ]
    Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
    counts = Counter((bool(each.unfaithful), bool(each.refused)) for each in found)
    unfaithful, faithful = counts[True, True] + counts[True, False], counts[False, True] + counts[False, False]
    print(f"{len(found)} plans over {TABLES} tables")
    print(f"{counts[True, True]} of {unfaithful} that do not survive are refused")
    print(f"{counts[False, True]} of {faithful} that survive are refused: {counts[False, True] / faithful:.2%}")


if __name__ == "__main__":
    main(sys.argv[1])
