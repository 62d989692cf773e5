from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.judging.findings import Findings, Violation
from conformance.judging.verdicts import Exit, State, exit_code, verdicts
from conformance.observation.difference import Difference, Place, Step
from conformance.run.options import Options
from conformance.run.selection import Selection, UsageError, resolve
from conformance.transports.transport import AS_BUILT


def findings(met: dict[str, int], broken: tuple[str, ...] = ()) -> Findings:
    found = Findings()
    for clause, count in met.items():
        found.met[clause, "pickle-5"] = count
    for clause in broken:
        found.broken[clause, "pickle-5"] = 1
        difference = Difference(Place(Step.LOOK, "id"), "a", "b")
        found.violations.append(Violation(clause, ("pickle-5",), "SplitSpec()", "", difference))
    return found


def state(selection: Selection, found: Findings, clause: str, **options: Any) -> State:
    return next(v.state for v in verdicts(selection.asked, found, **options) if v.clause.id == clause)


def test_state_of_a_clause() -> None:
    selection = resolve()
    found = findings({"ID-1": 3, "IO-1": 3}, broken=("IO-1",))
    assert state(selection, found, "ID-1") is State.CONFORMS
    assert state(selection, found, "IO-1") is State.VIOLATES
    assert state(selection, found, "ID-2") is State.NOT_RUN  # no example met its premise
    assert state(selection, found, "ID-1", complete=False) is State.NOT_RUN  # cut short
    assert state(selection, found, "IO-1", complete=False) is State.VIOLATES


def test_missing_capability_is_not_applicable_and_says_which() -> None:
    selection = resolve()
    selection = replace(selection, adapter=replace(selection.adapter, split_id=None))
    verdict = next(v for v in verdicts(selection.asked, findings({"ID-1": 3})) if v.clause.id == "ID-1")
    assert verdict.state is State.NOT_APPLICABLE
    assert "splits have an id" in verdict.why


@pytest.mark.parametrize(
    ("found", "options", "complete", "code", "says"),
    [
        (findings({"ID-1": 3}), {}, True, Exit.CONFORMS, "conforms to 1 clause"),
        (findings({"ID-1": 3}, broken=("ID-1",)), {}, True, Exit.VIOLATES, "1 clause violated: ID-1"),
        (findings({"BUILD-5": 3}, broken=("BUILD-5",)), {}, True, Exit.CONFORMS, "conforms"),
        (findings({"BUILD-5": 3}, broken=("BUILD-5",)), {"strict": True}, True, Exit.VIOLATES, "BUILD-5"),
        (findings({}), {}, True, Exit.VIOLATES, "nothing was checked"),
        (findings({"ID-1": 3}), {"require": 2}, True, Exit.VIOLATES, "only 1 clause checked, 2 required"),
        (findings({"ID-1": 3}), {}, False, Exit.SUITE_FAILED, "could not do all of its work"),
    ],
)
def test_exit_code(found: Findings, options: dict[str, Any], complete: bool, code: Exit, says: str) -> None:
    selection = resolve(Options(**options))
    result, why = exit_code(
        selection.asked, verdicts(selection.asked, found, complete=complete), found, complete=complete
    )
    assert result is code
    assert says in why


def of_examples(unusable: int, sent: dict[str, int] | None = None, arrived: dict[str, int] | None = None) -> Findings:
    """Return findings of 20 examples, so many of them unusable, and of what was sent and arrived."""
    found = findings({"ID-1": 20 - unusable})
    found.examples = 20
    found.unusable["RuntimeError: no such function"] = unusable
    found.sent.update(sent or {})
    found.arrived.update(arrived or {})
    return found


