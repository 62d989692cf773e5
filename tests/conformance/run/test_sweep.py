"""No broken clause hides behind another, and each ends in a small example."""

from __future__ import annotations

import itertools
import json
import locale
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import ArrowScan

from conformance.adapter import Adapter, NotSupported
from conformance.adapters.builtin.reference import ADAPTER, adapter_for
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks import CHECKS, Check
from conformance.examples.example import Example
from conformance.examples.pinned import PINNED
from conformance.examples.real_tables import TABLE_CASES, table_example
from conformance.judging.baseline import read_baseline
from conformance.judging.findings import Findings
from conformance.judging.ledger import Ledger, telling_what_breaks
from conformance.observation.difference import Difference, Place, Step
from conformance.observation.question import Question
from conformance.observation.raised import Hung
from conformance.run.claims import Claims
from conformance.run.search import History
from conformance.run.sweep import MOST_HANGS, Sweep
from conformance.transports.in_process import IN_PROCESS
from conformance.transports.journey import Journey
from conformance.transports.processes import Fork
from conformance.transports.transport import AS_BUILT, Arrival
from fixtures.loaders.defects import restored
from reference import DataLoaderSplit
from strategies import ColumnSpec, SplitSpec, SqlPlanSpec, TableSpec, split_specs, to_json

PICKLE = tuple(transport for transport in IN_PROCESS if transport.name == "pickle-5")
EXAMPLES, SEED = 100, 8
# What these tests look for needs no plan, and is found sooner without one.
UNPLANNED = split_specs(with_plan=False)
LITTLE = frozenset({"id"})
HERE = Place(Step.LOOK)
PLAIN = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1,)),)))
PLANNED = replace(PLAIN, plan=SqlPlanSpec("SELECT a FROM t"))


NUMBERS = itertools.count()


def never_the_same(split: Any) -> int:
    """Count: a new object may stand where the last one was, and so be taken for it."""
    return next(NUMBERS)


def is_rare(split: Any) -> bool:
    """True of one to five in a hundred drawn splits."""
    return bool(split.file_scan_task.file.file_path.endswith("x#y.orc"))


def rarely_no_properties(split: Any) -> dict[str, str]:
    return {"owner": "nobody"} if is_rare(split) else dict(split.table_properties)


def test_rare_break_is_found_behind_one_that_always_breaks(sweep_of: Callable[..., Sweep]) -> None:
    adapter = replace(ADAPTER, split_id=never_the_same, table_properties=rarely_no_properties)
    sweep = replace(
        sweep_of(adapter, clauses=("ID-1", "CTX-5"), transports=PICKLE), aspects=LITTLE | {"table properties"}
    )
    findings = sweep.drawn(UNPLANNED, EXAMPLES, SEED)
    always, rare = findings.broken["ID-1", AS_BUILT], findings.broken["CTX-5", AS_BUILT]
    assert always >= 40  # it is judged on half of them
    assert 1 <= rare <= 5
    shown = {violation.clause: violation for violation in findings.violations}
    assert len(shown["ID-1"].example) < 140
    assert len(shown["CTX-5"].example) < 250
    assert "x#y" in shown["CTX-5"].example


def test_what_the_adapter_declines_is_counted_and_no_refusal(sweep_of: Callable[..., Sweep]) -> None:
    def build(materials: Any) -> Any:
        if materials.file_scan_task.file.file_format.name == "ORC":
            raise NotSupported("reads no ORC")
        return ADAPTER.build(materials)

    sweep = sweep_of(replace(ADAPTER, build=build), clauses=("ID-1", "BUILD-4", "WIRE-1"), transports=PICKLE)
    findings = sweep.drawn(split_specs(), EXAMPLES, SEED)
    assert findings.violations == []
    assert 5 <= findings.declined["reads no ORC"] == findings.declined.total()
    assert findings.examples == EXAMPLES
    assert findings.met["ID-1", AS_BUILT] < EXAMPLES - findings.declined.total()


