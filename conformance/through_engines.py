"""What a run does with an engine: splits one by one, many splits of one scan at once, and errors that come back."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from conformance.examples import Unusable, example_of
from conformance.findings import Findings, Violation
from conformance.fixed import PINNED
from conformance.observation import Difference, attempt, observe
from conformance.plain import Raised
from conformance.profiles import Profile
from conformance.remote import looked_at, rows_of
from conformance.secrets import secret_values
from conformance.survey import Survey, count, judge
from conformance.transports import Arrival
from conformance.transports.engines import Engine, EngineUnavailable, Way, carried, running
from conformance.trip import Example, Judgement, Trip
from fixtures.warehouse import Warehouse
from strategies import split_specs
from strategies.file_ios import SECRET_VALUE
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, FileIOSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

__all__ = ["ON_ARRIVAL", "SCANS", "TOGETHER", "error_comes_back", "through_engine", "through_running"]

# The clauses that say something of a split where it arrives. Nothing else depends on the engine; all else is judged by
# the run's other units of work.
ON_ARRIVAL = frozenset(
    {
        *("CTX-1", "CTX-2", "CTX-3", "CTX-4", "CTX-5", "CTX-6", "ID-1", "IO-1", "IO-2", "IO-3", "IO-4", "IO-5", "IO-6"),
        *("IO-7", "PLAN-3", "PLAN-4", "PLAN-5", "PLAN-7", "PLAN-8", "READ-1", "READ-2", "READ-3", "READ-5", "UDF-2"),
        *("UDF-3", "UDF-4", "UDF-7", "UDF-8", "WIRE-4", "WIRE-7"),
    }
)
# Of these, what is judged of two or more that travel in one payload: on the scans below alone, for it takes trips more.
TOGETHER = frozenset({"CTX-6", "IO-7", "READ-5"})
# How many splits of one scan are sent at once.
MANY = 24

_TABLE = TableSpec(
    (ColumnSpec(1, "a", "long", (1, 2, 3, None)), ColumnSpec(2, "s", "string", ("x", None, "é"))), rows=7, deleted=(2,)
)
_SECRET = FileIOSpec(properties=(("s3.secret-access-key", SECRET_VALUE),))
# The scans whose splits are sent together: a filter and a projection, and a plan with a function.
SCANS = (
    SplitSpec(_TABLE, Predicate("gt", "a", (1,)), ("s", "a"), file_io=_SECRET),
    SplitSpec(_TABLE, plan=SqlPlanSpec("SELECT f(a) AS c, s FROM t"), registry=RegistrySpec((UdfSpec("f"),))),
)


def through_engine(survey: Survey, engine: Engine, ways: Sequence[Way], profile: Profile, seed: int) -> Findings:
    """Start the engine, carry the pinned splits and as many drawn ones as a shard of the profile has, and stop it.

    An engine that is not there or does not start is noted in the findings, which then hold nothing else.
    """
    try:
        with running(engine):
            return through_running(survey, ways, profile.examples, seed)
    except EngineUnavailable as error:
        return Findings(not_started={engine.name: str(error)})


def through_running(survey: Survey, ways: Sequence[Way], examples: int, seed: int) -> Findings:
    """Carry by ways of a running engine: the pinned splits, drawn ones, many at once, and one that cannot be read."""
    findings = Findings()
    checks = [check for check in survey.checks if check.clause.id in ON_ARRIVAL]
    through = replace(survey, checks=checks, transports=ways, exchange=None)
    alone = replace(through, checks=[check for check in checks if check.clause.id not in TOGETHER])
    findings.add(alone.pinned(PINNED))
    findings.add(alone.drawn(split_specs(), examples, seed))
    findings.add(through.pinned(SCANS))
    for way in ways:
        for spec in SCANS:
            findings.add(_sent_at_once(alone, way, spec))
        findings.add(error_comes_back(survey, way))
    return findings


@dataclass(frozen=True)
class _Scan:
    """The splits of one scan, a file each, with the example of each."""

    examples: tuple[Example, ...]
    splits: tuple[Any, ...]


def _scan(survey: Survey, spec: SplitSpec, files: int) -> _Scan | None:
    """Build the splits of a scan over so many files; ``None`` where that fails, which other clauses judge."""
    examples = [example_of(replace(spec, file_name=f"part {n}"), survey.warehouse) for n in range(files)]
    made = [example for example in examples if not isinstance(example, Unusable)]
    if len(made) < files:
        return None
    adapter = survey.adapter
    if adapter.build_scan is None:
        splits = attempt(lambda: [adapter.build(example.make()) for example in made])
    else:
        splits = attempt(adapter.build_scan, [example.make() for example in made])
    return None if isinstance(splits, Raised) else _Scan(tuple(made), tuple(splits))


def _sent_at_once(survey: Survey, way: Way, spec: SplitSpec) -> Findings:
    """Judge each of many splits that are sent together, as it is where it arrives."""
    findings = Findings()
    scan = _scan(survey, spec, MANY)
    if scan is None:
        return findings
    adapter, asked = survey.adapter, replace(scan.examples[0].question, again=False)
    answers = attempt(carried, way.name, scan.splits, partial(looked_at, adapter.reference, asked))
    for number, (example, split) in enumerate(zip(scan.examples, scan.splits, strict=True)):
        answer = answers if isinstance(answers, Raised) else answers[number]
        sent = observe(adapter, split, asked)
        trip = Trip(adapter, example, example.make(), split, [], sent, {way.name: [_arrival(answer)]}, (), [way])
        judgements = [
            judgement for judgement in judge(trip, survey.checks, survey.baseline) if judgement.transport == way.name
        ]
        count(example, judgements, findings)
        findings.examples += 1
        _show(example, judgements, findings)
    return findings


def _arrival(answer: Any) -> Arrival:
    if isinstance(answer, Exception):
        answer = Raised.from_exception(answer)
    return Arrival(1, None, answer) if isinstance(answer, Raised) else Arrival(1, answer[0])


def error_comes_back(survey: Survey, way: Way) -> Findings:
    """Judge what the driver gets where the file of one split is gone, and of the others sent with it (READ-4, SAFE-1).

    An engine may give up all of them for one error.
    """
    findings, selected = Findings(), {check.clause.id for check in survey.checks}
    folder = survey.warehouse.root / "engine-scratch"
    shutil.rmtree(folder, ignore_errors=True)
    scan = _scan(replace(survey, warehouse=Warehouse(folder)), SCANS[0], 3)
    if scan is None:
        return findings
    example = scan.examples[1]
    lost = example.make()
    path = lost.file_scan_task.file.file_path
    warehouse = Warehouse(folder)
    warehouse.data_file(example.spec.table, example.spec.file_name).unlink()
    try:
        answers = carried(way.name, scan.splits, partial(rows_of, survey.adapter.reference))
    except Exception as error:
        answers = [error]
    raised = next((answer for answer in answers if isinstance(answer, Exception)), None)
    text = "" if raised is None else "".join(traceback.format_exception(raised))
    where = "read on a worker, the file of one split removed"
    wrong = None
    if raised is None:
        wrong = Difference(where, "raises", f"{answers} rows")
    elif path not in text:
        wrong = Difference(where, f"an error that names {path}", text[-500:])
    elif len(answers) > 1:
        others = [answer for number, answer in enumerate(answers) if number != 1]
        expected = [int(example.expected.num_rows)] * len(others)
        wrong = None if others == expected else Difference(f"{where}: the others", str(expected), str(others)[-500:])
    secrets = secret_values(lost.file_io_properties, survey.adapter.secret_properties)
    leaks = any(secret in text for secret in secrets)
    shown = Difference("error of a failed read on a worker", "no secret", "a secret") if leaks else None
    judgements = [Judgement("READ-4", way.name, wrong), Judgement("SAFE-1", way.name, shown)]
    judgements = [judgement for judgement in judgements if judgement.clause in selected]
    count(example, judgements, findings)
    _show(example, judgements, findings)
    return findings


def _show(example: Example, judgements: Sequence[Judgement], findings: Findings) -> None:
    """Note the first example that breaks a clause there."""
    shown = {violation.clause for violation in findings.violations}
    for judgement in judgements:
        if judgement.difference and judgement.clause not in shown:
            shown.add(judgement.clause)
            spec = to_json(example.spec)
            violation = Violation(
                judgement.clause, (judgement.transport,), example.title, spec, judgement.difference, alone=False
            )
            findings.violations.append(violation)
