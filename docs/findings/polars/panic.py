"""Polars: a data file of an Iceberg table that was cut short ends in a panic of Rust's, which is no ``Exception``.

    pip install "polars[iceberg]>=2.1" "pyiceberg[pyarrow,sql-sqlite]>=0.12" && python panic.py

So it is where the locations of a table are plain paths. The metadata tell the size of the file, Polars believes them,
and asserts. What it raises then, ``PanicException``, is a ``BaseException``: a worker that catches errors to report
them, or to try another file, ends instead, and the text has no path. Exit code 1: a panic, or no error at all.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

warnings.simplefilter("ignore")
folder = tempfile.mkdtemp()
catalog = SqlCatalog("catalog", uri=f"sqlite:///{folder}/catalog.db", warehouse=folder)
catalog.create_namespace("db")
print("polars", pl.__version__)
wrong = 0
for kept in ("nothing", "four bytes", "a half"):
    table = catalog.create_table(f"db.of_{kept.replace(' ', '_')}", pa.schema([("a", pa.int64())]))
    table.append(pa.table({"a": range(1000)}))
    file = Path(next(iter(table.scan().plan_files())).file.file_path)
    whole = file.read_bytes()
    file.write_bytes({"nothing": b"", "four bytes": whole[:4], "a half": whole[: len(whole) // 2]}[kept])
    try:
        seen = f"{len(pl.scan_iceberg(table).collect())} rows"
        wrong += 1
    except Exception as error:
        seen = f"raises {type(error).__name__}: {error}"
    except BaseException as panic:
        seen = f"ends in {type(panic).__name__}, no Exception: {panic}"
        wrong += 1
    print(f"cut to {kept}: {seen}")
raise SystemExit(1 if wrong else 0)
