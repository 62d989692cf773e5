"""What UDF-2 takes for the order of registration."""

from __future__ import annotations

from collections.abc import Callable

from conformance.adapters.builtin.reference import ADAPTER
from conformance.run.sweep import Sweep
from strategies import ColumnSpec, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec


def test_a_function_that_a_registry_has_twice_in_a_row_is_no_violation(sweep_of: Callable[..., Sweep]) -> None:
    twice = RegistrySpec((UdfSpec("f"), UdfSpec("f")))
    table = TableSpec((ColumnSpec(1, "a", "long", (1, 2)),), rows=2)
    sweep = sweep_of(ADAPTER, clauses=("UDF-2",))
    findings = sweep.pinned([SplitSpec(table, plan=SqlPlanSpec('SELECT "f"("a") AS n FROM "t"'), registry=twice)])
    assert findings.violations == []
    assert {clause for clause, _ in findings.met} == {"UDF-2"}
