"""Violations that fall together are one cause; `tests/quality/test_causes.py` shows it on broken loaders."""

from __future__ import annotations

from dataclasses import replace

from conformance.checks.context import WHOLE_STATE
from conformance.checks.scan import OF_THE_SPLITS
from conformance.judging.causes import causes
from conformance.judging.findings import Pattern, Violation
from conformance.observation.difference import Difference, Place, Step
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, HistorySpec, Predicate, ScanSpec, SplitSpec, TableSpec


def violation(clause: str, part: str, *, example: str = "e", case: str = "") -> Violation:
    found = Difference(Place(Step.ARRIVE, part, case=case), "one", "other")
    return Violation(clause, ("pickle-5",), example, "", found)


def pattern(broken: str, held: str = "") -> Pattern:
    return Pattern(frozenset(broken.split()), frozenset(f"{broken} {held}".split()))


def test_clauses_that_name_the_same_have_one_cause() -> None:
    found = causes([violation("ID-1", "id"), violation("WIRE-5", "id"), violation("IO-1", "FileIO class")])
    assert [cause.clauses for cause in found] == [("ID-1", "WIRE-5"), ("IO-1",)]


def test_what_a_check_has_made_is_another_subject_but_not_the_later_trip_of_a_transport() -> None:
    made = violation("ID-2", "id", case="files with the id of a split")
    again = violation("WIRE-4", "id", case="against the first trip")
    assert [cause.clauses for cause in causes([violation("ID-1", "id"), made, again])] == [
        ("ID-1", "WIRE-4"),
        ("ID-2",),
    ]


def test_rows_have_the_cause_whose_examples_they_are_of() -> None:
    everywhere, sometimes = violation("ID-1", "id"), violation("CTX-1", "row filter")
    rows = violation("READ-1", "rows")
    patterns = [pattern("ID-1 CTX-1 READ-1"), pattern("ID-1 CTX-1", "READ-1"), pattern("ID-1", "CTX-1 READ-1")]
    found = causes([everywhere, sometimes, rows], patterns)
    assert [cause.clauses for cause in found] == [("CTX-1", "READ-1"), ("ID-1",)]


def test_a_clause_that_two_faults_break_at_two_places_is_told_with_each() -> None:
    """Its examples are those of both; only those that break it at the same place tell."""
    lost = violation("CTX-1", "row filter")
    ordered = violation("READ-7", "rows", case="in their order", example="other")
    resumed = violation("READ-7", "rows", case="from a position on")
    both = frozenset({("CTX-1", "arrive", "row filter", ""), ("READ-7", "arrive", "rows", "in their order")})
    alone = replace(pattern("READ-7", "CTX-1"), places=frozenset({("READ-7", "arrive", "rows", "from a position on")}))
    patterns = [replace(pattern("CTX-1 READ-7"), places=both), *(alone,) * 9]
    found = causes([lost, ordered, resumed], patterns)
    assert [cause.clauses for cause in found] == [("CTX-1", "READ-7"), ("READ-7",)]


def test_rows_that_other_examples_lose_are_a_cause_of_their_own() -> None:
    patterns = [pattern("CTX-1 READ-1"), pattern("READ-1", "CTX-1")]
    found = causes(
        [violation("CTX-1", "row filter"), violation("READ-1", "rows"), violation("PLAN-5", "rows")], patterns
    )
    assert [cause.clauses for cause in found] == [("READ-1", "PLAN-5"), ("CTX-1",)]


def test_what_is_wrong_as_built_does_not_come_of_the_way() -> None:
    lost = violation("CTX-1", "row filter")
    built = replace(violation("READ-1", "rows"), transports=("as built", "pickle-5"))
    patterns = [pattern("CTX-1 READ-1"), pattern("CTX-1", "READ-1")]
    assert [cause.clauses for cause in causes([lost, built], patterns)] == [("CTX-1",), ("READ-1",)]


def test_a_clause_that_one_fault_breaks_as_built_and_another_on_the_way_is_told_with_each() -> None:
    lost, sent = violation("CTX-1", "row filter"), violation("READ-1", "rows", example="other")
    built = Violation("READ-1", ("as built",), "e", "", Difference(Place(Step.LOOK, "rows"), "one", "other"))
    on_the_way = frozenset({("CTX-1", "arrive", "row filter", ""), ("READ-1", "arrive", "rows", "")})
    as_built = replace(pattern("READ-1", "CTX-1"), places=frozenset({("READ-1", "look", "rows", "")}))
    patterns = [replace(pattern("CTX-1 READ-1"), places=on_the_way), *(as_built,) * 9]
    found = causes([lost, sent, built], patterns)
    assert [cause.clauses for cause in found] == [("CTX-1", "READ-1"), ("READ-1",)]


def test_what_shows_only_in_a_case_that_a_check_has_made_explains_no_other() -> None:
    patterns = [pattern("WIRE-13 READ-1"), pattern("WIRE-13", "READ-1")]
    in_a_case = violation("WIRE-13", "fields", case="by copy")
    found = causes([in_a_case, violation("READ-1", "rows")], patterns)
    assert [cause.clauses for cause in found] == [("WIRE-13",), ("READ-1",)]
    assert len(causes([in_a_case, violation("READ-1", "rows", case="by copy")], [*patterns, *[pattern("")] * 9])) == 1


