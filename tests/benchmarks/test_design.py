"""What adds most is chosen first for the design of the quick profile."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.design import chosen
from strategies import ColumnSpec, SplitSpec, TableSpec


@pytest.mark.parametrize("count", [1, 2])
def test_what_adds_most_is_chosen_first(count: int) -> None:
    specs = [SplitSpec(TableSpec((ColumnSpec(1, "a", type_),))) for type_ in ("long", "int", "date")]
    pool = [(specs[0], frozenset("ab")), (specs[1], frozenset("abc")), (specs[2], frozenset("d"))]
    assert chosen(pool, count, Counter()) == [specs[1], specs[2]][:count]
