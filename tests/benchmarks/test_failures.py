"""The page of what is answered when things fail."""

from __future__ import annotations

from pathlib import Path

from benchmarks.failures import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "failures.md"


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m benchmarks.failures > docs/failures.md"
