"""CTX: what is scanned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.checks import Outcome, verifies
from conformance.observation import Difference, attempt, difference
from conformance.plain import (
    Raised,
    plain_expression,
    plain_mapping,
    plain_metadata,
    plain_schema,
    plain_task,
)
from conformance.trip import AS_BUILT, Trip


@verifies("CTX-1")
def row_filter_arrives(trip: Trip) -> Outcome:
    yield from trip.built("row filter", plain_expression(trip.materials.row_filter))
    yield from trip.arrives("row filter")
    if trip.spec is not None and trip.spec.row_filter is not None and trip.adapter.row_filter is None:
        yield from trip.arrives("rows", raised=False)  # READ-1 judges whether it can be read at all
    yield from _filters_stay_apart(trip)


def _filters_stay_apart(trip: Trip) -> Outcome:
    """The split, and one of the same table without a filter, travel together: each keeps its own."""
    read = trip.adapter.row_filter
    if trip.refusal or read is None or trip.example.variant is None or trip.spec.row_filter is None:
        return
    other = attempt(trip.adapter.build, trip.example.variant(row_filter=None))
    if isinstance(other, Raised):
        return
    pair = [trip.split, other]
    given = _filters(read, pair)
    if isinstance(given, Raised):
        return
    for transport in trip.transports:
        carry = getattr(transport, "carry", None)
        if carry is None or not trip.can_carry(transport.name):
            continue
        arrived = attempt(carry, pair)
        if isinstance(arrived, list):
            yield transport.name, difference(given, _filters(read, arrived), "row filters of two splits")


def _filters(read: Callable[[Any], Any], splits: Sequence[Any]) -> Any:
    """Return the filter of each split, or how one could not be shown."""
    return attempt(lambda: [plain_expression(read(split)) for split in splits])


@verifies("CTX-2")
def projected_schema_arrives(trip: Trip) -> Outcome:
    yield from trip.built("projected schema", plain_schema(trip.materials.projected_schema))
    yield from trip.arrives("projected schema")


@verifies("CTX-3")
def table_metadata_arrives(trip: Trip) -> Outcome:
    yield from trip.built("table metadata", plain_metadata(trip.materials.table_metadata))
    yield from trip.arrives("table metadata")


@verifies("CTX-4")
def scan_tasks_arrive(trip: Trip) -> Outcome:
    yield from trip.built("scan tasks", [plain_task(trip.materials.file_scan_task)])
    yield from trip.arrives("scan tasks")


@verifies("CTX-5")
def table_properties_arrive_and_are_read_only(trip: Trip) -> Outcome:
    yield from trip.built("table properties", plain_mapping(trip.materials.table_metadata.properties))
    yield from trip.arrives("table properties")
    if trip.refusal:
        return
    yield AS_BUILT, _changed(trip.sent.get("read-only"))
    for transport, arrivals in trip.arrivals.items():
        for arrival in arrivals:
            if arrival.observation is not None:
                yield transport, _changed(arrival.observation.get("read-only"))


@verifies("CTX-6")
def one_scan_shares_its_context(trip: Trip) -> Outcome:
    """Not judged where a split makes its context anew at each look: no two looks give one object, wherever it is."""
    if trip.refusal or trip.adapter.build_scan is None or trip.adapter.scan_context is None:
        return
    splits = attempt(trip.adapter.build_scan, [trip.example.make(), trip.example.make()])
    context = trip.adapter.scan_context
    if isinstance(splits, Raised) or attempt(_all_one, context, [splits[0], splits[0]]) is not True:
        return
    for transport in trip.transports:
        carry = getattr(transport, "carry", None)
        if carry is None or not trip.can_carry(transport.name):
            continue
        arrived = attempt(carry, list(splits))
        if isinstance(arrived, list):
            shared = attempt(_all_one, context, arrived)
            seen = str(shared) if isinstance(shared, Raised) else "two objects"
            yield (
                transport.name,
                None if shared is True else Difference("scan contexts of one scan", "one object", seen),
            )


def _all_one(context: Callable[[Any], Any], splits: Sequence[Any]) -> bool:
    first, *others = map(context, splits)
    return all(other is first for other in others)


def _changed(outcome: object) -> Difference | None:
    if isinstance(outcome, Raised):
        return Difference("read-only", "table properties", str(outcome))
    return difference(dict.fromkeys(outcome, "kept"), outcome, "read-only") if isinstance(outcome, dict) else None
