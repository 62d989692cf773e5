"""Engines are chosen by name; one that is missing is not run, and red where it was asked for by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.adapters.loading import load_adapter
from conformance.checks import CHECKS
from conformance.examples.pinned import PINNED
from conformance.judging.findings import Findings
from conformance.judging.verdicts import Exit, State, exit_code, verdicts
from conformance.report.listing import listing
from conformance.run.engines import through_engine
from conformance.run.options import Options
from conformance.run.selection import UsageError, resolve
from conformance.run.sweep import Sweep
from conformance.transports.engines import ENGINES, Engine, EngineUnavailable, running
from conformance.transports.in_process import IN_PROCESS
from fixtures.tables.warehouse import Warehouse

MISSING = Engine("ray", ("no-such-distribution", "no_such_module"), ("ray-task",))


def names(chosen: list[str], *, engines: bool = False) -> list[str]:
    return resolve(Options(transport=tuple(chosen), engines=engines)).transport_names


def test_engines_and_their_ways_are_chosen_by_name() -> None:
    assert names(["ray"]) == ["ray-task", "ray-actor", "ray-put"]
    assert names(["ray-put", "pickle-5"]) == ["pickle-5", "ray-put"]
    assert not set(names([])) & {way for engine in ENGINES for way in engine.ways}
    assert names(["joblib"], engines=True) == [way for engine in ENGINES for way in engine.ways]
    with pytest.raises(UsageError, match="there is no transport 'rey'"):
        resolve(Options(transport=("rey",)))


def test_named_engine_that_is_missing_is_not_run_and_red() -> None:
    selection = resolve(Options(transport=("ray",)))
    found = Findings(not_started={"ray": "ray is not installed"})
    verdict = next(v for v in verdicts(selection.asked, found) if v.clause.id == "WIRE-7")
    assert verdict.state is State.NOT_RUN
    assert verdict.why == "ray is not installed"
    code, sentence = exit_code(selection.asked, [verdict], Findings.from_json(found.to_json()))
    assert code is Exit.SUITE_FAILED
    assert "asked for by name and not run: ray is not installed" in sentence


def test_missing_engine_that_nobody_named_is_said() -> None:
    selection = resolve(Options(engines=True))
    found = Findings(not_started={"ray": "ray is not installed"})
    found.met["WIRE-7", "joblib"] = 3
    verdict = next(v for v in verdicts(selection.asked, found) if v.clause.id == "WIRE-7")
    assert (verdict.state, verdict.why) == (State.CONFORMS, "ray is not installed")
    assert exit_code(selection.asked, [verdict], found)[0] is Exit.CONFORMS


def test_without_engines_their_clause_is_not_run() -> None:
    verdict = next(v for v in verdicts(resolve().asked, Findings()) if v.clause.id == "WIRE-7")
    assert verdict.state is State.NOT_RUN
    assert "--engines" in verdict.why


def test_missing_engine_says_what_to_install(tmp_path: Path) -> None:
    says = r"ray is not installed: pip install 'dataloader-conformance\[ray\]'"
    with pytest.raises(EngineUnavailable, match=says), running(MISSING):
        raise AssertionError
    sweep = Sweep(load_adapter("reference"), (), CHECKS, Warehouse(tmp_path))
    found = through_engine(sweep, MISSING, MISSING.transports, resolve().profile, 0)
    assert set(found.not_started) == {"ray"}
    assert not found.met


def test_engine_that_does_not_start_says_why() -> None:
    broken = Engine("no_module_here", ("click", "click"), ("nothing",))
    with pytest.raises(EngineUnavailable, match="no_module_here does not start: ModuleNotFoundError"), running(broken):
        raise AssertionError


def test_command_is_red_where_the_named_engine_is_missing(tmp_path: Path) -> None:
    missing = next((engine.name for engine in ENGINES if engine.installed is None), None)
    if missing is None:
        pytest.skip("every engine is installed here")
    command = [str(Path(sys.executable).with_name("dataloader-conformance")), "run", "--transport", missing]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 3, ran.stdout
    assert f"{missing} is not installed" in ran.stdout


def test_list_shows_which_engines_are_installed() -> None:
    text = listing()
    for engine in ENGINES:
        (line,) = [line for line in text.splitlines() if line.split()[:1] == [engine.name] and engine.ways[0] in line]
        assert ("not installed" in line) is (engine.installed is None)


def test_what_arrives_is_judged_and_nothing_else(tmp_path: Path) -> None:
    """The clauses that an engine is judged by are those whose checks look at arrivals."""
    adapter = load_adapter("reference")
    checks = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
    pickle_5 = tuple(transport for transport in IN_PROCESS if transport.name == "pickle-5")
    found = Sweep(adapter, pickle_5, checks, Warehouse(tmp_path)).pinned(PINNED)
    arrived = {clause for clause, transport in found.met if transport == "pickle-5"}
    able = {check.clause.id for check in checks}
    # No pinned spec names its FileIO in `py-io-impl`; drawn ones do.
    judged = {check.clause.id for check in checks if check.arrivals}
    assert (judged & able) - {"WIRE-7", "IO-4"} == arrived - {"WIRE-1"}
