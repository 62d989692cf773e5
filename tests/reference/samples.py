"""A small real table, a split of it, splits with a plan, and their rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from datafusion import SessionContext
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestamptzType

from reference import DataLoader, DataLoaderSplit, NoOpRegistry, UDFRegistry
from reference.plans import empty_batch
from reference.reading import scan_schema


def small_table(catalog: Catalog) -> Table:
    """Two files, two partitions, two snapshots: ids 0 to 4 in `x`, then 0 to 2 in `y`."""
    catalog.create_namespace("Db")
    schema = Schema(
        NestedField(1, "id", LongType(), required=False, doc="a number"),
        NestedField(2, "Name", StringType(), required=False),
        NestedField(3, "ts", TimestamptzType(), required=False),
        NestedField(4, "part", StringType(), required=False),
    )
    spec = PartitionSpec(PartitionField(4, 1000, IdentityTransform(), "part"))
    table = catalog.create_table("Db.t", schema, partition_spec=spec, properties={"owner": "me"})
    for part, count in (("x", 5), ("y", 3)):
        rows = {"id": range(count), "Name": [f"n{i}" for i in range(count)], "ts": [i * 10**6 for i in range(count)]}
        table.append(pa.table({**rows, "part": [part] * count}, schema=table.schema().as_arrow()))
    return table


def split_of(catalog: Catalog) -> DataLoaderSplit:
    """The split of the small table that has five rows."""
    return max(DataLoader(catalog, "Db.t"), key=lambda split: split.file_scan_task.file.record_count)


def rows(split: DataLoaderSplit) -> list[dict[str, Any]]:
    return [row for batch in split for row in batch.to_pylist()]


def session_with(split: DataLoaderSplit, *names: str) -> SessionContext:
    session = SessionContext()
    for name in names:
        session.register_record_batches(name, [[empty_batch(scan_schema(split.scan_context))]])
    return session


def planned(split: DataLoaderSplit, sql: str, *names: str, registry: UDFRegistry | None = None) -> DataLoaderSplit:
    session = session_with(split, *(names or ("t",)))
    (registry or NoOpRegistry()).register_udfs(session)
    plan = session.sql(sql).logical_plan()
    return DataLoaderSplit(split.file_scan_task, split.scan_context, plan, session, registry)
