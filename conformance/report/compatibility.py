"""What became of payloads between environments, in the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from conformance.contract import clause
from conformance.report.terminal import facts, rendered, told
from conformance.versions.compatibility import CLAUSE, Crossing, Outcome, Passage
from conformance.versions.upgrade_order import Advice, Comparison, advice
from strategies.serialization import from_json

__all__ = ["compared", "loaded"]

STYLES = {Outcome.CONFORMS: "green", Outcome.REFUSES: "yellow", Outcome.VIOLATES: "bold red"}


def loaded(name: str, found: Passage) -> str:
    """Return what became of the payloads of a recording: how many of each outcome, and the worst where one is wrong."""
    return rendered(_counted(name, found), *_shown(found))


def compared(found: Comparison) -> str:
    """Return what is installed in both environments, what became of payloads both ways, and the advice."""
    advised = advice(found)
    parts: list[RenderableType] = [
        _versions(found.before, found.after),
        Text(""),
        _counted("drivers before, workers after", found.old_to_new),
        *_shown(found.old_to_new),
        _counted("drivers after, workers before", found.new_to_old),
        *_shown(found.new_to_old),
        Text(f"\n{advised.value}", style="bold" if advised is Advice.ANY else "bold red"),
    ]
    forbidding = [
        f"{what}: {CLAUSE}"
        for what, passage in (("workers first", found.old_to_new), ("drivers first", found.new_to_old))
        if passage.outcome is not Outcome.CONFORMS
    ]
    if forbidding:
        parts.append(Text(f"Forbidden are {', '.join(forbidding)}; see the examples above."))
    return rendered(*parts)


def _versions(before: Mapping[str, str], after: Mapping[str, str]) -> Table:
    table = Table("", "before", "after", box=None, pad_edge=False)
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name, "none"), after.get(name, "none")
        table.add_row(name, one, other, style="bold" if one != other else None)
    return table


def _counted(name: str, found: Passage) -> Text:
    counts = ", ".join(f"{found.counts[outcome]} {outcome.value}" for outcome in Outcome if found.counts[outcome])
    return Text.assemble(f"{name}: ", (found.outcome.value, STYLES.get(found.outcome, "bold red")), f" ({counts})")


def _shown(found: Passage) -> list[RenderableType]:
    """Return why a split is beyond the reader, and the worst crossing in full unless all is well."""
    beyond = [crossing for crossing in found.crossings if crossing.outcome is Outcome.BEYOND]
    shown: list[RenderableType] = [Text(f"  beyond the reader, whoever writes it: {beyond[0].why}")] if beyond else []
    return shown if found.outcome is Outcome.CONFORMS or not found.crossings else [*shown, _panel(found.worst)]


def _panel(crossing: Crossing) -> Panel:
    found = {"why": crossing.why} if crossing.difference is None else told(crossing.difference)
    spec = {"example": repr(from_json(crossing.spec)), "as JSON": json.dumps(json.loads(crossing.spec))}
    title = f"{CLAUSE} {crossing.outcome.value}: {clause(CLAUSE).statement}"
    return Panel(
        facts(**found, **spec), title=title, title_align="left", border_style=STYLES.get(crossing.outcome, "red")
    )
