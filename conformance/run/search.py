"""The search for the smallest example of each broken clause, while the other clauses are left out.

Hypothesis by itself would not do: a clause that fails only together with a frequent one goes unreported, and it stops
looking some seconds after the first failure. So nothing raises while examples are drawn, and each clause is searched on
its own afterwards. What a search gives up: at most :data:`MOST_SPECS` specs are tried in at most :data:`MOST_SECONDS`,
and then, for as long at most, :data:`MOST_PARTS` specs with a part left out. What it has found by then is readable, if
not minimal. A failure that hangs would take for ever to shrink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from conformance.adapters.preflight import SIMPLEST
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.observation.difference import Difference
from conformance.run.claims import Claims
from conformance.timing import phase
from strategies.serialization import to_json
from strategies.simpler import simpler
from strategies.specs import SplitSpec, SqlPlanSpec

__all__ = ["Breaks", "History", "JudgeAlone", "Smallest", "reduced", "search"]

# What breaks always is shown by one of these.
SIMPLE = (SIMPLEST, replace(SIMPLEST, plan=SqlPlanSpec('SELECT * FROM "t"')))
MOST_SPECS = 150
MOST_SECONDS = 30.0
# So many attempts more to leave something out of what was found.
MOST_PARTS = 40

# Whether a spec breaks a clause; and the smallest spec that does, if any.
Breaks = Callable[[SplitSpec], bool]
Smallest = Callable[[Breaks], "SplitSpec | None"]
# Judges one clause, through some transports, on a spec.
JudgeAlone = Callable[[str, frozenset[str], SplitSpec], Sequence[Judgement]]


@dataclass
class History:
    """What was judged while drawing: what held for each spec (as JSON), and the first break of each clause.

    What holds is a clause through a transport. What was never judged, for its transport was given up, is not in it.
    """

    held_by: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    first: dict[str, tuple[SplitSpec, Judgement]] = field(default_factory=dict)

    def note(self, spec: SplitSpec, judgements: Sequence[Judgement]) -> None:
        """Note what held for a spec, and what it broke."""
        broken = [judgement for judgement in judgements if judgement.difference]
        judged = {(judgement.clause, judgement.transport) for judgement in judgements}
        self.held_by[to_json(spec)] = judged - {(judgement.clause, judgement.transport) for judgement in broken}
        for judgement in broken:
            self.first.setdefault(judgement.clause, (spec, judgement))


@phase("search")
def search(ledger: Ledger, history: History, smallest: Smallest, judge_alone: JudgeAlone, claims: Claims) -> None:
    """Find the smallest example of each broken clause, until every transport that broke it is accounted for.

    The example is searched through one transport, and then tried through all: a violation of a clause that each of
    twelve transports breaks, or one that ends a process each time, would otherwise cost twelve times as much. The
    simplest examples, and those that were found for other clauses, are tried before: one fault mostly breaks several
    clauses, and is shown by one example (:mod:`conformance.judging.causes`).
    """
    for clause, (spec, seen) in history.first.items():
        through = {transport for broken, transport in ledger.findings.broken if broken == clause}
        unexplained: Sequence[str] = [each for each in sorted(through) if claims.claim(clause, each)]
        for known in (*SIMPLE, *claims.examples()) if unexplained else ():
            unexplained = _explained(ledger, clause, unexplained, known, judge_alone)
        while unexplained:
            trial = partial(_Trial, clause, unexplained[0], history, judge_alone)
            found = reduced(smallest(trial(MOST_SPECS).breaks) or spec, trial(MOST_PARTS).breaks)
            left = _explained(ledger, clause, unexplained, found, judge_alone)
            if left != unexplained:
                claims.keep(found)
                unexplained = left
                continue
            # Broken in company, not alone: state that outlives a split. Shown as it was first seen.
            assert seen.difference is not None
            ledger.violate(clause, unexplained, _shown(spec), seen.difference, alone=False)
            break


def _explained(
    ledger: Ledger, clause: str, transports: Sequence[str], spec: SplitSpec, judge_alone: JudgeAlone
) -> Sequence[str]:
    """Enter the violation where the spec breaks the clause; return the transports through which it does not."""
    judged = judge_alone(clause, frozenset(transports), spec) if transports else []
    broken: dict[str, Difference] = {}
    for each in judged:
        if each.difference and each.transport in transports:
            broken.setdefault(each.transport, each.difference)
    if broken:
        ledger.violate(clause, broken, _shown(spec), next(iter(broken.values())), alone=True)
    return [transport for transport in transports if transport not in broken]


def _shown(spec: SplitSpec) -> Shown:
    return Shown(repr(spec), to_json(spec), spec)


def reduced(spec: SplitSpec, breaks: Breaks) -> SplitSpec:
    """Return the spec without those of its parts that do not matter: what is left still breaks."""
    while (smaller := next(filter(breaks, simpler(spec)), None)) is not None:
        spec = smaller
    return spec


class _Trial:
    """Whether a spec breaks one clause through one transport; each spec is judged once, and ``most`` of them at all."""

    def __init__(self, clause: str, transport: str, history: History, judge_alone: JudgeAlone, most: int) -> None:
        self._clause, self._transport = clause, transport
        self._history, self._judge_alone = history, judge_alone
        self._most, self._tried = most, dict[str, bool]()
        self._end = time.monotonic() + MOST_SECONDS

    def breaks(self, spec: SplitSpec) -> bool:
        """Return whether the spec breaks the clause; false for any new one once the limit is reached."""
        key = to_json(spec)
        if (self._clause, self._transport) in self._history.held_by.get(key, ()):
            return False
        if key not in self._tried:
            if len(self._tried) >= self._most or time.monotonic() > self._end:
                return False
            judged = self._judge_alone(self._clause, frozenset([self._transport]), spec)
            self._tried[key] = any(each.difference and each.transport == self._transport for each in judged)
        return self._tried[key]
