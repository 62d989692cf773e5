"""BUILD: construction."""

from __future__ import annotations

import re
import traceback
from dataclasses import replace
from typing import Any

from datafusion import SessionContext

from conformance.adapter import Adapter, Capability
from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Difference, Place, Step, difference, differing
from conformance.observation.raised import Raised, attempt
from conformance.observation.recorder import recorded
from conformance.observation.values import plain_expression, plain_mapping, plain_metadata, plain_schema, plain_task
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT
from fixtures.arguments import falsy
from fixtures.materials import Materials
from fixtures.survival import encoded, survives
from strategies.arguments import WRONG_KINDS

# A message of fewer words, such as "None" or "invalid plan", says no reason.
FEWEST_WORDS = 3


@verifies("BUILD-1")
def both_or_neither_builds(journey: Journey) -> Judged:
    """A refusal is right only where the plan does not survive (BUILD-4 judges the others)."""
    if journey.refusal is None:
        yield AS_BUILT, None
    elif journey.materials.plan is None or journey.plan_survives is None:
        yield AS_BUILT, Difference(Place(Step.BUILD), "a split", str(journey.refusal))


@verifies("BUILD-2", one_in=2)
def one_without_the_other_raises(journey: Journey) -> Judged:
    if journey.materials.plan is None:
        return
    for missing in ("plan", "session_context"):
        whole = journey.example.make()
        materials = replace(whole, plan=None) if missing == "plan" else replace(whole, session_context=None)
        with recorded() as events:
            result = attempt(journey.adapter.build, materials)
        where = Place(Step.BUILD, case="without", variant=missing)
        if not isinstance(result, Raised) or result.type != "builtins.ValueError":
            yield AS_BUILT, Difference(where, "raises ValueError", _result(result))
            continue
        named = re.search(r"plan", result.message) and re.search(r"session", result.message, re.IGNORECASE)
        if not (named and re.search(r"both|neither|together", result.message, re.IGNORECASE)):
            wanted = "a message that names plan and session, and says that both or neither must be given"
            yield AS_BUILT, Difference(where, wanted, repr(result.message))
        elif events:
            done = replace(where, part="events")
            yield AS_BUILT, Difference(done, "nothing done before it raises", f"{len(events)} events: {events[0]}")
        else:
            yield AS_BUILT, None


@verifies("BUILD-3", one_in=6)
def falsy_arguments_count(journey: Journey) -> Judged:
    """A falsy plan, session or registry counts as given."""
    if journey.materials.plan is None:
        return
    registry = None if journey.spec is None else journey.spec.registry
    registry_is_falsy = registry is not None and registry.kind in ("falsy", "false")
    if journey.refusal:
        if registry_is_falsy and journey.plan_survives is None:
            yield AS_BUILT, Difference(Place(Step.BUILD, case="with a falsy registry"), "a split", str(journey.refusal))
        return
    materials = journey.example.make()
    plan, session = falsy(materials.plan), falsy(materials.session_context)
    for half in ({"plan": plan, "session_context": None}, {"plan": None, "session_context": session}):
        result = attempt(journey.adapter.build, replace(materials, **half))
        raised = isinstance(result, Raised) and result.type == "builtins.ValueError"
        variant = "plan" if half["plan"] is not None else "session"
        where = Place(Step.BUILD, case="with nothing but a falsy", variant=variant)
        yield AS_BUILT, None if raised else Difference(where, "raises ValueError", _result(result))
    with recorded() as events:
        result = attempt(journey.adapter.build, replace(materials, plan=plan, session_context=session))
    if isinstance(result, Raised):
        yield (
            AS_BUILT,
            Difference(Place(Step.BUILD, case="with a falsy plan and session"), "a split", _result(result)),
        )
        return
    if journey.adapter.plan_bytes is not None:
        kept = attempt(journey.adapter.plan_bytes, result)
        lost = kept is None or isinstance(kept, Raised)
        yield (
            AS_BUILT,
            Difference(Place(Step.LOOK, "plan bytes", case="of a falsy plan"), "bytes", str(kept)) if lost else None,
        )
    if Capability.UDF_REGISTRIES in journey.adapter.capabilities:
        registered = [event.what for event in events if event.kind == "register" and event.session == id(session)]
        yield (
            AS_BUILT,
            difference(journey.registration_order, registered, Place(Step.BUILD, case="registered on a falsy session")),
        )


@verifies("BUILD-4")
def lost_plan_is_refused(journey: Journey) -> Judged:
    if journey.materials.plan is None:
        return
    if journey.plan_survives is None:
        yield from _function_in_no_registry(journey)
        return
    if journey.refusal is None:
        materials = journey.example.make()
        encodes = not isinstance(attempt(encoded, materials), Raised)
        where = Place(Step.BUILD, case="of a plan that does not", variant="arrive" if encodes else "encode")
        yield AS_BUILT, Difference(where, f"refused: the plan {journey.plan_survives}", "a split")
    elif len(journey.refusal.message.split()) < FEWEST_WORDS:
        yield (
            AS_BUILT,
            Difference(
                Place(Step.BUILD, case="message of the refusal"), "an error that says why", str(journey.refusal)
            ),
        )
    else:
        yield AS_BUILT, None


