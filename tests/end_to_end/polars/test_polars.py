"""The adapter of Polars, and what was found in it: a script that finds it mended fails."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.running import command
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
    ListSpec,
    MapSpec,
    Predicate,
    RowwiseSpec,
    ScanSpec,
    SplitSpec,
    StructSpec,
    TableSpec,
    Tag,
)
from tests.end_to_end.filtered_reads import (
    COLUMNS,
    FILTERS,
    NUMBERS,
    TABLE,
    TEXTS,
    assert_reads_what_is_expected,
    example,
)

ADAPTER = load_adapter("polars")
FINDINGS = sorted((Path(__file__).parents[3] / "docs/findings/polars").glob("*.py"))


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
    assert_reads_what_is_expected(ADAPTER, SplitSpec(table, row_filter=Predicate("eq", "a", values[1:2])), warehouse)


NESTED = {
    "list": ColumnSpec(1, "a", ListSpec(2, "time"), ((), ("00:00:01",), None)),
    "map": ColumnSpec(1, "a", MapSpec(2, "string", 3, "long"), ((("k", 1),), (), None)),
    "struct": ColumnSpec(1, "a", StructSpec((ColumnSpec(2, "x", "int"),)), ((1,), (None,))),
}


@pytest.mark.parametrize("column", NESTED.values(), ids=NESTED)
def test_nested_types(column: ColumnSpec, warehouse: Warehouse) -> None:
    assert_reads_what_is_expected(ADAPTER, SplitSpec(TableSpec((column,), rows=6)), warehouse)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_each_type_is_handed_on_as_iceberg_has_it(name: str, warehouse: Warehouse) -> None:
    values = PRIMITIVES[name].values
    assert_reads_what_is_expected(ADAPTER, SplitSpec(TableSpec((ColumnSpec(1, "a", name, values),), rows=9)), warehouse)


@pytest.mark.parametrize("version", [2, 3])
def test_deletes(version: int, warehouse: Warehouse) -> None:
    table = TableSpec(COLUMNS, rows=60, format_version=version, deleted=(0, 7, 59))
    assert_reads_what_is_expected(ADAPTER, SplitSpec(table), warehouse)


def test_columns_in_another_order(warehouse: Warehouse) -> None:
    assert_reads_what_is_expected(ADAPTER, SplitSpec(TABLE, projection=("c", "a")), warehouse)


def test_fields_of_a_struct(warehouse: Warehouse) -> None:
    inner = StructSpec((ColumnSpec(4, "x", "int"), ColumnSpec(5, "y", "long")))
    outer = StructSpec((ColumnSpec(2, "first", "string"), ColumnSpec(3, "second", inner)))
    column = ColumnSpec(1, "a", outer, (("t", (1, 2)), ("u", None), None))
    assert_reads_what_is_expected(
        ADAPTER, SplitSpec(TableSpec((column,), rows=6), projection=("a.second.y",)), warehouse
    )


def test_a_file_io_of_the_users_own_is_declined(warehouse: Warehouse) -> None:
    spec = SplitSpec(TABLE, file_io=FileIOSpec(chosen_by="instance", implementation="vault"))
    with pytest.raises(NotSupported, match="knows no vault://"):
        ADAPTER.build(example(spec, warehouse).make())


@pytest.mark.parametrize("value", ["text", 7])
def test_options_of_the_storage_are_text(value: Any, warehouse: Warehouse) -> None:
    """Polars takes no others, and says so as late as it reads; a FileIO may hold them."""
    assert_reads_what_is_expected(
        ADAPTER, SplitSpec(TABLE, file_io=FileIOSpec(properties=(("mine", value),))), warehouse
    )


HISTORY = HistorySpec((NUMBERS, TEXTS), (Append(3), Tag("first"), Append(4), DeletePositions(1)))


@pytest.mark.parametrize(
    "scan",
    [
        ScanSpec(HISTORY),
        ScanSpec(HISTORY, at=0),
        ScanSpec(HISTORY, columns=("b",), row_filter=Predicate("not-in", "a", (0,))),
    ],
    ids=repr,
)
def test_a_scan_is_one_query(scan: ScanSpec, tmp_path: Path) -> None:
    assert ADAPTER.plan is not None
    (query,) = ADAPTER.plan(scan_of(scan, make_history(scan.history, tmp_path / "table")))
    batches = list(ADAPTER.read(pickle.loads(pickle.dumps(query))))
    expected = plain_rows(asked_rows(scan).to_batches(), exact=True)
    assert in_any_layout(plain_rows(batches, exact=True)) == in_any_layout(expected)
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)


@pytest.mark.parametrize(
    ("scan", "why"),
    [
        (ScanSpec(HISTORY, transformation=RowwiseSpec("a")), "no transformation"),
        (ScanSpec(HISTORY, ref="first"), "no branch or tag"),
    ],
    ids=["transformation", "tag"],
)
def test_what_polars_does_not_take_is_declined(scan: ScanSpec, why: str, tmp_path: Path) -> None:
    assert ADAPTER.plan is not None
    with pytest.raises(NotSupported, match=why):
        list(ADAPTER.plan(scan_of(scan, make_history(HISTORY, tmp_path / "table"))))


# Loaders that are Polars' but for one break, each with the clause that it breaks.
BROKEN = {
    "READ-1": """
class Forgetful(Query):
    def __reduce__(self):
        return Forgetful, (self.frame.head(1), self.schema)
def build(materials):
    made = SOUND.build(materials)
    return Forgetful(made.frame, made.schema)
ADAPTER = replace(SOUND, name="sends one row", build=build)
""",
    "SCAN-6": """
def plan(scan):
    (made,) = SOUND.plan(scan)
    if scan.snapshot_id is not None or scan.row_filter != AlwaysTrue():
        return [made]
    name = ".".join(scan.identifier)
    return [Query(pl.scan_iceberg(name, catalog=scan.catalog).select(made.schema.names), made.schema)]
ADAPTER = replace(SOUND, name="sends the name of the table", plan=plan)
""",
}
BEGINNING = """
from dataclasses import replace
import polars as pl
from pyiceberg.expressions import AlwaysTrue
from conformance.adapters.builtin.polars import ADAPTER as SOUND, Query
"""


@pytest.mark.parametrize("clause", BROKEN)
def test_a_break_is_caught(clause: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(BEGINNING + BROKEN[clause])
    arguments = ("run", "--profile", "quick", "--clause", clause, "--transport", "pickle-5")
    ended = command(*arguments, "--adapter", "broken.py", cwd=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"{clause} (MUST) violated" in ended.stdout


@pytest.mark.parametrize("script", FINDINGS, ids=lambda script: script.stem)
def test_what_was_found_still_shows(script: Path, tmp_path: Path) -> None:
    """A script that ends with 0 tells of a release that has mended it: docs/FINDINGS.md then has to say so."""
    ended = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stdout + ended.stderr
