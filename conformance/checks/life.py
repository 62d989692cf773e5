"""LIFE: lifecycles."""

from __future__ import annotations

from conformance.checks import Outcome, verifies
from conformance.trip import Trip


@verifies("LIFE-1")
def lives_in_any_order(trip: Trip) -> Outcome:
    """A trip has one order of steps alone. Other orders are drawn, and judged, by :mod:`conformance.lifecycle`."""
    yield from ()
