"""Run the example of a recorded violation again: ``dataloader-conformance replay``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.checks import CHECKS, Check
from conformance.checks.scan import FAMILY
from conformance.contract import clause as clause_of
from conformance.contract import select
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.examples.real_tables import TABLE_CASES, table_example
from conformance.judging.judgement import judge
from conformance.observation.difference import Difference
from conformance.observation.raised import Raised
from conformance.run.lifecycle import lived
from conformance.run.lifecycles import CLAUSE as LIFECYCLES
from conformance.run.memory import CLAUSE as MEMORY
from conformance.run.memory import memory_taken
from conformance.run.other_processes import CLAUSE as OTHER_PROCESSES
from conformance.run.other_processes import departed
from conformance.run.scans import scanned_again
from conformance.run.sweep import Sweep
from conformance.transports.engines import EngineUnavailable, running
from conformance.transports.in_process import IN_PROCESS
from conformance.transports.other_interpreters import PREFIX, Interpreter
from conformance.transports.registry import TRANSPORTS, select_engines
from conformance.transports.transport import AS_BUILT, DEPARTED, EXCHANGED, Transport
from fixtures.tables.warehouse import Warehouse
from strategies.serialization import from_json
from strategies.specs import ScanSpec, SplitSpec

__all__ = ["DEFAULT_REPORT", "Case", "Cases", "NotReplayable", "Replay", "Result", "read_cases", "replay"]

# Where an id is looked up unless told otherwise: what ``run --json conformance.json`` wrote.
DEFAULT_REPORT = Path("conformance.json")
_ID = re.compile(r"[A-Za-z]+-\d+-[0-9a-f]{8}")


class NotReplayable(Exception):
    """There is nothing to replay; the message says which value is wrong and what would be right."""


class Result(Enum):
    """What a replay says: an example that cannot be judged any more is no fix."""

    VIOLATED = "still violated"
    FIXED = "fixed"
    ERROR = "error"


@dataclass(frozen=True)
class Case:
    """What is run again: a clause, an example (JSON, or the title of a fixed table), and where it was broken."""

    clause: str
    spec: str
    example: str
    transports: tuple[str, ...] = ()
    alone: bool = True
    id: str = ""


@dataclass(frozen=True)
class Cases:
    """The cases of a file, and how the adapter was named in the run that wrote it; ``None`` in a spec file."""

    cases: tuple[Case, ...]
    adapter: str | None = None


@dataclass(frozen=True)
class Replay:
    """The result for one case, with each transport at which the clause is still broken, and why there is no verdict."""

    case: Case
    result: Result
    broken: tuple[tuple[str, Difference], ...] = ()
    why: str = ""


def read_cases(target: str, report: Path | None = None, clauses: Sequence[str] = ()) -> Cases:
    """Return what a file, or a violation's id in a report, asks to run again.

    ``target`` is a JSON report (every violation in it), the JSON of a spec (every clause), or an id, looked up in
    ``report`` or :data:`DEFAULT_REPORT`. ``clauses`` keeps these clauses or families alone.

    Raises:
        NotReplayable: there is no such file or id, the file holds something else, or nothing is left to run.

    """
    try:
        kept = {clause.id for clause in select(tuple(clauses))}
    except LookupError as error:
        raise NotReplayable(error.args[0]) from None
    if Path(target).is_file():
        found = _from_file(Path(target))
    elif _ID.fullmatch(target):
        found = _looked_up(target, report or DEFAULT_REPORT)
    else:
        raise NotReplayable(
            f"{target!r} is neither a file nor the id of a violation (such as PLAN-3-1a2b3c4d, as a report shows it)"
        )
    cases = tuple(case for case in found.cases if case.clause in kept)
    if not cases:
        chosen = f" of {', '.join(clauses)}" if clauses else ""
        raise NotReplayable(f"{target!r} holds no violation{chosen}: there is nothing to replay")
    return replace(found, cases=cases)


def replay(adapter: Adapter, case: Case, folder: Path) -> Replay:
    """Build the example's split with the adapter, send it as before, and judge the clause; files go into ``folder``."""
    checks = [check for check in CHECKS if check.clause.id == case.clause]
    missing = [need.value for check in checks for need in check.clause.needs if need not in adapter.capabilities]
    if missing:
        return Replay(case, Result.ERROR, why=f"the adapter lacks what the clause needs: {missing[0]}")
    if clause_of(case.clause).family == FAMILY:
        return _scanned_again(adapter, case, checks, folder)
    if case.clause == MEMORY:
        return _judged(case, None, (), list(memory_taken(adapter, Warehouse(folder / "drawn"))))
    if case.clause == LIFECYCLES:
        return _lived_again(adapter, case, folder)
    if case.clause == OTHER_PROCESSES and case.transports and set(case.transports) <= {DEPARTED, EXCHANGED}:
        return _without_driver(adapter, case, folder)
    try:
        with ExitStack() as stack:
            engines = select_engines(case.transports)
            for engine, _ in engines:
                stack.enter_context(running(engine))
            ways = tuple(way for _, chosen in engines for way in chosen)
            sweep = Sweep(adapter, _transports(case.transports, ways), checks, Warehouse(folder / "drawn"))
            example = _example(case, sweep.warehouse, folder)
            if isinstance(example, Unusable):
                return Replay(case, Result.ERROR, why=f"this engine cannot run the example: {example.reason}")
            journey = sweep.travelled(replace(example, exhaustive=True))
            return _judged(case, journey.refusal, checks, [(j.transport, j.difference) for j in judge(journey, checks)])
    except (FileNotFoundError, EngineUnavailable) as error:
        return Replay(case, Result.ERROR, why=str(error))


