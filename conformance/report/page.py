"""The report as one page of HTML that needs nothing else: no network, no other file."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from conformance.report.described import first_of_each_cause, is_violated, shown_by
from conformance.templates import template

__all__ = ["page"]

# How many of the slowest clauses are shown.
SLOWEST = 12

# What a cell of the matrix says: its mark, and the words for it.
MARKS = {
    "violates": ("✗", "violated"),
    "conforms": ("✓", "conforms"),
    "cut short": ("…", "no violation so far"),
    "": ("·", "no example bore on it here"),
}


def page(document: dict[str, Any]) -> str:
    """Return the document as HTML."""
    violated = [clause for clause in document["clauses"] if is_violated(clause)]
    verdicts = dict.fromkeys(clause["verdict"] for clause in document["clauses"])
    return template(__file__, "page.html.jinja", _python, _spans, escaped=True).render(
        document,
        cell=_cell,
        marks=MARKS,
        violated=violated,
        clause_of={clause["id"]: clause for clause in document["clauses"]},
        first_of=first_of_each_cause(document),
        shown_by=shown_by(document),
        verdicts={name: sum(clause["verdict"] == name for clause in document["clauses"]) for name in verdicts},
        regions=_by_group(document["generated"]["reached"]),
        slowest=sorted(document["clauses"], key=lambda clause: -clause["seconds"])[:SLOWEST],
    )


def _cell(clause: dict[str, Any], transport: str) -> dict[str, Any]:
    """Return what the matrix says of a clause at a transport: its state, mark, words and number of examples."""
    seen = clause["transports"].get(transport, {"met": 0, "broken": 0})
    state = ""
    if seen["broken"]:
        state = "violates"
    elif seen["met"]:
        state = "cut short" if clause["verdict"] == "not run" else "conforms"
    mark, words = MARKS[state]
    if seen["broken"]:
        words = f"violated by {seen['broken']} of {seen['met']} examples"
    elif seen["met"]:
        words = f"{words}, {seen['met']} example{'' if seen['met'] == 1 else 's'}"
    return {"state": state, "mark": mark, "words": words}


def _by_group(reached: dict[str, int]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return the regions by group, in each the most often reached first."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for name, count in sorted(reached.items(), key=lambda item: (-item[1], item[0])):
        group, _, region = name.partition(": ")
        groups.setdefault(group, []).append((region, count))
    return sorted(groups.items())


def _python(code: str) -> Markup:
    """Return Python code with its tokens marked; Pygments escapes what it holds."""
    return Markup(highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n"))


def _spans(text: str) -> Markup:
    """Return a sentence with its code spans marked."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))
