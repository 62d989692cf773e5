"""IO: the FileIO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.checks import Outcome, verifies
from conformance.observation import Difference, attempt, difference
from conformance.plain import Raised, plain_mapping, qualified_name
from conformance.remote import PICKLE, dumped
from conformance.transports.workers import call
from conformance.trip import AS_BUILT, Trip, not_carried
from fixtures.file_ios import VaultFileIO
from strategies.specs import FileIOSpec


@verifies("IO-1")
def class_arrives(trip: Trip) -> Outcome:
    yield from trip.built("FileIO class", _given_class(trip))
    yield from trip.arrives("FileIO class")


@verifies("IO-2")
def properties_arrive(trip: Trip) -> Outcome:
    yield from trip.built("FileIO properties", plain_mapping(trip.materials.file_io.properties))
    yield from trip.arrives("FileIO properties")
    if trip.refusal:
        return
    copies = {transport.name for transport in trip.transports if transport.clause == "WIRE-3"}
    for transport, arrivals in trip.arrivals.items():
        for arrival in arrivals:
            if transport not in copies and arrival.observation and "FileIO mapping" in arrival.observation:
                yield transport, difference("dict", arrival.observation["FileIO mapping"], "type of the properties")


@verifies("IO-3")
def table_location_chooses(trip: Trip) -> Outcome:
    if trip.spec is not None and trip.spec.file_io.chosen_by == "location":
        yield from class_arrives(trip)


@verifies("IO-4")
def py_io_impl_is_honoured(trip: Trip) -> Outcome:
    if trip.spec is not None and trip.spec.file_io.chosen_by == "py-io-impl":
        named = trip.materials.file_io_properties["py-io-impl"]
        yield from trip.built("FileIO class", named)
        yield from trip.arrives("FileIO class")


@verifies("IO-5")
def same_files_are_opened(trip: Trip) -> Outcome:
    if trip.refusal or "FileIO opens" not in trip.sent:
        return
    failed = [f"{path}: {seen}" for path, seen in trip.sent["FileIO opens"].items() if isinstance(seen, Raised)]
    yield AS_BUILT, Difference("FileIO opens", "the split's files", failed[0]) if failed else None
    yield from trip.arrives("FileIO opens")


@verifies("IO-6")
def used_file_io_can_be_sent(trip: Trip) -> Outcome:
    """Judged where the FileIO has opened a file, or is of a class that holds a lock and handles."""
    if trip.refusal or trip.spec is None or trip.example.variant is None:
        return
    configuration = trip.spec.file_io
    if not configuration.used and configuration.implementation != "vault":
        return
    for transport, arrivals in trip.arrivals.items():
        if trip.can_carry(transport):
            failure = next(filter(None, map(not_carried, arrivals)), None)
            yield transport, failure if failure and _carried_otherwise(trip, transport) else None
    yield from _connection_stays_behind(trip)


def _connection_stays_behind(trip: Trip) -> Outcome:
    """Judged in another process: in this one a loader may well share a connection between splits."""
    given = trip.materials.file_io
    if trip.adapter.file_io is None or not isinstance(given, VaultFileIO) or given.connection is None:
        return
    payload = attempt(dumped, trip.split, PICKLE)
    if isinstance(payload, bytes):
        held = call(trip.adapter, "first", "connection", payload)
        if not isinstance(held, Raised):
            yield "pickle", difference(None, held if held == given.connection else None, "connection of the FileIO")


def _carried_otherwise(trip: Trip, transport: str) -> bool:
    """Whether the split is carried there with a FileIO that has opened nothing: else the FileIO is not at fault."""
    assert trip.example.variant is not None
    split = attempt(trip.adapter.build, trip.example.variant(file_io=FileIOSpec()))
    sender = next(each for each in trip.transports if each.name == transport)
    return not any(map(not_carried, sender.send(trip.adapter, split, trip.example.question)))


@verifies("IO-7")
def configurations_stay_apart(trip: Trip) -> Outcome:
    """Two splits that differ in the value of one property, or in its type, travel together, and each keeps its own."""
    if trip.refusal or trip.spec is None or trip.example.variant is None or trip.adapter.file_io is None:
        return
    for values in (("one tenant", "two tenants"), ("7", 7)):
        yield from _stay_apart(trip, values)


def _stay_apart(trip: Trip, values: tuple[Any, Any]) -> Outcome:
    assert trip.spec is not None
    assert trip.example.variant is not None
    assert trip.adapter.file_io is not None
    own = trip.spec.file_io.properties
    pair = [
        attempt(trip.adapter.build, trip.example.variant(file_io_properties=(*own, ("tenant.secret", value))))
        for value in values
    ]
    if any(isinstance(split, Raised) for split in pair):
        return
    given = _properties(trip.adapter.file_io, pair)
    if isinstance(given, Raised):
        return
    yield AS_BUILT, difference(repr(values[1]), given[1].get("'tenant.secret'"), "FileIO properties of the second")
    for transport in trip.transports:
        carry = getattr(transport, "carry", None)
        if carry is None or transport.name == "copy" or not trip.can_carry(transport.name):
            continue
        arrived = attempt(carry, pair)
        if isinstance(arrived, list):
            there = _properties(trip.adapter.file_io, arrived)
            yield transport.name, difference(given, there, "FileIO properties of two splits")


def _properties(file_io: Callable[[Any], Any], splits: Sequence[Any]) -> Any:
    """Return the FileIO properties of each split, or how one could not be shown."""
    return attempt(lambda: [plain_mapping(file_io(split).properties) for split in splits])


def _given_class(trip: Trip) -> str:
    return qualified_name(type(trip.materials.file_io))
