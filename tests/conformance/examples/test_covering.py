from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from statistics import fmean

from conformance.examples.asked_scans import expected_rows_of, with_more
from conformance.examples.covering import covering, plainest
from conformance.examples.design import designed_scans
from conformance.examples.drawing import draw
from conformance.examples.scan_features import ASKED, features
from conformance.run.profiles import PROFILES
from conformance.run.scans import LATER_SHARE
from strategies.scans import scans
from strategies.specs import (
    AddColumn,
    Append,
    ColumnSpec,
    DeletePositions,
    HistorySpec,
    Predicate,
    RenameColumn,
    RollBack,
    RowwiseSpec,
    ScanSpec,
    SetProperty,
)

A = ColumnSpec(1, "a", "long", (1, 2, None))
PLAIN = ScanSpec(HistorySpec((A,), (Append(4),)))


def drawn(count: int) -> list[ScanSpec]:
    found: list[ScanSpec] = []
    draw(scans(), count, 5, found.append)
    return found


def test_a_delete_counts_as_telling_where_it_takes_rows_away() -> None:
    takes = replace(PLAIN, history=HistorySpec((A,), (Append(4), DeletePositions(0, 2))))
    takes_none = replace(PLAIN, history=HistorySpec((A,), (Append(4), DeletePositions(7, 2))))
    assert "DeletePositions that tells" in features(takes)
    assert "DeletePositions that tells" not in features(takes_none)
    assert {"DeletePositions"} <= features(takes) & features(takes_none)


def test_a_filter_counts_as_telling_where_it_selects_some() -> None:
    assert "a filter that tells" in features(replace(PLAIN, row_filter=Predicate("eq", "a", (1,))))
    assert "a filter that tells" not in features(replace(PLAIN, row_filter=Predicate("eq", "a", (99,))))


def test_a_scan_that_asks_for_what_is_not_there_has_no_feature() -> None:
    assert features(replace(PLAIN, columns=("b",))) == frozenset()


def test_what_is_asked_is_told_apart() -> None:
    assert "constants" in features(replace(PLAIN, transformation=RowwiseSpec("1 AS one")))
    assert "where of a null" in features(replace(PLAIN, transformation=RowwiseSpec(where='"a" IS NOT NULL')))


def test_the_choice_meets_more_than_as_many_drawn_ones() -> None:
    many = drawn(120)

    def pairs(some: list[ScanSpec]) -> int:
        return len({(one, other) for scan in some for one in features(scan) for other in features(scan) if one < other})

    chosen = covering(many, 15)
    assert len(chosen) == 15
    assert pairs(chosen) > 1.3 * pairs(many[:15])
    assert covering(many, 15) == chosen


def test_no_more_are_chosen_than_there_are() -> None:
    assert covering([PLAIN], 5) == [PLAIN]


def test_each_thing_that_may_be_asked_has_a_scan_with_little_besides() -> None:
    many = drawn(600)
    plain = plainest(many)
    asked = {feature for scan in plain for feature in features(scan)}
    assert asked >= {"columns", "row_filter", "at", "ref", "registry", "constants", "where", "having"}
    assert fmean(len(features(scan)) for scan in plain) < fmean(len(features(scan)) for scan in many)


def test_the_design_holds_the_plainest_and_most_pairs() -> None:
    made = designed_scans()
    assert len(made) == len(set(made)) == PROFILES["quick"].scans
    plain, rich = ([len(features(scan)) for scan in some] for some in (made[:20], made[-5:]))
    assert sum(plain) / len(plain) < min(rich) / 2
    pairs = {pair for scan in made for pair in combinations(sorted(features(scan)), 2)}
    assert len(pairs) > 480


def test_scans_of_the_design_are_planned_again_after_each_kind_of_commit() -> None:
    later = designed_scans()[LATER_SHARE - 1 :: LATER_SHARE]
    kinds = {type(with_more(scan).history.operations[len(scan.history.operations)]) for scan in later}
    assert kinds == {Append, AddColumn, RenameColumn, RollBack}
    silent = [scan for scan in later if not isinstance(with_more(scan).history.operations[-1], SetProperty)]
    tell = [scan for scan in silent if expected_rows_of(scan) != expected_rows_of(with_more(scan))]
    assert len(tell) > 4, "after nothing but a change of the schema, or a return, other rows are given"


def test_each_thing_that_may_be_asked_is_in_the_design() -> None:
    met = {feature for scan in designed_scans() for feature in features(scan)}
    assert set(ASKED) <= met
