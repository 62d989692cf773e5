"""What a loader says of a scan where something is not there, or does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from conformance.adapter import Capability
from conformance.checks.scan import IN_AN_OUTAGE, MISSING, OUTAGE
from conformance.examples.asked_scans import (
    IN_PARTS,
    OUTAGES,
    SIMPLEST,
    THINGS_MISSING,
    Missing,
    Outage,
    expected_rows_of,
)
from conformance.judging.judgement import Judgement
from conformance.observation.difference import Difference, Place, Step, difference_of_rows
from conformance.observation.raised import Raised
from conformance.observation.values import Rows
from conformance.run.planning_loader import DECLINED, THROUGH, PlanningLoader
from conformance.transports.transport import AS_BUILT
from fixtures.scans import scan_of
from fixtures.tables.made_histories import MadeTable, call_each

__all__ = ["missing", "outages"]


def missing(loader: PlanningLoader) -> Iterator[Judgement]:
    """Yield what a loader says of each thing that is not there."""
    if MISSING not in loader.clauses:
        return
    for what, absent in THINGS_MISSING.items():
        seen = _without(loader, absent)
        if isinstance(seen, Raised) and seen.type == DECLINED:
            continue
        where = Place(Step.BUILD, case="of a scan with a missing", variant=what)
        wanted = f"an error that names {absent.name!r}"
        if not isinstance(seen, Raised):
            yield Judgement(MISSING, AS_BUILT, Difference(where, wanted, "splits"))
        elif absent.name not in seen.message:
            yield Judgement(MISSING, AS_BUILT, Difference(where, wanted, str(seen)))
        else:
            yield Judgement(MISSING, AS_BUILT, None)


def _without(loader: PlanningLoader, absent: Missing) -> Any:
    """Return what a loader gives where something is not there, or how it fails."""
    made = loader.made(SIMPLEST.history, shared=not absent.removed)
    assert isinstance(made, MadeTable), made
    call_each(made, absent.removed)
    payloads = loader.payloads(replace(scan_of(SIMPLEST, made), **absent.asked))
    if isinstance(payloads, Raised) or not absent.removed:
        return payloads
    return loader.read(SIMPLEST, payloads)


def outages(loader: PlanningLoader) -> Iterator[Judgement]:
    """Yield what a loader makes of each outage while it plans; nothing of one that does not come in its way."""
    if OUTAGE not in loader.clauses:
        return
    made = loader.made(IN_PARTS.history, shared=False)
    assert isinstance(made, MadeTable), made
    for what, outage in OUTAGES.items():
        scan = scan_of(IN_PARTS, made)
        said = outage.begin(scan.catalog)
        seen = loader.payloads(scan)
        if not said or (isinstance(seen, Raised) and seen.type == DECLINED):
            continue
        seen = seen if isinstance(seen, Raised) else loader.read(IN_PARTS, seen)
        where = Place(Step.BUILD, case=IN_AN_OUTAGE, variant=what)
        promised = outage.ends and Capability.RETRIES in loader.sweep.adapter.capabilities
        yield Judgement(OUTAGE, THROUGH, _told(seen, outage, where, promised=promised))


def _told(seen: Any, outage: Outage, where: Place, *, promised: bool) -> Difference | None:
    """Return how that differs from an error that says what happened, or from all rows where it is asked again."""
    if isinstance(seen, Raised):
        is_told = outage.said in seen.message and not promised
        wanted = "all rows, for it is asked again" if promised else f"an error that says {outage.said!r}"
        return None if is_told else Difference(where, wanted, str(seen))
    expected = expected_rows_of(IN_PARTS)
    assert isinstance(expected, Rows)
    return difference_of_rows(expected, seen, replace(where, step=Step.READ, part="rows"))
