"""UDF: user-defined functions and their registration."""

from __future__ import annotations

import pickle
from contextlib import ExitStack
from dataclasses import replace

import cloudpickle

from conformance.adapter import Capability
from conformance.checks import Outcome, verifies
from conformance.engine_events import Event, recorded
from conformance.observation import Difference, Question, attempt, difference, registrations
from conformance.plain import Raised
from conformance.transports.workers import call
from conformance.trip import AS_BUILT, Trip, not_carried
from fixtures.expected import registry_results
from fixtures.unsendable import UNSENDABLE, Holding, driver_only_registry
from strategies.udfs import IMPORTABLE


@verifies("UDF-1")
def registry_is_applied_once_before_encoding(trip: Trip) -> Outcome:
    wanted = trip.registration_order
    if trip.refusal or trip.materials.plan is None or not wanted:
        return
    session = id(trip.materials.session_context)
    here = [event for event in trip.build_events if event.kind == "encode" or event.session == session]
    before = _until_encoded(here)
    yield (
        AS_BUILT,
        difference(wanted, _labels(before), "registered on the given session before the plan was encoded"),
    )
    after = _labels(here[len(before) :])
    yield AS_BUILT, difference([], after, "registered on the given session once more")
    with recorded() as events:
        attempt(trip.adapter.build, trip.materials)
    again = _labels([event for event in events if event.session == session])
    yield AS_BUILT, difference(wanted, again, "registered on the given session for a second split")


@verifies("UDF-2")
def registration_order_is_kept(trip: Trip) -> Outcome:
    wanted = trip.registration_order
    if trip.refusal or not wanted:
        return
    if trip.materials.plan is not None:
        session = id(trip.materials.session_context)
        on_session = registrations(_labels([e for e in trip.build_events if e.session == session]))
        if sorted(on_session) == sorted(wanted):  # UDF-1 judges whether they are there at all
            yield AS_BUILT, difference(wanted, on_session, "registered while building")
    yield from trip.built("registry registers", wanted)
    yield from trip.arrives("registry registers")
    # Over no rows a loader need not apply its plan, and then registers nothing.
    nothing_applied = not trip.scanned_rows and not trip.sent.get("registered while reading")
    if trip.adapter.capabilities & APPLIES and not nothing_applied:
        yield from trip.built("registered while reading", wanted)
        yield from trip.arrives("registered while reading")


APPLIES = {Capability.EXECUTES_PLANS, Capability.SQL_TRANSFORMS}


@verifies("UDF-3")
def last_registered_wins(trip: Trip) -> Outcome:
    """Judged where two functions bear one name, or one bears the name of a built-in."""
    if trip.refusal or trip.spec is None or trip.spec.registry is None:
        return
    names = [udf.name for udf in trip.spec.registry.udfs]
    if len(set(names)) < len(names) or "abs" in names:
        yield from trip.built("registry computes", registry_results(trip.spec.registry, trip.example.question.calls))
        yield from trip.arrives("registry computes")
        yield from trip.arrives("rows", raised=False)  # READ-1 judges whether it can be read at all


@verifies("UDF-4")
def registry_arrives_with_its_state(trip: Trip) -> Outcome:
    if trip.refusal or trip.spec is None or trip.spec.registry is None:
        return
    yield from trip.built("registry computes", registry_results(trip.spec.registry, trip.example.question.calls))
    yield from trip.arrives("registry computes")


@verifies("UDF-5")
def what_cannot_be_sent_fails_early(trip: Trip) -> Outcome:
    """Functions without a name, and registries that hold a lock or the like, fail when dumped; a registry whose module
    the worker lacks fails when loaded, naming the module.
    """
    if trip.refusal or trip.spec is None or trip.spec.registry is None:
        return
    if any(udf.origin not in IMPORTABLE for udf in trip.spec.registry.udfs):
        yield "pickle", _refused(attempt(pickle.dumps, trip.split), "a function without an importable name")
    bare = replace(trip.example.make(), plan=None, session_context=None)
    for held, make in UNSENDABLE.items():
        with ExitStack() as stack:
            thing = make()
            if hasattr(thing, "close"):
                stack.callback(thing.close)
            split = attempt(trip.adapter.build, replace(bare, udf_registry=Holding(thing)))
            for name, dumps in (("pickle", pickle.dumps), ("cloudpickle", cloudpickle.dumps)):
                yield name, _refused(attempt(dumps, split), f"a registry that holds {held}")
    if not trip.example.exhaustive:
        return
    module = "driver_only_registry_module"
    with driver_only_registry(trip.scratch / "driver only", module) as registry:
        split = attempt(trip.adapter.build, replace(bare, udf_registry=registry))
        payload = attempt(pickle.dumps, split)
    if isinstance(payload, bytes):
        answer = call(trip.adapter, "first", "relay", payload, Question(), "pickle")
        loaded = answer[0] if isinstance(answer, tuple) else answer
        named = isinstance(loaded, Raised) and module in loaded.message
        where = "load on a worker without the registry's module"
        yield "pickle", None if named else Difference(where, f"raises, naming {module}", str(loaded)[:300])


def _refused(outcome: object, what: str) -> Difference | None:
    return None if isinstance(outcome, Raised) else Difference(f"dump of {what}", "raises", "a payload")


@verifies("UDF-6")
def cloudpickle_carries_functions_without_a_name(trip: Trip) -> Outcome:
    """Judged on registries with closures and lambdas."""
    if trip.refusal or trip.spec is None or trip.spec.registry is None:
        return
    if all(udf.origin in IMPORTABLE for udf in trip.spec.registry.udfs):
        return
    for transport in trip.transports:
        if transport.by_value:
            yield transport.name, not_carried(trip.arrivals[transport.name][0])
    yield from trip.arrives("registry computes")


@verifies("UDF-7")
def no_registry_registers_nothing(trip: Trip) -> Outcome:
    if trip.refusal or trip.materials.udf_registry is not None:
        return
    registered = [event for event in trip.build_events if event.kind == "register"]
    yield AS_BUILT, Difference("build", "nothing registered", registered[0].what) if registered else None
    for aspect in ("registry registers", "registered while reading"):
        yield from trip.built(aspect, [])
        yield from trip.arrives(aspect)


@verifies("UDF-8")
def functions_are_registered_before_sql(trip: Trip) -> Outcome:
    """Judged on every session to which a query was given while the split was read."""
    wanted = trip.registration_order
    if trip.refusal or trip.materials.plan is None or not wanted:
        return
    for transport, seen in trip.observations():
        for registered in seen.get("registered before SQL", []):
            yield transport, difference(wanted, registered, "registered before the SQL text was given to the session")


def _until_encoded(events: list[Event]) -> list[Event]:
    kinds = [event.kind for event in events]
    return events[: kinds.index("encode")] if "encode" in kinds else events


def _labels(events: list[Event]) -> list[str]:
    return [event.what for event in events if event.kind == "register"]
