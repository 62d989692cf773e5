"""SCAN: what a data loader plans."""

from __future__ import annotations

from conformance.checks.check import Judged, verifies
from conformance.contract import CLAUSES
from conformance.transports.journey import Journey

__all__ = [
    "AFTER_MORE",
    "BATCH_SIZE",
    "CASE",
    "DELETES",
    "EVOLUTION",
    "FAMILY",
    "FILE_IO",
    "IN_AN_OUTAGE",
    "MISSING",
    "NEXT_PLANNING",
    "NO_CATALOG",
    "OF_SIZES",
    "OF_THE_SPLITS",
    "OUTAGE",
    "PINNED",
    "PLANNED_ELSEWHERE",
    "ROWS",
    "SELECTION",
    "SPLIT_SIZE",
    "TRANSFORMATION",
    "TWICE",
    "UNIT",
]

FAMILY = "SCAN"
UNIT = "scans"
# The case of a difference in what the splits of a scan give together.
OF_THE_SPLITS = "of the splits of a scan"
# Which of these goes wrong only there: it does not where a scan is planned in UTC.
PLANNED_ELSEWHERE = "planned where clocks are 12:45 ahead of UTC"
# The case of a difference that shows after later commits, in what was planned before and in what is planned then.
AFTER_MORE = "after the commit of"
NEXT_PLANNING = f"of a second planning, {AFTER_MORE}"
# The case of what comes where sizes are asked for.
OF_SIZES = "asked for"
# The case of what comes of an outage while a scan is planned.
IN_AN_OUTAGE = "during the planning, of"
(
    ROWS,
    DELETES,
    EVOLUTION,
    TRANSFORMATION,
    SELECTION,
    PINNED,
    TWICE,
    NO_CATALOG,
    MISSING,
    CASE,
    FILE_IO,
    OUTAGE,
    SPLIT_SIZE,
    BATCH_SIZE,
    GROWTH,
) = (f"{FAMILY}-{number}" for number in range(1, 16))


def told_of_scans(journey: Journey) -> Judged:
    """A journey has one split, which was planned by nobody: see conformance/run/planning_loader.py."""
    yield from ()


for _clause in CLAUSES:
    if _clause.family == FAMILY:
        verifies(_clause.id, units=(UNIT,), journeys=False)(told_of_scans)
