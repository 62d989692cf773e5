"""IO: the FileIO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from conformance.adapter import Capability
from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.raised import Hung, Raised, attempt
from conformance.observation.values import plain_mapping
from conformance.transports.journey import NOT_SUPPORTED, Journey, not_carried
from conformance.transports.transport import AS_BUILT
from conformance.transports.worker_tasks import PICKLE, dumped
from fixtures.file_ios import SCOPE, VAULT_EXPIRES, VaultFileIO
from strategies.specs import FileIOSpec


@verifies("IO-1", arrivals=True)
def class_arrives(journey: Journey) -> Judged:
    yield from journey.given("FileIO class")
    yield from journey.arrives("FileIO class")


@verifies("IO-2", arrivals=True)
def properties_arrive(journey: Journey) -> Judged:
    yield from journey.given("FileIO properties")
    yield from journey.arrives("FileIO properties")
    if journey.refusal:
        return
    copies = {transport.name for transport in journey.transports if transport.copies}
    for transport, arrivals in journey.arrivals.items():
        for arrival in arrivals:
            if transport not in copies and arrival.observation and "FileIO mapping" in arrival.observation:
                where = Place(Step.ARRIVE, "FileIO mapping", arrival.hop)
                yield transport, difference("dict", arrival.observation["FileIO mapping"], where)


@verifies("IO-3", arrivals=True)
def table_location_chooses(journey: Journey) -> Judged:
    if journey.spec is not None and journey.spec.file_io.chosen_by == "location":
        yield from class_arrives(journey)


@verifies("IO-4", arrivals=True)
def py_io_impl_is_honoured(journey: Journey) -> Judged:
    if journey.spec is not None and journey.spec.file_io.chosen_by == "py-io-impl":
        named = journey.materials.file_io_properties["py-io-impl"]
        yield from journey.built("FileIO class", named)
        yield from journey.arrives("FileIO class")


@verifies("IO-5", arrivals=True, units=("stores",))
def same_files_are_opened(journey: Journey) -> Judged:
    if journey.refusal or "FileIO opens" not in journey.sent:
        return
    failed = [f"{path}: {seen}" for path, seen in journey.sent["FileIO opens"].items() if isinstance(seen, Raised)]
    yield AS_BUILT, Difference(Place(Step.LOOK, "FileIO opens"), "the split's files", failed[0]) if failed else None
    yield from journey.arrives("FileIO opens")


@verifies("IO-6", arrivals=True)
def used_file_io_can_be_sent(journey: Journey) -> Judged:
    """Judged where the FileIO has opened a file, or is of a class that holds a lock and handles."""
    if journey.refusal or journey.spec is None or journey.example.variant is None:
        return
    configuration = journey.spec.file_io
    if not configuration.used and configuration.implementation != "vault":
        return
    for transport, arrivals in journey.arrivals.items():
        if journey.can_carry(transport):
            # What ends or hangs a process is told by the clause of the transport.
            arrived = [arrival for arrival in arrivals if not (arrival.died or arrival.hangs)]
            failure = next(filter(None, map(not_carried, arrived)), None)
            yield transport, failure if failure and _carried_otherwise(journey, transport) else None
    yield from _connection_stays_behind(journey)


def _connection_stays_behind(journey: Journey) -> Judged:
    """Judged in another process: in this one a loader may well share a connection between splits."""
    given = journey.materials.file_io
    if journey.adapter.file_io is None or not isinstance(given, VaultFileIO) or given.connection is None:
        return
    payload = attempt(dumped, journey.split, PICKLE)
    if isinstance(payload, bytes):
        held = journey.ask_worker("first", "held_by_file_io", payload, "connection")
        if not isinstance(held, Raised):
            yield (
                "pickle",
                difference(None, held if held == given.connection else None, Place(Step.ARRIVE, "connection", 1)),
            )


def _carried_otherwise(journey: Journey, transport: str) -> bool:
    """Whether the split is carried there with a FileIO that has opened nothing: else the FileIO is not at fault."""
    assert journey.example.variant is not None
    split = attempt(journey.adapter.build, journey.example.variant(file_io=FileIOSpec()))
    sender = next(each for each in journey.transports if each.name == transport)
    return not any(map(not_carried, sender.send(journey.adapter, split, journey.example.question)))


@verifies("IO-7", together=True, units=("stores",), one_in=6)
def configurations_stay_apart(journey: Journey) -> Judged:
    """Two splits that differ in the value of one property, or in its type, travel together, and each keeps its own."""
    if journey.refusal or journey.spec is None or journey.example.variant is None or journey.adapter.file_io is None:
        return
    for values in (("one tenant", "two tenants"), ("7", 7)):
        yield from _stay_apart(journey, values)


def _stay_apart(journey: Journey, values: tuple[Any, Any]) -> Judged:
    assert journey.spec is not None
    assert journey.example.variant is not None
    assert journey.adapter.file_io is not None
    own = journey.spec.file_io.properties
    pair = [
        attempt(journey.adapter.build, journey.example.variant(file_io_properties=(*own, ("tenant.secret", value))))
        for value in values
    ]
    if any(isinstance(split, Raised) for split in pair):
        return
    given = _properties(journey.adapter.file_io, pair)
    if isinstance(given, Raised):
        return
    for place, value in enumerate(values):
        shown = f"tenant.secret = {given[place].get(repr('tenant.secret'))} in the {ORDINALS[place]} of two splits"
        wanted = f"tenant.secret = {value!r} in the {ORDINALS[place]} of two splits"
        yield AS_BUILT, None if shown == wanted else Difference(Place(Step.LOOK, *TWO), wanted, shown)
    for transport, arrived in journey.carried_together(pair):
        if transport.name != "copy" and isinstance(arrived, list):
            there = _properties(journey.adapter.file_io, arrived)
            yield transport.name, difference(given, there, Place(Step.ARRIVE, *TWO))


ORDINALS = ("first", "second")
# The part and the number of trips of two splits that differ in one property.
TWO = ("FileIO properties of two splits", 1)


def _properties(file_io: Callable[[Any], Any], splits: Sequence[Any]) -> Any:
    """Return the FileIO properties of each split, or how one could not be shown."""
    return attempt(lambda: [plain_mapping(file_io(split).properties) for split in splits])


@verifies("IO-8", one_in=4)  # not of arrivals: a loader that refuses such a FileIO sends nothing
def what_is_no_property_is_kept_or_refused(journey: Journey) -> Judged:
    """The split is built with a FileIO whose constructor takes more, and with one that was told more later."""
    if journey.refusal or journey.example.variant is None or journey.adapter.file_io is None:
        return
    for implementation, how in MORE.items():
        given = attempt(partial(journey.example.variant, file_io=FileIOSpec("instance", implementation)))
        if isinstance(given, Raised):
            continue
        split = attempt(journey.adapter.build, given)
        if isinstance(split, Raised):
            named = type(given.file_io).__name__ in split.message or split.type == NOT_SUPPORTED
            where = Place(Step.BUILD, case="with a FileIO", variant=how)
            expected = f"a split, or an error that names {type(given.file_io).__name__}"
            yield AS_BUILT, None if named else Difference(where, expected, str(split))
            continue
        where = Place(Step.LOOK, "FileIO scope", case="of a FileIO", variant=how)
        yield AS_BUILT, difference(SCOPE, attempt(_scope, journey.adapter.file_io, split), where)
        for transport, arrived in journey.carried_together(split):
            there = arrived if isinstance(arrived, Raised) else attempt(_scope, journey.adapter.file_io, arrived)
            yield transport.name, difference(SCOPE, there, replace(where, step=Step.ARRIVE, hop=1))
        payload = attempt(dumped, split, PICKLE)
        if isinstance(payload, bytes):
            elsewhere = journey.ask_worker("first", "held_by_file_io", payload, "scope")
            yield "worker", difference(SCOPE, elsewhere, replace(where, step=Step.ARRIVE, hop=1))


MORE = {"scoped": "whose constructor takes more than properties", "configured": "that was told more once it was made"}


def _scope(file_io: Callable[[Any], Any], split: Any) -> str | None:
    return getattr(file_io(split), "scope", None)


@verifies("IO-9", together=True, one_in=8)
def credentials_end_when_they_say(journey: Journey) -> Judged:
    """Two splits travel together, and the credentials of the first have expired; each is read before the other."""
    if journey.refusal or journey.spec is None or journey.example.variant is None:
        return
    own = journey.spec.file_io.properties
    expired, valid = (
        attempt(_with_credentials, journey, (*own, (VAULT_EXPIRES, str(ends)))) for ends in (LONG_AGO, NOT_YET)
    )
    if isinstance(expired, Raised) or isinstance(valid, Raised):
        return
    payload = attempt(dumped, expired, PICKLE)
    if isinstance(payload, bytes) and isinstance(hung := journey.read_that_should_fail("IO-9", payload), Hung):
        where = Place(Step.READ, "rows", case="where credentials have expired", variant="expired alone")
        yield AS_BUILT, Difference(where, "an error that says 'expired'", str(hung))
        return
    rows = journey.observe("rows", split=valid)["rows"]
    if isinstance(rows, Raised):
        return  # READ-1 judges what cannot be read
    # What a process shares, it shares whichever way the splits have come: one way is enough.
    alone = dict(islice(journey.carried_together([valid]), 1))
    for transport, arrived in islice(journey.carried_together([expired, valid]), 1):
        if isinstance(arrived, Raised) or isinstance(alone[transport], Raised):
            continue  # the WIRE clauses judge what cannot be carried
        if journey.observe("rows", split=alone[transport][0])["rows"] != rows:
            continue  # IO-1 and READ-1 judge what cannot be read where it arrives
        for order in ((0, 1), (1, 0)):
            seen = {i: journey.observe("rows", split=arrived[i])["rows"] for i in order}
            first = "expired" if order[0] == 0 else "valid"
            where = Place(Step.READ, "rows", 1, case="where credentials have expired", variant=f"{first} first")
            renewed = Capability.RENEWS in journey.adapter.capabilities and not isinstance(seen[0], Raised)
            yield transport.name, difference(rows, seen[0], where) if renewed else _says_expired(seen[0], where)
            yield transport.name, difference(rows, seen[1], where)


# When credentials end, in milliseconds since 1970.
LONG_AGO, NOT_YET = 1_000, 2**42


def _with_credentials(journey: Journey, properties: tuple[tuple[str, Any], ...]) -> Any:
    """Return a split of the same table whose files are in a vault, which takes its credentials from the properties."""
    assert journey.example.variant is not None
    file_io = FileIOSpec("instance", "vault", properties=properties)
    return journey.adapter.build(journey.example.variant(file_io=file_io))


def _says_expired(seen: Any, where: Place) -> Difference | None:
    """Return how the end of the credentials is not told."""
    told = isinstance(seen, Raised) and "expired" in seen.message
    shown = str(seen) if isinstance(seen, Raised) or seen is None else f"{len(seen.rows)} rows"
    return None if told else Difference(where, "an error that says 'expired'", shown)
