"""The kill matrix counts a catch by the clause that a defect breaks, and nothing else, for one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import kill_matrix
from benchmarks.kill_matrix import MARKDOWN, Row, page, row_of, summary
from conformance.transports.in_process import IN_PROCESS
from strategies import ColumnSpec, SplitSpec, SqlPlanSpec, TableSpec

PLANNED = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1,)),)), plan=SqlPlanSpec('SELECT * FROM "t"'))


@pytest.fixture(autouse=True)
def one_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kill_matrix, "PINNED", (PLANNED,))
    monkeypatch.setattr(kill_matrix, "designed_splits", lambda: (PLANNED, PLANNED))
    monkeypatch.setattr(kill_matrix, "TRANSPORTS", tuple(t for t in IN_PROCESS if t.name == "pickle-5"))


def test_catch_is_counted_with_its_example(tmp_path: Path) -> None:
    row = row_of("plan-as-bytearray", str(tmp_path))
    assert (row.stage, row.examples, row.failed) == ("pinned", 1, "")
    assert row.example == repr(PLANNED)
    assert row.expected != row.actual
    assert row.broken["PLAN-3"] == 1
    assert row.cpu_seconds > 0
    assert (row.alone, row.alone_examples) == ("designed", 1)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (Row("x", "ID-1", "as it comes"), "survives: as it comes"),
        (Row("x", "ID-1", "as it comes", broken=Counter({"IO-1": 2})), "survives: as it comes; only IO-1 broke"),
        (Row("x", "ID-1", "", stage="pinned", error="OSError: full"), "the suite failed: OSError: full"),
        (Row("reference", "", "conforms", broken=Counter({"IO-1": 1})), "the reference breaks IO-1: a false alarm"),
        (Row("reference", "", "conforms"), ""),
        (Row("x", "ID-1", "", stage="designed", broken=Counter({"ID-1": 1})), ""),
    ],
)
def test_what_speaks_against_the_suite(row: Row, why: str) -> None:
    assert row.failed == why


def test_page_and_figures_tell_caught_from_missed() -> None:
    caught = Row("one", "ID-1", "s", "pinned", 3, 0.5, "designed", 4, broken=Counter({"ID-1": 2, "WIRE-5": 1}))
    rows = [Row("reference", "", "conforms"), caught, Row("two", "IO-1", "s")]
    assert summary(rows) == {
        "defects": 2,
        "caught": 1,
        "clauses": 1,
        "median CPU seconds": 0.5,
        "most CPU seconds": 0.5,
        "caught by": {"pinned": 1},
        "caught without pinned examples": 1,
    }
    text = page(rows)
    assert "1 of 2 seeded defects" in text
    assert '<td class="cell own">2</td>' in text
    assert '<td class="cell other">1</td>' in text
    assert '<td class="cell missed">✗</td>' in text
    text = page(rows, MARKDOWN)
    assert "| ID-1 | `one` | s | pinned | 3 | 0.5 | 4 | WIRE-5 |" in text
    assert "| IO-1 | `two` | s | **nothing** | 0 | 0.0 | **never** |  |" in text