def _judged(
    case: Case, refusal: Raised | None, checks: Sequence[Check], judgements: Sequence[tuple[str, Difference | None]]
) -> Replay:
    broken = tuple((where, found) for where, found in judgements if found is not None)
    if broken:
        return Replay(case, Result.VIOLATED, broken)
    if not judgements:
        why = f"the split is not built any more: {refusal}" if refusal else "the example does not bear on the clause"
        return Replay(case, Result.ERROR, why=why)
    if not case.alone:
        why = (
            "it was broken in the company of other examples only, or seldom; this one alone does not show it: run again"
        )
        return Replay(case, Result.ERROR, why=why)
    return Replay(case, Result.FIXED)


def _without_driver(adapter: Adapter, case: Case, folder: Path) -> Replay:
    """A payload of another process: written by one that has ended when it is loaded."""
    found = departed(adapter, [from_json(case.spec)], folder / "drawn")
    judgements = [(DEPARTED, violation.difference) for violation in found.violations]
    if found.met and not judgements:
        return _judged(case, None, (), [(DEPARTED, None)])
    return _judged(case, None, (), judgements)


def _lived_again(adapter: Adapter, case: Case, folder: Path) -> Replay:
    """The steps of a script; the JSON of a spec has none."""
    try:
        found = lived(adapter, case.example, Warehouse(folder / "drawn")) if not case.spec else None
    except ValueError as error:
        return Replay(case, Result.ERROR, why=str(error))
    return _judged(case, None, (), [] if case.spec else [(AS_BUILT, found)])


def _scanned_again(adapter: Adapter, case: Case, checks: Sequence[Check], folder: Path) -> Replay:
    """A scan; the JSON of a split is none."""
    spec = from_json(case.spec) if case.spec else None
    if not isinstance(spec, ScanSpec):
        return _judged(case, None, (), [])
    sweep = Sweep(adapter, (), checks, Warehouse(folder / "drawn"))
    found = scanned_again(sweep, case.clause, spec)
    return _judged(case, None, (), [(case.transports[0] if case.transports else AS_BUILT, each) for each in found])


def _example(case: Case, warehouse: Warehouse, folder: Path) -> Example | Unusable:
    if case.spec:
        return example_of(from_json(case.spec), warehouse)
    table = next((table for table in TABLE_CASES if repr(table) == case.example), None)
    return Unusable(f"there is no table {case.example}") if table is None else table_example(table, folder)


def _transports(names: Sequence[str], ways: Sequence[Transport]) -> tuple[Transport, ...]:
    """Return the named transports, and the ways of engines.

    Where none is named, or none of them sends, all but those that start processes.
    """
    others = tuple(Interpreter(name.removeprefix(PREFIX)) for name in names if name.startswith(PREFIX))
    for interpreter in others:
        if not Path(interpreter.python).is_file():
            raise FileNotFoundError(f"there is no interpreter at {interpreter.python}")
    named = (*(transport for transport in TRANSPORTS if transport.name in names), *others, *ways)
    return named or IN_PROCESS


def _from_file(path: Path) -> Cases:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotReplayable(f"{str(path)!r} is no JSON: {error}") from None
    if isinstance(document, dict) and "violations" in document:
        return _from_report(document, path)
    try:
        spec = from_json(json.dumps(document))
    except (TypeError, ValueError) as error:
        raise NotReplayable(f"{str(path)!r} is neither a JSON report nor a spec: {error}") from None
    if not isinstance(spec, (SplitSpec, ScanSpec)):
        held = type(spec).__name__
        raise NotReplayable(f"{str(path)!r} holds a {held}, and a replay needs a SplitSpec or a ScanSpec")
    text = json.dumps(document)
    of_scans = isinstance(spec, ScanSpec)
    checked = dict.fromkeys(check.clause.id for check in CHECKS if (check.clause.family == FAMILY) == of_scans)
    return Cases(tuple(Case(clause, text, repr(spec)) for clause in checked))


def _from_report(document: dict[str, Any], path: Path) -> Cases:
    try:
        cases = tuple(
            Case(
                clause=violation["clause"],
                spec="" if violation["spec"] is None else json.dumps(violation["spec"]),
                example=violation["example"],
                transports=tuple(violation["transports"]),
                alone=violation["alone"],
                id=violation["id"],
            )
            for violation in document["violations"]
        )
        return Cases(cases, document["adapter"]["reference"])
    except (KeyError, TypeError) as error:
        raise NotReplayable(f"{str(path)!r} is no report of this release: {error!r} is missing or wrong") from None


def _looked_up(id_: str, report: Path) -> Cases:
    if not report.is_file():
        raise NotReplayable(
            f"there is no report {str(report)!r} to look {id_} up in: give one with --report FILE"
            " (`run --json FILE` writes it)"
        )
    found = _from_file(report)
    cases = tuple(case for case in found.cases if case.id.lower() == id_.lower())
    if not cases:
        known = ", ".join(case.id for case in found.cases if case.id) or "none"
        raise NotReplayable(f"the report {str(report)!r} has no violation {id_}; its violations: {known}")
    return replace(found, cases=cases)
