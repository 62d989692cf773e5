"""UDF: user-defined functions and their registration."""

from __future__ import annotations

import pickle
from contextlib import ExitStack
from dataclasses import replace

import cloudpickle

from conformance.checks.check import Judged, verifies
from conformance.observation.aspects import registrations
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.recorder import Event, recorded
from conformance.transports.journey import Journey, not_carried
from conformance.transports.transport import AS_BUILT
from fixtures.expected import registry_results
from fixtures.unsendable import UNSENDABLE, Holding, driver_only_registry
from strategies.udfs import IMPORTABLE


@verifies("UDF-1")
def registry_is_applied_once_before_encoding(journey: Journey) -> Judged:
    wanted = journey.registration_order
    if journey.refusal or journey.materials.plan is None or not wanted:
        return
    session = id(journey.materials.session_context)
    here = [event for event in journey.build_events if event.kind == "encode" or event.session == session]
    before = _until_encoded(here)
    yield (
        AS_BUILT,
        difference(wanted, _labels(before), Place(Step.BUILD, "registered", case="before the plan was encoded")),
    )
    after = _labels(here[len(before) :])
    yield AS_BUILT, difference([], after, Place(Step.BUILD, "registered", case="once more"))
    with recorded() as events:
        attempt(journey.adapter.build, journey.materials)
    again = _labels([event for event in events if event.session == session])
    yield (AS_BUILT, difference(wanted, again, Place(Step.BUILD, "registered", case="for a second split")))


@verifies("UDF-2", arrivals=True)
def registration_order_is_kept(journey: Journey) -> Judged:
    wanted = journey.registration_order
    if journey.refusal or not wanted:
        return
    # However often it is applied: that counts once, also for a function that is there twice in a row.
    in_order = registrations(wanted)
    if journey.materials.plan is not None:
        session = id(journey.materials.session_context)
        on_session = registrations(_labels([e for e in journey.build_events if e.session == session]))
        if sorted(on_session) == sorted(in_order):  # UDF-1 judges whether they are there at all
            yield AS_BUILT, difference(in_order, on_session, Place(Step.BUILD, "registered", case="while building"))
    yield from journey.built("registry registers", wanted)
    yield from journey.arrives("registry registers")
    # Over no rows a loader need not apply its plan, and then registers nothing.
    nothing_applied = not journey.scanned_rows and not journey.sent.get("registered while reading")
    if journey.adapter.applies_transforms and not nothing_applied:
        yield from journey.built("registered while reading", in_order)
        yield from journey.arrives("registered while reading")


@verifies("UDF-3", arrivals=True)
def last_registered_wins(journey: Journey) -> Judged:
    """Judged where two functions bear one name, or one bears the name of a built-in."""
    if journey.refusal or journey.spec is None or journey.spec.registry is None:
        return
    names = [udf.name for udf in journey.spec.registry.udfs]
    if len(set(names)) < len(names) or "abs" in names:
        yield from _computes_as_made(journey)
        yield from journey.arrives("registry computes")
        yield from journey.arrives("rows", raised=False)  # READ-1 judges whether it can be read at all


@verifies("UDF-4", arrivals=True)
def registry_arrives_with_its_state(journey: Journey) -> Judged:
    if journey.refusal or journey.spec is None or journey.spec.registry is None:
        return
    yield from _computes_as_made(journey)
    yield from journey.arrives("registry computes")


def _computes_as_made(journey: Journey) -> Judged:
    """Yield what the functions of the split's registry compute otherwise than those of the suite's own."""
    assert journey.spec is not None
    assert journey.spec.registry is not None
    results = registry_results(journey.spec.registry, journey.example.question.calls)
    yield from journey.built("registry computes", results)


@verifies("UDF-5")
def what_cannot_be_sent_fails_early(journey: Journey) -> Judged:
    """Functions without a name, and registries that hold a lock or the like, fail when dumped; a registry whose module
    the worker lacks fails when loaded, naming the module.
    """
    if journey.refusal or journey.spec is None or journey.spec.registry is None:
        return
    if any(udf.origin not in IMPORTABLE for udf in journey.spec.registry.udfs):
        where = Place(Step.SEND, case="dump of a function without an importable name")
        yield "pickle", _refused(attempt(pickle.dumps, journey.split), where)
    bare = replace(journey.example.make(), plan=None, session_context=None)
    for held, make in UNSENDABLE.items():
        with ExitStack() as stack:
            thing = make()
            if hasattr(thing, "close"):
                stack.callback(thing.close)
            split = attempt(journey.adapter.build, replace(bare, udf_registry=Holding(thing)))
            for name, dumps in (("pickle", pickle.dumps), ("cloudpickle", cloudpickle.dumps)):
                where = Place(Step.SEND, case="dump of a registry that holds", variant=held)
                yield name, _refused(attempt(dumps, split), where)
    if not journey.example.exhaustive:
        return
    module = "driver_only_registry_module"
    with driver_only_registry(journey.scratch / "driver only", module) as registry:
        split = attempt(journey.adapter.build, replace(bare, udf_registry=registry))
        payload = attempt(pickle.dumps, split)
    if isinstance(payload, bytes):
        answer = journey.ask_worker("first", "relay", payload, Question(), "pickle")
        loaded = answer[0] if isinstance(answer, tuple) else answer
        named = isinstance(loaded, Raised) and module in loaded.message
        where = Place(Step.SEND, case="load on a worker without the registry's module")
        yield "pickle", None if named else Difference(where, f"raises, naming {module}", str(loaded)[:300])


def _refused(outcome: object, where: Place) -> Difference | None:
    return None if isinstance(outcome, Raised) else Difference(where, "raises", "a payload")


@verifies("UDF-6")
def cloudpickle_carries_functions_without_a_name(journey: Journey) -> Judged:
    """Judged on registries with closures and lambdas."""
    if journey.refusal or journey.spec is None or journey.spec.registry is None:
        return
    if all(udf.origin in IMPORTABLE for udf in journey.spec.registry.udfs):
        return
    for transport in journey.transports:
        if transport.by_value:
            yield transport.name, not_carried(journey.arrivals[transport.name][0])
    yield from journey.arrives("registry computes")


@verifies("UDF-7", arrivals=True)
def no_registry_registers_nothing(journey: Journey) -> Judged:
    if journey.refusal or journey.materials.udf_registry is not None:
        return
    registered = [event for event in journey.build_events if event.kind == "register"]
    yield (
        AS_BUILT,
        Difference(Place(Step.BUILD, "registered", case="without a registry"), "nothing registered", registered[0].what)
        if registered
        else None,
    )
    for aspect in ("registry registers", "registered while reading"):
        yield from journey.built(aspect, [])
        yield from journey.arrives(aspect)


@verifies("UDF-8", arrivals=True)
def functions_are_registered_before_sql(journey: Journey) -> Judged:
    """Judged on every session to which a query was given while the split was read."""
    wanted = registrations(journey.registration_order)
    if journey.refusal or journey.materials.plan is None or not wanted:
        return
    for transport, seen in journey.observations():
        for registered in seen.get("registered before SQL", []):
            yield transport, difference(wanted, registered, Place(Step.READ, "registered before SQL"))


def _until_encoded(events: list[Event]) -> list[Event]:
    kinds = [event.kind for event in events]
    return events[: kinds.index("encode")] if "encode" in kinds else events


def _labels(events: list[Event]) -> list[str]:
    return [event.what for event in events if event.kind == "register"]
