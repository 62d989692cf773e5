"""Violations by cause: one fault breaks many clauses, and each clause tells of it in its own words.

A violation names what differs (:class:`conformance.observation.difference.Place`). Where two name the same, they have
one cause. Some name what everything flows into, the rows or the whole state: these have the cause of the clause that
was broken by the same examples, or by few more. What is wrong in a split as it was built does not come of what happens
to it on its way. Those of which nothing tells are causes of their own.

A scan is no example of splits. Its violation has the cause of a fault of splits where its smallest scan has all that
their smallest examples have besides what every example has: the same conditions hold. So has one of the rows of a scan
the cause of another that has less. Else each clause on scans is a cause of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conformance.checks.context import WHOLE_STATE
from conformance.checks.scan import FAMILY as SCAN
from conformance.checks.scan import OF_THE_SPLITS
from conformance.judging.conditions.holding import Judged, holding
from conformance.judging.findings import Pattern, Violation
from conformance.observation.difference import Step
from conformance.transports.transport import AS_BUILT
from strategies.serialization import from_json

__all__ = ["Cause", "causes"]

# Conditions that nearly every example fulfils.
ORDINARY = frozenset({"no_plan", "parquet"})

# What others flow into: that it differs tells nothing of why.
DERIVED = frozenset(
    {
        *("rows", "rows, in their order", "number of rows", "reads again"),
        *("registered while reading", "registry computes", "FileIO opens", WHOLE_STATE),
    }
)
# What nothing flows out of: no other rows come of it, nor of what is accepted or refused.
FINAL = frozenset({"class", "id", "payload", "reachable", "read-only", "text", "the process", Step.BUILD.value})
# Families of clauses that look at what other clauses look at, elsewhere or later.
AGAIN = frozenset({"WIRE", "LIFE"})
# Of the examples that broke a clause, so large a share broke its cause as well.
MOST = 0.8
# Of those that broke what everything flows into: the others would be those of another cause.
NEARLY_ALL = 0.9
# A check that makes a situation of its own is broken by few examples: these are the more likely by chance those that
# broke another clause, the more examples break that. Up to so likely it is no chance.
BY_CHANCE = 0.1


@dataclass(frozen=True)
class Cause:
    """Violations that are told together."""

    violations: tuple[Violation, ...]

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that are broken, each once."""
        return tuple(dict.fromkeys(violation.clause for violation in self.violations))


def causes(violations: Iterable[Violation], patterns: Iterable[Pattern] = ()) -> tuple[Cause, ...]:
    """Return the causes, the one that breaks most clauses first; each violation belongs to one.

    ``patterns`` are what each example broke and what held for it.
    """
    by_subject: dict[tuple[str, str], list[Violation]] = {}
    derived: list[Violation] = []
    scanned: list[Violation] = []
    for violation in violations:
        if _family(violation) == SCAN:
            scanned.append(violation)
        elif violation.difference.place.part in DERIVED:
            derived.append(violation)
        else:
            by_subject.setdefault(_subject(violation), []).append(violation)
    judged = list(patterns)
    groups: list[_Group] = []
    for (part, _), group in by_subject.items():
        _join(groups, _Group({part}, group), judged)
    groups += _with_derived(groups, derived, judged)
    groups += _with_scans(groups, scanned)
    groups.sort(key=lambda group: -len(group.clauses))
    return tuple(Cause(tuple(_in_order(group.violations))) for group in groups)


def _in_order(violations: Sequence[Violation]) -> Iterator[Violation]:
    """Yield the violations of one example after each other; what says most of the cause comes first."""

    def rank(violation: Violation) -> tuple[bool, bool]:
        return violation.difference.place.part in DERIVED, _family(violation) in AGAIN

    by_example: dict[str, list[Violation]] = {}
    for violation in violations:
        by_example.setdefault(violation.example, []).append(violation)
    for group in sorted(by_example.values(), key=lambda group: (min(map(rank, group)), len(group[0].example))):
        yield from sorted(group, key=rank)


def _with_derived(groups: Sequence[_Group], derived: Sequence[Violation], patterns: Sequence[Pattern]) -> list[_Group]:
    """Add violations of what everything flows into to the groups of their causes; return those of their own."""
    sources = [(group, group.clauses) for group in groups if not group.parts <= FINAL]
    as_built = {_situation(violation) for violation in derived if AS_BUILT in violation.transports}
    others: list[_Group] = []
    by_situation: dict[tuple[str, str], _Group] = {}
    for violation in derived:
        is_built = _situation(violation) in as_built
        among = [source for source in sources if source[0].may_cause(violation, is_built=is_built)]
        near = _nearest(violation, among, patterns)
        if near is None:
            situation = violation.difference.place.part, violation.difference.place.case
            near = by_situation.setdefault(situation, _Group({str(situation)}, []))
        near.violations.append(violation)
    for group in by_situation.values():
        _join(others, group, patterns)
    return others


def _situation(violation: Violation) -> tuple[str, str, str, str]:
    place = violation.difference.place
    return violation.clause, place.step.value, place.part, place.case


