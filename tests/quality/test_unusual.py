"""No clause is broken by a loader that conforms and looks unusual: the suite raises no false alarm.

Some pinned examples, others for each loader, and a few drawn from one seed are judged always. `FALSE_ALARM_SEEDS=10`
judges all pinned ones, and draws from ten random seeds, as `tox run -e nightly` does.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks import CHECKS
from conformance.examples.covering import chosen
from conformance.examples.design import designed_scans
from conformance.examples.pinned import PINNED
from conformance.run.profiles import PROFILES
from conformance.run.scans import planned
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from fixtures.loaders.unusual import UNUSUAL
from reference import DataLoader
from strategies import scans, split_specs

QUICK = PROFILES["quick"]
ASKED = int(os.environ.get("FALSE_ALARM_SEEDS", "0"))
SEEDS = [random.SystemRandom().randrange(2**32) for _ in range(ASKED)] or [QUICK.seed or 0]
PARTS = 8
CARRYING = tuple(
    t for t in TRANSPORTS if t.name in ("pickle-2", "pickle-oob", "cloudpickle", "copy", "deepcopy", "worker")
)


PLANNING = [name for name, loader in UNUSUAL.items() if loader.loader is not DataLoader]


@pytest.mark.parametrize("name", PLANNING)
def test_loader_that_plans_otherwise_breaks_no_clause(name: str, sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter(reference_of(name)))
    findings = planned(sweep, chosen(scans(), QUICK.scans * len(SEEDS), SEEDS[0]) if ASKED else designed_scans()[6:18])
    assert [f"{v.clause} {v.difference} {v.example}" for v in findings.violations] == [], f"seeds {SEEDS}"
    assert ("SCAN-7", "as built") in findings.met


@pytest.mark.parametrize("name", [name for name in UNUSUAL if name not in PLANNING])
def test_conforming_loader_breaks_no_clause(name: str, sweep_of: Callable[..., Sweep]) -> None:
    adapter = load_adapter(reference_of(name))
    applicable = tuple(check.clause.id for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs))
    sweep = sweep_of(adapter, clauses=applicable, transports=CARRYING)
    findings = sweep.pinned(PINNED if ASKED else PINNED[list(UNUSUAL).index(name) % PARTS :: PARTS])
    for seed in SEEDS:
        findings.add(sweep.drawn(split_specs(large=True), QUICK.examples, seed))
    shown = [f"{v.clause} {v.transports} {v.difference} {v.example}" for v in findings.violations]
    assert not shown, f"seeds {SEEDS}: {shown}"
    assert {clause for clause, _ in findings.met} >= {"READ-1", "PLAN-5", "WIRE-1", "WIRE-5"}


def test_there_are_ten_and_each_is_itself() -> None:
    assert len(UNUSUAL) >= 10
    assert all(loader.name == name and loader.story.endswith(".") for name, loader in UNUSUAL.items())
    assert len({(u.split, u.context, u.loader, u.lacks) for u in UNUSUAL.values()}) == len(UNUSUAL)
