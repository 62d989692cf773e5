"""Each unit of work of a run is one test."""

from __future__ import annotations

import traceback

import pytest

from conformance.judging.findings import Findings
from conformance.plugin import PROPERTY
from conformance.run.surroundings import SuiteFailed
from conformance.run.units import Unit, Workplace


def test_unit(unit: Unit, place: Workplace, request: pytest.FixtureRequest) -> None:
    """Do a unit of work; it fails where a clause is broken."""
    findings = done(unit, place)
    if isinstance(findings, str):
        pytest.fail(findings, pytrace=False)
    request.node.user_properties.append((PROPERTY, findings.to_json()))
    if findings.stale:
        pytest.fail("; ".join(findings.stale.values()), pytrace=False)
    if findings.broken:
        pytest.fail(f"violates {', '.join(sorted({clause for clause, _ in findings.broken}))}", pytrace=False)


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
