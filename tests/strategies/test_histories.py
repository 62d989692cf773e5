from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from strategies import from_json, to_json
from strategies.evolution import COMMITS, ids_of, table_before
from strategies.recorded import RECORDED, is_recorded
from strategies.scans import scans
from strategies.simpler_scans import simpler_scans
from strategies.specs import (
    AddColumn,
    Append,
    ColumnSpec,
    DropColumn,
    HistorySpec,
    MakeOptional,
    MoveFirst,
    Operation,
    Predicate,
    RenameColumn,
    RowwiseSpec,
    ScanSpec,
    StructSpec,
    WidenColumn,
    WrittenBySpark,
)

A, B = ColumnSpec(1, "a", "int", (1,)), ColumnSpec(2, "b", "string", ("x",))


@given(scans())
def test_a_scan_goes_to_json_and_back(scan: ScanSpec) -> None:
    assert from_json(to_json(scan)) == scan


@given(scans())
def test_a_history_begins_with_rows_and_gives_each_column_an_id_of_its_own(scan: ScanSpec) -> None:
    assert all(isinstance(first, (Append, WrittenBySpark)) for first in scan.history.operations[:1])
    assert is_recorded(scan.history) == (scan.history.columns in RECORDED.values())
    if is_recorded(scan.history):
        return  # by the ids that Spark gave
    added = [operation.column for operation in scan.history.operations if isinstance(operation, AddColumn)]
    ids = [id_ for column in (*scan.history.columns, *added) for id_ in ids_of(column)]
    assert sorted(ids) == list(range(1, len(ids) + 1))
    assert [column.id for column in scan.history.columns] == list(range(1, len(scan.history.columns) + 1))
    assert scan.at is None or isinstance(scan.history.operations[scan.at], COMMITS)


@pytest.mark.parametrize(
    ("operation", "names"),
    [
        (AddColumn(ColumnSpec(3, "c", "long", (1,))), ["a", "b", "c"]),
        (DropColumn("a"), ["b"]),
        (RenameColumn("a", "z"), ["z", "b"]),
        (WidenColumn("a", "long"), ["a", "b"]),
        (MoveFirst("b"), ["b", "a"]),
        (Append(2), ["a", "b"]),
    ],
)
def test_columns_after_an_operation(operation: Operation, names: list[str]) -> None:
    history = HistorySpec((A, B), (Append(), operation))
    assert [column.name for column in table_before(history, 2).columns] == names
    assert [column.name for column in table_before(history, 1).columns] == ["a", "b"]


S = ColumnSpec(3, "s", StructSpec((ColumnSpec(4, "x", "int"), ColumnSpec(5, "y", "string"))), ((1, "a"), None))


@pytest.mark.parametrize(
    ("operation", "fields", "values"),
    [
        (AddColumn(ColumnSpec(6, "z", "long", (7, 8)), within="s"), ["x", "y", "z"], ((1, "a", 7), None)),
        (DropColumn("x", within="s"), ["y"], (("a",), None)),
        (RenameColumn("x", "w", within="s"), ["w", "y"], ((1, "a"), None)),
        (WidenColumn("x", "long", within="s"), ["x", "y"], ((1, "a"), None)),
        (DropColumn("x"), ["x", "y"], ((1, "a"), None)),
    ],
)
def test_fields_of_a_struct_after_an_operation(
    operation: Operation, fields: list[str], values: tuple[object, ...]
) -> None:
    column = table_before(HistorySpec((A, B, S), (Append(), operation)), 2).column("s")
    assert isinstance(column.type, StructSpec)
    assert [field.name for field in column.type.fields] == fields
    assert column.values == values


def test_a_required_column_holds_null_once_it_is_optional() -> None:
    required = replace(A, required=True)
    column = table_before(HistorySpec((required,), (Append(), MakeOptional("a"))), 2).column("a")
    assert (column.required, column.values) == (False, (1, None))


@given(scans())
def test_simpler_scans_are_simpler(scan: ScanSpec) -> None:
    for simpler in simpler_scans(scan):
        assert len(repr(simpler)) < len(repr(scan)) or simpler.history != scan.history
        assert all(isinstance(first, (Append, WrittenBySpark)) for first in simpler.history.operations[:1])


def test_each_part_of_a_scan_can_be_left_out() -> None:
    scan = ScanSpec(
        HistorySpec((A, B), (Append(2), DropColumn("b")), partition_by="a"),
        ("a",),
        Predicate("is-null", "a"),
        0,
        "release",
        RowwiseSpec('"a", 1', '"a" > 1', "a > 2"),
    )
    simpler = list(simpler_scans(scan))
    for name in ("columns", "row_filter", "at", "ref", "transformation"):
        assert any(getattr(each, name) is None for each in simpler), name
    assert any(each.history.partition_by is None for each in simpler)
    assert any(len(each.history.operations) == 1 for each in simpler)
    assert any(each.transformation == RowwiseSpec('"a"', '"a" > 1', "a > 2") for each in simpler)
