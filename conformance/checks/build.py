"""BUILD: construction."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from datafusion import SessionContext

from conformance.adapter import Capability
from conformance.checks import Outcome, verifies
from conformance.engine_events import recorded
from conformance.observation import Difference, attempt, difference, differing
from conformance.plain import (
    Raised,
    plain_expression,
    plain_mapping,
    plain_metadata,
    plain_schema,
    plain_task,
)
from conformance.trip import AS_BUILT, Trip
from fixtures.arguments import falsy
from fixtures.materials import Materials
from fixtures.survival import encoded, survives
from strategies.arguments import WRONG_KINDS

# A message of fewer words, such as "None" or "invalid plan", says no reason.
FEWEST_WORDS = 3


@verifies("BUILD-1")
def both_or_neither_builds(trip: Trip) -> Outcome:
    """A refusal is right only where the plan does not survive (BUILD-4 judges the others)."""
    if trip.refusal is None:
        yield AS_BUILT, None
    elif trip.materials.plan is None or trip.plan_survives is None:
        yield AS_BUILT, Difference("build", "a split", str(trip.refusal))


@verifies("BUILD-2")
def one_without_the_other_raises(trip: Trip) -> Outcome:
    if trip.materials.plan is None:
        return
    for missing in ("plan", "session_context"):
        whole = trip.example.make()
        materials = replace(whole, plan=None) if missing == "plan" else replace(whole, session_context=None)
        with recorded() as events:
            result = attempt(trip.adapter.build, materials)
        where = f"build without {missing}"
        if not isinstance(result, Raised) or result.type != "builtins.ValueError":
            yield AS_BUILT, Difference(where, "raises ValueError", _result(result))
            continue
        named = re.search(r"plan", result.message) and re.search(r"session", result.message, re.IGNORECASE)
        if not (named and re.search(r"both|neither|together", result.message, re.IGNORECASE)):
            wanted = "a message that names plan and session, and says that both or neither must be given"
            yield AS_BUILT, Difference(where, wanted, repr(result.message))
        elif events:
            yield (
                AS_BUILT,
                Difference(where, "nothing done before it raises", f"{len(events)} events: {events[0]}"),
            )
        else:
            yield AS_BUILT, None


@verifies("BUILD-3")
def falsy_arguments_count(trip: Trip) -> Outcome:
    """A plan, a session and a registry that are false where truth is asked for count as given."""
    if trip.materials.plan is None:
        return
    registry_is_falsy = (
        trip.spec is not None and trip.spec.registry is not None and trip.spec.registry.kind in ("falsy", "false")
    )
    if trip.refusal:
        if registry_is_falsy and trip.plan_survives is None:
            yield AS_BUILT, Difference("build with a registry that is false", "a split", str(trip.refusal))
        return
    materials = trip.example.make()
    plan, session = falsy(materials.plan), falsy(materials.session_context)
    for half in ({"plan": plan, "session_context": None}, {"plan": None, "session_context": session}):
        result = attempt(trip.adapter.build, replace(materials, **half))
        raised = isinstance(result, Raised) and result.type == "builtins.ValueError"
        where = f"build with only a {'plan' if half['plan'] is not None else 'session'} that is false"
        yield AS_BUILT, None if raised else Difference(where, "raises ValueError", _result(result))
    with recorded() as events:
        result = attempt(trip.adapter.build, replace(materials, plan=plan, session_context=session))
    if isinstance(result, Raised):
        yield (
            AS_BUILT,
            Difference("build with a plan and a session that are false", "a split", _result(result)),
        )
        return
    if trip.adapter.plan_bytes is not None:
        kept = attempt(trip.adapter.plan_bytes, result)
        lost = kept is None or isinstance(kept, Raised)
        yield AS_BUILT, Difference("plan bytes of a plan that is false", "bytes", str(kept)) if lost else None
    if Capability.UDF_REGISTRIES in trip.adapter.capabilities:
        registered = [event.what for event in events if event.kind == "register" and event.session == id(session)]
        yield (
            AS_BUILT,
            difference(trip.registration_order, registered, "registered on a session that is false"),
        )


@verifies("BUILD-4")
def lost_plan_is_refused(trip: Trip) -> Outcome:
    if trip.materials.plan is None:
        return
    if trip.plan_survives is None:
        yield from _function_in_no_registry(trip)
        return
    if trip.refusal is None:
        materials = trip.example.make()
        encodes = not isinstance(attempt(encoded, materials), Raised)
        where = f"build of a plan that does not {'arrive' if encodes else 'encode'}"
        yield AS_BUILT, Difference(where, f"refused: the plan {trip.plan_survives}", "a split")
    elif len(trip.refusal.message.split()) < FEWEST_WORDS:
        yield AS_BUILT, Difference("message of the refusal", "an error that says why", str(trip.refusal))
    else:
        yield AS_BUILT, None


def _function_in_no_registry(trip: Trip) -> Outcome:
    """Build without the registry: the driver's session knows the functions of the plan, and no other will."""
    if trip.materials.udf_registry is None:
        return
    materials = replace(trip.example.make(), udf_registry=None)
    if isinstance(attempt(survives, materials, trip.example.scanned), Raised):
        refused = isinstance(attempt(trip.adapter.build, materials), Raised)
        where = "build of a plan that does not arrive, its function in no registry"
        yield AS_BUILT, None if refused else Difference(where, "refused", "a split")


@verifies("BUILD-5")
def wrong_kind_is_named(trip: Trip) -> Outcome:
    if trip.refusal:
        return
    materials = trip.example.make()
    takes_registry = Capability.UDF_REGISTRIES in trip.adapter.capabilities
    for name, pattern in WRONG_KINDS.items():
        if name == "udf_registry" and not takes_registry:
            continue
        wrong_values: tuple[Any, ...] = (7, None) if name == "file_scan_task" else (7,)
        for wrong in wrong_values:
            result = attempt(trip.adapter.build, replace(materials, **{name: wrong}))
            right = (
                isinstance(result, Raised)
                and result.type in ("builtins.TypeError", "builtins.ValueError")
                and re.search(pattern, result.message, re.IGNORECASE)
            )
            yield (
                AS_BUILT,
                None
                if right
                else Difference(
                    f"build with {name}={wrong!r}", f"TypeError or ValueError naming {name}", _result(result)
                ),
            )


@verifies("BUILD-6")
def arguments_stay_apart(trip: Trip) -> Outcome:
    """Building changes none of what it is given; changing that afterwards changes nothing of the split."""
    if trip.refusal:
        return
    materials = trip.example.make()
    before = _given(materials)
    split = attempt(trip.adapter.build, materials)
    if isinstance(split, Raised):
        return
    yield AS_BUILT, difference(before, _given(materials), "the arguments, after building")
    # Nothing looks at the split before its arguments change: what is taken from them at first sight would be settled.
    materials.file_io_properties.update({"added later": "x", **dict.fromkeys(materials.file_io_properties, "changed")})
    materials.table_metadata.properties["added later"] = "x"
    materials.table_metadata.snapshots.clear()
    materials.file_scan_task.delete_files.clear()
    counts = materials.file_scan_task.file.value_counts
    if isinstance(counts, dict):  # as PyIceberg plans it, a mapping that does not change
        counts.clear()
    # The engine orders an encoding's functions at random, so the bytes of two splits may differ.
    expected = {name: value for name, value in trip.sent.items() if name != "plan bytes"}
    changed = next(differing(expected, trip.observe(split=split)), None)
    yield (
        AS_BUILT,
        changed
        and Difference(f"{changed[1].path}, after the arguments changed", changed[1].expected, changed[1].actual),
    )


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
