"""Each unit of work of a run is one test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.judging.ledger import telling_what_breaks
from conformance.observation.difference import Difference
from conformance.run.reported import PROPERTY, SEEN, complaint, seen_text
from conformance.run.units import Unit, Workplace, outcome


def test_unit(unit: Unit, place: Workplace, request: pytest.FixtureRequest) -> None:
    """Do a unit of work; it fails where a clause is broken."""
    with telling_what_breaks(_reporting(request.node)):
        findings = outcome(unit, place)
    if isinstance(findings, str):
        pytest.fail(findings, pytrace=False)
    request.node.user_properties.append((PROPERTY, findings.to_json()))
    if text := complaint(findings):
        pytest.fail(text, pytrace=False)


def _reporting(item: pytest.Item) -> Callable[[str, Difference], None]:
    """Return what reports the first break of each clause while the unit is still done.

    A report of pytest's is what xdist passes on at once. That of a setup which passed changes no count of anybody's.
    """
    told = set[str]()

    def report(clause: str, found: Difference) -> None:
        if clause not in told:
            told.add(clause)
            seen = [(SEEN, (clause, seen_text(found)))]
            item.ihook.pytest_runtest_logreport(
                report=pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "setup", user_properties=seen)
            )

    return report
