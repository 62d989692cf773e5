"""Daft: a filter selects other rows from a file than from memory, and tells -0.0 from 0.0.

    pip install daft && python float_order.py

Daft compares floats by a total order: NaN is equal to itself and above all else, -0.0 is below 0.0. The statistics of
a Parquet file, by which row groups are left out, know no NaN: so the same filter selects the row with NaN from memory,
and does not from a file. And -0.0 is neither selected by `== 0.0` nor in the group of 0.0, unlike in IEEE 754 and SQL.
Exit code 1: so it is.
"""

from __future__ import annotations

import tempfile

import daft
import pyarrow as pa
import pyarrow.parquet

ROWS = {"a": [0.0, -0.0, 1.5, float("nan")]}
file = f"{tempfile.mkdtemp()}/data.parquet"
pyarrow.parquet.write_table(pa.table(ROWS), file)
print("daft", daft.__version__)
a = daft.col("a")
wrong = 0
CONDITIONS = {"a > 5.0": a > 5.0, "a == nan": a == float("nan"), "a == 0.0": a == 0.0, "a < 0.0": a < 0.0}
for name, condition in CONDITIONS.items():
    in_memory = daft.from_pydict(ROWS).where(condition).to_pydict()["a"]
    in_file = daft.read_parquet(file).where(condition).to_pydict()["a"]
    wrong += repr(in_memory) != repr(in_file) or in_file == [-0.0] or len(in_file) == 1
    print(f"{name}: from memory {in_memory}, from a file {in_file}")
print("groups:", daft.from_pydict(ROWS).groupby("a").agg(a.count().alias("rows")).to_pydict())
raise SystemExit(1 if wrong else 0)
