"""The units of work of a run. Each judges its examples on every selected clause, and fails where one is broken."""

from __future__ import annotations

from collections.abc import Callable

from conformance.exchange import departed
from conformance.findings import Findings
from conformance.fixed import PINNED
from conformance.lifecycle import live
from conformance.plugin import Run
from conformance.survey import Survey
from strategies import split_specs

Recorder = Callable[[Findings], None]


def test_drawn_splits(survey: Survey, record: Recorder, seconds: float | None, examples: int, seed: int) -> None:
    """Splits drawn from one seed; in a soak from one after another."""
    if seconds is None:
        record(survey.drawn(split_specs(), examples, seed))
    else:
        record(survey.drawn_for(seconds, split_specs(), examples, seed))


def test_drawn_plans(survey: Survey, record: Recorder, plans: int, seed: int) -> None:
    """Splits with a plan drawn from one seed, judged on what concerns the plan."""
    record(survey.of_plans().drawn(split_specs(with_plan=True), plans, seed))


def test_pinned_splits(survey: Survey, record: Recorder) -> None:
    """Splits that a drawn run reaches too rarely, and splits that once failed."""
    record(survey.pinned(PINNED))


def test_lifecycles(survey: Survey, record: Recorder, run: Run) -> None:
    """Splits in orders of steps drawn from the seed."""
    record(live(survey, run.selection.profile.lives, run.selection.seed))


def test_departed_driver(survey: Survey, record: Recorder) -> None:
    """Splits whose driver has ended before they are loaded."""
    checked = any(check.clause.id == "WIRE-5" for check in survey.checks)
    record(departed(survey.adapter, PINNED, survey.warehouse.root, survey.baseline) if checked else Findings())
