"""Payloads between a loader as it was and as it is: ``compare``, and how what arrives is judged."""

from __future__ import annotations

import site
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from benchmarks.running import COMMAND
from conformance.report.compatibility import compared
from conformance.versions.compatibility import Crossing, Environment, EnvironmentFailed, Outcome, crossed
from conformance.versions.upgrade_order import Advice, advice, both_ways
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, SplitSpec, SqlPlanSpec, TableSpec

TABLE = TableSpec((ColumnSpec(1, "a", "long", (0, 1)),), rows=2)
PLAIN = to_json(SplitSpec(TABLE))
SPECS = [PLAIN, to_json(SplitSpec(TABLE, plan=SqlPlanSpec('SELECT a FROM "t"')))]

ADAPTER = """
import dataclasses
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE
from {loader} import build
ADAPTER = dataclasses.replace(REFERENCE, name="mine", build=build, modules=("{loader}", "reference"))
"""
LOADER = """
from reference import DataLoaderSplit, TableScanContext

class ScanContext(TableScanContext):
    pass

class Split(DataLoaderSplit):
    pass

def build(materials, **more):
    parts = (materials.table_metadata, materials.file_io, materials.projected_schema, materials.row_filter)
    context = ScanContext(*parts, **more)
    plan = {"plan": materials.plan, "session_context": materials.session_context}
    return Split(materials.file_scan_task, context, **plan, udf_registry=materials.udf_registry)
"""
REQUIRED_FIELD = """
class ScanContext(TableScanContext):
    def __init__(self, *parts, table_id):
        super().__init__(*parts)
        object.__setattr__(self, "table_id", table_id)

class Split(DataLoaderSplit):
    def to_arrow_batch_reader(self):
        assert self.scan_context.table_id
        return super().to_arrow_batch_reader()

build_before = build
def build(materials):
    return build_before(materials, table_id="db.t")
"""
BY_CONSTRUCTOR = """
class ScanContext(TableScanContext):
    def __reduce__(self):
        return ScanContext, (self.table_metadata, self.io, self.projected_schema, self.row_filter)
"""
REQUIRED_BY_CONSTRUCTOR = """
class ScanContext(TableScanContext):
    def __init__(self, metadata, io, schema, row_filter, table_id):
        super().__init__(metadata, io, schema, row_filter)
        object.__setattr__(self, "table_id", table_id)

    def __reduce__(self):
        return ScanContext, (self.table_metadata, self.io, self.projected_schema, self.row_filter, self.table_id)

build_before = build
def build(materials):
    return build_before(materials, table_id="db.t")
"""
OPTIONAL_FIELD = """
class ScanContext(TableScanContext):
    table_id = None
"""
CHECKS_VERSION = """
class Split(DataLoaderSplit):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        object.__setattr__(self, "wire_version", 2)

    def __setstate__(self, state):
        if state.get("wire_version") != 2:
            raise ValueError("the split was written by version 1 of the loader, and version 2 does not read it")
        vars(self).update(state)
"""
NEW_CLASS = """
class Hint:
    pass

class ScanContext(TableScanContext):
    def __init__(self, *parts):
        super().__init__(*parts)
        object.__setattr__(self, "hint", Hint())
"""
CHANGES = {
    "required_field": (LOADER, LOADER + REQUIRED_FIELD, Advice.DRIVERS_FIRST),
    "required_by_constructor": (LOADER + BY_CONSTRUCTOR, LOADER + REQUIRED_BY_CONSTRUCTOR, Advice.NEITHER),
    "optional_field": (LOADER, LOADER + OPTIONAL_FIELD, Advice.ANY),
    "checks_version": (LOADER, LOADER + CHECKS_VERSION, Advice.DRIVERS_FIRST),
    "new_class": (LOADER, LOADER + NEW_CLASS, Advice.WORKERS_FIRST),
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    """Two environments with the loaders as they were and as they are, and a folder with their adapters."""
    folder = tmp_path_factory.mktemp("loaders")
    pythons = []
    for version, end in enumerate(("before", "after")):
        venv.create(folder / end, symlinks=True, with_pip=False)
        python = folder / end / "bin" / "python"
        shown = subprocess.run(
            [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True
        )
        libraries = Path(shown.stdout.strip())
        ours = "; ".join(f"site.addsitedir({path!r})" for path in site.getsitepackages())
        (libraries / "loader.pth").write_text(f"import site; {ours}\n")
        for name, change in CHANGES.items():
            (libraries / f"{name}.py").write_text(str(change[version]))
        pythons.append(str(python))
    for name in CHANGES:
        (folder / f"{name}_adapter.py").write_text(ADAPTER.format(loader=name))
    return pythons[0], pythons[1], folder


@pytest.mark.parametrize("name", CHANGES)
def test_advice_follows_from_what_is_read(installed: tuple[str, str, Path], name: str) -> None:
    before, after, folder = installed
    adapter = str(folder / f"{name}_adapter.py")
    files = folder / "files"
    found = both_ways(Environment(before, adapter, files), Environment(after, adapter, files), SPECS)
    shown = compared(found)
    assert advice(found) is CHANGES[name][2], shown
    if name == "required_field":
        assert "AttributeError" in shown
        assert "Forbidden are workers first: WIRE-10" in " ".join(shown.split())
    if name == "checks_version":
        assert found.old_to_new.outcome is Outcome.REFUSES
        assert found.old_to_new.counts == {Outcome.REFUSES: 2}


def test_command_names_clause_example_and_advice(installed: tuple[str, str, Path]) -> None:
    before, after, folder = installed
    (folder / "specs.jsonl").write_text("\n".join(SPECS))
    command = [*COMMAND, "compare", "--before", before, "--after", after, "--adapter", "required_field_adapter.py"]
    ran = subprocess.run([*command, "--specs", "specs.jsonl"], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    for shown in ("Upgrade all drivers first", "WIRE-10 violates", "AttributeError", "SplitSpec("):
        assert shown in ran.stdout


def test_an_environment_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="there is no interpreter at no-such-python"):
        Environment("no-such-python", "reference", tmp_path).versions()
    with pytest.raises(EnvironmentFailed, match="there is no adapter 'referense'"):
        Environment(sys.executable, "referense", tmp_path).versions()


ERROR = {"raises": "builtins.KeyError", "message": "'rows'"}


@pytest.mark.parametrize(
    ("arrived", "native", "outcome"),
    [
        ({"seen": {"id": "1", "rows": [1]}}, {}, Outcome.CONFORMS),
        ({"seen": {"id": "2", "rows": [1]}}, {"seen": {"id": "1"}}, Outcome.VIOLATES),
        ({"seen": {"id": "2", "rows": [1]}}, {"seen": {"id": "2"}}, Outcome.VIOLATES),
        ({"seen": {"id": "1", "rows": [2]}}, {"seen": {"rows": [2]}}, Outcome.CONFORMS),
        ({"seen": {"id": "1", "rows": [2]}}, {"broken": "other rows"}, Outcome.VIOLATES),
        ({"seen": {"id": "1", "rows": ERROR}}, {"seen": {"rows": [1]}}, Outcome.VIOLATES),
        ({"seen": {"id": "1", "rows": ERROR}}, {"refused": "no such function"}, Outcome.BEYOND),
        ({"seen": {"id": "1", "rows": ERROR}}, {"broken": "other rows"}, Outcome.VIOLATES),
        ({"seen": {"id": "2", "rows": ERROR}}, {"refused": "no such function"}, Outcome.VIOLATES),
        ({"failed": "TypeError: missing argument"}, {}, Outcome.VIOLATES),
        ({"failed": "ValueError: written by release 3, this is release 2"}, {}, Outcome.REFUSES),
        ({"failed": "ValueError: no conversion of 7"}, {}, Outcome.VIOLATES),
        ({"impossible": "no ORC"}, {}, Outcome.BEYOND),
    ],
)
def test_what_arrives_is_judged(arrived: dict[str, Any], native: dict[str, Any], outcome: Outcome) -> None:
    found: Crossing = crossed(PLAIN, {"id": "1", "rows": [1]}, arrived, lambda: native)
    assert found.outcome is outcome
    assert (found.difference is not None) == (outcome in (Outcome.VIOLATES, Outcome.REFUSES))
