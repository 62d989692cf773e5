"""Findings to verdicts, and verdicts to an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from conformance.adapter import Capability
from conformance.checks.scan import FAMILY as SCAN
from conformance.contract import Clause, Level
from conformance.contract import clause as clause_of
from conformance.judging.answers import Exit, State
from conformance.judging.baseline import EMPTY, Baseline, Entry
from conformance.judging.causes import Cause, causes
from conformance.judging.findings import Common, Findings, Violation
from conformance.judging.where import Where
from conformance.transports.transport import AS_BUILT

__all__ = ["Asked", "Exit", "State", "Verdict", "causes_of", "exit_code", "verdicts"]


@dataclass(frozen=True)
class Verdict:
    """A clause's verdict: how many examples met its premise, why it was not run, each distinct way it was broken.

    ``entries`` are those of the baseline that excused a failure of it. ``elsewhere`` holds what broke it at places that
    no violation names, of each place the shortest example.
    """

    clause: Clause
    state: State
    examples: int = 0
    why: str = ""
    violations: tuple[Violation, ...] = ()
    entries: tuple[Entry, ...] = ()
    elsewhere: tuple[Common, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a run has to answer for.

    ``engines`` are the names of those that it starts, ``by_name`` those of engines and stores that were asked for by
    name: the run fails where one of these does not run. ``through_engines`` are the clauses that only engines bear on.
    ``transports`` are those that every example goes through, each with the clause of what cannot be carried there;
    ``of_arrivals`` are the clauses that say something of what arrives. At most ``most_unusable`` percent of the
    examples may be such as the engine cannot run.
    """

    clauses: tuple[Clause, ...]
    capabilities: frozenset[Capability]
    baseline: Baseline = EMPTY
    engines: tuple[str, ...] = ()
    by_name: frozenset[str] = frozenset()
    through_engines: frozenset[str] = frozenset()
    transports: tuple[tuple[str, str], ...] = ()
    of_arrivals: frozenset[str] = frozenset()
    require: int = 1
    most_unusable: int = 100
    strict: bool = False


def verdicts(asked: Asked, findings: Findings, *, complete: bool = True) -> list[Verdict]:
    """Return a verdict on each selected clause. ``complete`` is false where some units of work did not end."""
    return [_verdict(clause, asked, findings, complete) for clause in asked.clauses]


def causes_of(found: Sequence[Verdict], findings: Findings) -> tuple[Cause, ...]:
    """Return the causes of what is violated, the one that breaks most clauses first."""
    return causes((violation for verdict in found for violation in verdict.violations), findings.patterns)


def exit_code(asked: Asked, found: Sequence[Verdict], findings: Findings, *, complete: bool = True) -> tuple[Exit, str]:
    """Return the exit code and a sentence that says why."""
    stale = [why for _, why in sorted(findings.stale.items())]
    violated = [verdict for verdict in found if verdict.state is State.VIOLATES]
    binding = [v for v in violated if v.clause.level is Level.MUST or asked.strict]
    conforming = sum(verdict.state is State.CONFORMS for verdict in found)
    known = [verdict for verdict in found if verdict.state is State.KNOWN]
    checked = conforming + len(violated) + len(known)
    if not complete:
        return Exit.SUITE_FAILED, "the suite could not do all of its work: see the errors above"
    if binding or stale:
        names = {verdict.clause.id for verdict in binding}
        all_causes = causes_of(found, findings)
        of_binding = sum(not names.isdisjoint(cause.clauses) for cause in all_causes)
        rest = len(all_causes) - of_binding
        further = f", and {_count(rest, 'cause')} of SHOULD clauses alone" if rest else ""
        by = f" ({_count(of_binding, 'cause')}{further})" if len(binding) > 1 else ""
        violations = [f"{_count(len(binding), 'clause')} violated: {_ids(binding)}{by}"] if binding else []
        more = f" (and {_count(len(stale) - 1, 'entry')} more, each told above)" if len(stale) > 1 else ""
        return Exit.VIOLATES, "; ".join([*violations, *(f"the baseline is stale: {why}{more}" for why in stale[:1])])
    if missing := sorted(asked.by_name & findings.not_started.keys()):
        why = "; ".join(findings.not_started[name] for name in missing)
        return Exit.SUITE_FAILED, f"asked for by name and not run: {why}"
    if silent := _silent(asked, findings):
        return Exit.VIOLATES, f"nothing arrived through {', '.join(silent)}: leave out what the loader does not support"
    if not checked:
        return Exit.VIOLATES, "nothing was checked"
    unusable, share = _unusable(findings)
    if share > asked.most_unusable:
        return Exit.VIOLATES, f"{unusable}, and at most {asked.most_unusable} % may be (--most-unusable)"
    if checked < asked.require:
        return Exit.VIOLATES, f"only {_count(checked, 'clause')} checked, {asked.require} required"
    should = f"; SHOULD violated: {_ids(violated)} (--strict makes that binding)" if violated else ""
    excused = f"; known to the baseline: {_ids(known)}" if known else ""
    left_out = f"; {unusable}" if share > SMALL_SHARE else ""
    return Exit.CONFORMS, f"conforms to {_count(conforming, 'clause')}{excused}{should}{left_out}"


