"""What an order of steps breaks: no single trip shows it, and the script of its violation does so again."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks import CHECKS
from conformance.examples.pinned import PINNED
from conformance.judging.baseline import read_baseline, written
from conformance.run.audit import stale
from conformance.run.lifecycle import lived
from conformance.run.lifecycles import live
from conformance.run.profiles import PROFILES
from conformance.run.sweep import Sweep
from fixtures.loaders.defects import DEFECTS
from fixtures.tables.warehouse import Warehouse

QUICK = PROFILES["quick"]
SEED = QUICK.seed or 0
TODAY = datetime.date(2026, 12, 1)
OF_LIVES = [name for name, defect in DEFECTS.items() if defect.clause == "LIFE-1"]


@pytest.mark.parametrize("name", OF_LIVES)
def test_defect_of_an_order_shows_in_no_trip(name: str, sweep_of: Callable[..., Sweep]) -> None:
    adapter = load_adapter(reference_of(name))
    applicable = {check.clause.id for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)}
    # WIRE-12 objects to where any seeded defect is defined; WIRE-11 and READ-4 take long, and damage has no order.
    sweep = sweep_of(adapter, clauses=tuple(applicable - {"WIRE-11", "WIRE-12", "READ-4"}))
    findings = sweep.pinned(PINNED[::6])
    assert [(violation.clause, violation.difference) for violation in findings.violations] == []


@pytest.mark.parametrize("name", OF_LIVES)
def test_script_shows_the_same_again(name: str, sweep_of: Callable[..., Sweep], warehouse: Warehouse) -> None:
    adapter = load_adapter(reference_of(name))
    (violation,) = live(sweep_of(adapter, clauses=("LIFE-1",)), 4 * QUICK.lives, SEED).violations
    assert violation.alone
    assert violation.example.startswith(("build(", "plan("))
    assert lived(adapter, violation.example, warehouse) == violation.difference
    assert lived(load_adapter("reference"), violation.example, warehouse) is None


# The first example of a life cannot be built, which is the matter of another clause.
REFUSES_ONE = """
from dataclasses import replace
from conformance.adapters.loading import load_adapter

FAULTY = load_adapter("REFERENCE")

def build(materials):
    if materials.file_io_properties.get("tenant") == "one":
        raise ValueError("not for this tenant")
    return FAULTY.build(materials)

ADAPTER = replace(FAULTY, build=build)
"""


def test_script_numbers_the_examples_as_replay_does(
    tmp_path: Path, sweep_of: Callable[..., Sweep], warehouse: Warehouse
) -> None:
    """Also where some of them are left out of lives."""
    file = tmp_path / "refuses_one.py"
    file.write_text(REFUSES_ONE.replace("REFERENCE", reference_of("one-reading-a-class")))
    adapter = load_adapter(str(file))
    (violation,) = live(sweep_of(adapter, clauses=("LIFE-1",)), 4 * QUICK.lives, SEED).violations
    assert "build(0)" not in violation.example
    assert lived(adapter, violation.example, warehouse) == violation.difference


# A catalog's table is kept by its name: that of another catalog has the same.
KEPT_BY_NAME = """
from dataclasses import replace
from conformance.adapters.loading import load_adapter
from reference import DataLoader

SOUND, KEPT = load_adapter("reference"), {}

class Keeping(DataLoader):
    def _scan(self, table):
        return super()._scan(KEPT.setdefault(table.name(), table))

def plan(scan):
    return Keeping(scan.catalog, scan.identifier, columns=scan.columns, row_filter=scan.row_filter)

ADAPTER = replace(SOUND, plan=plan)
"""


def test_what_is_wrong_in_this_process_for_any_table_is_told(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    """Another table would be wrong here too: only a process of its own tells that a scan alone is right."""
    file = tmp_path / "kept_by_name.py"
    file.write_text(KEPT_BY_NAME)
    found = live(sweep_of(load_adapter(str(file)), clauses=("LIFE-1",)), QUICK.lives, SEED).violations
    assert any("plan(" in violation.example for violation in found)


def test_lives_of_one_seed_are_the_same(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter(reference_of("one-reading-a-class")), clauses=("LIFE-1",))
    first, second = (live(sweep, QUICK.lives, SEED) for _ in range(2))
    assert first.violations == second.violations != []
    assert first.met == second.met


def test_known_life_is_judged_by_its_script(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    defect = next(defect for defect in DEFECTS.values() if defect.clause == "LIFE-1")
    sweep = sweep_of(load_adapter(reference_of(defect.name)), clauses=("LIFE-1",))
    seed = PROFILES["quick"].seed or 0
    findings = live(sweep, 4 * PROFILES["quick"].lives, seed)
    assert findings.violations
    file = tmp_path / "b.toml"
    file.write_text(written("mine", findings, findings.violations, TODAY))
    baseline = read_baseline(file)
    again = live(replace(sweep, baseline=baseline), 4 * PROFILES["quick"].lives, seed)
    assert not again.violations
    assert again.known
    (entry,) = baseline.entries
    assert stale(sweep, entry, TODAY) is None
    conforming = sweep_of(load_adapter("reference"), clauses=("LIFE-1",))
    assert stale(conforming, entry, TODAY) == "no longer fails"
