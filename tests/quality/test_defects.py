"""Every seeded defect is caught by the clause that it breaks, with a small example; the reference is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks import CHECKS, wire
from conformance.checks.scan import FAMILY
from conformance.examples.design import designed_plans, designed_scans, designed_splits
from conformance.examples.pinned import PINNED
from conformance.judging.findings import Findings
from conformance.run import scans
from conformance.run import sweep as sweeps
from conformance.run.lifecycles import CLAUSE, live
from conformance.run.memory import CLAUSE as MEMORY
from conformance.run.memory import reading_memory
from conformance.run.profiles import PROFILES
from conformance.run.scans import judged_until_broken
from conformance.run.sweep import Sweep
from conformance.transports import processes as pools
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import Transport
from fixtures.loaders.defects import DEFECTS, Defect
from strategies import split_specs

QUICK = PROFILES["quick"]


def first_catch(sweep: Sweep) -> Findings:
    """Judge pinned examples one after another until one shows a break, and those of the design where none does."""
    assert QUICK.seed is not None
    if any(check.clause.id == MEMORY for check in sweep.checks):
        return reading_memory(sweep)
    if any(check.clause.id == CLAUSE for check in sweep.checks):
        return live(sweep, 4 * QUICK.lives, QUICK.seed)
    if any(check.clause.family == FAMILY for check in sweep.checks):
        return judged_until_broken(sweep, designed_scans())
    for spec in sorted(PINNED, key=lambda spec: len(repr(spec))):
        findings = sweep.pinned([spec])
        if findings.violations:
            return findings
    for specs, view in ((designed_splits(), sweep), (designed_plans(), sweep.of_plans())):
        for spec in specs:
            findings = view.designed([spec], split_specs(large=True), QUICK.seed)
            if findings.violations:
                return findings
    return Findings()


def transports_for(clause: str) -> tuple[Transport, ...]:
    """Return the transports of the clause, a few for another, or one where a clause tells nothing of arrivals."""
    own = tuple(transport for transport in TRANSPORTS if transport.clause == clause)
    of_arrivals = any(check.arrivals for check in CHECKS if check.clause.id == clause)
    few = ("pickle-oob", "copy", "deepcopy", "worker") if of_arrivals else ("pickle-oob", "cloudpickle")
    return own or tuple(transport for transport in TRANSPORTS if transport.name in few)


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=list(DEFECTS))
def test_defect_is_caught_by_its_clause(
    defect: Defect, sweep_of: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "FLIP_SECONDS", 1.0)  # what hangs is waited for no longer
    monkeypatch.setattr(pools, "FORK_SECONDS", 1.0)
    # How small examples become is tested elsewhere.
    monkeypatch.setattr(scans, "TRIED", 30)
    monkeypatch.setattr(sweeps, "SEARCHED", 3)
    adapter = load_adapter(reference_of(defect.name))
    findings = first_catch(sweep_of(adapter, clauses=(defect.clause,), transports=transports_for(defect.clause)))
    violations = [violation for violation in findings.violations if violation.clause == defect.clause]
    assert violations, f"{defect.name} survives: {defect.story}"
    smallest = min(violations, key=lambda violation: len(violation.example))
    assert len(smallest.example) < 1500, smallest.example
    assert smallest.difference.expected != smallest.difference.actual


def test_reference_breaks_no_clause(sweep_of: Callable[..., Sweep]) -> None:
    assert QUICK.seed is not None
    sweep = sweep_of(load_adapter("reference"))
    findings = sweep.pinned(PINNED)
    findings.add(sweep.drawn(split_specs(large=True), QUICK.examples, QUICK.seed))
    assert findings.violations == []
    assert len(findings.met) > 100


def test_every_check_is_shown_broken() -> None:
    """Shown elsewhere: WIRE-10 through another interpreter (test_transports); what takes SQL text or several files, as
    the reference does not, on stand-ins (test_openhouse); WIRE-7 through engines (tests/end_to_end/engines).
    """
    checked = {check.clause.id for check in CHECKS}
    assert checked - {defect.clause for defect in DEFECTS.values()} == {
        "PLAN-7",
        "PLAN-8",
        "READ-5",
        "UDF-8",
        "WIRE-7",
        "WIRE-10",
    }
