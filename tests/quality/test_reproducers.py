"""Reproducers: for a defect of a clause the script exits with 1, and with 0 once the sound loader stands there.

One clause of each family, and each on scans, is tried always, every defect with `REPRODUCERS=all`.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.running import command
from conformance.adapter import Adapter, Capability
from conformance.adapters.builtin.reference import ADAPTER
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks.process import ITSELF, SIDE_BY_SIDE
from conformance.examples.pinned import PINNED
from conformance.examples.real_tables import TABLE_CASES
from conformance.judging.findings import Violation
from conformance.observation.difference import Difference, Place, Step
from conformance.report.reproducers import reproducer, verified
from conformance.report.reproducers.demonstrations import demonstration
from conformance.report.reproducers.sources import Embedding, NotEmbeddable
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from fixtures.loaders.defects import DEFECTS, Defect
from fixtures.loaders.defects.reported_fifth import PlansEqualityDeletes
from fixtures.loaders.defects.reported_planning import EqualityDeletesPassedOver
from fixtures.loaders.parted import Parted
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, ListSpec, SplitSpec, TableSpec
from tests.quality.test_defects import first_catch, transports_for

# Of LIFE-1 no single journey shows any: `replay` takes the steps again.
SHOWN = [defect for defect in DEFECTS.values() if not defect.clause.startswith("LIFE-")]
# What no script shows, and why: these scripts say so themselves.
NOT_SHOWN = {
    "plans-kept-by-length": "another plan of the same length has to be sent before",
    "one-buffer-for-all": "other splits have to be read beside it",
    "waits-in-the-pool-that-it-fills": "other splits have to be read beside it",
    "scanned-again-for-each-split": "calls are counted over several tables",
    "rows-counted-while-planning": "memory is measured in a process that the suite starts",
    "rows-as-objects": "memory is measured in a process that the suite starts",
    "log-of-each-row": "memory is measured in a process that the suite starts",
    "large-plans-spooled": "the split must be gone before its payload is loaded",
    "prefetching-thread-left": "memory is measured in a worker that has read before",
    "context-per-snapshot": "another split of the same snapshot has to be loaded before",
    "functions-kept-without-their-closures": "another function of the same code has to be loaded before",
    "globals-that-came-before": "another function of the same module has to be loaded before",
    "class-set-back-when-loaded": "another split has to be loaded between loading and reading",
    "filters-kept-by-address": "another split has to be read, and be gone, before",
    "deletes-forgotten-without-columns": "the table was recorded",
    "timeouts-leave-rows-out": "the store that does not answer is the suite's",
    "waits-for-a-thread-that-failed": "the store that does not answer is the suite's",
}

FEW: dict[str, Defect] = {}
for each in sorted(SHOWN, key=lambda defect: defect.name in NOT_SHOWN):
    FEW.setdefault(each.clause if each.clause.startswith("SCAN-") else each.clause.partition("-")[0], each)
# A script that makes a table with a struct.
STRUCTS = DEFECTS["fields-of-structs-by-name"]
# One with a function that no strategy draws.
WITH_FAILURE = DEFECTS["stop-iteration-ends-the-rows"]
TRIED = SHOWN if os.environ.get("REPRODUCERS") == "all" else [*FEW.values(), STRUCTS, WITH_FAILURE]

LOADER = re.compile(r"from fixtures\.loaders\.defects\.\w+ import \w+ as (split|context|loader)")
SOUND = {
    "split": "from reference import DataLoaderSplit as split",
    "context": "from reference import TableScanContext as context",
    "loader": "from reference import DataLoader as loader",
}
# Of loaders that do what the reference does not.
SOUND_OF_THEIR_KIND = (
    (Parted, {"loader": "from fixtures.loaders.parted import Parted as loader"}),
    (
        (PlansEqualityDeletes, EqualityDeletesPassedOver),
        {"loader": "from fixtures.loaders.defects.reported_fifth import PlansEqualityDeletes as loader"},
    ),
)


def run(folder: Path, name: str, script: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    (folder / name).write_text(script)
    return subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, timeout=200, check=False)


def smallest(defect: Defect, sweep: Sweep) -> Violation:
    found = [violation for violation in first_catch(sweep).violations if violation.clause == defect.clause]
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


@pytest.mark.parametrize("defect", TRIED, ids=lambda defect: defect.name)
def test_reproducer_tells_the_defect_from_the_sound_loader(
    defect: Defect, sweep_of: Callable[..., Sweep], tmp_path: Path
) -> None:
    adapter = load_adapter(reference_of(defect.name))
    violation = smallest(defect, sweep_of(adapter, clauses=(defect.clause,), transports=transports_for(defect.clause)))
    (script,) = verified([violation], adapter)
    if defect.name in NOT_SHOWN:
        assert run(tmp_path / "broken", f"{violation.id}.py", script).returncode == 2
        return
    assert imported(script).isdisjoint({"conformance", "strategies", "fixtures", "hypothesis", "pytest"})
    broken = run(tmp_path / "broken", f"{violation.id}.py", script)
    assert broken.returncode == 1, script + broken.stdout + broken.stderr
    assert violation.id in broken.stdout
    assert "expected" in broken.stdout
    assert "actual" in broken.stdout
    sound_ones = {**SOUND, **next((own for base, own in SOUND_OF_THEIR_KIND if issubclass(defect.loader, base)), {})}
    sound = run(tmp_path / "sound", f"{violation.id}.py", LOADER.sub(lambda line: sound_ones[line[1]], script))
    assert sound.returncode == (0 if violation.alone else 2), sound.stdout + sound.stderr
    assert ("The loader keeps the clause here." if violation.alone else "it cannot tell") in sound.stdout


def test_scripts_of_a_run_show_what_it_found(tmp_path: Path) -> None:
    options = ["--profile", "smoke", "--clause", "CTX-1", "--reproducers", "scripts"]
    ran = command("run", "--adapter", reference_of("filter-dropped"), *options, cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    (script,) = (tmp_path / "scripts").iterdir()
    assert run(tmp_path / "broken", script.name, script.read_text()).returncode == 1


PLACES = {
    Place(Step.ARRIVE, "rows", 1): "READ-1",
    Place(Step.ARRIVE, "plan bytes", 4): "PLAN-3",
    Place(Step.ARRIVE, "table metadata", 1, within=("'properties'",)): "CTX-3",
    Place(Step.ARRIVE, "registry computes", 1): "UDF-3",
}

NAMES = [transport.name for transport in TRANSPORTS]


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("transport", NAMES)
def test_script_of_every_transport_compiles(place: Place, transport: str) -> None:
    for spec in PINNED[NAMES.index(transport) :: len(NAMES)]:  # together they see all of them
        violation = Violation(PLACES[place], (transport,), repr(spec), to_json(spec), Difference(place, "a", "b"))
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


def test_violation_that_comes_only_in_company_is_not_said_to_be_gone(tmp_path: Path) -> None:
    place, spec = Place(Step.ARRIVE, "rows", 1), PINNED[-1]
    violation = Violation("READ-1", ("pickle-5",), repr(spec), to_json(spec), Difference(place, "a", "b"), alone=False)
    ran = run(tmp_path / "script", f"{violation.id}.py", reproducer(violation, ADAPTER))
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "in the company of others" in ran.stdout


LOSES_SOME = """
import itertools

