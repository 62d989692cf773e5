"""A check's word on one example through one transport."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from conformance.checks import Check
from conformance.judging.baseline import EMPTY, Baseline
from conformance.observation.difference import Difference
from conformance.transports.journey import EndsProcess, Journey

__all__ = ["Judgement", "judge"]


@dataclass(frozen=True)
class Judgement:
    """A clause's judgement on one example through one transport.

    ``difference`` is ``None`` where the clause holds, or where an entry of the baseline excuses what was found: that of
    the number ``known``.
    """

    clause: str
    transport: str
    difference: Difference | None
    known: int = 0


def judge(journey: Journey, checks: Sequence[Check], baseline: Baseline = EMPTY) -> Iterator[Judgement]:
    """Yield the judgement of every check on a journey; what the baseline excuses is known, not broken."""
    for check in checks:
        if not journey.is_one_in(check.one_in, check.clause.id):
            continue
        with suppress(EndsProcess):  # what the check has told before that counts
            for transport, found in check.judge(journey):
                entry = found and baseline.excuse(check.clause.id, transport, journey.example.likeness, found)
                if entry:
                    yield Judgement(check.clause.id, transport, None, entry.number)
                else:
                    yield Judgement(check.clause.id, transport, found)
