"""One fault is one cause, whatever number of clauses it breaks, and two faults are two."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.adapter import Adapter
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.pinned import PINNED
from conformance.judging.causes import causes
from conformance.judging.findings import Findings
from conformance.run.sweep import Sweep
from fixtures.loaders.defects import DEFECTS
from fixtures.loaders.paired import AND

CLAUSES = ("CTX-1", "CTX-7", "READ-1", "PLAN-5", "ID-1", "IO-2", "CTX-3", "CTX-4", "WIRE-4")


def clauses_by_cause(findings: Findings) -> list[set[str]]:
    return [set(cause.clauses) for cause in causes(findings.violations, findings.patterns)]


def judged(sweep_of: Callable[..., Sweep], adapter: Adapter) -> list[set[str]]:
    sweep = sweep_of(adapter, clauses=CLAUSES)
    return clauses_by_cause(sweep.pinned(PINNED))


@pytest.mark.parametrize("name", ["filter-dropped", "tags-dropped", "statistics-dropped", "deletes-forgotten"])
def test_one_fault_is_one_cause(name: str, sweep_of: Callable[..., Sweep]) -> None:
    (found,) = judged(sweep_of, load_adapter(reference_of(name)))
    assert DEFECTS[name].clause in found


@pytest.mark.parametrize("other", ["id-drawn-at-first-look", "later-fields-left-behind"])
def test_two_faults_are_two_causes(other: str, sweep_of: Callable[..., Sweep]) -> None:
    found = judged(sweep_of, load_adapter(reference_of(f"filter-dropped{AND}{other}")))
    shown = [("CTX-1" in clauses, DEFECTS[other].clause in clauses) for clauses in found]
    assert shown == [(True, False), (False, True)]
