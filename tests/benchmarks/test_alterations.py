"""Altered plans betray themselves about as often as `docs/alterations.md` says."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from benchmarks.alterations import ALTERATIONS, Measured, altered, measured, page
from strategies import ColumnSpec, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alterations.md"
TABLE = TableSpec((ColumnSpec(1, "a", "long"),))


@cache
def sample() -> Measured:
    """Draw from several seeds: what Hypothesis draws from one is more alike than chance would have it."""
    found = Measured(Counter(), Counter(), Counter(), {})
    for part in (measured(100, seed) for seed in range(12, 15)):
        found.plans.update(part.plans)
        found.altered.update(part.altered)
        found.told.update(part.told)
    return found


def published(name: str) -> float:
    """Return the share that the page gives for a property of drawn plans."""
    found = re.search(rf"^\| {re.escape(name)} \| ([\d.]+) % \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert found, name
    return float(found[1]) / 100


def test_alterations_are_told_about_as_often_as_the_page_says() -> None:
    found = re.search(r"other rows in (\d+) %", PAGE.read_text(encoding="utf-8"))
    assert found
    assert sample().share >= int(found[1]) / 100 - 0.08


@pytest.mark.parametrize("name", ["scan a column", "give differing rows"])
def test_plans_tell_about_as_often_as_the_page_says(name: str) -> None:
    assert sample().plans[name] / sample().plans["plans"] >= published(name) - 0.08


@pytest.mark.parametrize("name", ["scan no table", "run over no rows"])
def test_plans_are_as_rarely_empty_as_the_page_says(name: str) -> None:
    assert sample().plans[name] / sample().plans["plans"] <= published(name) + 0.05


@pytest.mark.parametrize(
    ("sql", "name", "becomes"),
    [
        (
            "SELECT sum(m) FILTER (WHERE p) OVER (ORDER BY n) FROM s",
            "FILTER of a window function is lost",
            "sum(m) OVER",
        ),
        ("SELECT sum(m) FILTER (WHERE p) AS a FROM s", "FILTER of an aggregate is lost", "sum(m) AS a"),
        ("SELECT n FROM s ORDER BY n DESC NULLS LAST", "nulls stand at the other end", "NULLS FIRST"),
        ("SELECT n FROM s ORDER BY n DESC", "an order is turned", "ORDER BY n ASC"),
        ("SELECT ntile(2) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", "a frame is lost", "BY n)"),
        ("SELECT n FROM l LEFT JOIN r ON l.n = r.n AND l.m < r.m", "a part of a join's condition is lost", "= r.n"),
        ("SELECT upper(t) FROM s", "a function is taken for its neighbour", "lower(t)"),
    ],
)
def test_sql_is_altered_where_it_holds_the_construct(sql: str, name: str, becomes: str) -> None:
    (alteration,) = (each for each in ALTERATIONS if each.name == name)
    changed = alteration(sql)
    assert changed is not None
    assert becomes in changed
    assert alteration("SELECT 1") is None


def test_functions_and_settings_are_altered_beside_the_plan() -> None:
    plan = SqlPlanSpec('SELECT "f"("a") AS c0 FROM "t"', session=(("datafusion.execution.time_zone", "UTC"),))
    changed = dict(altered(SplitSpec(TABLE, plan=plan, registry=RegistrySpec((UdfSpec("f"),)))))
    function, session = changed["another function of its name is called"], changed["the session's settings are lost"]
    assert function.registry is not None
    assert function.registry.udfs[0].operand == 2
    assert session.plan is not None
    assert session.plan.session == ()


def test_page_shows_what_was_measured() -> None:
    found = Measured(Counter({"plans": 4, "scan a column": 3}), Counter({"x": 4}), Counter({"x": 1}), {})
    text = page(found)
    assert "| scan a column | 75.0 % |" in text
    assert "other rows in 25 % of 4 times" in text
    assert "| x | 4 | 1 | 25 % |" in text
