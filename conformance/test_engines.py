"""Engines, each a unit of work that starts it, carries splits and stops it. Collected where one was asked for."""

from __future__ import annotations

from collections.abc import Callable

from conformance.findings import Findings
from conformance.plugin import Run
from conformance.survey import Survey
from conformance.through_engines import through_engine
from conformance.transports.engines import Engine, Way


def test_engine(
    survey: Survey, record: Callable[[Findings], None], run: Run, engine: Engine, ways: tuple[Way, ...]
) -> None:
    """Splits through one engine, by each of the ways that are selected."""
    record(through_engine(survey, engine, ways, run.selection.profile, run.selection.seed))
