"""READ: reading."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.checks import Outcome, verifies
from conformance.checks.plan import rows_as_expected
from conformance.observation import Difference, attempt, difference, differing
from conformance.plain import Raised, in_any_layout
from conformance.reachability import reachable
from conformance.transports.workers import call
from conformance.trip import AS_BUILT, Trip
from fixtures.damage import DAMAGES

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


@verifies("READ-4")
def lost_file_raises_and_is_named(trip: Trip) -> Outcome:
    """The data file is removed, cut or replaced after the split was built, and read on a worker; a few ways for a drawn
    example, all for a pinned one. With a plan a loader may need no row at all, so only splits without one are judged.
    """
    if (
        trip.refusal
        or trip.materials.plan is not None
        or trip.example.elsewhere is None
        or not trip.can_carry("pickle-2")
    ):
        return
    yield from _lost_delete_file(trip)
    ways = list(DAMAGES.items())
    if not trip.example.exhaustive:
        offset = len(trip.example.title) % len(ways)
        ways = [ways[offset], ways[(offset + 3) % len(ways)]]
    for way, damage in ways:
        folder = trip.scratch / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        materials, path = trip.example.elsewhere(folder)
        split = attempt(trip.adapter.build, materials)
        payload = attempt(pickle.dumps, split)
        if isinstance(payload, Raised):
            continue  # WIRE-1 judges that
        damage(path)
        answer = call(trip.adapter, "first", "read_failure", payload, limit=LIMIT)
        yield AS_BUILT, _as_it_should_fail(answer, materials.file_scan_task.file.file_path, f"read, the file {way}")


def _lost_delete_file(trip: Trip) -> Outcome:
    """Read with a delete file removed: the rows that it deletes must not come back."""
    assert trip.example.elsewhere is not None
    folder = trip.scratch / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    materials, _ = trip.example.elsewhere(folder)
    for file in materials.file_scan_task.delete_files:
        payload = attempt(lambda: pickle.dumps(trip.adapter.build(materials)))
        path = Path(file.file_path.removeprefix("vault://").replace("%25", "%"))
        (folder / path).unlink()
        if not isinstance(payload, Raised):
            answer = call(trip.adapter, "first", "read_failure", payload, limit=LIMIT)
            yield AS_BUILT, _as_it_should_fail(answer, file.file_path, "read, a delete file removed")
        return


@verifies("READ-5")
def several_files_are_read(trip: Trip) -> Outcome:
    """One split of the file and of two more with the same rows, in both orders; and one of no file."""
    build, variant = trip.adapter.build_files, trip.example.variant
    if trip.refusal or trip.materials.plan is not None or build is None or variant is None or trip.spec is None:
        return
    name = trip.spec.file_name
    given = [trip.example.make(), *(variant(file_name=f"{name} {i}") for i in (2, 3))]
    tasks = [materials.file_scan_task for materials in given]
    wanted = replace(trip.expected_rows, rows=tuple(sorted(trip.expected_rows.rows * len(tasks))))
    ids = []
    for where, order in (("", tasks), (" in reverse order", tasks[::-1])):
        split = attempt(build, trip.materials, order)
        if isinstance(split, Raised):
            yield AS_BUILT, Difference(f"build of three files{where}", "a split", str(split))
            continue
        rows = trip.observe("rows", split=split)["rows"]
        if wanted.rows or rows is not None:
            found = difference(in_any_layout(wanted), in_any_layout(rows), f"rows of three files{where}")
            yield AS_BUILT, found
        for transport in trip.transports:
            carry = getattr(transport, "carry", None)
            if carry is not None and trip.can_carry(transport.name):
                arrived = attempt(carry, split)
                if not isinstance(arrived, Raised):  # the WIRE clauses judge what cannot be carried
                    there = trip.observe("rows", split=arrived)["rows"]
                    yield transport.name, difference(rows, there, f"rows of three files{where}")
        ids.append(trip.observe("id", split=split).get("id"))
    if len(ids) == len({"", "reverse"}):
        yield AS_BUILT, difference(ids[0], ids[1], "id of the same files in reverse order")
    none = attempt(build, trip.materials, [])
    refused = isinstance(none, Raised) and none.type == "builtins.ValueError"
    yield AS_BUILT, None if refused else Difference("build of no file", "raises ValueError", str(none)[:200])


# Seconds that reading a small damaged file may take.
LIMIT = 30.0


def _as_it_should_fail(answer: Any, path: str, where: str) -> Difference | None:
    if isinstance(answer, Raised):
        return Difference(where, "raises", str(answer))
    if "rows" in answer:
        return Difference(where, "raises", f"{answer['rows']} rows")
    raised, sent_back = answer["raised"], answer["sent back"]
    if path not in raised.message:
        return Difference(where, f"an error that names {path}", str(raised))
    return difference(raised, sent_back, f"{where}, its error after a round trip")
