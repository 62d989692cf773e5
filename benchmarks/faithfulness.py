"""How often the reference refuses a plan rightly and wrongly, on a fixed set of plans (BUILD-4).

`python -m benchmarks.faithfulness benchmarks/plans.jsonl` draws the set. It runs each plan and its copy, encoded in
Substrait and decoded, over ten tables whose rows make different plans give different results. A plan is unfaithful if
the copy fails or computes other rows, or if it contains a construct that `docs/FINDINGS.md` lists. The reference
loader then builds a split with each plan. The script writes a line of JSON for each plan, and prints both rates.
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

from conformance.adapters.builtin.reference import ADAPTER
from conformance.examples.drawing import draw
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import in_any_layout, plain_rows
from fixtures.expected import planned_rows, scanned_rows
from fixtures.materials import Materials, make_materials
from fixtures.plans import empty_batch
from fixtures.survival import lost_construct, survives
from fixtures.tables.warehouse import Warehouse
from strategies import ColumnSpec, ListSpec, RegistrySpec, SplitSpec, StructSpec, TableSpec, UdfSpec, plans
from strategies.primitives import PRIMITIVES
from strategies.specs import PlanSpec

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
# Small numbers with duplicates and gaps, on both sides of the constants in plans.
NUMBERS = (0, 1, 1, 2, -1, 3, 5, 9, 40, None)
TEXTS = ("", "a", "b", "ab", "B", "a%", "x", None)


@dataclass(frozen=True)
class Labelled:
    """A plan and what became of it.

    Attributes:
        plan: the plan.
        unfaithful: why it does not survive Substrait; empty if it does.
        refused: why the reference refuses it; empty if it does not.

    """

    plan: PlanSpec
    unfaithful: str
    refused: str


def tables() -> list[TableSpec]:
    """Return `TABLES` tables with the same schema and different rows."""
    made = []
    for seed in range(TABLES):
        chance = random.Random(seed)
        columns = []
        for number, type_ in enumerate(TYPES, 1):
            options = NUMBERS if type_ in ("long", "int") else TEXTS if type_ == "string" else PRIMITIVES[type_].values
            known = (*options, None)
            columns.append(ColumnSpec(number, f"c{number}", type_, tuple(chance.choice(known) for _ in range(11))))
        lists = tuple(chance.choice(((), (1, 2), (1, None, 3), (2,), None)) for _ in range(7))
        columns.append(ColumnSpec(20, "l", ListSpec(21, "long"), lists))
        struct = StructSpec((ColumnSpec(23, "f0", "long"), ColumnSpec(24, "f1", "string")))
        columns.append(ColumnSpec(22, "s", struct, ((1, "x"), None, (None, "y"))))
        made.append(TableSpec(tuple(columns), rows=13 + seed))
    return made


def label(plan: PlanSpec, scans: list[tuple[SplitSpec, pa.Table, Materials]]) -> str | None:
    """Return why the plan does not survive, "" if it does, or ``None`` if the plan itself does not run."""
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
    """Return ``count`` different plans that run, with their labels."""
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
