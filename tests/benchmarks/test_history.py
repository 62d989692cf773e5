"""The page of real fixes says of each what is broken before it and not after."""

from __future__ import annotations

from benchmarks.history import Fix, Row, Seen, page

ROWS = [
    Row(
        Fix("aaaa", "a branch could not be read"),
        Seen({"SCAN-1": "2 ≠ 1: ScanSpec(…)", "SCAN-3": "x"}),
        Seen({"SCAN-3": "x"}),
    ),
    Row(Fix("bbbb", "batches were too small"), Seen({"SCAN-3": "x"}), Seen({"SCAN-3": "x"})),
    Row(Fix("cccc", "nothing imports"), Seen({}, "ImportError: no"), Seen({})),
]


def test_what_a_fix_mended_is_shown_with_its_example() -> None:
    text = page(ROWS, Seen({"SCAN-4": "1 ≠ 0"}))
    assert "| `aaaa` | a branch could not be read | SCAN-1, SCAN-3 | SCAN-3 | SCAN-1 |" in text
    assert "- `aaaa`, SCAN-1: `2 ≠ 1: ScanSpec(…)`" in text
    assert "`aaaa`, SCAN-3" not in text
    assert "- SCAN-4: `1 ≠ 0`" in text


def test_what_is_broken_on_both_sides_is_not_claimed() -> None:
    text = page(ROWS, Seen({}))
    assert "| `bbbb` | batches were too small | SCAN-3 | SCAN-3 | no |" in text
    assert "| `cccc` | nothing imports | ImportError: no | nothing | no |" in text