from conformance.adapter import Adapter
from reference import DataLoaderSplit, TableScanContext

COUNT = itertools.count(1)

def build(materials):
    context = TableScanContext(
        materials.table_metadata, materials.file_io, materials.projected_schema, materials.row_filter
    )
    return DataLoaderSplit(materials.file_scan_task, context)

def read(split):
    return iter(()) if next(COUNT) % 20 == 0 else iter(split)

ADAPTER = Adapter(name="mine", build=build, read=read)
"""


def test_what_shows_in_some_tries_is_tried_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "loses_one_in_twenty.py"
    file.write_text(LOSES_SOME)
    adapter = load_adapter(str(file))
    place, spec = Place(Step.LOOK, "rows"), SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1, 2)),), rows=2))
    found = Difference(place, "2 rows", "no batch")
    violation = Violation("READ-1", ("as built",), repr(spec), to_json(spec), found, alone=False, tries=(1, 30))
    ran = run(tmp_path / "script", f"{violation.id}.py", reproducer(violation, adapter))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    ran = run(tmp_path / "sound", f"{violation.id}.py", reproducer(violation, ADAPTER))
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "in some tries only" in ran.stdout


def test_splits_side_by_side_have_a_script_where_no_column_can_be_filtered(tmp_path: Path) -> None:
    spec = SplitSpec(TableSpec((ColumnSpec(1, "l", ListSpec(2, "long"), ((1, 2), None)),), rows=2))
    place = Place(Step.READ, "rows", case=SIDE_BY_SIDE, variant=f"in turns, {ITSELF}")
    violation = Violation("PROC-5", ("as built",), repr(spec), to_json(spec), Difference(place, "2 rows", "3 rows"))
    ran = run(tmp_path / "script", f"{violation.id}.py", reproducer(violation, ADAPTER))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    "place", [Place(Step.ARRIVE, "no such part", 1), Place(Step.READ, case="no such case")], ids=str
)
def test_place_that_no_script_shows_is_said(place: Place, tmp_path: Path) -> None:
    spec = PINNED[-1]
    violation = Violation("READ-1", ("pickle-5",), repr(spec), to_json(spec), Difference(place, "a", "b"))
    ran = run(tmp_path / "script", f"{violation.id}.py", reproducer(violation, ADAPTER))
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "No simple script shows" in ran.stdout


def sound(transport: str, folder: Path) -> subprocess.CompletedProcess[str]:
    spec = next(s for s in PINNED if s.row_filter and s.table.deleted and s.table.tag)  # nested types as well
    violation = Violation(
        "READ-1", (transport,), repr(spec), to_json(spec), Difference(Place(Step.ARRIVE, "rows", 1), "a", "b")
    )
    return run(folder / "script", f"{violation.id}.py", reproducer(violation, ADAPTER))


def test_what_no_simple_script_shows_is_said(tmp_path: Path) -> None:
    table = Violation(
        "READ-1", ("pickle-5",), repr(TABLE_CASES[0]), "", Difference(Place(Step.ARRIVE, "rows", 1), "some", "none")
    )
    ran = run(tmp_path / "table", f"{table.id}.py", reproducer(table, ADAPTER))
    assert ran.returncode == 2
    assert "the example is a split of a real table" in ran.stdout
    assert "actual    none" in ran.stdout


def test_script_that_fails_before_it_compares_cannot_tell(tmp_path: Path) -> None:
    spec = PINNED[2]  # a plan that the reference refuses
    violation = Violation(
        "PLAN-3", ("pickle-5",), repr(spec), to_json(spec), Difference(Place(Step.ARRIVE, "plan bytes", 1), "a", "b")
    )
    ran = run(tmp_path / "refused", f"{violation.id}.py", reproducer(violation, ADAPTER))
    assert ran.returncode == 2
    assert "it cannot tell" in ran.stdout


def test_adapter_without_source_is_named() -> None:
    spec = PINNED[-1]
    adapter = Adapter(name="mine", build=len, can=frozenset({Capability.PLANS}))  # type: ignore[arg-type]
    violation = Violation(
        "WIRE-1", ("pickle-5",), repr(spec), to_json(spec), Difference(Place(Step.SEND, hop=1), "a", "b")
    )
    assert "No simple script" not in reproducer(violation, adapter)  # what can be imported needs no source
    bound: Any = "text".join
    adapter = Adapter(name="mine", build=bound)
    assert "No simple script shows" in reproducer(violation, adapter)


def test_the_source_of_a_lambda_with_a_generator_is_found() -> None:
    embedding = Embedding(own=(__name__,))
    embedding.add("fields_of", lambda split: tuple(field for field in split if len(field)))
    assert "for field in split" in embedding.definitions["fields_of"]


def test_a_lost_key_is_looked_up_among_the_keys() -> None:
    place = Place(Step.ARRIVE, "whole state", 1, within=("split.labels.keys()['a']",))
    violation = Violation("CTX-7", ("pickle-5",), "", "", Difference(place, "str 'a'", "nothing"))
    shown = demonstration(violation, ADAPTER, PINNED[0])
    holder = SimpleNamespace(build=lambda materials: SimpleNamespace(labels={"a": 1}))
    lost = SimpleNamespace(labels={})
    assert shown.show(dict, holder, lambda split: lost, **shown.arguments) == ("str 'a'", "nothing")


def _outer() -> Any:
    factor = 3
    offset = {"a": [1, 2]}

    def inner(number: int) -> int:
        return number * factor + offset["a"][0] + _helper(number)

    return inner


def _helper(number: int) -> int:
    return len(PLACES) + number


def test_embedding_holds_what_a_function_needs() -> None:
    embedding = Embedding(own=(__name__,))
    embedding.add("calculated", _outer())
    script = "\n\n".join([*sorted(embedding.imports), *embedding.definitions.values()])
    namespace: dict[str, Any] = {}
    exec(compile(script, "script", "exec"), namespace)
    assert namespace["calculated"](2) == _outer()(2)
    with pytest.raises(NotEmbeddable, match="'factor' stands for"):
        embedding.add("factor", 4)
