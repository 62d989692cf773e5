"""LIFE-1 finds what an order of steps breaks, and nothing in loaders that conform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.adapters.specimens import reference_of as unusual_reference
from conformance.run.lifecycles import live
from conformance.run.profiles import PROFILES
from conformance.run.sweep import Sweep

QUICK = PROFILES["quick"]
SEED = QUICK.seed or 0


@pytest.mark.parametrize("reference", ["reference", unusual_reference("own-bookkeeping"), unusual_reference("slotted")])
def test_conforming_loader_lives(reference: str, sweep_of: Callable[..., Sweep]) -> None:
    findings = live(sweep_of(load_adapter(reference), clauses=("LIFE-1",)), QUICK.lives, SEED)
    assert findings.violations == []
    assert findings.met["LIFE-1", "as built"] >= QUICK.lives


def test_what_a_single_step_breaks_is_left_to_its_own_clause(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter(reference_of("no-deep-copies")), clauses=("LIFE-1",))
    assert live(sweep, QUICK.lives, SEED).violations == []


def test_nothing_is_judged_where_the_clause_is_not_selected(sweep_of: Callable[..., Sweep]) -> None:
    assert not live(sweep_of(load_adapter("reference"), clauses=("ID-1",)), QUICK.lives, SEED).met


def test_what_goes_wrong_plainly_in_this_process_alone_is_told(sweep_of: Callable[..., Sweep]) -> None:
    """A process of its own has the sound loader: what it has here stands for what earlier examples left behind."""
    sweep = sweep_of(load_adapter("reference"), clauses=("LIFE-1",))
    here = replace(sweep.adapter, table_properties=lambda split: {"owner": "another"})
    findings = live(replace(sweep, adapter=here), QUICK.lives, SEED)
    (found,) = findings.violations
    assert found.example == "build(0)\ncheck()"
    assert not found.alone


OTHER_PROPERTIES = """
from dataclasses import replace
from conformance.adapters.loading import load_adapter

ADAPTER = replace(load_adapter("reference"), table_properties=lambda split: {"owner": "another"})
"""


def test_what_goes_wrong_plainly_anywhere_is_left_to_its_own_clause(
    sweep_of: Callable[..., Sweep], tmp_path: Path
) -> None:
    file = tmp_path / "other_properties.py"
    file.write_text(OTHER_PROPERTIES)
    findings = live(sweep_of(load_adapter(str(file)), clauses=("LIFE-1",)), QUICK.lives, SEED)
    assert not findings.violations
    assert not findings.met
