"""A baseline excuses what it names and nothing else, and says when an entry has to go."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters.builtin import openhouse
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.covering import chosen
from conformance.examples.design import designed_scans
from conformance.examples.pinned import PINNED
from conformance.examples.real_tables import TABLE_CASES
from conformance.judging.baseline import EMPTY, Baseline, BaselineError, read_baseline, written
from conformance.judging.conditions.holding import CONDITIONS, holding
from conformance.judging.findings import Common, Findings, Violation
from conformance.judging.verdicts import Exit, State, exit_code, verdicts
from conformance.judging.where import Where
from conformance.observation.difference import Difference, Place, Step
from conformance.run.audit import stale
from conformance.run.options import Options
from conformance.run.other_processes import exchanged
from conformance.run.selection import resolve
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import Transport
from fixtures.loaders.defects import DEFECTS
from strategies import scans
from strategies.serialization import from_json, to_json
from strategies.specs import ColumnSpec, ScanSpec, SplitSpec, SqlPlanSpec, TableSpec
from tests.conftest import STAND_INS

BASELINES = Path(openhouse.__file__).parent
TODAY = datetime.date(2026, 12, 1)
SQL_ONLY = {"PLAN-7": "TRIMS_SQL", "PLAN-8": "LOSES_A_ROW", "UDF-8": "REGISTERS_TOO_LATE", "READ-5": "FIRST_FILE_ALONE"}
UTTERLY = ("BUILD-5", "PLAN-9")  # what breaks these breaks them in each way that there is
GENERATIONS = STAND_INS / "openhouse_generations.py"

WITH_PLAN = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1,)),)), plan=SqlPlanSpec("SELECT a FROM t"))
ENTRY = """[[known]]
clause = "ID-1"
condition = {condition}
fault = "ours"
reason = "as it is"
{more}spec = '''{spec}'''
"""
SCRIPTED = """[[known]]
clause = "LIFE-1"
condition = []
fault = "ours"
reason = "as it is"
script = '''
build(0)
check()
'''
"""


def baseline_of(folder: Path, condition: str = '["plan"]', more: str = "", spec: SplitSpec = WITH_PLAN) -> Baseline:
    file = folder / "baseline.toml"
    file.write_text(ENTRY.format(condition=condition, more=more, spec=to_json(spec)))
    return read_baseline(file)


def few(clause: str) -> tuple[Transport, ...]:
    own = tuple(transport for transport in TRANSPORTS if transport.clause == clause)
    return own or tuple(t for t in TRANSPORTS if t.name in ("pickle-5", "cloudpickle", "copy", "deepcopy", "worker"))


def test_known_failure_is_excused_under_its_condition_alone(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    selection = resolve(Options(clause=("ID-1",), transport=("pickle-5",)))
    always = replace(selection.adapter, split_id=lambda split: str(id(split)))
    sweep = sweep_of(always, clauses=("ID-1",), transports=selection.transports)
    known = baseline_of(tmp_path)
    selection = replace(selection, adapter=always, baseline=known)
    findings = replace(sweep, baseline=known).pinned([WITH_PLAN])
    (verdict,) = verdicts(selection.asked, findings)
    assert verdict.state is State.KNOWN
    assert exit_code(selection.asked, [verdict], findings) == (
        Exit.CONFORMS,
        "conforms to 0 clauses; known to the baseline: ID-1",
    )
    findings.add(replace(sweep, baseline=known).pinned([replace(WITH_PLAN, plan=None)]))
    (verdict,) = verdicts(selection.asked, findings)
    assert verdict.state is State.VIOLATES
    assert "plan=" not in verdict.violations[0].example


@pytest.mark.parametrize(
    ("more", "change", "why"),
    [
        ("", {}, "no longer fails through any transport"),
        ('transports = ["as built", "pickle-5"]\n', {}, "no longer fails through as built, pickle-5"),
        ("expires = 2026-11-30\n", {}, "expired on 2026-11-30"),
        ("", {"split_id": None}, "matches nothing: the clause is not applicable"),
        ('transports = ["worker"]\n', {}, None),  # not selected, not judged
    ],
)
def test_entry_that_has_to_go(
    more: str, change: dict[str, None], why: str | None, tmp_path: Path, sweep_of: Callable[..., Sweep]
) -> None:
    baseline = baseline_of(tmp_path, more=more)
    sweep = sweep_of(load_adapter("reference"), clauses=("ID-1",), transports=few("")[:1])
    if "split_id" in change:
        sweep = replace(sweep, checks=[])
    found = stale(sweep, baseline.entries[0], TODAY)
    assert found == why if why is None else found is not None and found.startswith(why)


def test_stale_entry_turns_the_run_red_and_names_its_lines(tmp_path: Path) -> None:
    baseline = baseline_of(tmp_path)
    place = baseline.entries[0].place
    assert place.endswith("baseline.toml, lines 1-6 (ID-1)")
    code, why = exit_code(resolve().asked, [], Findings(stale={1: f"{place}: no longer fails; delete these lines"}))
    assert code is Exit.VIOLATES
    assert "lines 1-6 (ID-1): no longer fails; delete these lines" in why


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "may hold only [[known]] entries"),
        ("[[known", "cannot be read"),
        ('[[known]]\nclause = "ID-1"', "lines 1-2: an entry needs fault, reason, condition"),
        (
            ENTRY.format(condition="[]", more="script = 'x'\n", spec="{}"),
            "ID-1 is shown by a spec, and by nothing else",
        ),
        (ENTRY.format(condition="[]", more="", spec="{}").replace("ID-1", "LIFE-1"), "LIFE-1 is shown by a script"),
        (SCRIPTED.replace("[]", '["plan"]'), "a script is a lifecycle of several splits"),
        (ENTRY.format(condition="[]", more="expire = 1\n", spec="{}"), "no key 'expire'; did you mean expires"),
        (
            ENTRY.format(condition='["plam"]', more="", spec=to_json(WITH_PLAN)),
            "no condition 'plam' of a split; did you mean plan",
        ),
        (ENTRY.format(condition='["orc"]', more="", spec=to_json(WITH_PLAN)), "does not fall under its own condition"),
        (ENTRY.format(condition="1", more="", spec=to_json(WITH_PLAN)), "condition must be a list, got 1"),
        (
            ENTRY.format(condition="[]", more='transports = ["x"]\n', spec=to_json(WITH_PLAN)),
            "there is no transport 'x'",
        ),
        (ENTRY.format(condition="[]", more="", spec="{}"), "not a spec"),
        (
            ENTRY.format(condition="[]", more="", spec=to_json(WITH_PLAN)).replace("ours", "theirs"),
            "fault: input should be 'ours', 'upstream' or 'never', got 'theirs'",
        ),
    ],
)
def test_wrong_baseline_names_line_and_value(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "baseline.toml").write_text(text)
    with pytest.raises(BaselineError) as error:
        read_baseline(tmp_path / "baseline.toml")
    assert says in str(error.value)


def test_written_baseline_excuses_the_run_that_it_comes_from(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    defect = next(defect for defect in DEFECTS.values() if defect.clause == "IO-1")
    sweep = sweep_of(load_adapter(reference_of(defect.name)), clauses=("IO-1",), transports=few("")[:2])
    findings = sweep.pinned(PINNED)
    assert findings.broken
    (tmp_path / "b.toml").write_text(written("mine", findings, findings.violations, TODAY))
    baseline = read_baseline(tmp_path / "b.toml")
    assert not replace(sweep, baseline=baseline).pinned(PINNED).broken
    assert [stale(sweep, entry, TODAY) for entry in baseline.entries] == [None] * len(baseline.entries)
    assert all(set(e.condition) <= holding(from_json(e.spec)) for e in baseline.entries)


def test_a_clause_that_is_broken_at_two_places_gets_an_entry_for_each(tmp_path: Path) -> None:
    elsewhere = Difference(Place(Step.READ, "rows", case="of three files"), "three rows", "two rows")
    here = Difference(Place(Step.LOOK, "rows"), "a row", "no row")
    findings = Findings()
    for found in (here, elsewhere):
        findings.note("READ-5", "as built", Common(holding(WITH_PLAN), Where.of(found), to_json(WITH_PLAN)))
    violation = Violation("READ-5", ("as built",), repr(WITH_PLAN), to_json(WITH_PLAN), here)
    (tmp_path / "b.toml").write_text(written("mine", findings, [violation], TODAY))
    baseline = read_baseline(tmp_path / "b.toml")
    assert [entry.where.case for entry in baseline.entries] == ["", "of three files"]
    assert baseline.excuse("READ-5", "as built", WITH_PLAN, elsewhere)
    lost = Difference(Place(Step.READ, "rows", case="of no file"), "ValueError", "no row")
    assert baseline.excuse("READ-5", "as built", WITH_PLAN, lost) is None


def test_an_error_that_is_known_excuses_no_silent_loss(tmp_path: Path) -> None:
    loud = Difference(Place(Step.LOOK, "rows"), "two rows", "raises builtins.ValueError: of a scheme")
    silent = replace(loud, actual="no batch")
    findings = Findings()
    findings.note("READ-1", "as built", Common(holding(WITH_PLAN), Where.of(loud), to_json(WITH_PLAN)))
    violation = Violation("READ-1", ("as built",), repr(WITH_PLAN), to_json(WITH_PLAN), loud)
    (tmp_path / "b.toml").write_text(written("mine", findings, [violation], TODAY))
    baseline = read_baseline(tmp_path / "b.toml")
    assert baseline.excuse("READ-1", "as built", WITH_PLAN, loud)
    assert baseline.excuse("READ-1", "as built", WITH_PLAN, silent) is None
    findings.note("READ-1", "as built", Common(holding(WITH_PLAN), Where.of(silent), to_json(WITH_PLAN)))
    (tmp_path / "b.toml").write_text(written("mine", findings, [violation], TODAY))
    assert [entry.where.raises for entry in read_baseline(tmp_path / "b.toml").entries] == [True, False]


def lost(attribute: str, key: str = "") -> Difference:
    return Difference(Place(Step.ARRIVE, "whole state", 1, within=(f"split.{attribute}{key}",)), "a value", "nothing")


def test_a_lost_attribute_is_known_with_all_in_it_and_no_other(tmp_path: Path) -> None:
    findings = Findings()
    for found in (lost("options", "['a']"), lost("options", "['b'].c")):
        findings.note("CTX-7", "pickle-5", Common(holding(WITH_PLAN), Where.of(found), to_json(WITH_PLAN)))
    violation = Violation("CTX-7", ("pickle-5",), repr(WITH_PLAN), to_json(WITH_PLAN), lost("options", "['a']"))
    (tmp_path / "b.toml").write_text(written("mine", findings, [violation], TODAY))
    baseline = read_baseline(tmp_path / "b.toml")
    assert [entry.where.within for entry in baseline.entries] == [("split.options",)]
    assert baseline.excuse("CTX-7", "pickle-5", WITH_PLAN, lost("options", "['z']"))
    assert baseline.excuse("CTX-7", "pickle-5", WITH_PLAN, lost("options_of_others")) is None
    assert baseline.excuse("CTX-7", "pickle-5", WITH_PLAN, lost("batch_size")) is None


def rewritten_baseline(
    file: Path, *found: tuple[str, Difference], findings: Findings | None = None, before: Baseline = EMPTY
) -> Baseline:
    findings = findings or Findings()
    violations = []
    for clause, difference in found:
        common = Common(holding(WITH_PLAN), Where.of(difference), to_json(WITH_PLAN))
        findings.note(clause, "pickle-5", common)
        violations.append(Violation(clause, ("pickle-5",), repr(WITH_PLAN), to_json(WITH_PLAN), difference))
    kept = list(before.kept_in(file, findings.stale))
    file.write_text(written("mine", findings, violations[:1], TODAY, kept))
    return read_baseline(file)


def test_what_a_baseline_knows_stays_when_it_is_written_again_but_for_what_is_stale(tmp_path: Path) -> None:
    losses = [("CTX-7", lost(name)) for name in ("one", "other")]
    before = rewritten_baseline(tmp_path / "b.toml", *losses)
    gone = Findings(stale={before.entries[0].number: "no longer fails"})
    new = "ID-1", Difference(Place(Step.LOOK, "id"), "1", "2")
    after = rewritten_baseline(tmp_path / "b.toml", new, findings=gone, before=before)
    assert [(e.clause, e.where.within) for e in after.entries] == [("CTX-7", ("split.other",)), ("ID-1", ())]


def test_of_several_baselines_one_that_is_written_again_keeps_its_own(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.toml", tmp_path / "theirs.toml"
    rewritten_baseline(ours, ("CTX-7", lost("one")))
    rewritten_baseline(theirs, ("CTX-7", lost("other")))
    both = read_baseline(ours, theirs, ours)
    assert [(Path(entry.file).name, entry.number) for entry in both.entries] == [("ours.toml", 1), ("theirs.toml", 2)]
    assert both.line(both.at(2)) == "theirs.toml, line 3"
    assert both.excuse("CTX-7", "pickle-5", WITH_PLAN, lost("other")) == both.at(2)
    new = "ID-1", Difference(Place(Step.LOOK, "id"), "1", "2")
    assert [e.clause for e in rewritten_baseline(tmp_path / "new.toml", new, before=both).entries] == [
        *("CTX-7", "CTX-7", "ID-1")
    ]
    assert [e.where.within for e in rewritten_baseline(theirs, new, before=both).entries] == [("split.other",), ()]


def test_baseline_of_what_another_process_wrote_holds(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    adapter = load_adapter(reference_of("salted-id"))
    sweep = sweep_of(adapter, clauses=("WIRE-5",))
    found = exchanged(adapter, [replace(WITH_PLAN, plan=None)], sweep.warehouse.root)
    assert {transport for _, transport in found.broken} == {"exchange"}
    (tmp_path / "b.toml").write_text(written("mine", found, found.violations, TODAY))
    (entry,) = read_baseline(tmp_path / "b.toml").entries
    assert stale(sweep, entry, TODAY) is None
    assert stale(sweep_of(load_adapter("reference"), clauses=("WIRE-5",)), entry, TODAY) is not None


def test_script_that_is_no_life_is_told(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    file = tmp_path / "b.toml"
    file.write_text(SCRIPTED.replace("build(0)", "bild(0)"))
    why = stale(sweep_of(load_adapter("reference"), clauses=("LIFE-1",)), read_baseline(file).entries[0], TODAY)
    assert why is not None
    assert why.startswith("matches nothing: 'bild(0)' is no step")


def test_conditions_have_docs_and_tell_specs_apart() -> None:
    held = [holding(spec) for spec in PINNED] + [holding(case.likeness) for case in TABLE_CASES]
    assert all(condition.holds_when for conditions in CONDITIONS.values() for condition in conditions.values())
    assert len(set(held)) > len(PINNED) // 2
    assert "plan" in holding(WITH_PLAN)
    assert not {"no_plan", "orc", "has_deletes"} & holding(WITH_PLAN)
    assert EMPTY.entries == ()


def test_each_condition_of_a_scan_holds_for_some_and_not_for_all() -> None:
    asked = [*designed_scans(), *chosen(scans(), 100, 1)]
    held = Counter(name for scan in asked for name in holding(scan))
    assert set(CONDITIONS[ScanSpec]) - set(held) <= {"filter_is_nan", "filter_not_nan", "filter_not_in"}
    assert max(held.values()) < len(asked)


def test_what_shows_in_company_only_is_known_until_it_expires(tmp_path: Path, sweep_of: Callable[..., Sweep]) -> None:
    found = Difference(Place(Step.ARRIVE, "FileIO properties", 1, within=("'token'",)), "1", "2")
    in_company = Violation("IO-2", ("pickle-5",), repr(WITH_PLAN), to_json(WITH_PLAN), found, alone=False)
    findings = Findings()
    findings.note("IO-2", "pickle-5", Common(holding(WITH_PLAN), Where.of(found), to_json(WITH_PLAN)))
    file = tmp_path / "b.toml"
    file.write_text(written("mine", findings, [in_company], TODAY))
    baseline = read_baseline(file)
    (entry,) = baseline.entries
    assert not entry.alone
    elsewhere = found.at(hop=2, within=("'other'",))
    assert baseline.excuse("IO-2", "worker", replace(WITH_PLAN, plan=None), elsewhere) == entry
    sound = sweep_of(load_adapter("reference"), clauses=("IO-2",))
    assert stale(sound, entry, TODAY) is None
    assert stale(sound, entry, TODAY + datetime.timedelta(days=1)) == "expired on 2026-12-01"
    file.write_text(re.sub("expires.*\n", "", file.read_text()))
    with pytest.raises(BaselineError, match="needs the date on which it expires"):
        read_baseline(file)
