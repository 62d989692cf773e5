"""Each unit of work of a run is one test."""

from __future__ import annotations

import pytest

from conformance.plugin import PROPERTY
from conformance.run.units import Unit, Workplace


def test_unit(unit: Unit, place: Workplace, request: pytest.FixtureRequest) -> None:
    """Do a unit of work; it fails where a clause is broken."""
    findings = unit.done(place)
    request.node.user_properties.append((PROPERTY, findings.to_json()))
    if findings.stale:
        pytest.fail(findings.stale[0], pytrace=False)
    if findings.broken:
        pytest.fail(f"violates {', '.join(sorted({clause for clause, _ in findings.broken}))}", pytrace=False)
