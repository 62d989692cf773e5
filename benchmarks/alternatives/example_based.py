"""Example-based tests of picklable splits: what the pull request that made them picklable would bring along.

One process, the default pickle protocol, one small table whose metadata is made by hand.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, call, create_autospec, patch

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from datafusion import SessionContext, udf
from datafusion.plan import LogicalPlan
from datafusion.substrait import Producer
from pyiceberg.expressions.parser import parse
from pyiceberg.io import load_file_io
from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.typedef import Record
from pyiceberg.types import DoubleType, LongType, NestedField, StringType

from reference.registry import NoOpRegistry, UDFRegistry

if TYPE_CHECKING:
    from reference import DataLoaderSplit, TableScanContext

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "name", StringType(), required=False),
    NestedField(3, "price", DoubleType(), required=False),
    schema_id=0,
    identifier_field_ids=[1],
)
PROJECTED = SCHEMA.select("id", "name")
ROW_FILTER = parse("id >= 2 and name != 'dora'")
IO_PROPERTIES = {"s3.endpoint": "http://localhost:9000", "s3.secret-access-key": "hush"}
SNAPSHOT_ID = 3051729675574597004
ROWS = [
    {"id": 1, "name": "anna", "price": 1.5},
    {"id": 2, "name": "bert", "price": None},
    {"id": 3, "name": "carl", "price": 3.5},
    {"id": 4, "name": "dora", "price": 4.5},
]
SCANNED = [{"id": 2, "name": "bert"}, {"id": 3, "name": "carl"}]
SQL = "SELECT id * 10 AS tenfold, upper(name) AS name FROM t"


class Bonus(UDFRegistry):
    """Has state, which the function uses."""

    def __init__(self, bonus: int) -> None:
        self.bonus = bonus

    def register_udfs(self, session_context: SessionContext) -> None:
        add = udf(lambda ids: pc.add(ids, self.bonus), [pa.int64()], pa.int64(), "immutable", "with_bonus")
        session_context.register_udf(add)


@dataclass
class Table:
    """A table of one Parquet file."""

    metadata: TableMetadata
    task: FileScanTask
    context: TableScanContext


@pytest.fixture
def table(tmp_path: Path, context_class: type[TableScanContext]) -> Table:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS, schema=schema_to_pyarrow(SCHEMA)), path)
    metadata = TableMetadataUtil.parse_obj(
        {
            "format-version": 2,
            "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
            "location": tmp_path.as_uri(),
            "last-sequence-number": 1,
            "last-updated-ms": 1602638573590,
            "last-column-id": 3,
            "schemas": [SCHEMA.model_dump()],
            "current-schema-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": []}],
            "default-spec-id": 0,
            "last-partition-id": 999,
            "sort-orders": [{"order-id": 0, "fields": []}],
            "default-sort-order-id": 0,
            "properties": {"owner": "tests"},
            "current-snapshot-id": SNAPSHOT_ID,
            "snapshots": [
                {
                    "snapshot-id": SNAPSHOT_ID,
                    "sequence-number": 1,
                    "timestamp-ms": 1602638573590,
                    "manifest-list": f"{tmp_path.as_uri()}/snap.avro",
                    "summary": {"operation": "append"},
                    "schema-id": 0,
                }
            ],
        }
    )
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path.as_uri(),
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(ROWS),
        file_size_in_bytes=path.stat().st_size,
        value_counts={1: 4, 2: 4, 3: 4},
        null_value_counts={1: 0, 2: 0, 3: 1},
    )
    file.spec_id = 0
    io = load_file_io(IO_PROPERTIES, location=metadata.location)
    context = context_class(metadata, io, PROJECTED, ROW_FILTER)
    return Table(metadata, FileScanTask(file, residual=ROW_FILTER), context)


def make_plan(sql: str, registry: UDFRegistry | None = None) -> tuple[LogicalPlan, SessionContext]:
    """A plan over table `t`, and the session that it was made in."""
    session = SessionContext()
    session.register_record_batches("t", [[empty_batch()]])
    if registry is not None:
        registry.register_udfs(session)
    return session.sql(sql).logical_plan(), session


def empty_batch() -> pa.RecordBatch:
    schema = schema_to_pyarrow(PROJECTED, include_field_ids=False)
    return pa.RecordBatch.from_pylist([], schema=schema)


def round_trip(split: DataLoaderSplit) -> DataLoaderSplit:
    restored = pickle.loads(pickle.dumps(split))
    assert type(restored) is type(split)
    assert restored is not split
    return restored


def rows(split: DataLoaderSplit) -> list[dict[str, Any]]:
    return [row for batch in split for row in batch.to_pylist()]


def test_id_and_scan_task_survive(split_class: type[DataLoaderSplit], table: Table) -> None:
    split = split_class(table.task, table.context)
    restored = round_trip(split)
    assert restored.id == split.id
    file = restored.file_scan_task.file
    assert file.file_path == table.task.file.file_path
    assert file.file_format == FileFormat.PARQUET
    assert file.record_count == 4
    assert file.file_size_in_bytes == table.task.file.file_size_in_bytes
    assert file.null_value_counts == {1: 0, 2: 0, 3: 1}
    assert file.spec_id == 0
    assert restored.file_scan_task.delete_files == set()
    assert restored.file_scan_task.residual == ROW_FILTER


def test_context_survives(split_class: type[DataLoaderSplit], table: Table) -> None:
    restored = round_trip(split_class(table.task, table.context))
    context = restored.scan_context
    assert context.table_metadata == table.metadata
    assert context.io.properties == IO_PROPERTIES
    assert context.projected_schema == PROJECTED
    assert context.row_filter == ROW_FILTER
    assert context.snapshot_id == SNAPSHOT_ID
    assert restored.table_properties == {"owner": "tests"}


def test_file_io_is_made_anew(split_class: type[DataLoaderSplit], table: Table) -> None:
    driver_io = table.context.io
    driver_io.new_input(table.task.file.file_path).open().close()
    restored_io = round_trip(split_class(table.task, table.context)).scan_context.io
    assert restored_io is not driver_io
    assert isinstance(restored_io, PyArrowFileIO)
    assert restored_io.properties == IO_PROPERTIES
    assert restored_io.new_input(table.task.file.file_path).exists()


def test_plan_bytes_survive(split_class: type[DataLoaderSplit], table: Table) -> None:
    split = split_class(table.task, table.context, *make_plan(SQL))
    restored = round_trip(split)
    assert isinstance(split.plan_bytes, bytes)
    assert split.plan_bytes
    assert restored.plan_bytes == split.plan_bytes
    assert restored.plan_table == ("t",)


def test_split_without_plan(split_class: type[DataLoaderSplit], table: Table) -> None:
    restored = round_trip(split_class(table.task, table.context))
    assert restored.plan_bytes is None
    assert isinstance(restored.udf_registry, NoOpRegistry)
    assert rows(restored) == SCANNED


def test_no_objects_of_the_engine_are_stored(split_class: type[DataLoaderSplit], table: Table) -> None:
    split = split_class(table.task, table.context, *make_plan(SQL))
    for holder in (split, round_trip(split)):
        for name, value in vars(holder).items():
            assert not isinstance(value, (LogicalPlan, SessionContext)), name


def test_plan_and_session_come_together(split_class: type[DataLoaderSplit], table: Table) -> None:
    plan, session = make_plan(SQL)
    with pytest.raises(ValueError, match="session_context"):
        split_class(table.task, table.context, plan=plan)
    with pytest.raises(ValueError, match="plan"):
        split_class(table.task, table.context, session_context=session)


def test_udfs_are_registered_before_the_plan_is_encoded(split_class: type[DataLoaderSplit], table: Table) -> None:
    plan, session = make_plan(SQL)
    registry = create_autospec(UDFRegistry, instance=True)
    events = Mock()
    events.attach_mock(registry.register_udfs, "register")
    with patch.object(Producer, "to_substrait_plan", side_effect=Producer.to_substrait_plan) as encode:
        events.attach_mock(encode, "encode")
        split_class(table.task, table.context, plan, session, registry)
    calls = events.mock_calls
    assert calls.count(call.register(session)) == 1
    assert calls.index(call.register(session)) < calls.index(call.encode(plan, session))


def test_registry_travels_and_registers_again(split_class: type[DataLoaderSplit], table: Table) -> None:
    registry = Bonus(100)
    plan, session = make_plan("SELECT with_bonus(id) AS id FROM t", registry)
    restored = round_trip(split_class(table.task, table.context, plan, session, registry))
    assert isinstance(restored.udf_registry, Bonus)
    assert restored.udf_registry is not registry
    assert restored.udf_registry.bonus == 100
    with patch.object(Bonus, "register_udfs", autospec=True, side_effect=Bonus.register_udfs) as register:
        assert rows(restored) == [{"id": 102}, {"id": 103}]
    register.assert_called_once()
    assert register.call_args.args[1] is not session


def test_split_with_plan_reads_the_same_rows(split_class: type[DataLoaderSplit], table: Table) -> None:
    split = split_class(table.task, table.context, *make_plan(SQL))
    expected = [{"tenfold": 20, "name": "BERT"}, {"tenfold": 30, "name": "CARL"}]
    assert rows(split) == expected
    assert rows(round_trip(split)) == expected


def test_double_round_trip(split_class: type[DataLoaderSplit], table: Table) -> None:
    registry = Bonus(-1)
    plan, session = make_plan("SELECT with_bonus(id) AS id, name FROM t", registry)
    split = split_class(table.task, table.context, plan, session, registry)
    twice = round_trip(round_trip(split))
    assert twice.id == split.id
    assert twice.plan_bytes == split.plan_bytes
    assert twice.scan_context.row_filter == ROW_FILTER
    assert twice.scan_context.io.properties == IO_PROPERTIES
    assert rows(twice) == [{"id": 1, "name": "bert"}, {"id": 2, "name": "carl"}]
