"""The page of real fixes says which scans are broken before each, and no more after it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.history import Broken, Fix, Loader, Mended, Pair, Row, page
from conformance.adapters.specimens import reference_of
from strategies.serialization import to_json
from strategies.simpler_scans import simpler_scans
from strategies.specs import Append, ColumnSpec, HistorySpec, Predicate, ScanSpec

ROWS = [
    Row(
        Fix("aaaa", "a branch could not be read"),
        Counter({"SCAN-1": 2, "SCAN-3": 1}),
        Counter({"SCAN-3": 1}),
        (Mended("SCAN-1", "2 ≠ 1: ScanSpec(…)"),),
        (Mended("SCAN-3", "3 ≠ 1: ScanSpec(!)"),),
    ),
    Row(Fix("bbbb", "batches were too small"), Counter({"SCAN-3": 1}), Counter({"SCAN-3": 1}), ()),
    Row(Fix("cccc", "nothing imports"), Counter(), Counter(), (), failed="ImportError: no"),
]
SCAN = ScanSpec(
    HistorySpec((ColumnSpec(1, "a", "long", (1, 2)),), (Append(), Append(3))), ("a",), Predicate("eq", "a", (1,))
)


def test_what_a_fix_mended_is_shown_with_its_example() -> None:
    text = page(ROWS, [{"clause": "SCAN-4", "expected": "1", "actual": "0", "example": "Scan Spec()"}], 7)
    assert "| `aaaa` | a branch could not be read | SCAN-1 (2), SCAN-3 (1) | SCAN-3 (1) | SCAN-1 | SCAN-3 |" in text
    assert "- `aaaa`, SCAN-1: `2 ≠ 1: ScanSpec(…)`" in text
    assert "- `aaaa`, SCAN-3: `3 ≠ 1: ScanSpec(!)`" in text
    assert "- SCAN-4: `1 ≠ 0: ScanSpec()`" in text


def test_what_no_scan_shows_is_not_claimed() -> None:
    text = page(ROWS, [], 7)
    assert "| `bbbb` | batches were too small | SCAN-3 (1) | SCAN-3 (1) | nothing that is seen | nothing |" in text
    assert "| `cccc` | nothing imports | ImportError: no | ImportError: no | nothing that is seen | nothing |" in text


@dataclass(frozen=True)
class Stub(Loader):
    """Breaks scans that have a filter, and those that have columns where it is said to."""

    columns_too: bool = False

    def judged(self, specs: Sequence[ScanSpec]) -> list[Broken | None]:
        """Say so."""
        broken = Broken("SCAN-5", "1", "0")
        return [broken if s.row_filter or (self.columns_too and s.columns) else None for s in specs]


def test_a_scan_is_made_smaller_while_the_fix_mends_it() -> None:
    nowhere = Path()
    pair = Pair(Stub(nowhere, nowhere, nowhere, columns_too=True), Stub(nowhere, nowhere, nowhere))
    assert pair.mended([SCAN]) == []  # broken after it too
    mended = pair.mended([each for each in simpler_scans(SCAN) if each.row_filter is None])
    assert mended
    smallest, broken = pair.smallest(*mended[0])
    assert smallest.columns == ("a",)
    assert smallest.row_filter is None
    assert len(smallest.history.operations) == 1
    assert broken.clause == "SCAN-5"


def test_scans_are_judged_in_the_interpreter_of_the_loader(tmp_path: Path) -> None:
    loader = Loader(Path(sys.executable), tmp_path, tmp_path)
    bare = ScanSpec(HistorySpec(SCAN.history.columns))
    given = "".join(f"{to_json(spec)}\n" for spec in (SCAN, bare))
    for adapter, clauses in (
        ("reference", [None, None]),
        (reference_of("filter-only-chooses-files"), ["SCAN-5", None]),
    ):
        ran = loader.run("benchmarks.judged_scans", adapter, given=given)
        found = [json.loads(line) for line in ran.stdout.splitlines()]
        assert [each and each[0] for each in found] == clauses, ran.stderr
