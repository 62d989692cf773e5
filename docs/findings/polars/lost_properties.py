"""Polars: a scan of a PyIceberg table loses the properties of its FileIO when it is sent.

    pip install "polars[iceberg]>=2.1" "pyiceberg[pyarrow,sql-sqlite]>=0.12" && python lost_properties.py

A catalog tells by which FileIO, at which endpoint and with which credentials the files of a table are opened; a REST
catalog vends such properties with each table. Where the scan was made, it reads with them. Where it arrives, Polars
loads the table again from the path of its metadata, with the scan's ``storage_options`` alone. So a scan that reads on
the driver fails on a worker, or reads with whatever credentials that machine has. Here a FileIO of the user's own
stands for an endpoint: it alone knows where ``own://`` is. Exit code 1: the scan that arrived cannot be read.
"""

from __future__ import annotations

import pickle
import tempfile
import warnings

import polars as pl
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io import InputFile, OutputFile
from pyiceberg.io.pyarrow import PyArrowFileIO

warnings.simplefilter("ignore")


class OwnFileIO(PyArrowFileIO):
    """Opens ``own://path`` below the folder that a property names."""

    def _place(self, location: str) -> str:
        return location.replace("own://", self.properties["own.folder"] + "/")

    def new_input(self, location: str) -> InputFile:
        return super().new_input(self._place(location))  # type: ignore[return-value]

    def new_output(self, location: str) -> OutputFile:
        return super().new_output(self._place(location))  # type: ignore[return-value]


folder = tempfile.mkdtemp()
properties = {"uri": f"sqlite:///{folder}/catalog.db", "py-io-impl": "__main__.OwnFileIO", "own.folder": folder}
catalog = SqlCatalog("catalog", warehouse="own://warehouse", **properties)
catalog.create_namespace("db")
table = catalog.create_table("db.t", pa.schema([("a", pa.int64())]))
table.append(pa.table({"a": [1, 2, 3]}))
scan = pl.scan_iceberg(table, reader_override="pyiceberg")
print("polars", pl.__version__)
print("where it was made:", scan.collect().to_dict(as_series=False))
arrived = pickle.loads(pickle.dumps(scan))
try:
    print("where it arrives:", arrived.collect().to_dict(as_series=False))
except Exception as error:
    print(f"where it arrives: {type(error).__name__}: {error}".splitlines()[0])
    raise SystemExit(1) from None
raise SystemExit(0)
