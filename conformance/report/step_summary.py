"""The report for a pull request: Markdown for a step's summary, and annotations."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from conformance.report.described import first_of_each_cause, is_violated, shown_by
from conformance.templates import template

__all__ = ["annotation_lines", "step_summary"]


def step_summary(document: dict[str, Any]) -> str:
    """Return the document as GitHub's Markdown: the outcome, what is violated in full, and all clauses folded away."""
    counts = Counter(clause["verdict"] for clause in document["clauses"])
    return template(__file__, "step_summary.md.jinja", _inline, _code, _fenced).render(
        document,
        verdicts=", ".join(f"{number} {verdict}" for verdict, number in counts.most_common()),
        violated=[clause for clause in document["clauses"] if is_violated(clause)],
        clause_of={clause["id"]: clause for clause in document["clauses"]},
        first_of=first_of_each_cause(document),
        shown_by=shown_by(document),
    )


def annotation_lines(document: dict[str, Any]) -> list[str]:
    """Return a line for each violation, which GitHub shows beside the change; a warning where the clause binds not."""
    by_id = {clause["id"]: clause for clause in document["clauses"]}
    lines = []
    if not document["outcome"]["complete"]:
        lines.append(f"::error title=conformance run incomplete::{_data(document['outcome']['incomplete_because'])}")
    for violation in document["violations"]:
        clause = by_id[violation["clause"]]
        kind = "error" if clause["binds"] else "warning"
        text = (
            f"{clause['statement']}\nthrough {', '.join(violation['transports'])}, in {violation['path']}\n"
            f"expected {violation['expected']}\nactual {violation['actual']}"
        )
        lines.append(f"::{kind} title={_property(violation['id'])} violated::{_data(text)}")
    return lines


def _inline(text: str) -> str:
    """Return the text for a line of Markdown: code spans stay, nothing in it opens a tag or ends a cell."""
    return re.sub(r"[\r\n]+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _code(text: str) -> str:
    """Return the text as code in a cell, whatever it holds."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
    escaped = re.sub(r"([\\`*_\[\]~])", lambda match: f"&#{ord(match[0])};", escaped)
    lines = re.sub(r"[\r\n]+", "<br>", escaped)
    return f"<code>{lines}</code>"


def _fenced(text: str, language: str) -> str:
    """Return a block of code, fenced with more backticks than it holds in a row."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
