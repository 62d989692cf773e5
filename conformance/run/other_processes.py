"""Payloads of other processes (WIRE-5): written by a process that lives on, or that has ended when they are loaded.

A worker builds and dumps the split, and observes it after loading it again there. What differs from that where the
payload is loaded is due to the other process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.judging.baseline import EMPTY, Baseline
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.observation.aspects import Observation
from conformance.observation.difference import Difference, Place, Step, differing
from conformance.observation.question import Question
from conformance.observation.raised import Died, Hung, Raised
from conformance.transports.calls import answer, call, departing, worker
from conformance.transports.transport import DEPARTED, EXCHANGED
from conformance.transports.worker_tasks import observe_payload
from fixtures.processes.workers import Worker
from strategies.serialization import to_json
from strategies.specs import SplitSpec

__all__ = ["CLAUSE", "departed", "exchanged"]

CLAUSE = "WIRE-5"


@dataclass(frozen=True)
class Parcel:
    """A payload, the spec that it was made from, and what is observed of its split where it was dumped."""

    spec: SplitSpec
    payload: bytes
    sent: Observation
    question: Question


def exchanged(adapter: Adapter, specs: Sequence[SplitSpec], root: Path, baseline: Baseline = EMPTY) -> Findings:
    """Have splits built and dumped by a worker that lives on; load and observe them in this process.

    ``root`` is the folder of the warehouse in which the specs' files are.
    """
    ledger = Ledger(baseline)
    for parcel in _parcels(worker("first"), adapter, specs, root):
        seen = observe_payload(adapter.reference, parcel.payload, parcel.question)
        _record(parcel, seen, EXCHANGED, ledger)
    return ledger.findings


def departed(adapter: Adapter, specs: Sequence[SplitSpec], root: Path, baseline: Baseline = EMPTY) -> Findings:
    """Have splits built and dumped by a worker, end it, and only then load and observe them on another."""
    ledger = Ledger(baseline)
    with departing(DEPARTED) as driver:
        parcels = list(_parcels(driver, adapter, specs, root))
    for parcel in parcels:
        seen = call(adapter, "first", "observe_payload", parcel.payload, parcel.question)
        _record(parcel, seen, DEPARTED, ledger)
    return ledger.findings


def _parcels(driver: Worker, adapter: Adapter, specs: Sequence[SplitSpec], root: Path) -> Iterator[Parcel]:
    """Yield a parcel of each spec whose split can be built and dumped there; other clauses judge the others.

    Nothing more is built once it ends the driver, or hangs it: each such spec would cost the start of another.
    """
    for spec in specs:
        built = answer(driver, "driver_tasks:build_payload", adapter.reference, to_json(spec), str(root))
        if isinstance(built, (Died, Hung)):
            return
        if built is not None and not isinstance(built, Raised):
            yield Parcel(spec, *built)


def _record(parcel: Parcel, seen: Any, transport: str, ledger: Ledger) -> None:
    where = Place(Step.ARRIVE, hop=1)
    if isinstance(seen, Died):
        return  # the clauses of the transports say so
    if isinstance(seen, Raised):
        broken: Difference | None = Difference(Place(Step.SEND, hop=1), "carried", str(seen))
    else:
        broken = next((found for _, found in differing(parcel.sent, seen, where)), None)
    judgement = ledger.excused(Judgement(CLAUSE, transport, broken), parcel.spec)
    shown = Shown(repr(parcel.spec), to_json(parcel.spec), parcel.spec)
    ledger.record(shown, [judgement])
    if judgement.difference is not None:
        ledger.violate(CLAUSE, [transport], shown, judgement.difference, alone=True)
