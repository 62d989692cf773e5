"""PLAN: the plan, from the driver's engine to the worker's."""

from __future__ import annotations

from conformance.checks import Outcome, verifies
from conformance.observation import Difference, attempt, difference
from conformance.plain import Raised, in_any_layout
from conformance.reachability import reachable
from conformance.trip import AS_BUILT, Trip


@verifies("PLAN-1")
def plan_is_encoded_while_building(trip: Trip) -> Outcome:
    session = trip.materials.session_context
    if trip.refusal or session is None:
        return
    if not any(event.kind == "encode" for event in trip.build_events):
        yield AS_BUILT, Difference("build", "the plan is encoded", "nothing was encoded")
    elif late := [event for event in trip.later_events if event.kind == "encode"]:
        yield AS_BUILT, Difference("after building", "nothing is encoded", f"{late[0].what} was encoded")
    else:
        yield AS_BUILT, None
    table = trip.materials.plan_spec
    assert table is not None
    schema = table.table[0] if len(table.table) > 1 else "public"
    session.catalog().schema(schema).deregister_table(table.table[-1])
    after = trip.observe("plan bytes")
    yield (
        AS_BUILT,
        difference(trip.sent["plan bytes"], after["plan bytes"], "plan bytes, after the session changed"),
    )


@verifies("PLAN-2")
def no_engine_handle_is_reachable(trip: Trip) -> Outcome:
    if trip.refusal or trip.materials.plan is None:
        return
    found = next(
        ((path, value) for path, value in reachable(trip.split) if type(value).__module__.startswith("datafusion")),
        None,
    )
    yield (
        AS_BUILT,
        found and Difference(found[0], "no handle into the engine", f"a {type(found[1]).__name__}"),
    )


@verifies("PLAN-3")
def plan_bytes_arrive(trip: Trip) -> Outcome:
    if trip.refusal or trip.materials.plan is None:
        return
    shown = trip.sent["plan bytes"]
    is_bytes = isinstance(shown, tuple) and shown[0] == "bytes"
    yield AS_BUILT, None if is_bytes else Difference("plan bytes", "immutable bytes", str(shown)[:200])
    yield from trip.arrives("plan bytes")


@verifies("PLAN-4")
def no_plan_arrives_as_none(trip: Trip) -> Outcome:
    if trip.materials.plan is None:
        yield from trip.built("plan bytes", None)
        yield from trip.arrives("plan bytes")


@verifies("PLAN-5")
def plan_computes_the_same(trip: Trip) -> Outcome:
    if trip.materials.plan is not None and not trip.refusal:
        yield from rows_as_expected(trip)
        yield from trip.arrives("rows")


def rows_as_expected(trip: Trip) -> Outcome:
    """Yield the difference between the rows that the split gives and those that the suite computed."""
    expected, actual = trip.expected_rows, trip.sent["rows"]
    if actual is None and not expected.rows:
        yield AS_BUILT, None  # no row and no batch, hence no schema to look at
    else:
        yield AS_BUILT, difference(in_any_layout(expected), in_any_layout(actual), "rows")


@verifies("PLAN-6")
def splits_of_one_plan_share_nothing(trip: Trip) -> Outcome:
    """Two splits built from the same objects share no container that a user could change, nor one that reading changes,
    but for what was given.
    """
    if trip.refusal or trip.materials.plan is None:
        return
    materials = trip.example.make()
    first, second = attempt(trip.adapter.build, materials), attempt(trip.adapter.build, materials)
    if isinstance(second, Raised):
        yield AS_BUILT, Difference("build a second split from one plan", "a split", str(second))
        return
    given = {id(value) for part in vars(materials).values() for _, value in reachable(part)}
    own = {id(value) for _, value in reachable(first) if isinstance(value, (list, dict, set, bytearray))} - given
    shared = [(path, value) for path, value in reachable(second) if id(value) in own]
    public = next((path for path, _ in shared if "._" not in path), None)
    before = [repr(value) for _, value in shared]
    trip.observe("rows", split=first)
    changed = (path for (path, value), text in zip(shared, before, strict=True) if repr(value) != text)
    path = public or next(changed, None)
    yield AS_BUILT, None if path is None else Difference(path, "its own", "shared with another split of the plan")


@verifies("PLAN-7")
def sql_text_arrives(trip: Trip) -> Outcome:
    yield from trip.built("SQL text", repr(trip.materials.transform_sql))
    yield from trip.arrives("SQL text")


@verifies("PLAN-8")
def sql_text_computes_the_same(trip: Trip) -> Outcome:
    if trip.materials.plan is None:
        return
    if trip.refusal:
        yield AS_BUILT, Difference("build with SQL text", "a split", str(trip.refusal))
        return
    yield from rows_as_expected(trip)
    yield from trip.arrives("rows")
