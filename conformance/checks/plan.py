"""PLAN: the plan, from the driver's engine to the worker's."""

from __future__ import annotations

from typing import Any

from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Difference, Place, Step, difference, differences
from conformance.observation.raised import Raised, attempt
from conformance.observation.reachable import reachable
from conformance.observation.values import Rows, in_any_layout, plain_rows
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT
from strategies.specs import ColumnSpec, SqlPlanSpec, TableSpec


@verifies("PLAN-1")
def plan_is_encoded_while_building(journey: Journey) -> Judged:
    session = journey.materials.session_context
    if journey.refusal or session is None:
        return
    if not any(event.kind == "encode" for event in journey.build_events):
        yield AS_BUILT, Difference(Place(Step.BUILD, case="encoding"), "the plan is encoded", "nothing was encoded")
    elif late := [event for event in journey.later_events if event.kind == "encode"]:
        yield (
            AS_BUILT,
            Difference(Place(Step.LOOK, case="encoding"), "nothing is encoded", f"{late[0].what} was encoded"),
        )
    else:
        yield AS_BUILT, None
    table = journey.materials.plan_spec
    assert table is not None
    schema = table.table[0] if len(table.table) > 1 else "public"
    session.catalog().schema(schema).deregister_table(table.table[-1])
    after = journey.observe("plan bytes")
    where = Place(Step.LOOK, "plan bytes", case="after the session changed")
    yield (AS_BUILT, difference(journey.sent["plan bytes"], after["plan bytes"], where))


@verifies("PLAN-2")
def no_engine_handle_is_reachable(journey: Journey) -> Judged:
    if journey.refusal or journey.materials.plan is None:
        return
    handles = (
        Difference(
            Place(Step.LOOK, "reachable", variant=path), "no handle into the engine", f"a {type(value).__name__}"
        )
        for path, value in reachable(journey.split)
        if type(value).__module__.startswith("datafusion")
    )
    yield AS_BUILT, next(handles, None)


@verifies("PLAN-3", arrivals=True)
def plan_bytes_arrive(journey: Journey) -> Judged:
    if journey.refusal or journey.materials.plan is None:
        return
    shown = journey.sent["plan bytes"]
    is_bytes = isinstance(shown, tuple) and shown[0] == "bytes"
    yield (
        AS_BUILT,
        None
        if is_bytes
        else Difference(Place(Step.LOOK, "plan bytes", case="their type"), "immutable bytes", str(shown)[:200]),
    )
    yield from journey.arrives("plan bytes")


@verifies("PLAN-4", arrivals=True)
def no_plan_arrives_as_none(journey: Journey) -> Judged:
    if journey.materials.plan is None:
        yield from journey.built("plan bytes", None)
        yield from journey.arrives("plan bytes")


@verifies("PLAN-5", arrivals=True)
def plan_computes_the_same(journey: Journey) -> Judged:
    if journey.materials.plan is not None and not journey.refusal:
        yield from rows_as_expected(journey)
        yield from journey.arrives("rows")


def rows_as_expected(journey: Journey) -> Judged:
    """Yield the difference between the rows that the split gives and those that the suite computed."""
    expected, actual = journey.expected_rows, journey.sent["rows"]
    if actual is None and not expected.rows:
        yield AS_BUILT, None  # no row and no batch, hence no schema to look at
    else:
        found = differences(in_any_layout(expected), in_any_layout(actual), Place(Step.LOOK, "rows"))
        yield from ((AS_BUILT, each) for each in found)


@verifies("PLAN-6", one_in=6)
def splits_of_one_plan_share_nothing(journey: Journey) -> Judged:
    """Two splits built from the same objects share no container that a user could change, nor one that reading changes,
    but for what was given.
    """
    if journey.refusal or journey.materials.plan is None:
        return
    materials = journey.example.make()
    first, second = attempt(journey.adapter.build, materials), attempt(journey.adapter.build, materials)
    if isinstance(second, Raised):
        yield AS_BUILT, Difference(Place(Step.BUILD, case="of a second split from one plan"), "a split", str(second))
        return
    given = {id(value) for part in vars(materials).values() for _, value in reachable(part)}
    own = {id(value) for _, value in reachable(first) if isinstance(value, (list, dict, set, bytearray))} - given
    shared = [(path, value) for path, value in reachable(second) if id(value) in own]
    public = next((path for path, _ in shared if "._" not in path), None)
    before = [repr(value) for _, value in shared]
    journey.observe("rows", split=first)
    changed = (path for (path, value), text in zip(shared, before, strict=True) if repr(value) != text)
    path = public or next(changed, None)
    where = Place(Step.LOOK, "reachable", case="shared by splits of one plan", variant=path or "")
    yield AS_BUILT, None if path is None else Difference(where, "its own", "shared with another split of the plan")


# Queries whose rows depend on when they run, and on nothing of the table.
UNSETTLED = ("now()", "random()", "uuid()")


@verifies("PLAN-9", one_in=8)  # it makes a table and plans of its own
def readings_agree_on_what_is_not_of_the_rows(journey: Journey) -> Judged:
    if journey.materials.plan is None or journey.example.variant is None or not journey.adapter.applies_transforms:
        return
    for called in UNSETTLED:
        changes = {**ONE_ROW, "plan": unsettled(called), "registry": None}
        split = attempt(journey.adapter.build, journey.example.variant(**changes))
        if isinstance(split, Raised):
            yield AS_BUILT, None
            continue
        first, second = (attempt(_exact_rows, journey, split) for _ in "12")
        where = Place(Step.READ, "rows", case="of a second reading, of a query that calls", variant=called)
        yield AS_BUILT, difference(first, second, where)


def _exact_rows(journey: Journey, split: Any) -> Rows | None:
    return plain_rows(journey.adapter.read(split), exact=True)


def unsettled(called: str) -> SqlPlanSpec:
    """Return a plan that takes its one column from elsewhere than the rows."""
    return SqlPlanSpec(f'SELECT {called} AS x FROM "t"')


# A table of one number and one row, without anything else.
ONE_ROW: dict[str, Any] = {
    "table": TableSpec((ColumnSpec(1, "a", "long", (1,)),)),
    "row_filter": None,
    "projection": None,
}


@verifies("PLAN-7", arrivals=True)
def sql_text_arrives(journey: Journey) -> Judged:
    yield from journey.given("SQL text")
    yield from journey.arrives("SQL text")


@verifies("PLAN-8", arrivals=True)
def sql_text_computes_the_same(journey: Journey) -> Judged:
    if journey.materials.plan is None:
        return
    if journey.refusal:
        yield AS_BUILT, Difference(Place(Step.BUILD), "a split", str(journey.refusal))
        return
    yield from rows_as_expected(journey)
    yield from journey.arrives("rows")
