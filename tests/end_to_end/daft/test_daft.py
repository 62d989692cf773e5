"""The adapter of Daft, and what was found in it: a script that finds it mended fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conformance.adapter import NotSupported
from conformance.adapters.loading import load_adapter
from conformance.adapters.preflight import complaint
from conformance.observation.values import in_any_layout, plain_rows
from fixtures.expected import asked_rows
from fixtures.scans import scan_of
from fixtures.tables.made_histories import make_history
from fixtures.tables.warehouse import Warehouse
from strategies.filters import OPERATORS
from strategies.primitives import PRIMITIVES
from strategies.specs import (
    Append,
    ColumnSpec,
    DeletePositions,
    FileIOSpec,
    HistorySpec,
    Predicate,
    RowwiseSpec,
    ScanSpec,
    SplitSpec,
    StructSpec,
    TableSpec,
    Tag,
)
from tests.end_to_end.filtered_reads import FILTERS, NUMBERS, TABLE, TEXTS, assert_reads_what_is_expected, example

ADAPTER = load_adapter("daft")
FINDINGS = sorted((Path(__file__).parents[3] / "docs/findings/daft").glob("*.py"))
STRUCTS = ColumnSpec(4, "d", StructSpec((ColumnSpec(5, "x", "int"), ColumnSpec(6, "y", "int"))), ((1, 2), None))


def test_simplest_split(tmp_path: Path) -> None:
    assert complaint(ADAPTER, tmp_path) == ""


def test_each_operator_is_tried() -> None:
    assert {spec.op for spec in FILTERS if isinstance(spec, Predicate)} == set(OPERATORS)


@pytest.mark.parametrize("condition", FILTERS, ids=repr)
def test_filter_selects_what_pyiceberg_selects(condition: Any, warehouse: Warehouse) -> None:
    assert_reads_what_is_expected(ADAPTER, SplitSpec(TABLE, row_filter=condition), warehouse)


@pytest.mark.parametrize("name", [row.name for row in PRIMITIVES.values() if row.literal is not None])
def test_literal_of_each_type(name: str, warehouse: Warehouse) -> None:
    values = PRIMITIVES[name].values
    table = TableSpec((ColumnSpec(1, "a", name, values),), rows=len(values))
    # The second: the first of floats is zero, of which Daft has two (docs/findings/daft/float_order.py).
    assert_reads_what_is_expected(ADAPTER, SplitSpec(table, row_filter=Predicate("eq", "a", values[1:2])), warehouse)


def test_columns_in_another_order(warehouse: Warehouse) -> None:
    assert_reads_what_is_expected(ADAPTER, SplitSpec(TABLE, projection=("c", "a")), warehouse)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (SplitSpec(TableSpec((NUMBERS,), file_format="orc")), "reads no ORC"),
        (
            SplitSpec(TableSpec((NUMBERS,)), file_io=FileIOSpec(chosen_by="instance", implementation="vault")),
            "knows no vault://",
        ),
        (SplitSpec(TableSpec((STRUCTS,)), projection=("d.x",)), "no fields of a struct"),
    ],
)
def test_what_daft_does_not_take_is_declined(spec: SplitSpec, why: str, warehouse: Warehouse) -> None:
    with pytest.raises(NotSupported, match=why):
        ADAPTER.build(example(spec, warehouse).make())


HISTORY = HistorySpec((NUMBERS, TEXTS), (Append(3), Tag("first"), Append(4), DeletePositions(1)))


@pytest.mark.parametrize(
    ("scan", "tasks"),
    [
        (ScanSpec(HISTORY), 2),
        (ScanSpec(HISTORY, at=0), 1),
        (ScanSpec(HISTORY, ref="first"), 1),
        (ScanSpec(HISTORY, columns=("b",), row_filter=Predicate("not-in", "a", (0,))), 2),
    ],
    ids=repr,
)
def test_a_scan_is_one_task_for_each_file(scan: ScanSpec, tasks: int, tmp_path: Path) -> None:
    assert ADAPTER.plan is not None
    planned = list(ADAPTER.plan(scan_of(scan, make_history(scan.history, tmp_path / "table"))))
    assert len(planned) == tasks
    batches = [batch for task in planned for batch in ADAPTER.read(task)]
    expected = plain_rows(asked_rows(scan).to_batches(), exact=True)
    assert in_any_layout(plain_rows(batches, exact=True)) == in_any_layout(expected)
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)


def test_a_transformation_is_declined(tmp_path: Path) -> None:
    assert ADAPTER.plan is not None
    asked = ScanSpec(HISTORY, transformation=RowwiseSpec("a"))
    with pytest.raises(NotSupported, match="no transformation"):
        list(ADAPTER.plan(scan_of(asked, make_history(HISTORY, tmp_path / "table"))))


@pytest.mark.parametrize("script", FINDINGS, ids=lambda script: script.stem)
def test_what_was_found_still_shows(script: Path, tmp_path: Path) -> None:
    """A script that ends with 0 tells of a release that has mended it: docs/FINDINGS.md then has to say so."""
    ended = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stdout + ended.stderr
