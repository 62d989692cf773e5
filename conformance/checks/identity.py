"""ID: the id of a split."""

from __future__ import annotations

from conformance.checks import Outcome, verifies
from conformance.observation import Difference, attempt, difference
from conformance.plain import Raised
from conformance.trip import AS_BUILT, Trip


@verifies("ID-1")
def id_arrives(trip: Trip) -> Outcome:
    if trip.refusal:
        return
    yield AS_BUILT, difference(trip.sent["id"], trip.observe("id")["id"], "id, looked at again")
    yield from trip.arrives("id")


@verifies("ID-2")
def id_stands_for_the_path(trip: Trip) -> Outcome:
    """Another path, another id; the same path under another plan, FileIO or filter, the same id."""
    if trip.refusal or trip.example.variant is None or trip.spec is None:
        return
    name = trip.spec.file_name
    variants = {
        "of another file": trip.example.variant(file_name=name + "x"),
        "of a file named alike": trip.example.variant(file_name=name.swapcase() + "1"),
        "with another filter, no plan and other properties": trip.example.variant(
            row_filter=None, plan=None, file_io_properties=(("tenant", "other"),)
        ),
    }
    if trip.example.elsewhere is not None:
        variants["of a file of the same name in another folder"], _ = trip.example.elsewhere(trip.scratch / "elsewhere")
    for what, materials in variants.items():
        same_path = materials.file_scan_task.file.file_path == trip.materials.file_scan_task.file.file_path
        other = attempt(trip.adapter.build, materials)
        if isinstance(other, Raised):
            continue
        same_id = trip.observe("id", split=other)["id"] == trip.sent["id"]
        wanted = "the same id" if same_path else "another id"
        found = "the same id" if same_id else "another id"
        yield AS_BUILT, None if wanted == found else Difference(f"id of a split {what}", wanted, found)