# Percent of the examples. So many that the engine cannot run are normal: DataFusion 51 to 55 cannot run 0.1 to 1.5.
SMALL_SHARE = 3.0


def _unusable(findings: Findings) -> tuple[str, float]:
    """Return what to say of the examples that the engine cannot run, and their share in percent."""
    count = sum(findings.unusable.values())
    share = 100 * count / findings.examples if findings.examples else 0.0
    reason = f", mostly for: {findings.unusable.most_common(1)[0][0]}" if count else ""
    return f"the engine cannot run {count} of {_count(findings.examples, 'example')} ({share:.0f} %){reason}", share


def _silent(asked: Asked, findings: Findings) -> list[str]:
    """Return the transports through which splits were sent and none arrived, though the baseline does not know it."""
    return [
        name
        for name, clause in asked.transports
        if findings.sent[name] and not findings.arrived[name] and not _excused(name, clause, asked, findings)
    ]


def _excused(transport: str, clause: str, asked: Asked, findings: Findings) -> bool:
    entries = (asked.baseline.at(number) for known, number in findings.known if known == clause)
    return any(not entry.transports or transport in entry.transports for entry in entries)


def _verdict(clause: Clause, asked: Asked, findings: Findings, complete: bool) -> Verdict:
    missing = [need for need in clause.needs if need not in asked.capabilities]
    if missing:
        return Verdict(clause, State.NOT_APPLICABLE, why="; ".join(f"not: {need.value}" for need in missing))
    not_started = "; ".join(findings.not_started[name] for name in asked.engines if name in findings.not_started)
    # An example counts once, through however many transports it went.
    numbers = sorted(number for id_, number in findings.known if id_ == clause.id)
    entries = tuple(asked.baseline.at(number) for number in numbers)
    examples = max((count for (id_, _), count in findings.met.items() if id_ == clause.id), default=0)
    if any(id_ == clause.id for id_, _ in findings.broken):
        broken = [violation for violation in findings.violations if violation.clause == clause.id]
        shown = _distinct(broken)
        elsewhere = tuple(_elsewhere(clause.id, shown, findings))
        return Verdict(clause, State.VIOLATES, examples, violations=shown, entries=entries, elsewhere=elsewhere)
    if not complete:
        return Verdict(clause, State.NOT_RUN, examples, why="the run was cut short")
    if clause.id in asked.through_engines and not asked.engines:
        return Verdict(clause, State.NOT_RUN, why="no engine was asked for: --engines, or --transport NAME of one")
    if clause.id in asked.through_engines and asked.by_name & findings.not_started.keys():
        return Verdict(clause, State.NOT_RUN, examples, why=not_started)
    if not examples:
        return Verdict(clause, State.NOT_RUN, why="no example met its premise")
    met = {transport for id_, transport in findings.met if id_ == clause.id}
    if clause.id in asked.of_arrivals and asked.transports and met == {AS_BUILT}:
        names = ", ".join(name for name, _ in asked.transports)
        return Verdict(clause, State.NOT_RUN, examples, why=f"nothing of it arrived through {names}")
    if entries:
        why = "; ".join(f"{asked.baseline.line(entry)} ({entry.fault}): {entry.reason}" for entry in entries)
        return Verdict(clause, State.KNOWN, examples, why, entries=entries)
    return Verdict(clause, State.CONFORMS, examples, not_started if clause.id in asked.through_engines else "")


def _elsewhere(clause: str, shown: Sequence[Violation], findings: Findings) -> Iterator[Common]:
    """Yield what broke the clause at places that none of the violations names, or in another manner there.

    What raises no error comes first, then the shortest example.
    """
    told = [Where.of(violation.difference) for violation in shown]
    commons = (common for (id_, _), found in findings.common.items() if id_ == clause for common in found)
    for common in sorted(
        commons, key=lambda each: (bool(each.where.raises), not each.spec, len(each.spec), str(each.where))
    ):
        if not any(common.where.is_alike(where) for where in told):
            told.append(common.where)
            yield common


def _distinct(violations: Sequence[Violation]) -> tuple[Violation, ...]:
    """Return the smallest example of each set of transports; what one with more transports explains is left out.

    Of scans all stay: each is of another kind (conformance/run/scans.py).

    An example that several units of work found is one violation, with the transports of all. A spec goes before a fixed
    table: it can be pinned and replayed.
    """
    by_id: dict[str, Violation] = {}
    for violation in violations:
        first = by_id.setdefault(violation.id, violation)
        where = tuple(dict.fromkeys((*first.transports, *violation.transports)))
        by_id[violation.id] = replace(first, transports=where)
    kept: list[Violation] = []
    ordered = sorted(by_id.values(), key=lambda v: (not v.spec, -len(v.transports), len(v.example), v.example))
    for violation in ordered:
        explained = any(set(violation.transports) <= set(other.transports) for other in kept)
        if clause_of(violation.clause).family == SCAN or not explained:
            kept.append(violation)
    return tuple(kept)


def _ids(verdicts: Sequence[Verdict]) -> str:
    return ", ".join(verdict.clause.id for verdict in verdicts)


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
