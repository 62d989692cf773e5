"""What a spec is pinned for is judged on it in any case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.adapters.builtin.reference import ADAPTER
from conformance.checks import CHECKS
from conformance.examples.pinned import PINNED, PURPOSES
from conformance.judging.ledger import Ledger
from conformance.run.search import History
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from strategies.udfs import goes_by_name


def test_purposes_are_clauses_that_are_checked() -> None:
    named = {clause for clauses in PURPOSES.values() for clause in clauses}
    assert named <= {check.clause.id for check in CHECKS}
    assert all(PURPOSES.values())
    assert len(PINNED) == len(set(PINNED)) == len(PURPOSES) + 2


def test_what_a_spec_is_pinned_for_is_judged_though_few_examples_are(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(ADAPTER, clauses=("BUILD-3", "BUILD-6"))
    sweep = replace(sweep, checks=[replace(check, one_in=10**9) for check in sweep.checks])
    (spec,) = (spec for spec, clauses in PURPOSES.items() if clauses == ("BUILD-3",))
    ledger = Ledger()
    sweep.judge_pinned(spec, ledger, History())
    assert {clause for clause, _ in ledger.findings.met} == {"BUILD-3"}


def test_few_ways_are_ways_that_can_carry_the_functions(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(ADAPTER, transports=TRANSPORTS)
    for spec in PINNED:
        names = {transport.name for transport in sweep.by_few_ways(spec).transports}
        assert len(names) < len(TRANSPORTS) / 2
        assert goes_by_name(spec) or {"cloudpickle", "worker-cloudpickle"} <= names
