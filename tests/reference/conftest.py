"""A small real table, and a module of UDFs that driver and workers share."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestamptzType

from reference import embedded_catalog

SHARED = '''
import pyarrow as pa, pyarrow.compute as pc
from datafusion import udf
from reference import TableTransformer, UDFRegistry

class Adders(UDFRegistry):
    """Registers `plus_number` twice: the last one wins."""
    def __init__(self, number):
        self.number = number
        self.sessions = []
    def register_udfs(self, session_context):
        self.sessions.append(id(session_context))
        for number in (1000, self.number):
            def add(values, number=number):
                return pc.add(values, number)
            session_context.register_udf(udf(add, [pa.int64()], pa.int64(), "immutable", "plus_number"))
    def __len__(self):
        return 0

class Adding(TableTransformer):
    def transform(self, session_context, table, context):
        return session_context.sql(
            f'SELECT plus_number(id) AS n, "Name" FROM {table} WHERE id > {context["above"]}'
        )
'''


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module `shared_functions`, importable here and in workers."""
    import importlib

    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "shared_functions.py").write_text(SHARED)
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop("shared_functions", None)
    return importlib.import_module("shared_functions")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return embedded_catalog(tmp_path / "warehouse")


@pytest.fixture
def table(catalog: Catalog) -> Table:
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
        rows = {
            "id": range(count),
            "Name": [f"n{i}" for i in range(count)],
            "ts": [i * 10**6 for i in range(count)],
        }
        table.append(pa.table({**rows, "part": [part] * count}, schema=table.schema().as_arrow()))
    return table


@pytest.fixture
def worker(tmp_path: Path) -> Callable[..., str]:
    """Run Python code in a fresh process, elsewhere, under another hash seed; return what it prints."""

    def run(code: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
        root = Path(__file__).parents[2]
        # What this process was told to import comes first there too.
        given = [path for path in [os.environ.get("PYTHONPATH")] if path]
        paths = os.pathsep.join([*given, str(root), str(tmp_path / "modules")])
        done = subprocess.run(
            [sys.executable, *options, "-c", textwrap.dedent(code), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
