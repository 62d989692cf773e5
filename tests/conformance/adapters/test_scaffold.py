"""The adapter that ``init`` writes runs, for each kind of constructor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks.running import ONE_CLAUSE
from conformance.adapters.scaffold import CannotWrite, written_adapter

COMMAND = [str(Path(sys.executable).with_name("dataloader-conformance"))]
GENERATIONS = Path(__file__).parent


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GENERATIONS))


def test_reference_is_recognised_by_its_parameters() -> None:
    text = written_adapter("reference:DataLoaderSplit")
    for line in (
        "from reference import DataLoaderSplit, TableScanContext",
        "table_metadata=materials.table_metadata,",
        "session_context=materials.session_context,",
        "can=frozenset({Capability.PLANS, Capability.UDF_REGISTRIES}),",
        "split_id=lambda split: split.id,",
        "plan_bytes=lambda split: split.plan_bytes,",
        'modules=("reference", "pyiceberg", "pyarrow"),',
    ):
        assert line in text
    compile(text, "adapter", "exec")


def test_sql_and_several_files_are_recognised() -> None:
    text = written_adapter("openhouse_generations:SeveralFilesSplit")
    assert "file_scan_tasks=[materials.file_scan_task]," in text
    assert "Capability.SQL_TRANSFORMS, Capability.UDF_REGISTRIES" in text
    assert "table_id=...,  # TODO: table_id" in text
    compile(text, "adapter", "exec")


def written_for(split: type, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the adapter that is written for a class of splits, as one of a loader's module."""
    module = ModuleType("my_loader")
    setattr(module, split.__name__, split)
    monkeypatch.setitem(sys.modules, "my_loader", module)
    return written_adapter(f"my_loader:{split.__name__}")


class Client:
    """What no value can be made up of."""


class Tuned:
    """A split with settings, as they come to be added."""

    def __init__(
        self,
        file_scan_task: Any,
        batch_size: int = 10,
        labels: dict[str, str] | None = None,
        tasks: bool = True,
        client: Client | None = None,
        branch: str | None = None,
    ) -> None:
        """Take them."""


def test_what_the_suite_does_not_know_gets_a_value_that_tells_or_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written_for(Tuned, monkeypatch)
    assert "batch_size=1021,  # made up" in text
    assert "labels={'conformance': 'value'},  # made up" in text
    assert "tasks=False,  # made up" in text  # a boolean is no list of tasks
    assert 'not_passed=("client", "branch",),' in text
    compile(text, "adapter", "exec")


class Named:
    """A split that holds names of columns and properties in place of PyIceberg's objects."""

    def __init__(self, tasks: list[Any], columns: tuple[str, ...], io_properties: dict[str, str]) -> None:
        """Take them."""


def test_names_of_columns_and_properties_of_the_file_io_are_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    text = written_for(Named, monkeypatch)
    assert "columns=[field.name for field in materials.projected_schema.fields]," in text
    assert "io_properties=dict(materials.file_io.properties)," in text
    compile(text, "adapter", "exec")


def test_written_adapter_runs_at_once(tmp_path: Path) -> None:
    wrote = run("init", "reference:DataLoaderSplit", cwd=tmp_path)
    assert wrote.returncode == 0, wrote.stderr
    assert "Wrote my_adapter.py (4 TODOs)" in wrote.stdout
    ran = run(*ONE_CLAUSE, "--adapter", "my_adapter.py", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    again = run("init", "reference:DataLoaderSplit", cwd=tmp_path)
    assert again.returncode == 2
    assert "my_adapter.py exists already" in again.stderr


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("reference", "MODULE:CLASS"),
        ("no_such_loader:Split", "No module named 'no_such_loader'"),
        ("reference:Splat", "has no attribute 'Splat'"),
        ("conformance.contract:CLAUSES", "is a tuple, not a class"),
    ],
)
def test_what_is_no_class_is_named(reference: str, says: str) -> None:
    with pytest.raises(CannotWrite) as error:
        written_adapter(reference)
    assert says in str(error.value)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