def _function_in_no_registry(journey: Journey) -> Judged:
    """Build without the registry: the driver's session knows the functions of the plan, and no other will."""
    if journey.materials.udf_registry is None:
        return
    materials = replace(journey.example.make(), udf_registry=None)
    if isinstance(attempt(survives, materials, journey.example.scanned), Raised):
        refused = isinstance(attempt(journey.adapter.build, materials), Raised)
        where = Place(Step.BUILD, case="of a plan whose function is in no registry")
        yield AS_BUILT, None if refused else Difference(where, "refused", "a split")


def _fails_itself(adapter: Adapter, materials: Materials) -> bool:
    """Return whether a line of the adapter's own fails over what is wrong: the loader never sees that."""
    own = [getattr(function, "__code__", None) for function in (adapter.build, adapter.build_files)]
    try:
        adapter.build(materials)
    except Exception as error:
        *_, (innermost, _) = traceback.walk_tb(error.__traceback__)
        return innermost.f_code in own
    return False


@verifies("BUILD-5", one_in=3)
def wrong_kind_is_named(journey: Journey) -> Judged:
    if journey.refusal:
        return
    materials = journey.example.make()
    takes_registry = Capability.UDF_REGISTRIES in journey.adapter.capabilities
    for name, pattern in WRONG_KINDS.items():
        if name == "udf_registry" and not takes_registry:
            continue
        wrong_values: tuple[Any, ...] = (7, None) if name == "file_scan_task" else (7,)
        for wrong in wrong_values:
            given = replace(materials, **{name: wrong})
            result = attempt(journey.adapter.build, given)
            right = (
                isinstance(result, Raised)
                and result.type in ("builtins.TypeError", "builtins.ValueError")
                and re.search(pattern, result.message, re.IGNORECASE)
            )
            if right:
                yield AS_BUILT, None
            elif not _fails_itself(journey.adapter, given):
                where = Place(Step.BUILD, case="with", variant=f"{name}={wrong!r}")
                yield AS_BUILT, Difference(where, f"TypeError or ValueError naming {name}", _result(result))


@verifies("BUILD-6", one_in=6)
def arguments_stay_apart(journey: Journey) -> Judged:
    """Building changes none of what it is given; changing that afterwards changes nothing of the split."""
    if journey.refusal:
        return
    materials = journey.example.make()
    before = _given(materials)
    split = attempt(journey.adapter.build, materials)
    if isinstance(split, Raised):
        return
    yield AS_BUILT, difference(before, _given(materials), Place(Step.BUILD, case="the arguments, after building"))
    # Nothing looks at the split before its arguments change: what is taken from them at first sight would be settled.
    materials.file_io_properties.update({"added later": "x", **dict.fromkeys(materials.file_io_properties, "changed")})
    materials.table_metadata.properties["added later"] = "x"
    materials.table_metadata.snapshots.clear()
    materials.file_scan_task.delete_files.clear()
    counts = materials.file_scan_task.file.value_counts
    if isinstance(counts, dict):  # as PyIceberg plans it, a mapping that does not change
        counts.clear()
    # The engine orders an encoding's functions at random, so the bytes of two splits may differ.
    expected = {name: value for name, value in journey.sent.items() if name != "plan bytes"}
    where = Place(Step.LOOK, case="after the arguments changed")
    seen = journey.observe(split=split)
    for aspect, found in differing(expected, seen, where):
        again = journey.observe(aspect).get(aspect) if aspect in expected else None
        if again is not None and difference(expected[aspect], again, where) is not None:
            continue  # it wobbles where nothing has changed: READ-2 and others judge that
        yield AS_BUILT, found
        return
    yield AS_BUILT, None


def _given(materials: Materials) -> dict[str, Any]:
    return {
        "file_scan_task": plain_task(materials.file_scan_task),
        "table_metadata": plain_metadata(materials.table_metadata),
        "file_io.properties": plain_mapping(materials.file_io.properties),
        "projected_schema": plain_schema(materials.projected_schema),
        "row_filter": plain_expression(materials.row_filter),
        "session_context": _tables(materials.session_context),
    }


def _tables(session: SessionContext | None) -> dict[str, list[str]]:
    """Return the names of the session's tables by schema."""
    if session is None:
        return {}
    catalog = session.catalog()
    return {name: sorted(catalog.schema(name).names()) for name in sorted(catalog.names())}


def _result(result: Any) -> str:
    return str(result) if isinstance(result, Raised) else f"a {type(result).__name__}"
