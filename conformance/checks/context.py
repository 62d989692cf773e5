"""CTX: what is scanned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from conformance.checks.check import Judged, verifies
from conformance.observation.aspects import SCANNED_REFS, STATES
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.parts import scanned_snapshot
from conformance.observation.paths import attribute, is_within
from conformance.observation.raised import Raised, attempt
from conformance.observation.state import State, state_differences
from conformance.observation.values import plain_expression, plain_refs
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT


@verifies("CTX-1", arrivals=True)
def row_filter_arrives(journey: Journey) -> Judged:
    yield from journey.given("row filter")
    yield from journey.arrives("row filter")
    if journey.spec is not None and journey.spec.row_filter is not None and journey.adapter.row_filter is None:
        yield from journey.arrives("rows", raised=False)  # READ-1 judges whether it can be read at all
    yield from _filters_stay_apart(journey)


def _filters_stay_apart(journey: Journey) -> Judged:
    """The split, and one of the same table without a filter, travel together: each keeps its own."""
    read = journey.adapter.row_filter
    if journey.refusal or read is None or journey.spec is None or journey.spec.row_filter is None:
        return
    assert journey.example.variant is not None  # there is a spec
    other = attempt(journey.adapter.build, journey.example.variant(row_filter=None))
    if isinstance(other, Raised):
        return
    pair = [journey.split, other]
    given = _filters(read, pair)
    if isinstance(given, Raised):
        return
    where = Place(Step.ARRIVE, "row filters of two splits", 1)
    for transport, arrived in journey.carried_together(pair):
        if isinstance(arrived, list):
            yield transport.name, difference(given, _filters(read, arrived), where)


def _filters(read: Callable[[Any], Any], splits: Sequence[Any]) -> Any:
    """Return the filter of each split, or how one could not be shown."""
    return attempt(lambda: [plain_expression(read(split)) for split in splits])


@verifies("CTX-2", arrivals=True)
def projected_schema_arrives(journey: Journey) -> Judged:
    yield from journey.given("projected schema")
    yield from journey.arrives("projected schema")


@verifies("CTX-3", arrivals=True)
def table_metadata_arrives(journey: Journey) -> Judged:
    for part in ("table metadata", "snapshot id"):
        yield from journey.given(part)
        yield from journey.arrives(part)
    given = journey.materials
    yield from journey.built(SCANNED_REFS, plain_refs(given.table_metadata, scanned_snapshot(given)))
    yield from journey.arrives(SCANNED_REFS)


@verifies("CTX-4", arrivals=True)
def scan_tasks_arrive(journey: Journey) -> Judged:
    yield from journey.given("scan tasks")
    yield from journey.arrives("scan tasks")


@verifies("CTX-5", arrivals=True)
def table_properties_arrive_and_are_read_only(journey: Journey) -> Judged:
    yield from journey.given("table properties")
    yield from journey.arrives("table properties")
    if journey.refusal:
        return
    yield AS_BUILT, _changed(journey.sent.get("read-only"), Place(Step.LOOK, "read-only"))
    for transport, arrivals in journey.arrivals.items():
        for arrival in arrivals:
            if arrival.observation is not None:
                where = Place(Step.ARRIVE, "read-only", arrival.hop)
                yield transport, _changed(arrival.observation.get("read-only"), where)


@verifies("CTX-6", together=True, one_in=3)
def one_scan_shares_its_context(journey: Journey) -> Judged:
    """Not judged where a split makes its context anew at each look: no two looks give one object, wherever it is."""
    if journey.refusal or journey.adapter.build_scan is None or journey.adapter.scan_context is None:
        return
    splits = attempt(journey.adapter.build_scan, [journey.example.make(), journey.example.make()])
    context = journey.adapter.scan_context
    if isinstance(splits, Raised) or attempt(_all_one, context, [splits[0], splits[0]]) is not True:
        return
    where = Place(Step.ARRIVE, "scan contexts of one scan", 1)
    for transport, arrived in journey.carried_together(list(splits)):
        if isinstance(arrived, list):
            shared = attempt(_all_one, context, arrived)
            seen = str(shared) if isinstance(shared, Raised) else "two objects"
            yield transport.name, None if shared is True else Difference(where, "one object", seen)


def _all_one(context: Callable[[Any], Any], splits: Sequence[Any]) -> bool:
    first, *others = map(context, splits)
    return all(other is first for other in others)


@verifies("CTX-7", arrivals=True)
def whole_state_arrives(journey: Journey) -> Judged:
    """A value may also be what reading made of it on the way. An attribute more is no loss: a cache, a mark."""
    if journey.refusal or (built := journey.sent.get(STATES)) is None:
        return
    for transport, arrivals in journey.arrivals.items():
        left = journey.left.get(transport)
        known = [built.found] if left is None or isinstance(left, Raised) else [built.found, left]
        for arrival in arrivals:
            states = (arrival.observation or {}).get(STATES)
            if states is not None:
                lost = _lost(known, states.found, journey.adapter.may_differ)
                where = Place(Step.ARRIVE, WHOLE_STATE, arrival.hop)
                if not lost:
                    yield transport, None
                yield from ((transport, found) for found in _losses(lost, where))
                known.append(states.left)


# What a split holds, as reports name it.
WHOLE_STATE = "whole state"
# So many losses are told of one arrival.
MOST_TOLD = 8


def _lost(known: Sequence[State], found: State, may_differ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what differs from each state that is known, by path: what was to be expected, and what is there."""
    changes = [{path: pair for path, *pair in state_differences(state, found)} for state in known]
    return {
        path: (expected, actual)
        for path, (expected, actual) in changes[0].items()
        if all(any(_overlap(path, other) for other in others) for others in changes[1:])
        and not any(is_within(path, named) for named in may_differ)
        and not (expected == "nothing" and not path.endswith("]"))
    }


def _losses(lost: Mapping[str, tuple[str, str]], where: Place) -> list[Difference]:
    """Return a difference for each attribute of the split in which something is lost: one may be known, others not.

    Each tells of all, its own first.
    """
    first: dict[str, str] = {}
    for path in lost:
        first.setdefault(attribute(path), path)
    found = []
    for own, at in first.items():
        told = sorted(lost.items(), key=lambda item: attribute(item[0]) != own)[:MOST_TOLD]
        expected, actual = ("; ".join(f"{path}: {pair[i]}" for path, pair in told) for i in (0, 1))
        found.append(Difference(replace(where, within=(at,)), expected, actual))
    return found


def _overlap(path: str, other: str) -> bool:
    return is_within(path, other) or is_within(other, path)


def _changed(outcome: object, where: Place) -> Difference | None:
    if isinstance(outcome, Raised):
        return Difference(where, "table properties", str(outcome))
    return difference(dict.fromkeys(outcome, "kept"), outcome, where) if isinstance(outcome, dict) else None