def test_rows_of_cases_that_checks_have_made_are_told_apart() -> None:
    later, failing = violation("READ-7", "rows", case="from a position"), violation("READ-6", "rows", case="that fails")
    assert len(causes([later, failing])) == 2
    assert len(causes([later, failing], [pattern("READ-6 READ-7"), pattern("", "READ-6 READ-7")])) == 1


def test_rows_that_two_faults_change_go_to_each_by_its_example() -> None:
    lost, uncopied = violation("CTX-1", "row filter", example="f"), violation("WIRE-3", "class", example="c")
    uncopied = replace(uncopied, transports=("deepcopy",), difference=Difference(Place(Step.SEND), "one", "other"))
    rows = violation("READ-8", "number of rows", example="f")
    others = replace(violation("READ-8", "number of rows", example="c"), transports=("deepcopy",))
    patterns = [
        pattern("CTX-1 READ-8", "WIRE-3"),
        pattern("WIRE-3 READ-8", "CTX-1"),
        pattern("", "CTX-1 WIRE-3 READ-8"),
    ]
    found = causes([lost, uncopied, rows, others], patterns)
    assert [cause.clauses for cause in found] == [("CTX-1", "READ-8"), ("WIRE-3", "READ-8")]


def test_what_cannot_be_sent_is_told_apart_by_the_error_where_no_example_breaks_both() -> None:
    pickled, copied = (
        replace(violation(clause, "", example=clause), difference=Difference(Place(Step.SEND), "carried", error))
        for clause, error in (("WIRE-1", "raises ValueError: old"), ("WIRE-3", "raises TypeError: no copies"))
    )
    assert len(causes([pickled, copied], [pattern("WIRE-1", "WIRE-3"), pattern("WIRE-3", "WIRE-1")])) == 2
    assert len(causes([pickled, copied], [pattern("WIRE-1 WIRE-3"), pattern("", "WIRE-1 WIRE-3")])) == 1


def test_what_nearly_every_example_breaks_is_a_cause_of_its_own() -> None:
    always, mostly = violation("ID-1", "id"), violation("CTX-1", "row filter")
    patterns = [*[pattern("ID-1 CTX-1")] * 9, pattern("ID-1", "CTX-1")]
    assert [cause.clauses for cause in causes([mostly, always], patterns)] == [("CTX-1",), ("ID-1",)]


def test_the_state_follows_what_is_lost_of_it() -> None:
    patterns = [pattern("CTX-1 CTX-7", "IO-2"), pattern("IO-2 ID-1", "CTX-1 CTX-7")]
    subjects = [violation("CTX-1", "row filter"), violation("IO-2", "properties"), violation("CTX-7", WHOLE_STATE)]
    assert causes(subjects, patterns)[0].clauses == ("CTX-1", "CTX-7")


def test_the_violation_that_says_most_comes_first_and_those_of_one_example_together() -> None:
    rows = violation("PLAN-5", "rows", example="e")
    (cause,) = causes([rows, violation("CTX-1", "row filter", example="long")], [pattern("CTX-1 PLAN-5")])
    assert cause.clauses == ("CTX-1", "PLAN-5")


def test_scans_are_told_apart_by_their_clauses() -> None:
    found = causes([violation("SCAN-1", "rows"), violation("SCAN-4", "rows"), violation("READ-1", "rows")])
    assert sorted(cause.clauses for cause in found) == [("READ-1",), ("SCAN-1",), ("SCAN-4",)]


FILTER = Predicate("eq", "a", (1,))
COLUMN = ColumnSpec(1, "a", "long", (1, 2))


def of_a_scan(clause: str, spec: ScanSpec) -> Violation:
    found = Difference(Place(Step.READ, "rows", case=OF_THE_SPLITS), "one", "other")
    return Violation(clause, ("worker",), repr(spec), to_json(spec), found)


def test_a_scan_that_has_what_the_examples_of_a_split_have_is_of_their_cause() -> None:
    split = SplitSpec(TableSpec((COLUMN,)), row_filter=FILTER)
    lost = replace(violation("CTX-1", "row filter"), spec=to_json(split))
    filtered = of_a_scan("SCAN-5", ScanSpec(HistorySpec((COLUMN,)), row_filter=FILTER))
    projected = of_a_scan("SCAN-1", ScanSpec(HistorySpec((COLUMN,)), columns=("a",)))
    assert [cause.clauses for cause in causes([filtered, projected, lost])] == [("CTX-1", "SCAN-5"), ("SCAN-1",)]


def test_a_scan_that_has_less_explains_those_that_have_more() -> None:
    bare = of_a_scan("SCAN-1", ScanSpec(HistorySpec((COLUMN,))))
    filtered = of_a_scan("SCAN-5", ScanSpec(HistorySpec((COLUMN,)), row_filter=FILTER))
    (cause,) = causes([filtered, bare])
    assert cause.clauses == ("SCAN-1", "SCAN-5")


def test_a_split_with_nothing_peculiar_explains_no_scan() -> None:
    plain = replace(violation("ID-1", "id"), spec=to_json(SplitSpec(TableSpec((COLUMN,)))))
    found = causes([plain, of_a_scan("SCAN-1", ScanSpec(HistorySpec((COLUMN,))))])
    assert [cause.clauses for cause in found] == [("ID-1",), ("SCAN-1",)]
