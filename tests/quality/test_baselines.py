"""A baseline excuses what it names: a second fault under each of its clauses is red, and one of scans holds."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters.builtin import openhouse
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks.scan import FAMILY
from conformance.examples.design import designed_scans, designed_splits
from conformance.examples.pinned import PINNED
from conformance.judging.baseline import read_baseline, written
from conformance.judging.ledger import Ledger
from conformance.run.audit import stale
from conformance.run.scans import planned
from conformance.run.search import History
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import Transport
from fixtures.loaders.defects import DEFECTS
from strategies.specs import SplitSpec
from tests.conftest import STAND_INS

BASELINES = Path(openhouse.__file__).parent
SQL_ONLY = {"PLAN-7": "TRIMS_SQL", "PLAN-8": "LOSES_A_ROW", "UDF-8": "REGISTERS_TOO_LATE", "READ-5": "FIRST_FILE_ALONE"}
UTTERLY = ("BUILD-5", "PLAN-9")  # what breaks these breaks them in each way that there is
GENERATIONS = STAND_INS / "openhouse_generations.py"


def few(clause: str) -> tuple[Transport, ...]:
    own = tuple(transport for transport in TRANSPORTS if transport.clause == clause)
    return own or tuple(t for t in TRANSPORTS if t.name in ("pickle-5", "cloudpickle", "copy", "deepcopy", "worker"))


@pytest.mark.parametrize("page", sorted(BASELINES.glob("*.toml")), ids=lambda page: page.stem)
def test_second_defect_under_every_clause_of_a_baseline_is_red(page: Path, sweep_of: Callable[..., Sweep]) -> None:
    """But for two: whoever looks at none of the arguments, or evaluates anew, cannot break them any further."""
    baseline = read_baseline(page)
    hidden = []
    for clause in dict.fromkeys(entry.clause for entry in baseline.entries if entry.clause not in UTTERLY):
        names = [reference_of(defect.name) for defect in DEFECTS.values() if defect.clause == clause]
        names += [f"{GENERATIONS}:{SQL_ONLY[clause]}"] if clause in SQL_ONLY else []
        names.sort(key=lambda name: "hangs" in name)  # last: they are waited for
        surveys = [sweep_of(load_adapter(name), clauses=(clause,), transports=few(clause)) for name in names]
        surveys = [replace(sweep, baseline=baseline) for sweep in surveys]
        if not any(broken(sweep) for broken in WAYS for sweep in surveys):
            hidden.append(clause)
    assert hidden == []


def broken_by_pinned(sweep: Sweep) -> bool:
    return any(is_broken_by(sweep, spec) for spec in PINNED)


def is_broken_by(sweep: Sweep, spec: SplitSpec) -> bool:
    ledger = Ledger(sweep.baseline)
    sweep.judge_pinned(spec, ledger, History())  # nobody needs the smallest
    return bool(ledger.findings.broken)


def broken_by_designed(sweep: Sweep) -> bool:
    """Whether one of every second of the quick profile's breaks it."""
    return any(is_broken_by(sweep, spec) for spec in designed_splits()[::2])


def broken_by_scans(sweep: Sweep) -> bool:
    return any(check.clause.family == FAMILY for check in sweep.checks) and bool(
        planned(sweep, designed_scans()).broken
    )


WAYS = (broken_by_scans, broken_by_pinned, broken_by_designed)


@pytest.mark.parametrize("name", ["no-columns-no-rows", "ids-by-size"])
def test_baseline_that_is_written_holds(name: str, sweep_of: Callable[..., Sweep], tmp_path: Path) -> None:
    sweep, file = sweep_of(load_adapter(reference_of(name))), tmp_path / "baseline.toml"
    asked = [spec for spec in designed_scans() if spec.transformation or len(spec.history.operations) > 3][:16]
    found = planned(sweep, asked)
    assert found.violations
    file.write_text(written(name, found, found.violations, datetime.date(2999, 1, 1)))
    again = planned(replace(sweep, baseline=read_baseline(file)), asked)
    assert again.violations == []
    assert again.known
    assert [stale(sweep, entry, datetime.date(2026, 1, 1)) for entry in read_baseline(file).entries] == [None]
    sound = sweep_of(load_adapter("reference"))
    said = [stale(sound, entry, datetime.date(2026, 1, 1)) for entry in read_baseline(file).entries]
    assert said == ["no longer fails"]
