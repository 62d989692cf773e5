"""What a run does with an engine: splits one by one, many splits of one scan at once, and errors that come back."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.examples.pinned import PINNED
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement, judge
from conformance.judging.ledger import Ledger, shown_by
from conformance.observation.aspects import observe
from conformance.observation.difference import Difference, Place, Step
from conformance.observation.raised import Raised, attempt
from conformance.observation.secrets import secret_values
from conformance.run.profiles import Profile
from conformance.run.sweep import Sweep
from conformance.transports.engines import Engine, EngineUnavailable, Way, answers_of, running, sent_through
from conformance.transports.journey import Journey
from conformance.transports.transport import Arrival
from conformance.transports.worker_tasks import looked_at, rows_of
from fixtures.tables.warehouse import Warehouse
from strategies import split_specs
from strategies.file_ios import SECRET_VALUE
from strategies.specs import ColumnSpec, FileIOSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

__all__ = ["SCANS", "error_comes_back", "through_engine", "through_running"]

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


def through_engine(sweep: Sweep, engine: Engine, ways: Sequence[Way], profile: Profile, seed: int) -> Findings:
    """Start the engine, carry the pinned splits and as many drawn ones as a shard of the profile has, and stop it.

    An engine that is not there or does not start is noted in the findings, which then hold nothing else.
    """
    try:
        with running(engine):
            return through_running(sweep, ways, profile.examples, seed)
    except EngineUnavailable as error:
        return Findings(not_started={engine.name: str(error)})


def through_running(sweep: Sweep, ways: Sequence[Way], examples: int, seed: int) -> Findings:
    """Carry by ways of a running engine: the pinned splits, drawn ones, many at once, and one that cannot be read."""
    findings = Findings()
    # All other clauses depend on no engine: the run's other units of work judge them.
    through = replace(
        sweep, checks=[check for check in sweep.checks if check.arrivals], transports=ways, exchanges=False
    )
    # What is judged of several splits in one payload takes round trips of its own: on the scans below only.
    alone = replace(through, checks=[check for check in through.checks if not check.together])
    findings.add(alone.pinned(PINNED))
    findings.add(alone.drawn(split_specs(large=True), examples, seed))
    findings.add(through.pinned(SCANS))
    for way in ways:
        for spec in SCANS:
            findings.add(_sent_at_once(alone, way, spec))
        findings.add(error_comes_back(sweep, way))
    return findings


@dataclass(frozen=True)
class _Scan:
    """The splits of one scan, a file each, with the example of each."""

    examples: tuple[Example, ...]
    splits: tuple[Any, ...]


def _scan(sweep: Sweep, spec: SplitSpec, files: int) -> _Scan | None:
    """Build the splits of a scan over so many files; ``None`` where that fails, which other clauses judge."""
    examples = [example_of(replace(spec, file_name=f"part {n}"), sweep.warehouse) for n in range(files)]
    made = [example for example in examples if not isinstance(example, Unusable)]
    if len(made) < files:
        return None
    adapter = sweep.adapter
    if adapter.build_scan is None:
        splits = attempt(lambda: [adapter.build(example.make()) for example in made])
    else:
        splits = attempt(adapter.build_scan, [example.make() for example in made])
    return None if isinstance(splits, Raised) else _Scan(tuple(made), tuple(splits))


def _sent_at_once(sweep: Sweep, way: Way, spec: SplitSpec) -> Findings:
    """Judge each of many splits that are sent together, as it is where it arrives."""
    ledger = Ledger(sweep.baseline)
    scan = _scan(sweep, spec, MANY)
    if scan is None:
        return ledger.findings
    adapter, asked = sweep.adapter, replace(scan.examples[0].question, again=False)
    answers = answers_of(way.name, scan.splits, partial(looked_at, adapter.reference, asked))
    for example, split, answer in zip(scan.examples, scan.splits, answers, strict=True):
        sent = observe(adapter, split, asked)
        arrivals = {way.name: [Arrival.of(1, answer if isinstance(answer, Raised) else answer[0])]}
        journey = Journey(adapter, example, example.make(), split, [], sent, arrivals, (), [way])
        judged = judge(journey, sweep.checks, sweep.baseline)
        judgements = [judgement for judgement in judged if judgement.transport == way.name]
        ledger.findings.examples += 1
        ledger.record(shown_by(example), judgements)
        ledger.violate_each(shown_by(example), judgements, alone=False)
    return ledger.findings


def error_comes_back(sweep: Sweep, way: Way) -> Findings:
    """Judge what the driver gets where the file of one split is gone, and of the others sent with it (READ-4, SAFE-1).

    An engine may give up all of them for one error.
    """
    ledger = Ledger(sweep.baseline)
    selected = {check.clause.id for check in sweep.checks}
    folder = sweep.warehouse.root / "engine-scratch"
    shutil.rmtree(folder, ignore_errors=True)
    warehouse = Warehouse(folder)
    scan = _scan(replace(sweep, warehouse=warehouse), SCANS[0], LOST + 2)
    if scan is None:
        return ledger.findings
    example = scan.examples[LOST]
    lost = example.make()
    assert example.spec is not None
    warehouse.data_file(example.spec.table, example.spec.file_name).unlink()
    try:
        answers = sent_through(way.name, scan.splits, partial(rows_of, sweep.adapter.reference))
    except Exception as error:
        answers = [error]
    raised = next((answer for answer in answers if isinstance(answer, Exception)), None)
    text = "" if raised is None else "".join(traceback.format_exception(raised))
    wrong = _wrong_answer(answers, text, lost.file_scan_task.file.file_path, int(example.expected.num_rows))
    secrets = secret_values(lost.file_io_properties, sweep.adapter.secret_properties)
    leaks = any(secret in text for secret in secrets)
    where = Place(Step.LOOK, "text", variant="error of a failed read on a worker")
    leaked = Difference(where, "no secret", "a secret") if leaks else None
    judged = [Judgement("READ-4", way.name, wrong), Judgement("SAFE-1", way.name, leaked)]
    judgements = [ledger.excused(each, example.likeness) for each in judged if each.clause in selected]
    ledger.record(shown_by(example), judgements)
    ledger.violate_each(shown_by(example), judgements, alone=False)
    return ledger.findings


# The position of the split whose file is gone.
LOST = 1


def _wrong_answer(answers: Sequence[Any], text: str, path: str, rows: int) -> Difference | None:
    """Return what is wrong with the answers of a scan whose split at :data:`LOST` has lost its file."""
    where = Place(Step.READ, case="the file", variant="of one split removed")
    if not text:
        return Difference(where, "raises", f"{answers} rows")
    if path not in text:
        return Difference(where, f"an error that names {path}", text[-500:])
    others = [answer for number, answer in enumerate(answers) if number != LOST]
    if len(answers) > 1 and others != [rows] * len(others):
        return Difference(replace(where, part="the others"), str([rows] * len(others)), str(others)[-500:])
    return None
