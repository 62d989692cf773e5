"""Whether an example breaks a clause by itself, or in the company of others only.

What a loader keeps for the process, by class or by id, outlives an example, and takes part in what the next ones show.
A process that has seen no other example tells the two apart.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from conformance.adapters.loading import load_adapter
from conformance.checks import applicable
from conformance.checks.scan import FAMILY as SCAN
from conformance.contract import clause as clause_of
from conformance.judging.findings import Violation
from conformance.run.scans import scanned_again
from conformance.run.sweep import Sweep
from conformance.timing import phase
from conformance.transports.processes import at_root
from conformance.transports.registry import select_transports
from conformance.transports.transport import STARTED
from fixtures.tables.warehouse import Warehouse
from strategies.serialization import from_json

__all__ = ["told_alone"]

# Seconds that the examples of a unit of work may take, and one of them. What is not asked by then stays as it is.
MOST_SECONDS = 30.0
ONE_SECONDS = 15.0

# Of a violation: its clause, and the transport through which it is tried.
Tried = tuple[str, str]


@phase("confirm")
def told_alone(sweep: Sweep, violations: Sequence[Violation]) -> list[Violation]:
    """Return the violations; those of examples that break nothing by themselves say so.

    Each example is tried once, in a process of its own.
    """
    told = list(violations)
    end = time.monotonic() + MOST_SECONDS
    specs = dict.fromkeys(violation.spec for violation in told if violation.spec and violation.alone)
    for spec in specs:
        if time.monotonic() > end:
            break
        of_it = [i for i, violation in enumerate(told) if violation.spec == spec and violation.alone]
        tried = [(told[i].clause, told[i].transports[0]) for i in of_it]
        for i, broken in zip(of_it, _asked(sweep, spec, tried), strict=False):
            told[i] = replace(told[i], alone=broken)
    return told


def _asked(sweep: Sweep, spec: str, tried: Sequence[Tried]) -> list[bool]:
    """Return which of the clauses the example breaks in a process that has seen no other; nothing for no answer."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["conformance.transports.processes"])
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, sweep.adapter.reference, spec, tried, sweep.warehouse.root)
    process = context.Process(target=_tell, args=arguments)
    with at_root():
        process.start()
    sender.close()
    try:
        broken: list[bool] = receiver.recv() if receiver.poll(ONE_SECONDS) else []
    except EOFError:
        broken = []
    process.kill()
    process.join()
    receiver.close()
    return broken


def _tell(sender: Connection, reference: str, spec: str, tried: Sequence[Tried], root: Path) -> None:
    with STARTED:
        sender.send(list(_broken(reference, spec, tried, root)))


def _broken(reference: str, spec: str, tried: Sequence[Tried], root: Path) -> Iterator[bool]:
    """Yield whether the spec breaks each of the clauses."""
    adapter = load_adapter(reference)
    sweep = Sweep(adapter, select_transports(()), applicable(adapter), Warehouse(root))
    for clause, transport in tried:
        if clause_of(clause).family == SCAN:
            yield any(scanned_again(sweep, clause, from_json(spec)))
        else:
            judged = sweep.judge_alone(clause, frozenset([transport]), from_json(spec), exhaustive=True)
            yield any(judgement.difference for judgement in judged)
