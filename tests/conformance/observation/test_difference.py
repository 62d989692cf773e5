"""Where two values differ: one place, or each field of the parts whose fields are told by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.observation.difference import Place, Step, difference, differences
from conformance.observation.raised import Raised
from conformance.observation.values import Rows

TASK = {"file": {"column_sizes": {1: 8}, "spec_id": 0}, "residual": ("True",)}
OTHER = {"file": {"column_sizes": None, "spec_id": 7}, "residual": ("True",)}
A, B = ("a", "int64", True), ("b", "string", True)


def told(expected: Any, actual: Any, part: str) -> list[str]:
    return [str(found.place) for found in differences(expected, actual, Place(Step.LOOK, part)) if found]


def test_each_field_of_a_scan_task_is_told() -> None:
    fields = ["scan tasks[0]['file']['column_sizes']", "scan tasks[0]['file']['spec_id']"]
    assert told([TASK, TASK], [OTHER, OTHER], "scan tasks") == fields
    assert told(TASK, OTHER, "table metadata") == ["table metadata['file']['column_sizes']"]


def test_what_is_the_same_differs_nowhere() -> None:
    assert list(differences([TASK], [TASK], Place(Step.LOOK, "scan tasks"))) == [None]


def test_rows_are_told_as_rows_where_the_other_side_has_none() -> None:
    found = difference(
        Rows((A, B), ("(1, 'x')", "(2, 'y')")), Raised("builtins.ValueError", "no"), Place(Step.READ, "rows")
    )
    assert found is not None
    assert (found.expected, found.actual) == ("2 rows, among them (1, 'x')", "raises builtins.ValueError: no")


@pytest.mark.parametrize(
    ("actual", "places"),
    [
        (Rows((A, B), ("(1, 'x')",)), ["rows.rows"]),
        (Rows((B, A), ("('x', 1)", "('y', 2)")), ["rows.schema[0][0]"]),
        (Rows((B, A), ("('x', 1)",)), ["rows.rows", "rows.schema[0][0]"]),
    ],
    ids=["a row is lost", "columns in another order", "both"],
)
def test_lost_rows_are_told_beside_other_columns(actual: Rows, places: list[str]) -> None:
    expected = Rows((A, B), ("(1, 'x')", "(2, 'y')"))
    assert [place.partition("[")[0] for place in told(expected, actual, "rows")] == [
        place.partition("[")[0] for place in places
    ]
    assert difference(expected, actual, Place(Step.LOOK, "rows")) is not None
