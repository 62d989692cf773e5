"""Chooses the examples of the quick profile among many drawn ones: `python -m benchmarks.design`.

A greedy cover. What counts is each region, each pair of regions of different families (a table and a filter, a column
and a projection), each type and value that is read without a plan, each part that is large, and each way of altering a
plan that its rows tell (`benchmarks.alterations`). The next example is the one that adds most; of two that add the
same, the shorter. It takes some minutes, and writes the files that `conformance.examples.design` reads.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import click

from benchmarks.alterations import altered, told
from conformance.examples.covering import covering, plainest
from conformance.examples.design import PLANS, SCANS, SPLITS, designed_plans, designed_scans, designed_splits
from conformance.examples.drawing import draw
from conformance.examples.from_spec import Unusable, example_of
from conformance.examples.scan_features import ASKED
from conformance.examples.scan_features import features as scan_features
from conformance.run.profiles import PROFILES
from fixtures.tables.warehouse import Warehouse
from strategies import scans, split_specs, to_json
from strategies.recorded import is_recorded
from strategies.regions import regions
from strategies.specs import ScanSpec, Spec, SplitSpec
from strategies.udfs import goes_by_name

SEED = 31
# Drawn examples to choose from.
SPLITS_DRAWN, PLANS_DRAWN, SCANS_DRAWN = 6_000, 12_000, 16_000
ROUNDS = 5
# So many scans that meet most come last.
RICH = 20

# Families of which each pair is to be met: what a loader carries one way or another, whatever the other is.
PAIRED = ("table", "column", "partition", "filter", "projection", "UDFs", "call", "FileIO", "plan", "value", "name")
# Families of what a plan is made of.
PLANNED = (
    *("plan", "frame", "session", "function", "expression", "cast", "literal", "text", "predicate", "date", "nested"),
    *("query", "aggregate", "window", "join", "set", "subquery", "UDFs", "call"),
)

# What a feature counts when it is met for the first time, the second, and so on. An example has hundreds of pairs. Some
# have a name of their own (`pair: a default that is read`): there loaders go wrong.
REGION, NAMED, TOLD, PAIR = (10.0, 2.0), (400.0, 200.0, 100.0), (10.0, 5.0, 2.0), (1.0,)


def features(spec: SplitSpec, *, has_rows: bool) -> Iterator[str]:
    """Yield the regions of a spec, and the pairs of those of different families.

    Pairs with a name of their own are met where there are rows in which something can show. Of a spec whose functions
    cloudpickle alone carries there is only where these are from: few transports take it.
    """
    met = sorted(region for region in set(regions(spec)) if has_rows or family(region) != "pair")
    if not goes_by_name(spec):
        yield from (region for region in met if region.startswith("UDFs: from "))
        return
    yield from met
    if has_rows:
        yield from read_as_they_are(spec)
    paired = [region for region in met if family(region) in PAIRED]
    yield from (f"{a} × {b}" for a, b in combinations(paired, 2) if family(a) != family(b))


def read_as_they_are(spec: SplitSpec) -> Iterator[str]:
    """Yield the types and values that are read without a plan, which may leave out what it is given."""
    if spec.plan is None:
        yield from {f"bare: {region}" for region in regions(spec) if family(region) in ("type", "value", "default")}


def family(region: str) -> str:
    """Return the family of a region: `table` of `table: orc`."""
    return region.partition(": ")[0]


def features_of_plan(spec: SplitSpec, warehouse: Warehouse) -> Iterator[str] | None:
    """Return the regions of a plan, and the alterations that its rows tell; `None` where it does not run."""
    example = example_of(spec, warehouse)
    if isinstance(example, Unusable) or not goes_by_name(spec):
        return None
    met = {region for region in regions(spec) if family(region) in PLANNED}
    return iter([*met, *(f"told: {name}" for name, tells in told(spec, example) if tells)])


def worth(feature: str, met: int) -> float:
    """Return what a feature counts that was met so many times before."""
    kinds = {"told: ": TOLD, "pair: ": NAMED, "bare: ": NAMED}
    values = PAIR if " × " in feature else kinds.get(feature[:6], REGION)
    return values[met] if met < len(values) else 0.0


def chosen(pool: Sequence[tuple[SplitSpec, frozenset[str]]], count: int, met: Counter[str]) -> list[SplitSpec]:
    """Return so many specs that together are worth most, and count in ``met`` what they meet."""
    left = list(pool)
    found = []
    # What a spec adds only falls while others are chosen: an old sum is an upper bound of the new one.
    bounds = {id(spec): float("inf") for spec, _ in left}
    for _ in range(count):
        best, most = None, (-1.0, 0)
        left.sort(key=lambda item: -bounds[id(item[0])])
        for item in left:
            spec, has = item
            if bounds[id(spec)] < most[0]:
                break
            bounds[id(spec)] = sum(worth(feature, met[feature]) for feature in has)
            if (bounds[id(spec)], -len(repr(spec))) > most:
                best, most = item, (bounds[id(spec)], -len(repr(spec)))
        assert best is not None
        left.remove(best)
        found.append(best[0])
        met.update(best[1])
    return found


def meeting_what_is_named(splits: Sequence[SplitSpec], count: int, seed: int) -> list[SplitSpec]:
    """Return the splits and more: drawn ones for what has a name and none meets, then that one meets.

    Those of the first kind are all there, whatever the count. The next is the one that meets most of it, and of these
    the shortest.
    """
    drawn: list[SplitSpec] = []
    draw(split_specs(large=True), SPLITS_DRAWN, seed, drawn.append)
    found, met = list(splits), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        for spec in splits:
            met.update(named_in(spec, warehouse))
        names = {spec: named(spec) for spec in dict.fromkeys(drawn) if spec not in splits}
        for often in (0, 1):
            while names and (not often or len(found) < count):
                # Most specs meet nothing new. Only the best is made, to see whether it has rows.
                wanted = {spec: sum(met[name] == often for name in has) for spec, has in names.items()}
                spec = max(wanted, key=lambda each: (wanted[each], -len(repr(each))))
                if not wanted[spec]:
                    break
                del names[spec]
                more = named_in(spec, warehouse)
                if any(met[name] == often for name in more):
                    found.append(spec)
                    met.update(more)
    return found


def telling_each_alteration(plans: Sequence[SplitSpec], seed: int) -> list[SplitSpec]:
    """Return the plans and more: for each alteration that the rows of none of them tell, the shortest that does."""
    drawn: list[SplitSpec] = []
    draw(split_specs(with_plan=True), PLANS_DRAWN, seed, drawn.append)
    drawn.sort(key=lambda spec: len(repr(spec)))
    found, met = list(plans), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        for spec in plans:
            met |= alterations_told(spec, warehouse)
        for spec in drawn:
            if {f"told: {name}" for name, _ in altered(spec)} <= met:
                continue
            if more := alterations_told(spec, warehouse) - met:
                found.append(spec)
                met |= more
    return found


def alterations_told(spec: SplitSpec, warehouse: Warehouse) -> set[str]:
    """Return the alterations that the rows of a plan tell; none of a plan that does not run."""
    told = features_of_plan(spec, warehouse) or ()
    return {feature for feature in told if feature.startswith("told: ")}


def named(spec: SplitSpec) -> set[str]:
    """Return the pairs of a split that have a name, what it reads as it is, its properties, and what is large in it."""
    met = set(regions(spec))
    own = {region for region in met if family(region) in ("pair", "size") or region.startswith("FileIO: property")}
    return own | set(read_as_they_are(spec))


def named_in(spec: SplitSpec, warehouse: Warehouse) -> set[str]:
    """Return what has a name and is met by a split, where it has rows in which something can show."""
    example = example_of(spec, warehouse)
    return set() if isinstance(example, Unusable) or not example.rows.rows else named(spec)


def pools(seed: int) -> tuple[list[tuple[SplitSpec, frozenset[str]]], list[tuple[SplitSpec, frozenset[str]]]]:
    """Return the drawn splits and the drawn splits with a plan, each with its features."""
    splits: list[tuple[SplitSpec, frozenset[str]]] = []
    plans: list[tuple[SplitSpec, frozenset[str]]] = []
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))

        def use(spec: SplitSpec) -> None:
            example = example_of(spec, warehouse)
            if not isinstance(example, Unusable):
                splits.append((spec, frozenset(features(spec, has_rows=bool(example.rows.rows)))))

        def use_plan(spec: SplitSpec) -> None:
            if (has := features_of_plan(spec, warehouse)) is not None:
                plans.append((spec, frozenset(has)))

        draw(split_specs(large=True), SPLITS_DRAWN, seed, use)
        draw(split_specs(with_plan=True), PLANS_DRAWN, seed, use_plan)
    return splits, plans


def write_scans(count: int, seed: int) -> None:
    """Choose so many scans among drawn ones, and write them: the plainest, then those that meet most."""
    drawn = drawn_scans(seed)
    plain = asking(plainest(drawn), seed)
    # Some of the plainest are among those that meet most, too.
    chosen = list(dict.fromkeys([*plain, *covering(drawn, count)]))[:count]
    recorded = [scan for scan in chosen if is_recorded(scan.history)]
    written(SCANS, with_more([scan for scan in chosen if scan not in recorded], recorded))


def asking(scans: Sequence[ScanSpec], seed: int) -> list[ScanSpec]:
    """Return the scans and more: the plainest for each thing that none asks, drawn at most :data:`ROUNDS` times."""
    found = list(scans)
    for later in range(1, ROUNDS):
        asked = set[str]().union(*map(scan_features, found))
        missing = [thing for thing in ASKED if thing not in asked]
        if not missing:
            break
        found += plainest(drawn_scans(seed + later), missing)
    return found


def with_more(scans: Sequence[ScanSpec], more: Sequence[ScanSpec]) -> list[ScanSpec]:
    """Return the scans with others after the plain ones.

    Recorded tables stand there: they are made no smaller, so by which clause they go wrong is told by plainer scans.
    """
    return [*scans[:-RICH], *more, *scans[-RICH:]]


def drawn_scans(seed: int) -> list[ScanSpec]:
    """Return the scans that are drawn from the seed to choose among."""
    drawn: list[ScanSpec] = []
    draw(scans(), SCANS_DRAWN, seed, drawn.append)
    return drawn


def written(file: Path, specs: Sequence[Spec]) -> None:
    """Write the specs, one a line."""
    file.write_text("".join(f"{to_json(spec)}\n" for spec in specs), encoding="utf-8")


def share(pool: Sequence[tuple[SplitSpec, frozenset[str]]], met: Counter[str]) -> Iterator[str]:
    """Yield how much of what was drawn is met, by kind of feature."""
    drawn = frozenset().union(*(has for _, has in pool))
    kinds = Counter("told" if f.startswith("told: ") else "pairs" if " × " in f else "regions" for f in drawn)
    hit = Counter("told" if f.startswith("told: ") else "pairs" if " × " in f else "regions" for f in drawn if met[f])
    for kind, count in kinds.items():
        yield f"{hit[kind]} of {count} {kind}"


@click.command()
@click.option("--seed", default=SEED, show_default=True)
@click.option("--add", is_flag=True, help="Keep what is chosen, and add examples for what none of them meets.")
def main(seed: int, *, add: bool) -> None:
    """Choose the examples of the quick profile, and write them."""
    profile = PROFILES["quick"]
    if add:
        kept = designed_scans()
        written(SCANS, with_more(kept, asking(kept, seed)[len(kept) :]))
        written(SPLITS, meeting_what_is_named(designed_splits(), profile.shards * profile.examples, seed))
        written(PLANS, telling_each_alteration(designed_plans(), seed))
        return
    write_scans(profile.scans, seed)
    splits, plans = pools(seed)
    for pool, count, file in (
        (splits, profile.shards * profile.examples, SPLITS),
        (plans, profile.plan_shards * profile.plans, PLANS),
    ):
        met: Counter[str] = Counter()
        specs = chosen(pool, count, met)
        written(file, specs)
        print(f"{len(specs)} of {len(pool)} to {file.name}: {', '.join(share(pool, met))}")


if __name__ == "__main__":
    main()
