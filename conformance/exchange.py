"""Payloads that outlive or leave the process that wrote them: judged where nothing of it is left (WIRE-5).

Each xdist worker leaves parcels for the others in a folder that they share. A file appears there under its name only
when it is whole. And a worker process builds and dumps splits, and has ended before they are loaded.
"""

from __future__ import annotations

import os
import pickle
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.baseline import EMPTY, Baseline
from conformance.conditions import holding
from conformance.findings import Findings, Violation
from conformance.observation import Difference, Observation, Question, attempt, differing
from conformance.plain import Raised
from conformance.remote import PICKLE, dumped, observe_payload
from conformance.transports.workers import call, departing
from conformance.trip import DEPARTED, EXCHANGED, Trip
from strategies.serialization import from_json, to_json
from strategies.specs import SplitSpec

__all__ = ["Parcel", "departed", "leave", "opened", "parcel_of"]

_OPENED: set[str] = set()


@dataclass(frozen=True)
class Parcel:
    """A payload with what is observed of its split when it is loaded where it was dumped (what differs there already is
    no matter of processes), and the spec (JSON) that it was made from.
    """

    spec: str
    payload: bytes
    sent: Observation
    question: Question


def parcel_of(trip: Trip) -> Parcel | None:
    """Return the parcel of a trip's split; ``None`` where it cannot be dumped, which other clauses judge."""
    payload = attempt(dumped, trip.split, PICKLE)
    if trip.refusal or not isinstance(payload, bytes):
        return None
    here = attempt(pickle.loads, payload)
    if isinstance(here, Raised):
        return None
    return Parcel(to_json(trip.spec), payload, trip.observe(split=here, again=True), trip.example.question)


def leave(folder: Path, parcel: Parcel | None) -> None:
    """Leave a parcel, if there is one, for the other processes."""
    if parcel is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{uuid.uuid4().hex}"
    unfinished.write_bytes(pickle.dumps(parcel))
    unfinished.replace(folder / f"{os.getpid()}-{uuid.uuid4().hex}.parcel")


def opened(folder: Path, adapter: Adapter, baseline: Baseline = EMPTY) -> Findings:
    """Judge the parcels that other processes have left so far and that this one has not opened yet."""
    findings = Findings()
    for parcel in _parcels(folder):
        seen = observe_payload(adapter.reference, parcel.payload, parcel.question)
        _judge(parcel, seen, EXCHANGED, findings, baseline)
    return findings


def departed(adapter: Adapter, specs: Sequence[SplitSpec], root: Path, baseline: Baseline = EMPTY) -> Findings:
    """Have splits built and dumped by a worker, end it, and only then load and observe them on another.

    ``root`` is the folder of the warehouse in which the specs' files are.
    """
    findings = Findings()
    with departing(DEPARTED) as driver:
        target = "conformance.remote:build_payload"
        sent = [driver.call(target, adapter.reference, to_json(spec), str(root)) for spec in specs]
    for spec, built in zip(specs, sent, strict=True):
        if built is not None:
            parcel = Parcel(to_json(spec), *built)
            seen = call(adapter, "first", "observe_payload", parcel.payload, parcel.question)
            _judge(parcel, seen, DEPARTED, findings, baseline)
    return findings


def _judge(parcel: Parcel, seen: Any, transport: str, findings: Findings, baseline: Baseline) -> None:
    findings.met["WIRE-5", transport] += 1
    if isinstance(seen, Raised):
        broken = Difference("load", "a split", str(seen))
    else:
        found = next(differing(parcel.sent, seen), None)
        if found is None:
            return
        broken = found[1]
    spec = from_json(parcel.spec)
    if entry := baseline.excuse("WIRE-5", transport, spec, broken):
        findings.known["WIRE-5", entry.first] += 1
        return
    findings.broken["WIRE-5", transport] += 1
    findings.note("WIRE-5", transport, holding(spec), broken.path)
    example = repr(spec)
    findings.violations.append(Violation("WIRE-5", (transport,), example, parcel.spec, broken))


def _parcels(folder: Path) -> Iterator[Parcel]:
    own = f"{os.getpid()}-"
    for path in sorted(folder.glob("*.parcel")):
        if path.name not in _OPENED and not path.name.startswith(own):
            _OPENED.add(path.name)
            parcel: Parcel = pickle.loads(path.read_bytes())
            yield parcel
