"""What CONTRIBUTING.md says is enough: a dummy of each kind is added to a copy in those files, and is in the report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
START = "import sys; sys.path[:] = [p for p in sys.path if p]; from conformance.__main__ import main; main()"

CLAUSE = """    Clause("READ-99", "A split has at least one row.", "field"),
"""
CHECK = '''

@verifies("READ-99", arrivals=True)
def has_rows(journey: Journey) -> Judged:
    """Judged on pinned splits that have some."""
    if journey.materials.plan is None and not journey.refusal and journey.expected_rows.rows:
        rows = journey.sent["rows"]
        empty = rows is None or not rows.rows
        yield AS_BUILT, Difference(Place(Step.READ, "rows", case="how many"), "some", "none") if empty else None
        yield from journey.arrives("rows")
'''
DEFECT = """

@defect("no-rows-at-all", "READ-99", "A dummy.")
class NoRowsAtAll(DataLoaderSplit):
    def to_arrow_batch_reader(self) -> Any:
        reader = super().to_arrow_batch_reader()
        return pa.RecordBatchReader.from_batches(reader.schema, [])
"""
TRANSPORT = '''"""A dummy: twice through pickle."""

import pickle
from dataclasses import dataclass

from conformance.observation.aspects import observe
from conformance.observation.raised import Raised, attempt
from conformance.transports.transport import Arrival


@dataclass(frozen=True)
class Twice:
    name: str = "twice"
    clause: str = "WIRE-1"
    by_value: bool = False
    copies: bool = False
    carry: None = None

    def send(self, adapter, split, question):
        arrived = attempt(lambda: pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(split)))))
        if isinstance(arrived, Raised):
            return (Arrival(1, None, arrived),)
        return (Arrival(1, observe(adapter, arrived, question), None, arrived),)
'''
ADAPTER = '''"""A dummy: the reference under another name."""

from dataclasses import replace

from conformance.adapters.builtin.reference import ADAPTER as REFERENCE

ADAPTER = replace(REFERENCE, name="dummy loader")
'''
COLUMN_TYPE = """    Primitive("fixed[3]", ("000000", "00ff10"), "hexadecimal", is_common=True, is_in_orc=False),
"""


def insert(file: Path, before: str, text: str) -> None:
    """Insert a text before the last line that is so."""
    content = file.read_text()
    assert before in content, f"{file} has no line {before!r}"
    head, _, tail = content.rpartition(before)
    file.write_text(head + text + before + tail)


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text() + text)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages to which a dummy of each kind was added."""
    folder = tmp_path_factory.mktemp("contributing")
    for name in ("conformance", "strategies", "fixtures", "reference"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "recordings"))
    insert(folder / "conformance/contract.py", '    Clause(\n        "ID-1"', CLAUSE)
    append(folder / "conformance/checks/read.py", CHECK)
    append(folder / "fixtures/loaders/defects/read.py", DEFECT)
    (folder / "conformance/transports/twice.py").write_text(TRANSPORT)
    registry = folder / "conformance/transports/registry.py"
    content = registry.read_text().replace("= (*IN_PROCESS,", "= (*IN_PROCESS, Twice(),")
    registry.write_text(
        content.replace("\n\n__all__", "\nfrom conformance.transports.twice import Twice\n\n__all__", 1)
    )
    (folder / "conformance/adapters/builtin/dummy.py").write_text(ADAPTER)
    types = folder / "strategies/primitives.py"
    head, _, tail = types.read_text().partition("_ROWS = (\n")
    types.write_text(f"{head}_ROWS = (\n{COLUMN_TYPE}{tail}")
    return folder


def run(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """Run the command of the copy, and return its report and what it printed."""
    report = folder / "report.json"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", START, "run", "--json", str(report), *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert report.is_file(), ran.stdout + ran.stderr
    return json.loads(report.read_text() or "{}"), ran.stdout + ran.stderr


def test_clause_transport_and_adapter_are_in_the_report(changed: Path) -> None:
    arguments = ["--adapter", "dummy", "--profile", "smoke", "--clause", "READ", "--transport", "twice"]
    report, printed = run(changed, *arguments)
    assert report.get("adapter", {}).get("name") == "dummy loader", printed
    (clause,) = (clause for clause in report["clauses"] if clause["id"] == "READ-99")
    assert clause["verdict"] == "conforms", printed
    assert clause["transports"]["twice"]["met"] > 0


def test_column_type_is_reached(changed: Path) -> None:
    report, printed = run(changed, "--seed", "1", "--clause", "ID-1", "--transport", "pickle-5")
    assert any("fixed[3]" in region for region in report["generated"]["reached"]), printed


def test_defect_is_caught_by_its_clause(changed: Path) -> None:
    defect = "conformance.adapters.specimens:no-rows-at-all"
    arguments = ["--adapter", defect, "--profile", "smoke", "--clause", "READ-99", "--transport", "pickle-5"]
    report, printed = run(changed, *arguments)
    assert [violation["clause"] for violation in report["violations"]] == ["READ-99"], printed
    assert report["violations"][0]["place"]["case"] == "how many"
