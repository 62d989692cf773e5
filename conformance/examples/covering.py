"""A few scans out of many drawn ones: those that together have most pairs of features, and the plainest of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heapreplace
from itertools import combinations

from hypothesis.strategies import SearchStrategy

from conformance.examples.drawing import draw
from conformance.examples.scan_features import ASKED, NOTHING_WRITTEN, features
from fixtures.tables.model import rows_selected
from strategies.recorded import is_recorded
from strategies.specs import ScanSpec

__all__ = ["chosen", "covering", "plainest"]

# So many scans are drawn for each that is chosen.
CHOSEN_FROM = 8


def plainest(scans: Sequence[ScanSpec], wanted: Collection[str] = ASKED) -> list[ScanSpec]:
    """Return for each thing that is wanted the scan that asks it and has least besides.

    One with many features hides what it would tell of one behind what it tells of another.
    """
    sound = [(scan, has) for scan in scans if (has := features(scan))]
    sound.sort(key=lambda each: (len(each[1]), len(repr(each[0]))))
    found = (next((scan for scan, has in sound if asked in has and _shows(scan, asked)), None) for asked in wanted)
    return list(dict.fromkeys(scan for scan in found if scan is not None))


def _shows(scan: ScanSpec, asked: str) -> bool:
    """Return whether there are rows in which something can show: over none everything is plain.

    One row is enough where it is asked for: it may be missing. Recorded tables are made no smaller, and so tell less
    of what goes wrong: they are for what only they have.
    """
    if is_recorded(scan.history) and "Spark" not in asked:
        return False
    least = 2 if scan.row_filter is None else 1
    return asked == NOTHING_WRITTEN or rows_selected(scan).num_rows >= least


def chosen(strategy: SearchStrategy[ScanSpec], count: int, seed: int) -> list[ScanSpec]:
    """Return ``count`` scans, those that meet most of many drawn from the seed; the richest come first."""
    drawn: list[ScanSpec] = []
    draw(strategy, count * CHOSEN_FROM, seed, drawn.append)
    return covering(drawn, count)


def covering(scans: Sequence[ScanSpec], count: int) -> list[ScanSpec]:
    """Return at most ``count`` of the scans, each time one that has most pairs of features which none before it has.

    Of several the first, so that the same scans give the same choice.
    """
    pairs = [set(combinations(sorted(features(scan)), 2)) for scan in scans]
    # What one adds only becomes less, so it is counted anew where it would be next, and not for all each time.
    waiting = [(-len(has), i) for i, has in enumerate(pairs)]
    heapify(waiting)
    chosen: list[ScanSpec] = []
    met: set[tuple[str, str]] = set()
    while waiting and len(chosen) < count:
        _, best = waiting[0]
        now = (-len(pairs[best] - met), best)
        heapreplace(waiting, now)
        if waiting[0] == now:
            heappop(waiting)
            met |= pairs[best]
            chosen.append(scans[best])
    return chosen
