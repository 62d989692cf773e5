"""Daft: the error of a file that is gone is lost in some readings, which then give no rows.

    pip install "daft>=0.7.10" "pyiceberg[pyarrow,sql-sqlite]" && python lost_error.py

The file of a table is removed, and the table is read 200 times by each of five queries. Each reading has to raise.
Those with an operator above the scan (columns in another order, a column computed, a filter that calls a function)
sometimes end with no row and no error. Exit code 1: they do.
"""

from __future__ import annotations

import collections
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import daft
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

READINGS = 200
logging.disable(logging.CRITICAL)
folder = tempfile.mkdtemp()
catalog = SqlCatalog("catalog", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("db")
table = catalog.create_table("db.t", pa.schema([("a", pa.int64()), ("b", pa.string())]))
table.append(pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}))
(task,) = table.scan().plan_files()
Path(task.file.file_path.removeprefix("file://")).unlink()

QUERIES: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda frame: list(frame.iter_rows()),
    "columns in another order": lambda frame: list(frame.select("b", "a").iter_rows()),
    "a column computed": lambda frame: list(frame.select(daft.col("a") + 1).iter_rows()),
    "a filter by a function": lambda frame: list(frame.where(daft.col("b").upper() == "X").iter_rows()),
    "another order, to Arrow": lambda frame: frame.select("b", "a").to_arrow().num_rows,
}


def outcome(query: Callable[[Any], Any]) -> str:
    """Return how one reading ends."""
    try:
        return f"no error: {query(daft.read_iceberg(table))!r}"
    except Exception as error:
        return f"raises {type(error).__name__}"


print("daft", daft.__version__)
silent = 0
for name, query in QUERIES.items():
    outcomes = collections.Counter(outcome(query) for _ in range(READINGS))
    silent += sum(count for text, count in outcomes.items() if text.startswith("no error"))
    print(f"{name}: {dict(outcomes)}")
raise SystemExit(1 if silent else 0)
