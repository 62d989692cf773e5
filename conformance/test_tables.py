"""Splits of real tables, each a unit of work. Collected where the profile takes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.findings import Findings
from conformance.fixed import TABLE_CASES, TableCase, table_example
from conformance.survey import Survey


@pytest.mark.parametrize("case", TABLE_CASES, ids=[case.name for case in TABLE_CASES])
def test_table_splits(
    survey: Survey, record: Callable[[Findings], None], case: TableCase, session_folder: Path
) -> None:
    """A split of a real table, planned by PyIceberg."""
    record(survey.fixed(table_example(case, session_folder)))
