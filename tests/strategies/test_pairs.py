"""Two splits of a pair differ in the one respect that the pair names."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis.errors import InvalidArgument

from conformance.examples.drawing import draw
from strategies import ColumnSpec, PairSpec, SplitSpec, TableSpec, pairs
from strategies.filters import predicates_of
from strategies.pairs import OF_ONE_HASH, RESPECTS, differing_in

# The fields of a split spec in which each respect shows.
FIELDS = {
    "nothing": set(),
    "path": {"file_name"},
    "case of the path": {"file_name"},
    "property": {"file_io"},
    "type of a property": {"file_io"},
    "kind of mapping": {"file_io"},
    "row filter": {"row_filter"},
    "function": {"registry"},
    "plan": {"plan"},
    "what functions compute": {"registry"},
    "order of columns": {"projection"},
}


def differing(pair: PairSpec) -> set[str]:
    def fields(spec: Any) -> dict[str, str]:
        return {field.name: repr(getattr(spec, field.name)) for field in dataclasses.fields(spec)}

    first, second = fields(pair.first), fields(pair.second)
    return {name for name in first if first[name] != second[name]}


@pytest.mark.parametrize("respect", RESPECTS)
def test_a_pair_differs_in_its_respect_alone(respect: str) -> None:
    drawn: list[PairSpec] = []
    draw(pairs(respects=(respect,)), 30, 1, drawn.append)
    for pair in drawn:
        assert differing(pair) == FIELDS[pair.differs], pair
    assert sum(pair.differs == respect for pair in drawn) >= 20


def test_a_path_in_another_case_differs_in_case_alone() -> None:
    def check(pair: PairSpec) -> None:
        assert pair.first.file_name.lower() == pair.second.file_name.lower()

    draw(pairs(respects=("case of the path",)), 30, 1, check)


def test_filters_of_one_hash_differ() -> None:
    spec = SplitSpec(TableSpec((ColumnSpec(1, "a", "string"), ColumnSpec(2, "b", "long", (None, 7, 3, -2)))))
    filters = [differing_in(respect, spec).row_filter for respect in OF_ONE_HASH]
    (first,), (second,) = ([predicate.values[0] for predicate in predicates_of(each)] for each in filters)
    assert first == 3 != second
    assert hash(first) == hash(second)
    without = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (-1, None)),)))
    assert all(differing_in(respect, without) == without for respect in OF_ONE_HASH)


def test_unknown_respects_are_named() -> None:
    with pytest.raises(InvalidArgument, match="respects must be among nothing, path"):
        pairs(respects=("colour",))
