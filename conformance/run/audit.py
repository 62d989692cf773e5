"""The audit of a baseline: an entry is judged by what it pins, and has to go once that no longer fails."""

from __future__ import annotations

import datetime
from dataclasses import replace

from conformance.checks import Check
from conformance.checks.scan import FAMILY
from conformance.examples.from_spec import Unusable, example_of
from conformance.judging.baseline import Entry
from conformance.judging.judgement import judge
from conformance.judging.where import ANYWHERE
from conformance.observation.raised import Raised, attempt
from conformance.run.lifecycle import lived
from conformance.run.other_processes import CLAUSE as OTHER_PROCESSES
from conformance.run.other_processes import departed, exchanged
from conformance.run.scans import THROUGH, scanned_again
from conformance.run.sweep import Sweep
from conformance.transports.registry import transport_names
from conformance.transports.transport import AS_BUILT, DEPARTED, EXCHANGED
from strategies.serialization import from_json

__all__ = ["stale"]


def stale(sweep: Sweep, entry: Entry, today: datetime.date) -> str | None:
    """Return why an entry of the baseline has to go, judged by its pinned spec; ``None`` where it still holds.

    It is judged through those of its transports that are selected; where none is, it holds. So does one that fails in
    the company of other examples only, until it expires.
    """
    if entry.expires is not None and entry.expires < today:
        return f"expired on {entry.expires}"
    checks = [check for check in sweep.checks if check.clause.id == entry.clause]
    if not checks:
        return "matches nothing: the clause is not applicable to this adapter"
    if not entry.alone:
        return None
    if checks[0].clause.family == FAMILY:
        return _stale_scan(sweep, entry)
    if entry.script:
        return _stale_script(sweep, entry)
    failing = _failing(sweep, entry, checks)
    if isinstance(failing, Unusable):
        return f"matches nothing: the engine cannot run its pinned spec: {failing.reason[:200]}"
    carried = {transport.name for transport in sweep.transports}
    judged = set(entry.transports) - (set(transport_names()) - carried)
    if entry.transports and not judged:
        return None
    if healed := sorted(judged - failing) if entry.transports else ([] if failing else ["any transport"]):
        return f"no longer fails through {', '.join(healed)}"
    return None


def _stale_script(sweep: Sweep, entry: Entry) -> str | None:
    found = attempt(lived, sweep.adapter, entry.script, sweep.warehouse)
    if isinstance(found, Raised):
        return f"matches nothing: {found.message}"
    again = found is not None and entry.excuses(entry.clause, AS_BUILT, None, found)
    return None if again else "no longer fails"


def _stale_scan(sweep: Sweep, entry: Entry) -> str | None:
    spec = from_json(entry.spec)
    found = scanned_again(sweep, entry.clause, spec)
    places = (THROUGH, AS_BUILT)
    again = any(each and entry.excuses(entry.clause, place, spec, each) for each in found for place in places)
    return None if again else "no longer fails"


def _failing(sweep: Sweep, entry: Entry, checks: list[Check]) -> set[str] | Unusable:
    """Return the transports through which the entry's spec still breaks the clause.

    At whichever place: where the spec breaks it at several, which of them is told first may depend on what was read
    before.
    """
    failing: set[str] = set()
    entry = entry.model_copy(update={"where": ANYWHERE})
    example = example_of(from_json(entry.spec), sweep.warehouse)
    if isinstance(example, Unusable):
        return example
    for exhaustive in (False, True):
        journey = sweep.travelled(replace(example, exhaustive=exhaustive))
        judgements = list(judge(journey, checks, replace(sweep.baseline, entries=(entry,))))
        failing |= {judgement.transport for judgement in judgements if judgement.known}
        sweep.hung(journey, judgements)
        if failing and failing >= set(entry.transports):
            return failing  # the second way would tell nothing more, and may have to be waited for
    elsewhere = {EXCHANGED: exchanged, DEPARTED: departed}
    single = replace(sweep.baseline, entries=(entry.model_copy(update={"transports": ()}),))
    for transport, judged in elsewhere.items():
        if transport in entry.transports or (entry.clause == OTHER_PROCESSES and not failing and not entry.transports):
            found = judged(sweep.adapter, [from_json(entry.spec)], sweep.warehouse.root, single)
            failing |= {transport} if found.known else set()
    return failing
