"""Daft: a file that has a column which the table has dropped since cannot be read, unless it was the last one.

    pip install "daft>=0.7.5" "pyiceberg[pyarrow,sql-sqlite]" && python dropped_column.py

For each column of a table of three, the file is written, the column is dropped, and the table is read. Exit code 1: a
table cannot be read that PyIceberg reads.
"""

from __future__ import annotations

import logging
import tempfile

import daft
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

logging.disable(logging.CRITICAL)
folder = tempfile.mkdtemp()
catalog = SqlCatalog("catalog", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("db")
rows = pa.table({"a": pa.array([1, 2, 3]), "b": ["x", "y", "z"], "c": [0.5, 1.5, 2.5]})

print("daft", daft.__version__)
wrong = 0
for dropped in rows.column_names:
    table = catalog.create_table(f"db.without_{dropped}", rows.schema)
    table.append(rows)
    with table.update_schema() as update:
        update.delete_column(dropped)
    table = catalog.load_table(f"db.without_{dropped}")
    expected = table.scan().to_arrow().to_pydict()
    try:
        seen = daft.read_iceberg(table).to_pydict()
    except Exception as error:
        seen = f"{type(error).__name__}: {error}"
    wrong += seen != expected
    print(f"without {dropped}: {'right' if seen == expected else seen}")
raise SystemExit(1 if wrong else 0)
