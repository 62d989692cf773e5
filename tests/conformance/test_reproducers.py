"""Reproducers: for a defect of a clause the script exits with 1, and with 0 once the sound loader stands there.

One clause of each family is tried always, every clause with `REPRODUCERS=all`.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.adapter import Adapter, Capability
from conformance.adapters.reference import ADAPTER
from conformance.defects import reference_of
from conformance.findings import Violation
from conformance.fixed import PINNED, TABLE_CASES
from conformance.loading import load_adapter
from conformance.observation import Difference
from conformance.reproducers import reproducer
from conformance.reproducers.sources import Embedding, NotEmbeddable
from conformance.survey import Survey
from conformance.transports.registry import TRANSPORTS
from fixtures.defects import DEFECTS, Defect
from strategies.serialization import to_json
from tests.conformance.test_defects import first_catch, transports_for

# The first defect of each clause; of LIFE-1 no single trip shows any, and `replay` takes its steps again.
ONE_OF_EACH = {defect.clause: defect for defect in reversed(DEFECTS.values()) if defect.clause != "LIFE-1"}

ONE_OF_EACH_FAMILY = {clause.partition("-")[0]: clause for clause in reversed(ONE_OF_EACH)}
CLAUSES = list(ONE_OF_EACH) if os.environ.get("REPRODUCERS") == "all" else list(ONE_OF_EACH_FAMILY.values())

# What one split that is sent alone does not show, by clause.
NOT_SHOWN = {"UDF-4": "registries of one class are mixed up once a process has seen two of them"}

LOADER = re.compile(r"from fixtures\.defects\.\w+ import \w+ as (split|context)")
SOUND = {
    "split": "from reference import DataLoaderSplit as split",
    "context": "from reference import TableScanContext as context",
}


def run(folder: Path, name: str, script: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    (folder / name).write_text(script)
    return subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, timeout=200, check=False)


def smallest(defect: Defect, survey: Survey) -> Violation:
    found = [violation for violation in first_catch(survey).violations if violation.clause == defect.clause]
    return min(found, key=lambda violation: len(violation.example))


def imported(script: str) -> set[str]:
    """Return the top-level packages that a script imports, the line of the defect under test left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(LOADER.sub("", script))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    return names


@pytest.mark.parametrize("clause", CLAUSES)
def test_reproducer_tells_the_defect_from_the_sound_loader(
    clause: str, survey_of: Callable[..., Survey], tmp_path: Path
) -> None:
    defect = ONE_OF_EACH[clause]
    adapter = load_adapter(reference_of(defect.name))
    violation = smallest(defect, survey_of(adapter, clauses=(clause,), transports=transports_for(clause)))
    script = reproducer(violation, adapter)
    assert imported(script).isdisjoint({"conformance", "strategies", "fixtures", "hypothesis", "pytest"})
    broken = run(tmp_path / "broken", f"{violation.id}.py", script)
    assert broken.returncode == int(clause not in NOT_SHOWN), broken.stdout + broken.stderr
    assert violation.id in broken.stdout
    assert "expected" in broken.stdout
    assert "actual" in broken.stdout
    sound = run(tmp_path / "sound", f"{violation.id}.py", LOADER.sub(lambda line: SOUND[line[1]], script))
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "The loader keeps the clause here." in sound.stdout


PATHS = {
    "rows": "READ-1",
    "plan bytes, after trip 4": "PLAN-3",
    "table metadata['properties']": "CTX-3",
    "registry computes": "UDF-3",
}

NAMES = [transport.name for transport in TRANSPORTS]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("transport", NAMES)
def test_script_of_every_transport_compiles(path: str, transport: str) -> None:
    for spec in PINNED[NAMES.index(transport) :: len(NAMES)]:  # together they see all of them
        violation = Violation(PATHS[path], (transport,), repr(spec), to_json(spec), Difference(path, "a", "b"))
        script = reproducer(violation, ADAPTER)
        compile(script, "script", "exec")
        assert "No simple script" not in script
        assert imported(script).isdisjoint({"conformance", "strategies", "fixtures"})


@pytest.mark.parametrize("transport", ["pickle-oob", "threads", "spawn", "futures", "worker-cloudpickle"])
def test_script_of_a_sound_loader_exits_with_0(transport: str, tmp_path: Path) -> None:
    ran = sound(transport, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("transport", ["departed", "ray-put"])
def test_script_that_stands_in_for_a_transport_does_not_say_that_all_is_well(transport: str, tmp_path: Path) -> None:
    ran = sound(transport, tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert f"it cannot tell. The suite saw it through {transport}." in ran.stdout


def sound(transport: str, folder: Path) -> subprocess.CompletedProcess[str]:
    spec = next(s for s in PINNED if s.row_filter and s.table.deleted and s.table.tag)  # nested types as well
    violation = Violation("READ-1", (transport,), repr(spec), to_json(spec), Difference("rows.rows", "a", "b"))
    return run(folder / "script", f"{violation.id}.py", reproducer(violation, ADAPTER))


def test_what_no_simple_script_shows_is_said(tmp_path: Path) -> None:
    table = Violation("READ-1", ("pickle-5",), repr(TABLE_CASES[0]), "", Difference("rows", "some", "none"))
    ran = run(tmp_path / "table", f"{table.id}.py", reproducer(table, ADAPTER))
    assert ran.returncode == 2
    assert "the example is a split of a real table" in ran.stdout
    assert "actual    none" in ran.stdout


def test_script_that_fails_before_it_compares_cannot_tell(tmp_path: Path) -> None:
    spec = PINNED[2]  # a plan that the reference refuses
    violation = Violation("PLAN-3", ("pickle-5",), repr(spec), to_json(spec), Difference("plan bytes", "a", "b"))
    ran = run(tmp_path / "refused", f"{violation.id}.py", reproducer(violation, ADAPTER))
    assert ran.returncode == 2
    assert "it cannot tell" in ran.stdout


def test_adapter_without_source_is_named() -> None:
    spec = PINNED[-1]
    adapter = Adapter(name="mine", build=len, can=frozenset({Capability.PLANS}))  # type: ignore[arg-type]
    violation = Violation("WIRE-1", ("pickle-5",), repr(spec), to_json(spec), Difference("trip 1", "a", "b"))
    assert "No simple script" not in reproducer(violation, adapter)  # what can be imported needs no source
    bound: Any = "text".join
    adapter = Adapter(name="mine", build=bound)
    assert "No simple script shows" in reproducer(violation, adapter)


def _outer() -> Any:
    factor = 3
    offset = {"a": [1, 2]}

    def inner(number: int) -> int:
        return number * factor + offset["a"][0] + _helper(number)

    return inner


def _helper(number: int) -> int:
    return len(PATHS) + number


def test_embedding_holds_what_a_function_needs() -> None:
    embedding = Embedding(own=(__name__,))
    embedding.add("calculated", _outer())
    script = "\n\n".join([*sorted(embedding.imports), *embedding.definitions.values()])
    namespace: dict[str, Any] = {}
    exec(compile(script, "script", "exec"), namespace)
    assert namespace["calculated"](2) == _outer()(2)
    with pytest.raises(NotEmbeddable, match="'factor' stands for"):
        embedding.add("factor", 4)
