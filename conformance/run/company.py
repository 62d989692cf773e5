"""Whether an example breaks a clause by itself, in the company of others only, or not each time.

What a loader keeps for the process, by class or by id, outlives an example, and takes part in what the next ones show.
A process that has seen no other example tells that apart. One that shows it there is tried a few times more. One that
shows nothing in some try is tried again and again: what goes wrong once in thirty readings is a finding of its own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conformance.adapters.loading import load_adapter
from conformance.checks import applicable, check_of
from conformance.checks.scan import FAMILY as SCAN
from conformance.contract import clause as clause_of
from conformance.judging.findings import Violation
from conformance.run.scans import scanned_again
from conformance.run.sweep import Sweep
from conformance.timing import phase
from conformance.transports.afresh import asked_afresh
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import AS_BUILT
from conformance.transports.worker_tasks import CLOUDPICKLE, PICKLE
from fixtures.tables.warehouse import Warehouse
from strategies.serialization import from_json

__all__ = ["told_alone"]

# Seconds that the examples of a unit of work may take. What is not asked by then stays as it is.
MOST_SECONDS = 30.0
# So many tries of what an example shows at once, and so many seconds for all that it shows, the first tries included.
SURE_TRIES, SURE_SECONDS = 5, 0.5
# The same for what it does not show in one of these.
MOST_TRIES, TRYING_SECONDS = 30, 8.0

# What a journey of one example judges: the transports, and what checks name in their place.
WAYS = frozenset({AS_BUILT, PICKLE, CLOUDPICKLE, *(transport.name for transport in TRANSPORTS)})
# Of a violation: its clause, and the transport through which it is tried.
Tried = tuple[str, str]


@phase("confirm")
def told_alone(sweep: Sweep, violations: Sequence[Violation]) -> list[Violation]:
    """Return the violations; those of examples that break nothing by themselves, or not each time, say so.

    Each example is tried in a process of its own. What is judged in another way than by carrying one example stays as
    it is.
    """
    told = list(violations)
    end = time.monotonic() + MOST_SECONDS
    by_spec: dict[str, list[int]] = {}
    for i, violation in enumerate(told):
        if _can_be_tried(violation):
            by_spec.setdefault(violation.spec, []).append(i)
    for spec, of_it in by_spec.items():
        if time.monotonic() > end:
            break
        tried = [(told[i].clause, told[i].transports[0]) for i in of_it]
        broken = asked_afresh(_broken, sweep.adapter.reference, spec, tried, sweep.warehouse.root)
        for i, (times, tries) in zip(of_it, broken or (), strict=False):
            wobbles = 0 < times < tries
            told[i] = replace(told[i], alone=times == tries, tries=(times, tries) if wobbles else None)
    return told


def _can_be_tried(violation: Violation) -> bool:
    """Return whether one example says all of it: a spec that is carried by a transport, or a scan that is planned."""
    if not violation.spec:
        return False
    if clause_of(violation.clause).family == SCAN:
        return True
    return check_of(violation.clause).journeys and violation.transports[0] in WAYS


def _broken(reference: str, spec: str, tried: Sequence[Tried], root: Path) -> list[tuple[int, int]]:
    """Return in how many tries the spec breaks each of the clauses, and how many there were."""
    adapter = load_adapter(reference)
    sweep, found = Sweep(adapter, TRANSPORTS, applicable(adapter), Warehouse(root)), from_json(spec)

    def breaks(clause: str, transport: str) -> bool:
        if clause_of(clause).family == SCAN:
            return any(scanned_again(sweep, clause, found))
        judged = sweep.judge_alone(clause, frozenset([transport]), found, exhaustive=True)
        return any(judgement.difference for judgement in judged)

    started = time.monotonic()
    seen = [[breaks(*each)] for each in tried]

    def try_on(numbers: Sequence[int], tries: int, end: float) -> None:
        for _ in range(tries):
            for number in numbers:
                if len(seen[number]) < tries and time.monotonic() < end:
                    seen[number].append(breaks(*tried[number]))

    try_on([number for number, each in enumerate(seen) if all(each)], SURE_TRIES, started + SURE_SECONDS)
    doubtful = [number for number, each in enumerate(seen) if not all(each)]
    try_on(doubtful, MOST_TRIES, time.monotonic() + TRYING_SECONDS)
    return [(sum(each), len(each)) for each in seen]