def _with_scans(groups: Sequence[_Group], scanned: Iterable[Violation]) -> list[_Group]:
    """Add violations of scans to the groups that tell of them; return those of which none does, a group a clause."""
    telling = [(group, frozenset.intersection(*map(_telling, group.violations))) for group in groups]
    telling = [(group, conditions) for group, conditions in telling if conditions]
    others: dict[str, _Group] = {}
    for violation in sorted(scanned, key=lambda violation: len(_telling(violation))):
        held, of_rows = _telling(violation), violation.difference.place.case == OF_THE_SPLITS
        near = next((group for group, conditions in telling if conditions <= held), None) if of_rows else None
        if near is None:
            near = others.setdefault(violation.clause, _Group(set(), []))
            telling += [(near, held)] if of_rows else []
        near.violations.append(violation)
    return list(others.values())


def _telling(violation: Violation) -> frozenset[str]:
    """Return the conditions that hold for the example of a violation, but for those that say nothing of it."""
    spec = from_json(violation.spec) if violation.spec else None
    return holding(spec) - ORDINARY if isinstance(spec, Judged) else frozenset()


@dataclass
class _Group:
    """Violations of one cause, and the parts that they name."""

    parts: set[str]
    violations: list[Violation]

    @property
    def clauses(self) -> set[str]:
        return {violation.clause for violation in self.violations}

    def may_cause(self, derived: Violation, *, is_built: bool) -> bool:
        """Whether it shows where the derived violation does: in the split as it was built where that ``is_built``, and
        in no other case that a check has made.
        """
        cases = {violation.difference.place.case for violation in self.violations}
        shows_as_built = any(AS_BUILT in violation.transports for violation in self.violations)
        return (shows_as_built or not is_built) and bool(cases & {"", derived.difference.place.case})


def _join(groups: list[_Group], new: _Group, patterns: Sequence[Pattern]) -> None:
    """Add the violations to the first group that is of the same cause, or as a group of their own."""
    for group in groups:
        if _of_one_cause(group, new, patterns):
            group.parts |= new.parts
            group.violations += new.violations
            return
    groups.append(new)


def _of_one_cause(one: _Group, other: _Group, patterns: Sequence[Pattern]) -> bool:
    """Whether the same examples break both, and others do not; of one part, whether those that break one break both."""
    both = [pattern for pattern in patterns if one.clauses & pattern.judged and other.clauses & pattern.judged]
    mine = [pattern for pattern in both if one.clauses & pattern.broken]
    others = [pattern for pattern in both if other.clauses & pattern.broken]
    together = sum(bool(other.clauses & pattern.broken) for pattern in mine)
    if one.parts & other.parts:
        return bool(both) and together >= MOST * min(len(mine), len(others))
    neither = len(both) - len(mine) - len(others) + together
    least_held = MOST * max(len(both) - len(mine), len(both) - len(others))
    # What nearly every example breaks is broken together with anything: those that hold have to agree as well.
    return 0 < len(mine) < len(both) and together >= MOST * max(len(mine), len(others)) and neither >= least_held


def _nearest(
    violation: Violation, groups: Sequence[tuple[_Group, set[str]]], patterns: Sequence[Pattern]
) -> _Group | None:
    """Return the group of which nearly each example that breaks the violation's clause there breaks a clause too.

    Of several the one that the fewest other examples break. Where there is none, but each example breaks a clause of
    some group, the one that this violation's example breaks in the same way. Else ``None``.
    """
    clause, has_own_situation = violation.clause, bool(violation.difference.place.case)
    least: tuple[int, _Group] | None = None
    breaking = [pattern for pattern in patterns if _breaks(pattern, violation)]
    for group, clauses in groups:
        both = [pattern for pattern in patterns if clauses & pattern.judged and clause in pattern.judged]
        mine = [pattern for pattern in both if _breaks(pattern, violation)]
        if not mine or sum(bool(clauses & pattern.broken) for pattern in mine) < NEARLY_ALL * len(mine):
            continue
        if has_own_situation:
            judged = [pattern for pattern in patterns if clauses & pattern.judged]
            share = sum(bool(clauses & pattern.broken) for pattern in judged) / len(judged)
            if share ** len(mine) > BY_CHANCE:
                continue
        count = sum(bool(clauses & pattern.broken) for pattern in both)
        if least is None or count < least[0]:
            least = count, group
    if least is not None:
        return least[1]
    told = set().union(*(clauses for _, clauses in groups))
    explained = sum(bool(told & pattern.broken) for pattern in breaking)
    if not breaking or explained < NEARLY_ALL * len(breaking):
        return None
    return next((group for group, _ in groups if any(_alike(violation, each) for each in group.violations)), None)


def _breaks(pattern: Pattern, violation: Violation) -> bool:
    """Whether the example broke the violation's clause, in the situation that it names where these are told."""
    return _situation(violation) in pattern.places if pattern.places else violation.clause in pattern.broken


def _alike(one: Violation, other: Violation) -> bool:
    """Whether two violations are of one example, sent in one way."""
    return one.example == other.example and bool({*one.transports} & {*other.transports})


def _subject(violation: Violation) -> tuple[str, str]:
    """Return what a violation is about: what differs, and in which case that a check has made.

    Of what cannot be sent at all, by which error.
    """
    place, family = violation.difference.place, _family(violation)
    if place.step is Step.SEND and not place.part:
        return place.step.value, violation.difference.actual
    return place.part or place.step.value, "" if place.part and family in AGAIN else place.case


def _family(violation: Violation) -> str:
    return violation.clause.partition("-")[0]
