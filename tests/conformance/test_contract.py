from __future__ import annotations

from pathlib import Path

import pytest

from conformance.checks import CHECKS
from conformance.checks.check import verifies
from conformance.contract import CLAUSES, FAMILIES, Level, clause, select
from conformance.report.markdown import contract_page

ROOT = Path(__file__).parent.parent.parent


def test_ids_are_unique_and_belong_to_a_family() -> None:
    ids = [c.id for c in CLAUSES]
    assert len(set(ids)) == len(ids) == 87
    assert {c.family for c in CLAUSES} == set(FAMILIES)


def test_every_clause_has_a_check() -> None:
    assert {check.clause for check in CHECKS} == set(CLAUSES)


def test_check_of_an_unknown_clause_is_refused() -> None:
    with pytest.raises(LookupError, match=r"PLAN-99.*did you mean PLAN-"):
        verifies("PLAN-99")


def test_clause_is_found_in_either_case() -> None:
    assert clause("wire-9").level is Level.SHOULD


def test_selection_by_id_takes_that_clause_alone() -> None:
    assert [c.id for c in select(("WIRE-1",))] == ["WIRE-1"]
    assert {c.family for c in select(("plan", "IO-2"))} == {"PLAN", "IO"}
    assert select(()) == CLAUSES


def test_selection_of_nothing_names_what_is_near() -> None:
    with pytest.raises(LookupError, match="did you mean READ"):
        select(("REED",))


def test_contract_page_is_current() -> None:
    assert (ROOT / "docs" / "CONTRACT.md").read_text() == contract_page()
