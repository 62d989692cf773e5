"""Each unit of work of a run is one test."""

from __future__ import annotations

import pytest

from conformance.judging.findings import Findings
from conformance.plugin import PROPERTY
from conformance.run.surroundings import SuiteFailed
from conformance.run.units import Unit, Workplace


def test_unit(unit: Unit, place: Workplace, request: pytest.FixtureRequest) -> None:
    """Do a unit of work; it fails where a clause is broken."""
    findings = done(unit, place)
    if isinstance(findings, SuiteFailed):
        pytest.fail(str(findings), pytrace=False)
    request.node.user_properties.append((PROPERTY, findings.to_json()))
    if findings.stale:
        pytest.fail(findings.stale[0], pytrace=False)
    if findings.broken:
        pytest.fail(f"violates {', '.join(sorted({clause for clause, _ in findings.broken}))}", pytrace=False)


def done(unit: Unit, place: Workplace) -> Findings | SuiteFailed:
    """Do a unit of work; return why the machine did not allow it, which needs no traceback."""
    try:
        return unit.done(place)
    except SuiteFailed as error:
        return error
