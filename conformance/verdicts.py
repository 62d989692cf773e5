"""Findings to verdicts, and verdicts to an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

from conformance.checks import CHECKS
from conformance.contract import Clause, Level
from conformance.findings import Findings, Violation
from conformance.selection import Selection

__all__ = ["Exit", "State", "Verdict", "exit_code", "verdicts"]


class State(Enum):
    """What a run says of a clause. ``not run`` and ``not applicable`` are no passes."""

    CONFORMS = "conforms"
    VIOLATES = "violates"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"


class Exit(IntEnum):
    """Exit codes of a run."""

    CONFORMS = 0
    VIOLATES = 1
    USAGE = 2
    SUITE_FAILED = 3


@dataclass(frozen=True)
class Verdict:
    """A clause's verdict: how many examples met its premise, why it was not run, each distinct way it was broken."""

    clause: Clause
    state: State
    examples: int = 0
    why: str = ""
    violations: tuple[Violation, ...] = ()


def verdicts(selection: Selection, findings: Findings, *, complete: bool = True) -> list[Verdict]:
    """Return a verdict on each selected clause. ``complete`` is false where some units of work did not end."""
    return [_verdict(clause, selection, findings, complete) for clause in selection.clauses]


def exit_code(selection: Selection, found: Sequence[Verdict], *, complete: bool = True) -> tuple[Exit, str]:
    """Return the exit code and a sentence that says why."""
    violated = [verdict for verdict in found if verdict.state is State.VIOLATES]
    binding = [v for v in violated if v.clause.level is Level.MUST or selection.strict]
    conforming = sum(verdict.state is State.CONFORMS for verdict in found)
    checked = conforming + len(violated)
    if not complete:
        return Exit.SUITE_FAILED, "the suite could not do all of its work: see the errors above"
    if binding:
        return Exit.VIOLATES, f"{_count(len(binding), 'clause')} violated: {_ids(binding)}"
    if not checked:
        return Exit.VIOLATES, "nothing was checked"
    if checked < selection.require:
        return Exit.VIOLATES, f"only {_count(checked, 'clause')} checked, {selection.require} required"
    should = f"; SHOULD violated: {_ids(violated)} (--strict makes that binding)" if violated else ""
    return Exit.CONFORMS, f"conforms to {_count(conforming, 'clause')}{should}"


def _verdict(clause: Clause, selection: Selection, findings: Findings, complete: bool) -> Verdict:
    missing = [need for need in clause.needs if need not in selection.adapter.capabilities]
    if missing:
        return Verdict(clause, State.NOT_APPLICABLE, why="; ".join(f"not: {need.value}" for need in missing))
    if all(check.clause != clause for check in CHECKS):
        return Verdict(clause, State.NOT_RUN, why="no check verifies it yet")
    # An example counts once, through however many transports it went.
    examples = max((count for (id_, _), count in findings.met.items() if id_ == clause.id), default=0)
    if any(id_ == clause.id for id_, _ in findings.broken):
        broken = [violation for violation in findings.violations if violation.clause == clause.id]
        return Verdict(clause, State.VIOLATES, examples, violations=_distinct(broken))
    if not complete:
        return Verdict(clause, State.NOT_RUN, examples, why="the run was cut short")
    if not examples:
        return Verdict(clause, State.NOT_RUN, why="no example met its premise")
    return Verdict(clause, State.CONFORMS, examples)


def _distinct(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Return the smallest example of each set of transports; what one with more transports explains is left out.

    An example that several units of work found is one violation, with the transports of all.
    """
    by_id: dict[str, Violation] = {}
    for violation in violations:
        first = by_id.setdefault(violation.id, violation)
        where = tuple(dict.fromkeys((*first.transports, *violation.transports)))
        by_id[violation.id] = replace(first, transports=where)
    kept: list[Violation] = []
    for violation in sorted(by_id.values(), key=lambda v: (-len(v.transports), len(v.example), v.example)):
        if not any(set(violation.transports) <= set(other.transports) for other in kept):
            kept.append(violation)
    return tuple(kept)


def _ids(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(verdict.clause.id for verdict in verdicts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
