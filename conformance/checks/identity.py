"""ID: the id of a split."""

from __future__ import annotations

import pickle
from typing import Any

from conformance.checks import Outcome, verifies
from conformance.observation import attempt, difference
from conformance.plain import Raised
from conformance.trip import AS_BUILT, Trip

# Where PyIceberg keeps a data file's path and its size in bytes among its fields.
FILE_PATH, FILE_SIZE = 1, 5


@verifies("ID-1")
def id_arrives(trip: Trip) -> Outcome:
    if trip.refusal:
        return
    yield AS_BUILT, difference(trip.sent["id"], trip.observe("id")["id"], "id, looked at again")
    fresh = attempt(trip.adapter.build, trip.example.make())
    unseen = attempt(lambda: pickle.loads(pickle.dumps(fresh)))
    if not isinstance(unseen, Raised):
        arrived = trip.observe("id", split=unseen)["id"]
        yield AS_BUILT, difference(arrived, trip.observe("id", split=fresh)["id"], "id, first looked at after sending")
    yield from trip.arrives("id")


@verifies("ID-2")
def id_stands_for_the_path(trip: Trip) -> Outcome:
    """Another path, another id; the same path under another plan, FileIO or filter, the same id."""
    if trip.refusal or trip.example.variant is None or trip.spec is None:
        return
    name = trip.spec.file_name
    variants = {
        "of another file": trip.example.variant(file_name=name + "x"),
        "of a file whose name differs in case": trip.example.variant(file_name=name.swapcase()),
        "of a file whose name differs in a percent sign": trip.example.variant(file_name=f"{name}%20x"),
        "of a file whose name differs in a space": trip.example.variant(file_name=f"{name} x"),
        "with another filter, no plan and other properties": trip.example.variant(
            row_filter=None, plan=None, file_io_properties=(("tenant", "other"),)
        ),
    }
    if trip.example.elsewhere is not None:
        variants["of a file of the same name in another folder"], _ = trip.example.elsewhere(trip.scratch / "elsewhere")
    rewritten = trip.example.make()
    rewritten.file_scan_task.file._data[FILE_SIZE] += 1
    variants["of the file, rewritten"] = rewritten
    for bucket in ("one", "two"):  # which nothing opens
        copied = trip.example.make()
        copied.file_scan_task.file._data[FILE_PATH] = f"s3://{bucket}/{name}"
        variants[f"of a file of the same name in bucket {bucket}"] = copied
    ids: dict[str, Any] = {trip.materials.file_scan_task.file.file_path: trip.sent["id"]}
    for what, materials in variants.items():
        path = materials.file_scan_task.file.file_path
        other = attempt(trip.adapter.build, materials)
        if isinstance(other, Raised):
            continue
        own = trip.observe("id", split=other)["id"]
        same = [seen for seen, known in ids.items() if known == own]
        wanted, found = [path] if path in ids else [], same
        ids.setdefault(path, own)
        yield AS_BUILT, difference(wanted, found, f"files with the id of a split {what}")
