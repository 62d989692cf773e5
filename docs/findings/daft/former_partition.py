"""Daft: a filter forgets a partition's value once the table is partitioned otherwise: rows are lost without an error.

    pip install "daft>=0.7.5" "pyiceberg[pyarrow,sql-sqlite]" && python former_partition.py

A data file, as Hive writes it, lacks the column by which it is partitioned: the value is the partition's. Exit code 1:
the rows are others than PyIceberg's after the table's partition spec has changed.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import daft
import pyarrow as pa
import pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField

logging.disable(logging.CRITICAL)
folder = tempfile.mkdtemp()
catalog = SqlCatalog("catalog", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("db")
schema = Schema(NestedField(1, "day", LongType(), required=False), NestedField(2, "n", LongType(), required=False))
by_day = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "day"))
table = catalog.create_table("db.days", schema, partition_spec=by_day)

path = Path(folder) / "without_day.parquet"
field = pa.field("n", pa.int64(), metadata={"PARQUET:field_id": "2"})
pyarrow.parquet.write_table(pa.table({"n": [1, 2, 3]}, schema=pa.schema([field])), path)
file = DataFile.from_args(
    content=DataFileContent.DATA,
    file_path=path.as_uri(),
    file_format=FileFormat.PARQUET,
    partition=Record(7),
    record_count=3,
    file_size_in_bytes=path.stat().st_size,
)
file.spec_id = 0
with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
    append.append_data_file(file)

print("daft", daft.__version__)
wrong = 0
for partitioned in ("by the day", "by nothing any more"):
    if partitioned != "by the day":
        with table.update_spec() as update:
            update.remove_field("day")
    table = catalog.load_table("db.days")
    expected = table.scan(row_filter="day == 7").to_arrow().to_pydict()
    seen = daft.read_iceberg(table).where(daft.col("day") == 7).to_pydict()
    unfiltered = daft.read_iceberg(table).to_pydict()
    wrong += seen != expected
    print(f"partitioned {partitioned}: under day = 7 {seen}, unfiltered {unfiltered}, expected {expected}")
raise SystemExit(1 if wrong else 0)