def test_break_that_comes_only_with_another_is_found(sweep_of: Callable[..., Sweep]) -> None:
    def always(journey: Journey) -> Any:
        yield AS_BUILT, Difference(HERE, "an id", "none")

    def only_with_a_filter(journey: Journey) -> Any:
        assert journey.spec is not None
        broken = journey.spec.row_filter is not None
        yield AS_BUILT, Difference(HERE, "a filter", "none") if broken else None

    sweep = sweep_of(ADAPTER, clauses=("ID-1", "CTX-1"), transports=PICKLE)
    by_clause = {check.clause.id: check.clause for check in CHECKS}
    sweep = replace(
        sweep, checks=[Check(by_clause["ID-1"], always), Check(by_clause["CTX-1"], only_with_a_filter)], aspects=LITTLE
    )
    findings = sweep.drawn(UNPLANNED, 30, SEED)
    assert {violation.clause for violation in findings.violations} == {"ID-1", "CTX-1"}
    assert "row_filter=Predicate(" in next(v.example for v in findings.violations if v.clause == "CTX-1")


def test_break_that_does_not_come_again_is_reported_all_the_same(sweep_of: Callable[..., Sweep]) -> None:
    seen: list[int] = []

    def once(journey: Journey) -> Any:
        seen.append(1)
        yield AS_BUILT, Difference(HERE, "the same as before", "another") if len(seen) == 5 else None

    check = next(check for check in CHECKS if check.clause.id == "READ-2")
    sweep = replace(sweep_of(ADAPTER, transports=PICKLE), checks=[Check(check.clause, once)])
    findings = sweep.drawn(split_specs(), 12, SEED)
    assert [violation.difference.actual for violation in findings.violations] == ["another"]


class Detached(DataLoaderSplit):
    """Once it was dumped nothing can be seen of it."""

    def __reduce__(self) -> Any:
        state = dict(self.__dict__)
        object.__setattr__(self, "_context", None)
        return restored, (type(self), state)


