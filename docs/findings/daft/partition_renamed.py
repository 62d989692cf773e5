"""Daft: a filter fails over files of a former partitioning, once the table is partitioned under another name.

    pip install "daft>=0.7.5" "pyiceberg[pyarrow,sql-sqlite]" && python partition_renamed.py

A table is partitioned by a column, written, and partitioned by the same column under another name. Exit code 1: it
cannot be filtered by that column, as PyIceberg filters it.
"""

from __future__ import annotations

import logging
import tempfile

import daft
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import IdentityTransform

logging.disable(logging.CRITICAL)
folder = tempfile.mkdtemp()
catalog = SqlCatalog("catalog", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("db")
rows = pa.table({"day": ["monday", "tuesday"]})
table = catalog.create_table("db.days", rows.schema)
with table.update_spec() as update:
    update.add_field("day", IdentityTransform(), "day of 2025")
table.append(rows)
with table.update_spec() as update:
    update.remove_field("day of 2025")
    update.add_field("day", IdentityTransform(), "day of 2026")
table = catalog.load_table("db.days")

print("daft", daft.__version__)
expected = table.scan(row_filter="day == 'monday'").to_arrow().to_pydict()
try:
    seen = daft.read_iceberg(table).where(daft.col("day") == "monday").to_pydict()
except Exception as error:
    seen = f"{type(error).__name__}: {error}"
print("right" if seen == expected else seen)
raise SystemExit(1 if seen != expected else 0)
