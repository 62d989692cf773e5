"""Object stores, each a unit of work that starts it, reads from it and stops it. Collected where one was asked for."""

from __future__ import annotations

from collections.abc import Callable

from conformance.findings import Findings
from conformance.survey import Survey
from conformance.through_stores import through_store


def test_store(survey: Survey, record: Callable[[Findings], None], store: str) -> None:
    """A table in one store, read by a process that has nothing but the split."""
    record(through_store(survey, store))
