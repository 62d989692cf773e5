"""The log of reports says of each loader that was written from one whether it is caught."""

from __future__ import annotations

import re
from pathlib import Path

from fixtures.loaders.defects import DEFECTS, UNSHOWN

PAGE = Path(__file__).parents[2] / "docs" / "field_reports.md"


def test_log_tells_what_is_not_caught_yet() -> None:
    rows = re.findall(r"^\|.*\| `([a-z0-9-]+)` \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    passed = {name for name, caught in rows if caught.startswith("**passed**")}
    assert passed == set(UNSHOWN)
    others = {name: caught for name, caught in rows if name not in passed}
    assert others.keys() <= DEFECTS.keys()
    assert all(re.search(rf"\b{DEFECTS[name].clause}\b", caught) for name, caught in others.items()), others
