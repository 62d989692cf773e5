"""The adapter of Daft, and what was found in it: a script that finds it mended fails."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conformance.adapter import NotSupported
from conformance.adapters.loading import load_adapter
from conformance.adapters.preflight import complaint
from conformance.examples.example import Example
from conformance.examples.from_spec import example_of
from conformance.observation.values import in_any_layout, plain_rows
from fixtures.expected import asked_rows
from fixtures.scans import scan_of
from fixtures.tables.made_histories import make_history
from fixtures.tables.warehouse import Warehouse
from strategies.filters import OPERATORS
from strategies.primitives import PRIMITIVES
from strategies.specs import (
    And,
    Append,
    ColumnSpec,
    DeletePositions,
    FileIOSpec,
    HistorySpec,
    Not,
    Or,
    Predicate,
    RowwiseSpec,
    ScanSpec,
    SplitSpec,
    StructSpec,
    TableSpec,
    Tag,
)

ADAPTER = load_adapter("daft")
FINDINGS = sorted((Path(__file__).parents[3] / "docs/findings/daft").glob("*.py"))
NUMBERS = ColumnSpec(1, "a", "long", (0, 1, 2, None))
TEXTS = ColumnSpec(2, "b", "string", ("", "ab", None))
FLOATS = ColumnSpec(3, "c", "double", (0.0, "nan", "inf", None, -1.0))
STRUCTS = ColumnSpec(4, "d", StructSpec((ColumnSpec(5, "x", "int"), ColumnSpec(6, "y", "int"))), ((1, 2), None))
TABLE = TableSpec((NUMBERS, TEXTS, FLOATS), rows=60)
FILTERS = (
    *(Predicate(op, "a") for op in ("is-null", "not-null")),
    *(Predicate(op, "a", (1,)) for op in ("eq", "ne", "lt", "le", "gt", "ge")),
    *(Predicate(op, "a", (1, 2)) for op in ("in", "not-in")),
    *(Predicate(op, "c") for op in ("is-nan", "not-nan")),
    *(Predicate(op, "b", ("a",)) for op in ("starts-with", "not-starts-with")),
    And(Predicate("gt", "a", (0,)), Or(Not(Predicate("in", "b", ("ab",))), Predicate("is-nan", "c"))),
)


def example(spec: SplitSpec, warehouse: Warehouse) -> Example:
    made = example_of(spec, warehouse)
    assert isinstance(made, Example)
    return made


def assert_reads_what_is_expected(spec: SplitSpec, warehouse: Warehouse) -> None:
    made = example(spec, warehouse)
    split = pickle.loads(pickle.dumps(ADAPTER.build(made.make())))
    assert in_any_layout(plain_rows(ADAPTER.read(split), exact=True)) == in_any_layout(made.rows)


def test_simplest_split(tmp_path: Path) -> None:
    assert complaint(ADAPTER, tmp_path) == ""


def test_each_operator_is_tried() -> None:
    assert {spec.op for spec in FILTERS if isinstance(spec, Predicate)} == set(OPERATORS)


@pytest.mark.parametrize("condition", FILTERS, ids=repr)
def test_filter_selects_what_pyiceberg_selects(condition: Any, warehouse: Warehouse) -> None:
    assert_reads_what_is_expected(SplitSpec(TABLE, row_filter=condition), warehouse)


@pytest.mark.parametrize("name", [row.name for row in PRIMITIVES.values() if row.literal is not None])
def test_literal_of_each_type(name: str, warehouse: Warehouse) -> None:
    values = PRIMITIVES[name].values
    table = TableSpec((ColumnSpec(1, "a", name, values),), rows=len(values))
    # The second: the first of floats is zero, of which Daft has two (docs/findings/daft/float_order.py).
    assert_reads_what_is_expected(SplitSpec(table, row_filter=Predicate("eq", "a", values[1:2])), warehouse)


def test_columns_in_another_order(warehouse: Warehouse) -> None:
    assert_reads_what_is_expected(SplitSpec(TABLE, projection=("c", "a")), warehouse)


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
