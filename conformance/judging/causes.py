"""Violations by cause: one fault breaks many clauses, and each clause tells of it in its own words.

A violation names what differs (:class:`conformance.observation.difference.Place`). Where two name the same, they have
one cause. Some name what everything flows into, the rows or the whole state: these have the cause of the clause that
was broken by the same examples, or by few more; those of which nothing tells are one cause more.

A scan is no example of splits. Its violation has the cause of a fault of splits where its smallest scan has all that
their smallest examples have besides what every example has: the same conditions hold. So has one of the rows of a scan
the cause of another that has less. Else each clause on scans is a cause of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.checks.context import WHOLE_STATE
from conformance.checks.scan import FAMILY as SCAN
from conformance.checks.scan import OF_THE_SPLITS
from conformance.judging.conditions.holding import Judged, holding
from conformance.judging.findings import Pattern, Violation
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
# What nothing flows out of: no other rows come of it.
FINAL = frozenset({"class", "id", "payload", "reachable", "read-only", "text", "the process"})
# Families of clauses that look at what other clauses look at, elsewhere or later.
AGAIN = frozenset({"WIRE", "LIFE"})
# Of the examples that broke a clause, so large a share broke its cause as well.
MOST = 0.8
# Of those that broke what everything flows into: the others would be those of another cause.
NEARLY_ALL = 0.9


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
    subjects = {number: group.clauses for number, group in enumerate(groups) if not group.parts <= FINAL}
    of_their_own = _Group(set(), [])
    for violation in derived:
        near = _nearest(violation.clause, subjects, judged)
        (of_their_own if near is None else groups[near]).violations.append(violation)
    groups += [of_their_own] if of_their_own.violations else []
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


def _nearest(clause: str, groups: Mapping[int, set[str]], patterns: Sequence[Pattern]) -> int | None:
    """Return the group of which nearly each example that breaks this clause breaks a clause too.

    Of several the one that the fewest other examples break; ``None`` where there is none.
    """
    others: dict[int, int] = {}
    for number, group in groups.items():
        both = [pattern for pattern in patterns if group & pattern.judged and clause in pattern.judged]
        mine = [pattern for pattern in both if clause in pattern.broken]
        if mine and sum(bool(group & pattern.broken) for pattern in mine) >= NEARLY_ALL * len(mine):
            others[number] = sum(bool(group & pattern.broken) for pattern in both)
    return min(others, key=lambda number: others[number], default=None)


def _subject(violation: Violation) -> tuple[str, str]:
    """Return what a violation is about: what differs, and in which case that a check has made."""
    place, family = violation.difference.place, _family(violation)
    return place.part or place.step.value, "" if place.part and family in AGAIN else place.case


def _family(violation: Violation) -> str:
    return violation.clause.partition("-")[0]
