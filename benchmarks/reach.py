"""Prints how often drawn splits reach each region: `python -m benchmarks.reach > docs/regions.md`."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from time import process_time

from conformance.examples.design import designed_plans, designed_splits
from conformance.examples.drawing import draw
from conformance.examples.pinned import PINNED
from strategies import split_specs
from strategies.regions import regions
from strategies.specs import SplitSpec

DRAWS = 3000
SEED = 20
HEAD = """# Regions

Places where real loaders and engines go wrong, and how often what is drawn is one of them: the share of drawn splits,
the share of drawn splits with a plan, and how many of the {quick} examples of the quick profile are ({pinned} of them
pinned). Measured over {draws} draws of each kind by `python -m benchmarks.reach > docs/regions.md`; the tests hold the
shares. {regions} regions, of which the quick profile reaches {reached}. To draw a split takes {milliseconds} ms of CPU
time.
"""


def shares(planned: bool | None, draws: int, seed: int) -> Counter[str]:
    """Return in how many of the draws each region is reached. With ``planned`` only splits with a plan are drawn."""
    met: Counter[str] = Counter()

    def count(spec: SplitSpec) -> None:
        met.update(set(regions(spec)))

    draw(split_specs(with_plan=planned, large=True), draws, seed, count)
    return met


def milliseconds() -> float:
    """Return how long it takes to draw a split, in CPU time."""
    began = process_time()
    draw(split_specs(large=True), DRAWS, SEED, lambda spec: None)
    return (process_time() - began) * 1000 / DRAWS


def quick() -> tuple[Counter[str], int]:
    """Return how many examples of the quick profile reach each region, and how many examples it has."""
    met: Counter[str] = Counter()
    specs = (*PINNED, *designed_splits(), *designed_plans())
    for spec in specs:
        met.update(set(regions(spec)))
    return met, len(specs)


def table() -> str:
    """Return the page."""
    of_all, of_planned = shares(None, DRAWS, SEED), shares(True, DRAWS, SEED)
    in_quick, examples = quick()
    names = sorted(set(of_all) | set(of_planned) | set(in_quick))
    reached = sum(name in in_quick for name in names)
    counts = {"quick": examples, "pinned": len(PINNED), "draws": DRAWS, "regions": len(names), "reached": reached}
    parts = [HEAD.format(**counts, milliseconds=round(milliseconds()))]
    for group, members in groupby(names, key=lambda name: name.partition(": ")[0]):
        parts += [f"\n## {group}", "", "| region | splits | with a plan | quick |", "|---|---|---|---|"]
        for name in members:
            all_, planned = of_all[name] / DRAWS, of_planned[name] / DRAWS
            text = name.partition(": ")[2].replace("|", "\\|")
            parts.append(f"| {text} | {all_:.2%} | {planned:.2%} | {in_quick[name] or ''} |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print(table(), end="")
