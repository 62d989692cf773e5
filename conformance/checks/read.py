"""READ: reading."""

from __future__ import annotations

from conformance.checks import Outcome, verifies
from conformance.checks.plan import rows_as_expected
from conformance.observation import Difference, difference, differing
from conformance.plain import Raised
from conformance.reachability import reachable
from conformance.trip import AS_BUILT, Trip

CONTAINERS = (list, dict, set, bytearray)


@verifies("READ-1")
def rows_arrive(trip: Trip) -> Outcome:
    """Judged on splits without a plan: PLAN-5 judges the others."""
    if trip.materials.plan is None and not trip.refusal:
        yield from rows_as_expected(trip)
        yield from trip.arrives("rows")


@verifies("READ-2")
def can_be_read_again(trip: Trip) -> Outcome:
    if trip.refusal:
        return
    for transport, observation in trip.observations():
        rows, again = observation.get("rows"), observation.get("reads again")
        if "reads again" not in observation or isinstance(rows, Raised):
            continue  # READ-1 and PLAN-5 judge what cannot be read at all
        yield transport, difference(rows, again, "rows, begun before another iterator and finished after it")


@verifies("READ-3")
def sending_leaves_the_original(trip: Trip) -> Outcome:
    """The original after all trips is as before; what arrives shares nothing public or changing."""
    if trip.refusal:
        return
    changed = next(differing(trip.sent, trip.observe()), None)
    yield AS_BUILT, changed and changed[1]
    own = {id(value) for _, value in reachable(trip.split) if isinstance(value, CONTAINERS)}
    for transport, arrivals in trip.arrivals.items():
        copy = arrivals[0].split if arrivals else None
        if copy is None or transport == "copy":
            continue
        shared = [(path, value) for path, value in reachable(copy) if id(value) in own]
        public = next((path for path, _ in shared if "._" not in path), None)
        yield transport, Difference(public, "its own", "the same object as the original's") if public else None
        if shared:
            before = [repr(value) for _, value in shared]
            trip.observe("rows", split=copy)
            for (path, value), text in zip(shared, before, strict=True):
                if repr(value) != text:
                    yield (
                        transport,
                        Difference(path, "its own", "shared with the original, and changed by reading"),
                    )
