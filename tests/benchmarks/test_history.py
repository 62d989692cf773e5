"""The page of real fixes says of each which examples broke a clause before it, and do not after."""

from __future__ import annotations

from benchmarks.history import Fix, Row, Seen, fixed, page

ROWS = [
    Row(
        Fix("aaaa", "a branch could not be read"),
        Seen({"SCAN-1": "2 ≠ 1: ScanSpec(…)", "SCAN-3": "x"}),
        Seen({"SCAN-1": "y", "SCAN-3": "x"}),
        frozenset({"SCAN-1"}),
    ),
    Row(Fix("bbbb", "batches were too small"), Seen({"SCAN-3": "x"}), Seen({"SCAN-3": "x"}), frozenset()),
    Row(Fix("cccc", "nothing imports"), Seen({}, "ImportError: no"), Seen({}), frozenset()),
]


def test_what_a_fix_mended_is_shown_with_its_example() -> None:
    text = page(ROWS, Seen({"SCAN-4": "1 ≠ 0"}))
    assert "| `aaaa` | a branch could not be read | SCAN-1, SCAN-3 | SCAN-1, SCAN-3 | SCAN-1 |" in text
    assert "- `aaaa`, SCAN-1: `2 ≠ 1: ScanSpec(…)`" in text
    assert "`aaaa`, SCAN-3" not in text
    assert "- SCAN-4: `1 ≠ 0`" in text


def test_what_no_example_shows_is_not_claimed() -> None:
    text = page(ROWS, Seen({}))
    assert "| `bbbb` | batches were too small | SCAN-3 | SCAN-3 | nothing that is seen |" in text
    assert "| `cccc` | nothing imports | ImportError: no | nothing | nothing that is seen |" in text


def test_a_clause_is_mended_where_every_example_of_it_is() -> None:
    said = "SCAN-1-0123abcd: fixed\n  A scan.\nSCAN-3-0123abcd: still violated\nSCAN-3-1123abcd: fixed\n"
    assert fixed(said) == {"SCAN-1"}