def test_split_that_cannot_be_looked_at_any_more_is_a_violation_and_no_error(sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(adapter_for("detached", split=Detached), transports=PICKLE)
    families = ("CTX", "IO", "READ", "SAFE")
    findings = replace(sweep, checks=[c for c in sweep.checks if c.clause.family in families]).pinned(PINNED[:2])
    assert "READ-3" in {clause for clause, _ in findings.broken}


def test_every_transport_that_breaks_is_accounted_for(sweep_of: Callable[..., Sweep]) -> None:
    def by_transport(journey: Journey) -> Any:
        assert journey.spec is not None
        yield "pickle-2", Difference(HERE, "a", "b") if journey.spec.table.deleted else None
        yield "deepcopy", Difference(HERE, "a", "b") if journey.spec.table.tag else None

    check = next(check for check in CHECKS if check.clause.id == "READ-2")
    sweep = replace(sweep_of(ADAPTER), checks=[Check(check.clause, by_transport)], aspects=LITTLE)
    findings = sweep.drawn(UNPLANNED, 40, SEED)
    assert {transport for violation in findings.violations for transport in violation.transports} == {
        "pickle-2",
        "deepcopy",
    }
    examples = sorted(violation.example for violation in findings.violations)
    assert all(len(example) < 140 for example in examples)
    assert ["deleted=(0,)" in example for example in examples] == ["tag=" not in example for example in examples]


def test_examples_that_meet_a_premise_are_counted(sweep_of: Callable[..., Sweep]) -> None:
    findings = sweep_of(ADAPTER, clauses=("PLAN-4", "READ-1"), transports=PICKLE).drawn(split_specs(), 20, SEED)
    without_plan = findings.met["PLAN-4", "pickle-5"]
    assert 0 < without_plan < 20
    assert findings.met["READ-1", "pickle-5"] == without_plan
    assert findings.examples == 20


def test_findings_go_to_plain_values_and_back(sweep_of: Callable[..., Sweep]) -> None:
    adapter = replace(ADAPTER, split_id=never_the_same)
    findings = sweep_of(adapter, clauses=("ID-1",), transports=PICKLE).drawn(split_specs(), 5, SEED)
    assert findings.violations
    assert Findings.from_json(findings.to_json()) == findings


def test_real_tables_can_be_read_here_and_one_that_cannot_is_counted(
    tmp_path: Path, sweep_of: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = TABLE_CASES[0]
    assert all(isinstance(table_example(each, tmp_path), Example) for each in TABLE_CASES)
    monkeypatch.setattr(ArrowScan, "to_table", lambda *_: (_ for _ in ()).throw(pa.ArrowInvalid("no such field\nmore")))
    findings = sweep_of(load_adapter("reference")).real_table(table_example(case, tmp_path))
    assert dict(findings.unusable) == {"ArrowInvalid: no such field": 1}
    assert not findings.met


@dataclass(frozen=True)
class Hanging(Fork):
    """A transport in which a split with a plan hangs, and any other arrives; each sending is noted."""

    sent: list[bool] = field(default_factory=list)

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        self.sent.append(question.has_plan)
        return (Arrival(1, None, Hung.after(10)) if question.has_plan else Arrival(1, {}),)


def test_a_hang_that_the_baseline_knows_is_waited_for_once_in_a_run(
    sweep_of: Callable[..., Sweep], tmp_path: Path
) -> None:
    file, hanging = tmp_path / "baseline.toml", Hanging()
    file.write_text(
        '[[known]]\nclause = "WIRE-6"\ntransports = ["fork"]\ncondition = ["plan"]\n'
        'fault = "ours"\nreason = "it hangs"\n'
        f"spec = {json.dumps(to_json(PLANNED))}\n"
    )
    sweep = sweep_of(ADAPTER, clauses=("WIRE-6",), transports=(hanging,))
    sweep = replace(sweep, baseline=read_baseline(file), claims=Claims(tmp_path))
    first = sweep.pinned([PLANNED, PLAIN, PLANNED])
    other_unit = replace(sweep, claims=Claims(tmp_path)).pinned([PLANNED, PLAIN])
    assert not first.broken
    assert not other_unit.broken
    assert hanging.sent == [True, False, False]


def test_a_hang_that_the_baseline_does_not_know_is_given_up(sweep_of: Callable[..., Sweep]) -> None:
    hanging, ledger = Hanging(), Ledger()
    sweep = sweep_of(ADAPTER, clauses=("WIRE-6",), transports=(hanging,))
    for spec in (PLANNED, PLAIN):
        sweep.judge_pinned(spec, ledger, History())
    assert ledger.findings.broken["WIRE-6", "fork"] == 1
    assert hanging.sent == [True]


def test_what_hangs_in_one_unit_of_work_after_another_is_given_up_for_the_process(
    sweep_of: Callable[..., Sweep],
) -> None:
    hanging = Hanging()
    sweep = sweep_of(ADAPTER, clauses=("WIRE-6",), transports=(hanging,))
    for _ in range(MOST_HANGS + 1):
        sweep.judge_pinned(PLANNED, Ledger(), History())
    assert len(hanging.sent) == MOST_HANGS


def test_what_breaks_without_other_processes_is_told_before_anything_is_sent_to_them(
    sweep_of: Callable[..., Sweep],
) -> None:
    """Also before the other clauses are judged, which start processes too."""
    events: list[str] = []

    def broken(journey: Journey) -> Any:
        yield AS_BUILT, Difference(HERE, "an id", "none")

    def slow(journey: Journey) -> Any:
        events.append("the other clause")
        yield AS_BUILT, None

    class Noted(Hanging):
        def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
            events.append("sent")
            return super().send(adapter, split, question)

    sweep = sweep_of(ADAPTER, transports=(*PICKLE, Noted()))
    by_clause = {check.clause.id: check.clause for check in CHECKS}
    sweep = replace(sweep, checks=[Check(by_clause["ID-1"], broken), Check(by_clause["ID-2"], slow)], aspects=LITTLE)
    with telling_what_breaks(lambda clause, _: events.append(clause)):
        sweep.pinned([PLAIN], first_here=True)
    assert events.index("ID-1") < events.index("the other clause") < events.index("sent")


class MovesAway(DataLoaderSplit):
    """Reading changes the working directory, and the environment, which building may have to set for it."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        os.chdir("/")
        os.environ["MOVED"] = "away"
        return super().__iter__()


@pytest.mark.parametrize(
    "adapter", [load_adapter(reference_of("locale-of-c-for-reading")), adapter_for("mine", MovesAway)]
)
def test_locale_and_folder_of_this_process_are_put_back(
    adapter: Adapter, sweep_of: Callable[..., Sweep], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOVED", "")
    before = locale.setlocale(locale.LC_ALL)
    sweep_of(adapter, transports=PICKLE, clauses=("READ-1",)).pinned(PINNED[:1])
    assert (locale.setlocale(locale.LC_ALL), Path.cwd()) == (before, tmp_path)
    assert os.environ["MOVED"] == ("away" if adapter.name == "mine" else "")
