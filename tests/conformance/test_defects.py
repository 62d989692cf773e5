"""Every seeded defect is caught by the clause that it breaks, with a small example; the reference is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.adapters.reference import ADAPTER, adapter_for
from conformance.fixed import PINNED
from conformance.profiles import PROFILES
from conformance.survey import Findings, Survey
from fixtures.defects import DEFECTS, Defect
from strategies import split_specs

QUICK = PROFILES["quick"]


def judged(survey: Survey) -> Findings:
    """Judge pinned and drawn examples, as many as a quarter of the quick profile draws."""
    assert QUICK.seed is not None
    findings = survey.pinned(PINNED)
    findings.add(survey.drawn(split_specs(), 2 * QUICK.examples, QUICK.seed))
    return findings


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=list(DEFECTS))
def test_defect_is_caught_by_its_clause(defect: Defect, survey_of: Callable[..., Survey]) -> None:
    adapter = adapter_for(defect.name, defect.split, defect.context)
    findings = judged(survey_of(adapter, clauses=(defect.clause,)))
    violations = [violation for violation in findings.violations if violation.clause == defect.clause]
    assert violations, f"{defect.name} survives: {defect.story}"
    smallest = min(violations, key=lambda violation: len(violation.example))
    assert len(smallest.example) < 700, smallest.example
    assert smallest.difference.expected != smallest.difference.actual


def test_reference_breaks_no_clause(survey_of: Callable[..., Survey]) -> None:
    findings = judged(survey_of(ADAPTER))
    assert findings.violations == []
    assert len(findings.met) > 100
