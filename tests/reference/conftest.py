"""A small real table, and a module of UDFs that driver and workers share."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from reference import DataLoaderSplit, embedded_catalog
from tests.reference.samples import small_table, split_of

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
    return small_table(catalog)


@pytest.fixture
def split(table: Table, catalog: Catalog) -> DataLoaderSplit:
    return split_of(catalog)


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
