"""What adds most is chosen first for the design of the quick profile."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks import design
from benchmarks.alterations import altered
from benchmarks.design import chosen, telling_each_alteration
from strategies import ColumnSpec, SplitSpec, SqlPlanSpec, TableSpec


@pytest.mark.parametrize("count", [1, 2])
def test_what_adds_most_is_chosen_first(count: int) -> None:
    specs = [SplitSpec(TableSpec((ColumnSpec(1, "a", type_),))) for type_ in ("long", "int", "date")]
    pool = [(specs[0], frozenset("ab")), (specs[1], frozenset("abc")), (specs[2], frozenset("d"))]
    assert chosen(pool, count, Counter()) == [specs[1], specs[2]][:count]


def test_plans_are_added_for_alterations_that_none_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    table = TableSpec((ColumnSpec(1, "a", "long", (1, 2, 3)),), rows=3)
    paged = SplitSpec(table, plan=SqlPlanSpec('SELECT "a" AS n FROM "t" ORDER BY n ASC LIMIT 1 OFFSET 1'))
    beyond = SplitSpec(table, plan=SqlPlanSpec('SELECT "a" AS n FROM "t" ORDER BY n ASC LIMIT 9 OFFSET 9'))
    monkeypatch.setattr(design, "draw", lambda strategy, count, seed, use: [use(spec) for spec in (beyond, paged)])
    assert "OFFSET is lost" in {name for name, _ in altered(beyond)}
    assert telling_each_alteration([], 1)[:1] == [beyond]  # with no offset it gives rows
    assert telling_each_alteration([beyond, paged], 1) == [beyond, paged]  # nothing more is told by any
