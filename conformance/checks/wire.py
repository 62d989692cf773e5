"""WIRE: the transports themselves."""

from __future__ import annotations

from conformance.checks import Outcome, verifies
from conformance.observation import Difference, differing
from conformance.trip import Trip, not_carried


def carried(trip: Trip, clause_id: str) -> Outcome:
    """Yield, for each transport of the clause, whether the split could be carried there at all."""
    if trip.refusal:
        return
    for transport in trip.transports:
        if transport.clause == clause_id and trip.can_carry(transport.name):
            first = trip.arrivals[transport.name][0]
            yield transport.name, not_carried(first)


@verifies("WIRE-1")
def pickle_carries(trip: Trip) -> Outcome:
    yield from carried(trip, "WIRE-1")


@verifies("WIRE-2")
def cloudpickle_carries(trip: Trip) -> Outcome:
    yield from carried(trip, "WIRE-2")


@verifies("WIRE-3")
def copies_are_made(trip: Trip) -> Outcome:
    yield from carried(trip, "WIRE-3")


@verifies("WIRE-4")
def second_trip_changes_nothing(trip: Trip) -> Outcome:
    if trip.refusal:
        return
    for transport, arrivals in trip.arrivals.items():
        if len(arrivals) < 2 or arrivals[0].observation is None:
            continue
        second = arrivals[1]
        if second.observation is None:
            yield transport, not_carried(second)
        else:
            changed = next(differing(arrivals[0].observation, second.observation), None)
            yield (
                transport,
                changed and Difference(f"{changed[1].path}, after trip 2", changed[1].expected, changed[1].actual),
            )
