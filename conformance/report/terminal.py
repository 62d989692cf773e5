"""The report in the terminal."""

from __future__ import annotations

import io
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.pretty import Pretty
from rich.table import Table
from rich.text import Text

from conformance.contract import FAMILIES, Level
from conformance.contract import clause as clause_of
from conformance.judging.causes import Cause
from conformance.judging.findings import Common, Findings, Violation
from conformance.judging.verdicts import State, Verdict, causes_of
from conformance.observation.difference import Difference
from conformance.run.distributions import packages_shown, running_version
from conformance.run.replay import Replay, Result
from conformance.run.selection import Selection
from strategies.serialization import from_json

__all__ = ["facts", "header", "rendered", "replayed", "seen_broken", "summary", "told"]

STYLES = {
    State.CONFORMS: "green",
    State.VIOLATES: "bold red",
    State.KNOWN: "magenta",
    State.NOT_APPLICABLE: "dim",
    State.NOT_RUN: "yellow",
}

# Where in a line of progress the unit of work stands.
INDENT = 17
# So many characters of each end of a long error are shown.
END = 2_000
FACT_STYLES = {"expected": "green", "actual": "red"}


def header(selection: Selection, workers: int, cluster: str = "") -> str:
    """Return what is tested: the cluster if any, adapter, capabilities, versions, profile, seed, workers, selection."""
    shown = packages_shown(selection.adapter.modules)
    lines = [
        *([("cluster", cluster)] if cluster else []),
        ("adapter", f"{selection.adapter.name} ({selection.adapter_reference})"),
        ("can", ", ".join(sorted(capability.name for capability in selection.adapter.capabilities)).lower()),
        (
            "versions",
            ", ".join([f"Python {platform.python_version()}", *(f"{name} {running_version(name)}" for name in shown)]),
        ),
        ("profile", f"{selection.profile.name}, seed {selection.seed}, {workers or 'no'} workers"),
        ("clauses", f"{len(selection.clauses)} selected"),
        ("transports", ", ".join(selection.transport_names)),
    ]
    if selection.adapter.not_passed:
        names = ", ".join(selection.adapter.not_passed)
        lines.append(("not judged", f"{names}: the adapter passes nothing for these parameters"))
    for path, reason in selection.adapter.may_differ.items():
        lines.append(("may differ", f"{path}: {reason}"))
    if selection.baseline.entries:
        lines.append(
            ("baseline", f"{', '.join(selection.baseline.paths)}: {len(selection.baseline.entries)} known failures")
        )
    return rendered(*(Text.assemble((f"{name:>10}  ", "bold"), value) for name, value in lines))


def seen_broken(clause: str, seen: str, seconds: float) -> str:
    """Return the line that says, while a unit of work is done, how a clause is broken: as much as a line holds."""
    text = " ".join(f"{clause} violated: {seen}".split())
    room = _width() - INDENT
    return f"{seconds:{INDENT - 4}.0f} s  {text if len(text) <= room else text[: room - 2] + ' …'}"


def summary(
    selection: Selection,
    verdicts: Sequence[Verdict],
    findings: Findings,
    errors: Sequence[str],
    seconds: float,
    outcome: str,
) -> str:
    """Return the table of clauses by family, each cause in full, the errors of the suite, and the outcome."""
    parts: list[RenderableType] = [Text(""), _table(verdicts, findings)]
    found = causes_of(verdicts, findings)
    parts += [_panel(cause, f"cause {number} of {len(found)}") for number, cause in enumerate(found, 1)]
    elsewhere = [(verdict.clause.id, common) for verdict in verdicts for common in verdict.elsewhere]
    if elsewhere:
        parts.append(_elsewhere(elsewhere))
    for _, place in sorted(findings.stale.items()):
        parts.append(Panel(Text(place), title="the baseline is stale", title_align="left", border_style="red"))
    for error in errors:
        parts.append(Panel(Text(_both_ends(error)), title="the suite could not do its work", border_style="red"))
    for note in findings.lost:
        parts.append(Text(f"A process of the suite died, which was not the loader's doing. {note}", style="yellow"))
    phases = ", ".join(f"{name} {spent:.0f} s" for name, spent in sorted(findings.seconds.items()))
    unusable = sum(findings.unusable.values())
    scans = f", {findings.scans} scans" if findings.scans else ""
    counted = f"{findings.examples} examples ({unusable} that the engine cannot run){scans}"
    parts.append(Text(f"{counted}, {seconds:.0f} s: {phases}"))
    if findings.declined:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in findings.declined.most_common())
        parts.append(Text(f"{sum(findings.declined.values())} of them declined: {reasons}"))
    red = any(verdict.state is State.VIOLATES for verdict in verdicts) or errors or findings.stale
    parts.append(Text(f"{selection.adapter.name}: {outcome}", style="bold red" if red else "bold"))
    return rendered(*parts)


