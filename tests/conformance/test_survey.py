"""No broken clause hides behind another, and each ends in a small example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.io.pyarrow import ArrowScan

from conformance.adapters.reference import ADAPTER, adapter_for
from conformance.checks import CHECKS, Check
from conformance.findings import Findings
from conformance.fixed import PINNED, TABLE_CASES, table_example
from conformance.loading import load_adapter
from conformance.observation import Difference
from conformance.survey import Survey
from conformance.transports.in_process import IN_PROCESS
from conformance.trip import AS_BUILT, Example, Trip
from fixtures.defects import restored
from reference import DataLoaderSplit
from strategies import split_specs

PICKLE = tuple(transport for transport in IN_PROCESS if transport.name == "pickle-5")
EXAMPLES, SEED = 100, 7


def is_rare(split: Any) -> bool:
    """True of one to five in a hundred drawn splits."""
    return bool(split.file_scan_task.file.file_path.endswith("x#y.orc"))


def rarely_no_properties(split: Any) -> dict[str, str]:
    return {"owner": "nobody"} if is_rare(split) else dict(split.table_properties)


def test_rare_break_is_found_behind_one_that_always_breaks(survey_of: Callable[..., Survey]) -> None:
    adapter = replace(ADAPTER, split_id=lambda split: object(), table_properties=rarely_no_properties)
    survey = survey_of(adapter, clauses=("ID-1", "CTX-5"), transports=PICKLE)
    findings = survey.drawn(split_specs(), EXAMPLES, SEED)
    always, rare = findings.broken["ID-1", AS_BUILT], findings.broken["CTX-5", AS_BUILT]
    assert always >= 80  # the others are refused: their plans are lost
    assert 1 <= rare <= 5
    shown = {violation.clause: violation for violation in findings.violations}
    assert len(shown["ID-1"].example) < 140
    assert len(shown["CTX-5"].example) < 250
    assert "x#y" in shown["CTX-5"].example


def test_break_that_comes_only_with_another_is_found(survey_of: Callable[..., Survey]) -> None:
    def always(trip: Trip) -> Any:
        yield AS_BUILT, Difference("id", "an id", "none")

    def only_with_a_filter(trip: Trip) -> Any:
        broken = trip.spec.row_filter is not None
        yield AS_BUILT, Difference("row filter", "a filter", "none") if broken else None

    survey = survey_of(ADAPTER, clauses=("ID-1", "CTX-1"), transports=PICKLE)
    by_clause = {check.clause.id: check.clause for check in CHECKS}
    survey = replace(survey, checks=[Check(by_clause["ID-1"], always), Check(by_clause["CTX-1"], only_with_a_filter)])
    findings = survey.drawn(split_specs(), 30, SEED)
    assert {violation.clause for violation in findings.violations} == {"ID-1", "CTX-1"}
    assert "row_filter=Predicate(" in next(v.example for v in findings.violations if v.clause == "CTX-1")


def test_break_that_does_not_come_again_is_reported_all_the_same(survey_of: Callable[..., Survey]) -> None:
    seen: list[int] = []

    def once(trip: Trip) -> Any:
        seen.append(1)
        yield AS_BUILT, Difference("state", "the same as before", "another") if len(seen) == 5 else None

    check = next(check for check in CHECKS if check.clause.id == "READ-2")
    survey = replace(survey_of(ADAPTER, transports=PICKLE), checks=[Check(check.clause, once)])
    findings = survey.drawn(split_specs(), 12, SEED)
    assert [violation.difference.actual for violation in findings.violations] == ["another"]


class Detached(DataLoaderSplit):
    """Once it was dumped nothing can be seen of it."""

    def __reduce__(self) -> Any:
        state = dict(self.__dict__)
        object.__setattr__(self, "_context", None)
        return restored, (type(self), state)


def test_split_that_cannot_be_looked_at_any_more_is_a_violation_and_no_error(
    survey_of: Callable[..., Survey],
) -> None:
    survey = survey_of(adapter_for("detached", split=Detached), transports=PICKLE)
    families = ("CTX", "IO", "READ", "SAFE")
    findings = replace(survey, checks=[c for c in survey.checks if c.clause.family in families]).pinned(PINNED[:2])
    assert "READ-3" in {clause for clause, _ in findings.broken}


def test_every_transport_that_breaks_is_accounted_for(survey_of: Callable[..., Survey]) -> None:
    def by_transport(trip: Trip) -> Any:
        yield "pickle-2", Difference("x", "a", "b") if trip.spec.table.deleted else None
        yield "deepcopy", Difference("x", "a", "b") if trip.spec.table.tag else None

    check = next(check for check in CHECKS if check.clause.id == "READ-2")
    survey = replace(survey_of(ADAPTER), checks=[Check(check.clause, by_transport)])
    findings = survey.drawn(split_specs(), 40, SEED)
    assert {transport for violation in findings.violations for transport in violation.transports} == {
        "pickle-2",
        "deepcopy",
    }
    examples = sorted(violation.example for violation in findings.violations)
    assert all(len(example) < 140 for example in examples)
    assert ["deleted=(0,)" in example for example in examples] == ["tag=" not in example for example in examples]


def test_examples_that_meet_a_premise_are_counted(survey_of: Callable[..., Survey]) -> None:
    findings = survey_of(ADAPTER, clauses=("PLAN-4", "READ-1"), transports=PICKLE).drawn(split_specs(), 20, SEED)
    without_plan = findings.met["PLAN-4", "pickle-5"]
    assert 0 < without_plan < 20
    assert findings.met["READ-1", "pickle-5"] == without_plan
    assert findings.examples == 20


def test_findings_go_to_plain_values_and_back(survey_of: Callable[..., Survey]) -> None:
    adapter = replace(ADAPTER, split_id=lambda split: object())
    findings = survey_of(adapter, clauses=("ID-1",), transports=PICKLE).drawn(split_specs(), 5, SEED)
    assert findings.violations
    assert Findings.from_plain(findings.to_plain()) == findings


def test_real_tables_can_be_read_here_and_one_that_cannot_is_counted(
    tmp_path: Path, survey_of: Callable[..., Survey], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = TABLE_CASES[0]
    assert all(isinstance(table_example(each, tmp_path), Example) for each in TABLE_CASES)
    monkeypatch.setattr(ArrowScan, "to_table", lambda *_: (_ for _ in ()).throw(ValueError("no such field\nmore")))
    findings = survey_of(load_adapter("reference")).fixed(table_example(case, tmp_path))
    assert dict(findings.unusable) == {"builtins.ValueError: no such field": 1}
    assert not findings.met
