"""PROC: the process that reads. It is a worker, so that what a loader does to it is not done to the suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.raised import Raised
from conformance.observation.reader import CIRCUMSTANCES, LEFT
from conformance.transports.calls import READER, restart
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT

# Seconds that a use of a small split may take: a reading that waits for one that was left waits for ever.
USE_SECONDS = 30.0
# Bytes by which a payload may grow: an id, or when it was read, and no rows.
GROWN = 256


def used(journey: Journey, how: str, worker: str = "first") -> Any:
    """Return what :mod:`conformance.observation.reader` tells of this use of the split; ``None`` where it is not asked.

    Where it failed altogether, that is how. ``worker`` is the name of the worker that uses it.
    """
    if journey.refusal or not journey.can_carry("pickle-2"):
        return None
    payload = journey.unread
    if isinstance(payload, Raised):
        return None  # WIRE-1 judges that
    return journey.ask_worker(worker, "use", payload, how, journey.example.question, limit=USE_SECONDS)


def reads_alike(found: Any, ways: Mapping[str, object], case: str) -> Judged:
    """Yield for each way whether the rows are those that are read plainly."""
    if found is None:
        return
    if isinstance(found, Raised):
        yield AS_BUILT, Difference(Place(Step.READ, "rows", case=case), "rows", str(found))
        return
    for way in ways:
        if not isinstance(found["plainly"], Raised):
            place = Place(Step.READ, "rows", case=case, variant=way)
            yield AS_BUILT, difference(found["plainly"], found[way], place)


@verifies("PROC-1", one_in=3)
def reading_leaves_the_process_as_it_was(journey: Journey) -> Judged:
    # In a worker of its own: where others have read, what they changed is changed already.
    found = used(journey, "changed_by_reading", READER)
    if isinstance(found, Raised):
        return  # READ-1 and PLAN-5 judge what cannot be read
    if found is not None:
        what = next(iter(found), None)
        before, after = found[what] if what else ("", "")
        place = Place(Step.READ, "the process", case="by reading", variant=what or "")
        yield AS_BUILT, Difference(place, before, after) if what else None


@verifies("PROC-2", one_in=3)
def can_be_read_wherever_workers_are(journey: Journey) -> Judged:
    yield from reads_alike(used(journey, "rows_in"), CIRCUMSTANCES, "in other circumstances")


@verifies("PROC-3", one_in=3)
def can_be_left(journey: Journey) -> Judged:
    found = list(reads_alike(used(journey, "rows_after_leaving", READER), LEFT, "after a reading that was left"))
    if any(broken for _, broken in found):
        restart(READER)
    yield from found


@verifies("PROC-4", one_in=3)
def payload_does_not_grow_by_use(journey: Journey) -> Judged:
    found = used(journey, "grown_by_use")
    if found is None or isinstance(found, Raised):
        return  # READ-3 and WIRE-4 judge what cannot be dumped after it was read
    before, after = found
    where = Place(Step.SEND, "payload", case="after it was read")
    yield AS_BUILT, None if after <= before + GROWN else Difference(where, f"{before} bytes", f"{after} bytes")
