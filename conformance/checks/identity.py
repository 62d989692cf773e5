"""ID: the id of a split."""

from __future__ import annotations

import pickle
from typing import Any

from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Place, Step, difference
from conformance.observation.raised import Raised, attempt
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT

# Where PyIceberg keeps a data file's path and its size in bytes among its fields.
FILE_PATH, FILE_SIZE = 1, 5


@verifies("ID-1", arrivals=True, one_in=2)
def id_arrives(journey: Journey) -> Judged:
    if journey.refusal:
        return
    again = Place(Step.LOOK, "id", case="looked at again")
    yield AS_BUILT, difference(journey.sent["id"], journey.observe("id")["id"], again)
    fresh = attempt(journey.adapter.build, journey.example.make())
    unseen = attempt(lambda: pickle.loads(pickle.dumps(fresh)))
    if not isinstance(unseen, Raised):
        arrived = journey.observe("id", split=unseen)["id"]
        late = Place(Step.LOOK, "id", case="first looked at after sending")
        yield AS_BUILT, difference(arrived, journey.observe("id", split=fresh)["id"], late)
    yield from journey.arrives("id")


@verifies("ID-2", one_in=6)
def id_stands_for_the_path(journey: Journey) -> Judged:
    """Another path, another id; the same path under another plan, FileIO or filter, the same id."""
    if journey.refusal or journey.example.variant is None or journey.spec is None:
        return
    name = journey.spec.file_name
    variants = {
        "of another file": journey.example.variant(file_name=name + "x"),
        "of a file whose name differs in case": journey.example.variant(file_name=name.swapcase()),
        "of a file whose name differs in a percent sign": journey.example.variant(file_name=f"{name}%20x"),
        "of a file whose name differs in a space": journey.example.variant(file_name=f"{name} x"),
        "with another filter, no plan and other properties": journey.example.variant(
            row_filter=None, plan=None, file_io_properties=(("tenant", "other"),)
        ),
    }
    if journey.example.elsewhere is not None:
        variants["of a file of the same name in another folder"], _ = journey.example.elsewhere(
            journey.scratch / "elsewhere"
        )
    rewritten = journey.example.make()
    rewritten.file_scan_task.file._data[FILE_SIZE] += 1
    variants["of the file, rewritten"] = rewritten
    for bucket in ("one", "two"):  # which nothing opens
        copied = journey.example.make()
        copied.file_scan_task.file._data[FILE_PATH] = f"s3://{bucket}/{name}"
        variants[f"of a file of the same name in bucket {bucket}"] = copied
    for folders in ("x/y", "y/x"):
        moved = journey.example.make()
        moved.file_scan_task.file._data[FILE_PATH] = f"s3://bucket/{folders}/{name}"
        variants[f"of a file of the same name in the folder {folders}"] = moved
    ids: dict[str, Any] = {journey.materials.file_scan_task.file.file_path: journey.sent["id"]}
    for what, materials in variants.items():
        path = materials.file_scan_task.file.file_path
        other = attempt(journey.adapter.build, materials)
        if isinstance(other, Raised):
            continue
        own = journey.observe("id", split=other)["id"]
        same = [seen for seen, known in ids.items() if known == own]
        wanted, found = [path] if path in ids else [], same
        ids.setdefault(path, own)
        yield (
            AS_BUILT,
            difference(wanted, found, Place(Step.LOOK, "id", case="files with the id of a split", variant=what)),
        )