@pytest.mark.parametrize(
    ("unusable", "options", "code", "says"),
    [
        (0, {}, Exit.CONFORMS, "conforms to 1 clause"),
        (2, {}, Exit.CONFORMS, "the engine cannot run 2 of 20 examples (10 %), mostly for: RuntimeError: no such"),
        (3, {}, Exit.VIOLATES, "cannot run 3 of 20 examples (15 %)"),
        (3, {"most_unusable": 15}, Exit.CONFORMS, "cannot run 3 of 20 examples (15 %)"),
        (1, {"most_unusable": 0}, Exit.VIOLATES, "at most 0 % may be (--most-unusable)"),
    ],
)
def test_examples_that_the_engine_cannot_run(unusable: int, options: dict[str, Any], code: Exit, says: str) -> None:
    selection, found = resolve(Options(**options)), of_examples(unusable)
    result, why = exit_code(selection.asked, verdicts(selection.asked, found), found)
    assert result is code
    assert says in why


@pytest.mark.parametrize(
    ("arrived", "code", "says"),
    [
        ({"pickle-5": 1, "copy": 1}, Exit.CONFORMS, "conforms to 1 clause"),
        ({"copy": 20}, Exit.VIOLATES, "nothing arrived through pickle-5: leave out what the loader does not support"),
        ({}, Exit.VIOLATES, "nothing arrived through pickle-5, copy"),
    ],
)
def test_transport_through_which_nothing_arrived(arrived: dict[str, int], code: Exit, says: str) -> None:
    selection = resolve(Options(transport=("pickle-5", "copy")))
    found = of_examples(0, {"pickle-5": 20, "copy": 20}, arrived)
    result, why = exit_code(selection.asked, verdicts(selection.asked, found), found)
    assert result is code
    assert says in why


def test_clause_on_arrivals_that_was_judged_on_none_is_not_run() -> None:
    selection = resolve()
    found = Findings()
    found.met["READ-1", AS_BUILT] = 3
    found.met["BUILD-1", AS_BUILT] = 3
    verdict = next(v for v in verdicts(selection.asked, found) if v.clause.id == "READ-1")
    assert verdict.state is State.NOT_RUN
    assert verdict.why.startswith("nothing of it arrived through pickle-2, pickle-3")
    assert state(selection, found, "BUILD-1") is State.CONFORMS


def test_violated_should_is_not_called_conforming() -> None:
    selection = resolve()
    found = findings({"BUILD-5": 3, "ID-1": 2}, broken=("BUILD-5",))
    assert exit_code(selection.asked, verdicts(selection.asked, found), found)[1] == (
        "conforms to 1 clause; SHOULD violated: BUILD-5 (--strict makes that binding)"
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"profile": "quik"}, "there is no profile 'quik'; did you mean quick?"),
        ({"clause": ("WIRE-99",)}, "no clause is named 'WIRE-99'; did you mean WIRE"),
        ({"transport": ("pickel-5",)}, "there is no transport 'pickel-5'; did you mean pickle"),
        ({"adapter": "referense"}, "there is no adapter 'referense'; did you mean reference?"),
        ({"budget": 5}, "--budget goes with --profile soak"),
        ({"profile": "soak", "budget": 0}, "--budget must be a positive number of seconds, got 0"),
        ({"require": 99}, "--require must be 1 to 87"),
        ({"seed": -1}, "--seed must be 0 or more, got -1"),
        ({"adapter": "missing.py"}, "the adapter file 'missing.py' does not exist"),
        ({"adapter": "no.such.module:ADAPTER"}, "No module named 'no'"),
        ({"adapter": "conformance.adapters.builtin.reference:ADAPTR"}, "has no 'ADAPTR'; its adapters: ADAPTER"),
        ({"adapter": "conformance.contract:CLAUSES"}, "is a tuple, not a conformance.adapter.Adapter"),
    ],
)
def test_wrong_options_name_what_is_wrong_and_what_would_be_right(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as error:
        resolve(Options(**options))
    assert says in str(error.value)


def test_seed_is_fixed_for_quick_and_new_for_thorough() -> None:
    assert resolve().seed == resolve().seed
    assert resolve(Options(profile="thorough")).seed != resolve(Options(profile="thorough")).seed
    assert resolve(Options(seed=5)).seed == 5
