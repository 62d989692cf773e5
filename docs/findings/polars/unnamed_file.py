"""Polars: the error about a broken file of an Iceberg table does not say which one.

    pip install "polars[iceberg]>=2.1" "pyiceberg[pyarrow,sql-sqlite]>=0.12" && python unnamed_file.py

A table has three files; one is cut short, or replaced by a text. Nothing in the error tells which, or of what table:
where a worker reads hundreds of files, one has to look for it. Of a file that is gone the error has the path, or its
end. Exit code 1: the error does not name the file.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

warnings.simplefilter("ignore")
WAYS = {
    "cut to a half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "replaced by a text": lambda file: file.write_text("no data file " * 200),
    "gone": Path.unlink,
}
folder = tempfile.mkdtemp()
catalog = SqlCatalog("catalog", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
catalog.create_namespace("db")
print("polars", pl.__version__)
wrong = 0
for number, (way, damage) in enumerate(WAYS.items()):
    table = catalog.create_table(f"db.t{number}", pa.schema([("a", pa.int64())]))
    for start in range(3):
        table.append(pa.table({"a": range(start * 1000, start * 1000 + 1000)}))
    file = Path(next(iter(table.scan().plan_files())).file.file_path.removeprefix("file://"))
    damage(file)
    try:
        told = f"{len(pl.scan_iceberg(table).collect())} rows"
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    wrong += file.name not in told
    print(f"{way}: {'' if file.name in told else 'not named: '}{told!r}")
raise SystemExit(1 if wrong else 0)
