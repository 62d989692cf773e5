"""The search for the smallest example of each broken clause, while the other clauses are left out.

Hypothesis by itself would not do: a clause that fails only together with a frequent one goes unreported, and it stops
looking some seconds after the first failure. So nothing raises while examples are drawn, and each clause is searched on
its own afterwards. What a search gives up: at most :data:`MOST_SPECS` specs are tried in at most :data:`MOST_SECONDS`.
What it has found by then is readable, if not minimal. A failure that hangs would take for ever to shrink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.run.claims import Claims
from conformance.timing import phase
from strategies.serialization import to_json
from strategies.specs import SplitSpec

__all__ = ["Breaks", "History", "JudgeAlone", "Smallest", "search"]

MOST_SPECS = 150
MOST_SECONDS = 30.0

# Whether a spec breaks a clause; and the smallest spec that does, if any.
Breaks = Callable[[SplitSpec], bool]
Smallest = Callable[[Breaks], "SplitSpec | None"]
# Judges one clause, through some transports, on a spec.
JudgeAlone = Callable[[str, frozenset[str], SplitSpec], Sequence[Judgement]]


@dataclass
class History:
    """What was judged while drawing: the clauses that each spec (as JSON) broke, and the first break of each one."""

    broken_by: dict[str, set[str]] = field(default_factory=dict)
    first: dict[str, tuple[SplitSpec, Judgement]] = field(default_factory=dict)

    def note(self, spec: SplitSpec, judgements: Sequence[Judgement]) -> None:
        """Note what a spec broke."""
        broken = [judgement for judgement in judgements if judgement.difference]
        self.broken_by[to_json(spec)] = {judgement.clause for judgement in broken}
        for judgement in broken:
            self.first.setdefault(judgement.clause, (spec, judgement))


@phase("search")
def search(ledger: Ledger, history: History, smallest: Smallest, judge_alone: JudgeAlone, claims: Claims) -> None:
    """Find the smallest example of each broken clause, until every transport that broke it is accounted for."""
    for clause, (spec, seen) in history.first.items():
        through = {transport for broken, transport in ledger.findings.broken if broken == clause}
        unexplained = {transport for transport in sorted(through) if claims.claim(clause, transport)}
        while unexplained:
            trial = _Trial(clause, frozenset(unexplained), history, judge_alone)
            found = smallest(trial.breaks) or spec
            broken = [judgement for judgement in trial.judgements(found) if judgement.difference]
            alone = bool(broken)
            if not alone:
                # Broken in company, not alone: state that outlives a split. Shown as it was first seen.
                found, broken = spec, [replace(seen, transport=transport) for transport in sorted(unexplained)]
            assert broken[0].difference is not None
            where = [judgement.transport for judgement in broken]
            shown = Shown(repr(found), to_json(found), found)
            ledger.violate(clause, where, shown, broken[0].difference, alone=alone)
            unexplained -= set(where)


class _Trial:
    """Whether a spec breaks one clause through some transports; each spec is judged once."""

    def __init__(self, clause: str, transports: frozenset[str], history: History, judge_alone: JudgeAlone) -> None:
        self._clause, self._transports = clause, transports
        self._history, self._judge_alone = history, judge_alone
        self._tried: dict[str, list[Judgement]] = {}
        self._end = time.monotonic() + MOST_SECONDS

    def breaks(self, spec: SplitSpec) -> bool:
        """Return whether the spec breaks the clause; false for any new one once the limit is reached."""
        key = to_json(spec)
        if self._clause not in self._history.broken_by.get(key, {self._clause}):
            return False
        if key not in self._tried and (len(self._tried) >= MOST_SPECS or time.monotonic() > self._end):
            return False
        return any(judgement.difference for judgement in self.judgements(spec))

    def judgements(self, spec: SplitSpec) -> list[Judgement]:
        """Return the judgements of the clause on the spec, through these transports or as built."""
        key = to_json(spec)
        if key not in self._tried:
            judged = self._judge_alone(self._clause, self._transports, spec)
            self._tried[key] = [judgement for judgement in judged if judgement.transport in self._transports]
        return self._tried[key]