RESULT_STYLES = {Result.VIOLATED: "bold red", Result.FIXED: "green", Result.ERROR: "bold yellow"}


def replayed(ended: Replay) -> str:
    """Return what a replay found: the clause, and at each transport that still breaks it what was expected and seen."""
    case = ended.case
    result = Text.assemble((f"{case.id or case.clause}: ", "bold"), (ended.result.value, RESULT_STYLES[ended.result]))
    parts: list[RenderableType] = [result, Text(f"  {clause_of(case.clause).statement}", style="italic")]
    if ended.why:
        parts.append(Text(f"  {ended.why}"))
    for where, found in ended.broken:
        parts.append(Padding.indent(facts(through=where, **told(found)), 2))
    return rendered(*parts)


def _table(verdicts: Sequence[Verdict], findings: Findings) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("clause", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("examples", justify="right", no_wrap=True)
    table.add_column("judging", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for family, members in groupby(verdicts, key=lambda verdict: verdict.clause.family):
        table.add_row(Text(f"{family} {FAMILIES[family]}", style="bold"))
        for verdict in members:
            where = ", ".join(dict.fromkeys(t for violation in verdict.violations for t in violation.transports))
            should = " (SHOULD)" if verdict.clause.level is Level.SHOULD else ""
            table.add_row(
                f"  {verdict.clause.id}{should}",
                Text(verdict.state.value, style=STYLES[verdict.state]),
                str(verdict.examples) if verdict.examples else "",
                f"{findings.judging[verdict.clause.id]:.1f} s" if verdict.examples else "",
                Text(where or verdict.why, style="dim"),
            )
    return table


def _panel(cause: Cause, which: str) -> Panel:
    """Return a cause: each violation after the other, and each example once, below the violations that it shows."""
    parts: list[RenderableType] = []
    for (spec, example), group in groupby(cause.violations, key=lambda violation: (violation.spec, violation.example)):
        alike: dict[tuple[Difference, str], list[Violation]] = {}
        for violation in group:
            alike.setdefault((violation.difference, violation.only), []).append(violation)
        for (difference, only), violations in alike.items():
            for violation in violations:
                clause = clause_of(violation.clause)
                parts += [
                    Text.assemble((f"{clause.id} ({clause.level.value}) violated: {violation.id}", "bold red")),
                    Text(clause.statement, style="italic"),
                ]
            transports = dict.fromkeys(name for violation in violations for name in violation.transports)
            shown = facts(through=", ".join(transports), **told(difference))
            if only:
                shown.add_row(Text("only", style="bold"), Text(only))
            parts.append(Padding(shown, (0, 0, 1, 0)))
        parts += [
            Text("example", style="bold"),
            Pretty(from_json(spec), expand_all=False, max_string=400) if spec else Text(example),
            Text(""),
        ]
    title = f"{which}: {', '.join(cause.clauses)}"
    return Panel(Group(*parts[:-1]), title=title, title_align="left", border_style="red")


def _both_ends(text: str) -> str:
    """Return a text without its middle where it is long: some errors say first what they are, others last."""
    if len(text) <= 2 * END:
        return text
    return f"{text[:END]}\n… {len(text) - 2 * END:,} characters …\n{text[-END:]}"


def _elsewhere(found: Sequence[tuple[str, Common]]) -> Panel:
    """Return what broke a clause at other places than those of its violations: one may hide a worse one."""
    table = Table.grid(padding=(0, 2))
    for clause, common in found:
        table.add_row(Text(clause, style="bold"), Text(str(common.where)), Text(common.seen))
    return Panel(table, title="broken at other places too", title_align="left", border_style="red")


def told(found: Difference) -> dict[str, str]:
    """Return the facts of a difference."""
    return {"in": str(found.place), "expected": found.expected, "actual": found.actual}


def _width() -> int:
    return max(80, min(140, shutil.get_terminal_size((100, 24)).columns))


def facts(**named: str) -> Table:
    """Return facts as lines, each after its name."""
    table = Table.grid(padding=(0, 2))
    for name, text in named.items():
        table.add_row(Text(name, style="bold"), Text(text, style=FACT_STYLES.get(name, "")))
    return table


def rendered(*parts: RenderableType) -> str:
    """Return renderables as text, in colours where stdout is a terminal that has them."""
    stream = io.StringIO()
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    console = Console(file=stream, width=_width(), force_terminal=colours, highlight=False, soft_wrap=False)
    for part in parts:
        console.print(part)
    return stream.getvalue()
