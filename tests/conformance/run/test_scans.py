"""Scans that a loader plans: found, made small, named by what they have, and judged again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.adapter import Adapter, Capability, NotSupported
from conformance.adapters.builtin.reference import ADAPTER
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks.scan import PLANNED_ELSEWHERE
from conformance.examples.asked_scans import OUTAGES, SIMPLEST, THINGS_MISSING
from conformance.examples.covering import chosen
from conformance.examples.design import designed_scans
from conformance.judging.baseline import BaselineError, read_baseline
from conformance.observation.difference import Difference
from conformance.observation.raised import Raised
from conformance.report.reproducers import reproducer
from conformance.run.planning_loader import Declined, PlanningLoader
from conformance.run.replay import Result, read_cases, replay
from conformance.run.scans import MOST_SHRUNK, Scanning, clauses_of, planned, scanned_again
from conformance.run.sweep import Sweep
from fixtures.tables.warehouse import Warehouse
from strategies import ScanSpec, SplitSpec, from_json, scans, to_json
from strategies.specs import (
    Append,
    ColumnSpec,
    DeleteEqual,
    DeletePositions,
    HistorySpec,
    PartitionBy,
    Predicate,
    RegistrySpec,
    RenameColumn,
    RowwiseSpec,
    StructSpec,
    TableSpec,
    UdfSpec,
)

SEED = 20260311


def deleting() -> list[ScanSpec]:
    """Return a few scans of tables of which positions were deleted."""
    with_deletes = (DeletePositions, Append)
    return [
        scan
        for scan in designed_scans()
        if all(isinstance(done, with_deletes) for done in scan.history.operations)
        and any(isinstance(done, DeletePositions) for done in scan.history.operations)
    ]


EVENTS = ScanSpec(
    HistorySpec(
        (ColumnSpec(1, "at", "timestamp", ("2024-02-29T12:30:00.000001", "2024-03-01T12:15:00")),),
        (Append(1), PartitionBy("at", "day"), Append(4)),
    ),
    row_filter=Predicate("eq", "at", ("2024-03-01T12:15:00",)),
)


def test_what_comes_of_the_zone_of_who_plans_is_said(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter(reference_of("partitions-by-the-zone-of-the-machine")), clauses=("SCAN-5",))
    (violation,) = planned(sweep, [EVENTS]).violations
    assert violation.difference.place.variant == PLANNED_ELSEWHERE
    assert [found and found.place.variant for found in scanned_again(sweep, "SCAN-5", EVENTS)] == [PLANNED_ELSEWHERE]
    assert planned(sweep_of(load_adapter("reference")), [EVENTS]).violations == []


@pytest.mark.parametrize(
    ("adapter", "wrong"),
    [
        ("reference", Declined),  # it reads no such table
        (reference_of("equality-deletes-need-their-columns"), Difference),
        (reference_of("equality-deletes-take-nulls"), type(None)),  # there are none here
    ],
)
def test_who_reads_rows_that_were_deleted_by_a_value_does_so_whatever_is_asked(
    adapter: str, wrong: type, sweep_of: Callable[..., Sweep]
) -> None:
    columns = (ColumnSpec(1, "a", "long", (1, 2)), ColumnSpec(2, "b", "long", (3,)))
    scan = ScanSpec(HistorySpec(columns, (Append(4), DeleteEqual("a", 1))), columns=("b",))
    loader = PlanningLoader(sweep_of(load_adapter(adapter)), {"SCAN-2"})
    made = loader.made(scan.history)
    assert not isinstance(made, Raised)
    assert isinstance(loader.rows_differ(scan, made), wrong)


def test_reference_plans_as_asked(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter("reference"))
    findings = planned(sweep, chosen(scans(), 12, 7))
    assert findings.violations == []
    assert {clause for clause, _ in findings.met} == {f"SCAN-{number}" for number in (*range(1, 13), 15)}


def test_bare_pyiceberg_plans_as_asked(sweep_of: Callable[..., Sweep]) -> None:
    findings = planned(sweep_of(load_adapter("pyiceberg")), chosen(scans(), 10, 8))
    assert findings.violations == []
    assert "SCAN-4" not in {clause for clause, _ in findings.met}


def test_a_fault_ends_in_a_small_scan_and_is_replayed(sweep_of: Callable[..., Sweep], tmp_path: Path) -> None:
    adapter = load_adapter(reference_of("delete-file-for-one-data-file"))
    (violation,) = planned(sweep_of(adapter), deleting()).violations
    assert violation.clause == "SCAN-2"
    spec = from_json(violation.spec)
    assert len(spec.history.operations) <= 3
    assert spec.transformation is spec.row_filter is spec.columns is None
    file = tmp_path / "spec.json"
    file.write_text(violation.spec)
    case = next(case for case in read_cases(str(file)).cases if case.clause == "SCAN-2")
    assert replay(adapter, case, tmp_path / "broken").result is Result.VIOLATED
    assert replay(load_adapter("reference"), case, tmp_path / "sound").result is Result.FIXED
    assert "No simple script" not in reproducer(violation, adapter)


def test_a_fault_is_not_made_smaller_into_another(sweep_of: Callable[..., Sweep]) -> None:
    """Without its filter the scan goes wrong too, but otherwise."""

    def plan(scan: Any) -> Any:
        if scan.condition is not None:
            raise ArithmeticError("the bounds are of another type")
        return []

    asked = replace(SIMPLEST, columns=("a",), row_filter=Predicate("eq", "a", (1,)))
    (violation,) = planned(sweep_of(replace(ADAPTER, plan=plan), clauses=("SCAN-5",)), [asked]).violations
    assert "ArithmeticError" in violation.difference.error
    assert from_json(violation.spec) == replace(asked, columns=None, history=from_json(violation.spec).history)


def test_the_clause_is_that_of_what_a_scan_has() -> None:
    history = SIMPLEST.history
    deleted = replace(history, operations=(*history.operations, DeletePositions()))
    evolved = replace(history, operations=(*history.operations, RenameColumn("a", "b")))
    assert clauses_of(SIMPLEST) == ["SCAN-1"]
    assert clauses_of(ScanSpec(deleted))[-1] == "SCAN-2"
    assert clauses_of(ScanSpec(evolved))[-1] == "SCAN-3"
    assert clauses_of(replace(SIMPLEST, transformation=RowwiseSpec()))[-1] == "SCAN-4"
    assert clauses_of(replace(SIMPLEST, columns=("a",)))[-1] == "SCAN-5"


def test_what_a_loader_declines_is_counted(sweep_of: Callable[..., Sweep]) -> None:
    def plan(scan: Any) -> Any:
        if scan.ref is not None:
            raise NotSupported("reads no branches")
        assert ADAPTER.plan is not None
        return ADAPTER.plan(scan)

    asked = [scan for scan in designed_scans() if scan.ref is not None or scan.transformation is None]
    findings = planned(sweep_of(replace(load_adapter("reference"), plan=plan), clauses=("SCAN-1",)), asked)
    assert findings.violations == []
    assert findings.declined["reads no branches"] > 0
    assert findings.met["SCAN-1", "worker"] == len(asked) - findings.declined.total()


def test_a_query_may_be_refused_where_it_does_not_survive_encoding_alone(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter(reference_of("plans-without-the-functions")), clauses=("SCAN-4",))
    asked = [
        replace(
            SIMPLEST, transformation=RowwiseSpec(f'"{name}"("a") AS c0'), registry=RegistrySpec((UdfSpec(name, "add"),))
        )
        for name in ("Mask", "mask")
    ]
    lost, kept = (planned(sweep, [scan]) for scan in asked)
    assert lost.violations == []
    assert lost.declined.total() == 1
    assert "mask" in kept.violations[0].difference.actual


def test_a_loader_that_fails_to_plan_is_found(sweep_of: Callable[..., Sweep]) -> None:
    def plan(scan: Any) -> Any:
        raise RuntimeError("the planner is out of order")

    findings = planned(
        sweep_of(replace(load_adapter("reference"), plan=plan), clauses=("SCAN-1",)), designed_scans()[:4]
    )
    assert "the planner is out of order" in findings.violations[0].difference.actual


def test_a_clause_that_a_scan_does_not_bear_on_says_nothing(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter("reference"), clauses=("SCAN-2",))
    assert scanned_again(sweep, "SCAN-2", SIMPLEST) == []
    assert scanned_again(sweep, "SCAN-1", SIMPLEST) == [None]
    assert scanned_again(sweep, "SCAN-9", SIMPLEST) == [None] * len(THINGS_MISSING)
    assert scanned_again(sweep, "SCAN-12", SIMPLEST) == [None] * len(OUTAGES)


def entry(spec: str, condition: str = "[]") -> str:
    head = '[[known]]\nclause = "SCAN-2"\nfault = "ours"\nreason = "known"\n'
    return f"{head}condition = {condition}\nspec = {json.dumps(spec)}\n"


def test_a_loader_that_promises_to_ask_again_does(sweep_of: Callable[..., Sweep]) -> None:
    reference = load_adapter("reference")
    promises, plan_once = replace(reference, can=reference.can | {Capability.RETRIES}), reference.plan
    assert plan_once is not None

    def plan(scan: Any) -> Any:
        try:
            return list(plan_once(scan))
        except ConnectionError:
            return list(plan_once(scan))

    def told(adapter: Adapter) -> list[str]:
        sweep = sweep_of(adapter, clauses=("SCAN-12",))
        return [found.place.variant for found in scanned_again(sweep, "SCAN-12", SIMPLEST) if found]

    assert told(promises) == ["a catalog that is silent once", "a store that is silent once"]
    assert told(replace(promises, plan=plan)) == []


def test_sizes_are_asked_of_a_loader_that_takes_them(sweep_of: Callable[..., Sweep]) -> None:
    sized = load_adapter(reference_of("sizes-as-asked"))
    plan_sized = sized.plan
    assert plan_sized is not None

    def plan(scan: Any) -> Any:
        if scan.files_per_split:
            raise NotSupported("one file a split")
        return plan_sized(scan)

    asked = deleting()[:1] * 4  # one scan in four is asked for sizes
    for adapter, met in ((sized, {"SCAN-13", "SCAN-14"}), (replace(sized, plan=plan), set())):
        findings = planned(sweep_of(adapter, clauses=("SCAN-13", "SCAN-14")), asked)
        assert findings.violations == []
        assert {clause for clause, _ in findings.met} == met


def test_fields_of_structs_are_asked_of_a_loader_that_plans_them(sweep_of: Callable[..., Sweep]) -> None:
    fields = tuple(ColumnSpec(id_, name, "long") for id_, name in ((2, "x"), (3, "y")))
    struct = ColumnSpec(1, "s", StructSpec(fields), ((1, 2), (3, 4)))
    spec = ScanSpec(HistorySpec((struct,), (Append(2),)), columns=("s.y",))
    able = load_adapter("reference")
    asked = []
    for adapter in (able, replace(able, can=able.can - {Capability.FIELDS_OF_STRUCTS})):
        loader = PlanningLoader(sweep_of(adapter), {"SCAN-1"})
        given = loader.given(spec)
        made = loader.made(given.history)
        assert not isinstance(made, Raised)
        assert loader.rows_differ(given, made) is None
        asked.append(given.columns)
    assert asked == [("s.y",), ("s",)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (entry(to_json(SplitSpec(TableSpec((ColumnSpec(1, "a", "long"),))))), "JSON of a ScanSpec"),
        (entry(to_json(SIMPLEST), '["has_deletes"]'), "does not fall under its own condition"),
        (entry(to_json(SIMPLEST), '["has_delete"]'), "no condition 'has_delete' of a scan; did you mean has_deletes"),
    ],
)
def test_baseline_of_a_scan_is_shown_by_one(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    file.write_text(text)
    with pytest.raises(BaselineError, match=says):
        read_baseline(file)


def test_known_fault_of_a_scan_is_excused(sweep_of: Callable[..., Sweep], tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    history = replace(SIMPLEST.history, operations=(Append(3), Append(3), DeletePositions()))
    file.write_text(entry(to_json(ScanSpec(history))))
    adapter = load_adapter(reference_of("delete-file-for-one-data-file"))
    sweep = replace(sweep_of(adapter, clauses=("SCAN-2",)), baseline=read_baseline(file))
    findings = planned(sweep, deleting())
    assert findings.violations == []
    assert findings.known


def test_an_entry_of_a_scan_excuses_its_condition_alone(sweep_of: Callable[..., Sweep], tmp_path: Path) -> None:
    file = tmp_path / "baseline.toml"
    history = replace(SIMPLEST.history, operations=(Append(3), Append(3), DeletePositions()))
    asked = replace(ScanSpec(history), columns=("a",))
    file.write_text(entry(to_json(asked), '["projection"]'))
    adapter = load_adapter(reference_of("delete-file-for-one-data-file"))
    sweep = replace(sweep_of(adapter, clauses=("SCAN-2",)), baseline=read_baseline(file))
    assert [violation.clause for violation in planned(sweep, deleting()).violations] == ["SCAN-2"]


def test_what_is_excused_in_a_large_scan_goes_by_the_clause_of_the_entry(
    sweep_of: Callable[..., Sweep], tmp_path: Path
) -> None:
    """No smaller scan is looked for, so the clause is a guess, for which another fault came up first here."""

    def plan(_scan: Any) -> Any:
        raise ArithmeticError("the bounds are of another type")

    file, history, both = tmp_path / "baseline.toml", SIMPLEST.history, ("SCAN-2", "SCAN-3")
    delete, rename = DeletePositions(), RenameColumn("a", "b")
    file.write_text(entry(to_json(ScanSpec(replace(history, operations=(Append(3), delete))))))
    first = ScanSpec(replace(history, operations=(Append(3), rename)))
    large = ScanSpec(replace(history, operations=(Append(3), delete, rename)))
    sweep = sweep_of(replace(ADAPTER, plan=plan), clauses=both)
    for baseline, violated in ((sweep.baseline, ["SCAN-3"]), (read_baseline(file), [])):
        scanning = Scanning(replace(sweep, baseline=baseline), set(both), searched=MOST_SHRUNK)
        scanning.shrunk.append(("SCAN-3", first))
        scanning.judge(large)
        assert [violation.clause for violation in scanning.ledger.findings.violations] == violated


def test_tables_are_made_where_the_run_is(sweep_of: Callable[..., Sweep], tmp_path: Path) -> None:
    sweep = replace(sweep_of(load_adapter("reference"), clauses=("SCAN-1",)), warehouse=Warehouse(tmp_path / "here"))
    planned(sweep, chosen(scans(), 1, 1))
    assert list((tmp_path / "here").iterdir())
