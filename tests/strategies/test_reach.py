"""Each region is drawn about as often as `docs/regions.md` says, and the quick profile meets nearly all of them."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from benchmarks.reach import quick, shares
from conformance.examples.drawing import draw
from strategies import split_specs, to_json
from strategies.regions import regions

DRAWS, SEEDS = 600, 6
PAGE = Path(__file__).resolve().parents[2] / "docs" / "regions.md"


def published() -> dict[str, tuple[float, float, int]]:
    """Return the shares of all splits and of those with a plan, and the count in the quick profile, by region."""
    found, group = {}, ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            group = line[3:]
        elif row := re.fullmatch(r"\| (.*) \| ([\d.]+)% \| ([\d.]+)% \| (\d*) \|", line):
            name = f"{group}: {row[1]}".replace("\\|", "|")
            found[name] = (float(row[2]) / 100, float(row[3]) / 100, int(row[4] or 0))
    return found


@cache
def sample(planned: bool | None) -> Counter[str]:
    # Of several seeds: what Hypothesis draws from one is more alike than chance would have it.
    return sum((shares(planned, DRAWS // SEEDS, seed) for seed in range(SEEDS)), Counter())


# Rarer ones would need more draws than a test has time for; the page shows them.
OFTEN = 0.02


@pytest.mark.parametrize("region", [name for name, shown in published().items() if shown[0] >= OFTEN])
def test_a_region_of_splits_is_reached(region: str) -> None:
    assert sample(None)[region] / DRAWS >= published()[region][0] / 4


@pytest.mark.parametrize("region", [name for name, shown in published().items() if shown[1] >= OFTEN])
def test_a_region_of_plans_is_reached(region: str) -> None:
    assert sample(True)[region] / DRAWS >= published()[region][1] / 4


def test_the_page_is_of_this_version() -> None:
    reached, examples = quick()
    assert {name: shown[2] for name, shown in published().items() if shown[2]} == dict(reached)
    assert f"the {examples} examples" in PAGE.read_text().replace("\n", " ")
    assert set(sample(None)) | set(sample(True)) <= set(published())


def test_there_are_many_regions_and_the_quick_profile_reaches_nearly_all() -> None:
    shown = published()
    assert len(shown) >= 380
    assert sum(1 for _, _, count in shown.values() if count) >= 0.85 * len(shown)


def test_draws_differ_from_each_other() -> None:
    drawn: list[str] = []
    draw(split_specs(), DRAWS, 20, lambda spec: drawn.append(to_json(spec)))
    assert len(set(drawn)) >= 0.98 * DRAWS


def test_a_region_is_told_from_its_neighbour() -> None:
    from strategies import ColumnSpec, SplitSpec, SqlPlanSpec, TableSpec

    def of(sql: str) -> set[str]:
        table = TableSpec((ColumnSpec(1, "a", "long"),))
        return set(regions(SplitSpec(table, plan=SqlPlanSpec(sql))))

    windowed = of("SELECT n, sum(m) FILTER (WHERE p) OVER (ORDER BY n) AS w FROM s")
    grouped = of("SELECT n, sum(m) FILTER (WHERE p) AS a FROM s GROUP BY n")
    assert "window: FILTER" in windowed - grouped
    assert "aggregate: FILTER" in grouped - windowed
    assert "window: RANGE with an offset" not in of(
        "SELECT sum(m) OVER (ORDER BY n RANGE BETWEEN CURRENT ROW AND CURRENT ROW)"
    )
