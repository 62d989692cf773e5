"""The entries of the baseline, each judged by replaying its pinned spec. Collected where there is a baseline."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from conformance.baseline import Entry
from conformance.findings import Findings
from conformance.plugin import Run
from conformance.survey import Survey


def test_known_failure(survey: Survey, run: Run, record: Callable[[Findings], None], entry: Entry) -> None:
    """An entry that no longer fails, has expired or matches nothing has to go."""
    findings = Findings()
    if entry.clause in {clause.id for clause in run.selection.clauses}:
        why = survey.stale(entry, datetime.date.today())
        if why is not None:
            findings.stale.append(f"{run.selection.baseline.place(entry)}: {why}; delete these lines")
    record(findings)
