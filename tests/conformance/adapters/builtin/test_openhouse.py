"""The OpenHouse adapter on a stand-in of each generation: what it finds that they can, and what breaks them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.adapter import Adapter, Capability
from conformance.adapters.builtin.openhouse import UnknownGeneration, adapter_for
from conformance.adapters.loading import load_adapter
from conformance.checks import CHECKS
from conformance.examples.pinned import PINNED
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from strategies import split_specs

GENERATIONS = Path(__file__).with_name("openhouse_generations.py")
GENERATION_NAMES = ("PLAN", "SQL", "JVM", "SEVERAL_FILES")
# A new interpreter among them.
FEW = tuple(t for t in TRANSPORTS if t.name in ("pickle-5", "cloudpickle", "worker"))
# What the stand-ins do not take care of: no look at arguments, no copies of what they are given, files that are gone, a
# long past, the clock, what a FileIO holds besides its properties.
LEFT_OUT = {"PLAN-9", "BUILD-3", "BUILD-4", "BUILD-5", "BUILD-6", "READ-4", "WIRE-9", "WIRE-13", "IO-2", "IO-8"}


def generation(name: str) -> Adapter:
    return load_adapter(f"{GENERATIONS}:{name}")


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("PLAN", {Capability.PLANS, Capability.PLAN_BYTES}, {Capability.SQL_TRANSFORMS, Capability.EXECUTES_PLANS}),
        ("SQL", {Capability.SQL_TRANSFORMS, Capability.TRANSFORM_SQL}, {Capability.PLANS, Capability.SEVERAL_FILES}),
        ("JVM", {Capability.SQL_TRANSFORMS, Capability.TRANSFORM_SQL}, {Capability.PLANS, Capability.SEVERAL_FILES}),
        ("SEVERAL_FILES", {Capability.SQL_TRANSFORMS, Capability.SEVERAL_FILES}, {Capability.PLANS}),
    ],
)
def test_capabilities_follow_from_the_constructors(name: str, has: set[Capability], lacks: set[Capability]) -> None:
    capabilities = generation(name).capabilities
    assert has <= capabilities
    assert not lacks & capabilities
    assert {Capability.TRANSFORMS, Capability.UDF_REGISTRIES, Capability.PATH_IDS} <= capabilities


@pytest.mark.parametrize("name", GENERATION_NAMES)
def test_generation_goes_through_the_checks(name: str, sweep_of: Callable[..., Sweep]) -> None:
    adapter = generation(name)
    clauses = {check.clause.id for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)} - LEFT_OUT
    sweep = sweep_of(adapter, clauses=tuple(clauses), transports=FEW)
    # Each generation has pinned examples of its own: together they see most of them.
    findings = sweep.pinned(PINNED[GENERATION_NAMES.index(name) :: 6])
    # The stand-ins read with PyIceberg alone, which filters wrongly by columns that a file does not hold (FINDINGS.md).
    held = split_specs().filter(lambda spec: spec.table.partition_in_file)
    findings.add(sweep.drawn(held, 8, 7))
    assert [(v.clause, v.difference) for v in findings.violations] == []
    judged = {clause for clause, _ in findings.met}
    expected = {"PLAN-1", "PLAN-3"} if name == "PLAN" else {"PLAN-7", "PLAN-8", "UDF-8"}
    assert expected | ({"READ-5"} if name == "SEVERAL_FILES" else set()) <= judged


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("TRIMS_SQL", "PLAN-7"),
        ("BATCH_AT_A_TIME", "PLAN-8"),
        ("LOSES_A_ROW", "PLAN-8"),
        ("REGISTERS_TOO_LATE", "UDF-8"),
        ("FIRST_FILE_ALONE", "READ-5"),
        ("LOSES_SETTINGS", "CTX-7"),
    ],
)
def test_broken_generation_is_caught(name: str, clause: str, sweep_of: Callable[..., Sweep]) -> None:
    findings = sweep_of(generation(name), clauses=(clause,), transports=FEW).pinned(PINNED)
    assert {violation.clause for violation in findings.violations} == {clause}
    assert findings.violations[0].difference.expected != findings.violations[0].difference.actual


def test_settings_that_no_reader_shows_are_missed_by_name(sweep_of: Callable[..., Sweep]) -> None:
    findings = sweep_of(generation("LOSES_SETTINGS"), clauses=("CTX-7",), transports=FEW).pinned(PINNED[:3])
    expected = findings.violations[0].difference.expected
    assert "worker_jvm_args: str 'conformance'" in expected
    assert "metric_attributes['conformance']: str 'value'" in expected


def test_constructor_of_a_generation_to_come_is_refused_with_its_parameter() -> None:
    generation("SQL")
    module = sys.modules[GENERATIONS.stem]
    with pytest.raises(UnknownGeneration, match="NeedsMore requires tenant, of which this adapter does not know"):
        adapter_for("next", module.NeedsMore, module.SqlContext, module.TableIdentifier)
