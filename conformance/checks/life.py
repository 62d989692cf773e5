"""LIFE: lifecycles."""

from __future__ import annotations

from conformance.checks.check import Judged, verifies
from conformance.transports.journey import Journey


@verifies("LIFE-1", units=("lifecycles",), journeys=False)
def lives_in_any_order(journey: Journey) -> Judged:
    """A journey has only one order of steps, and tells nothing of others: see conformance/run/lifecycles.py."""
    yield from ()
