"""Each unit of work of a run is one test."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from conformance.judging.findings import Findings
from conformance.judging.ledger import telling_what_breaks
from conformance.observation.difference import Difference
from conformance.plugin import PROPERTY, SEEN
from conformance.run.surroundings import SuiteFailed
from conformance.run.units import Unit, Workplace


def test_unit(unit: Unit, place: Workplace, request: pytest.FixtureRequest) -> None:
    """Do a unit of work; it fails where a clause is broken."""
    with telling_what_breaks(_reporting(request.node)):
        findings = done(unit, place)
    if isinstance(findings, str):
        pytest.fail(findings, pytrace=False)
    request.node.user_properties.append((PROPERTY, findings.to_json()))
    if findings.stale:
        pytest.fail("; ".join(findings.stale.values()), pytrace=False)
    if findings.broken:
        pytest.fail(f"violates {', '.join(sorted({clause for clause, _ in findings.broken}))}", pytrace=False)


def _reporting(item: pytest.Item) -> Callable[[str, Difference], None]:
    """Return what reports the first break of each clause while the unit is still done.

    A report of pytest's is what xdist passes on at once. That of a setup which passed changes no count of anybody's.
    """
    told = set[str]()

    def report(clause: str, found: Difference) -> None:
        if clause not in told:
            told.add(clause)
            seen = [(SEEN, (clause, f"{found.place}: expected {found.expected}, actual {found.actual}"))]
            item.ihook.pytest_runtest_logreport(
                report=pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "setup", user_properties=seen)
            )

    return report


def done(unit: Unit, place: Workplace) -> Findings | str:
    """Do a unit of work; or return why the suite could not, which needs a traceback only where the reason is unknown.

    It is formatted here because pytest is told to show none.
    """
    try:
        return unit.done(place)
    except SuiteFailed as error:
        return str(error)
    except Exception:  # whatever it is, it is the suite's
        return traceback.format_exc()
