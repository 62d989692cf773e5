"""The report for a pull request: Markdown for a step's summary, and annotations."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from conformance.report.document import is_violated

__all__ = ["annotation_lines", "step_summary"]


def step_summary(document: dict[str, Any]) -> str:
    """Return the document as GitHub's Markdown: the outcome, what is violated in full, and all clauses folded away."""
    outcome, times = document["outcome"], document["times"]
    counts = Counter(clause["verdict"] for clause in document["clauses"])
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    lines = [f"## {_mark(document)} {_inline(document['adapter']['name'])}: {_inline(outcome['sentence'])}", ""]
    if not outcome["complete"]:
        lines += [f"**Incomplete, and therefore red:** {_inline(outcome['incomplete_because'])}.", ""]
    run, generated = document["run"], document["generated"]
    unusable = sum(generated["unusable"].values())
    lines += [
        f"{len(document['clauses'])} clauses: {said}. {generated['examples']} examples ({unusable} that the engine"
        f" cannot run), profile {run['profile']}, seed {run['seed']}, {times['seconds']:.0f} s.",
        "",
    ]
    violated = [clause for clause in document["clauses"] if is_violated(clause)]
    if violated:
        lines += ["| violated | level | what is promised | through |", "|---|---|---|---|"]
        lines += [_row(clause) for clause in violated] + [""]
    by_id = {clause["id"]: clause for clause in document["clauses"]}
    for violation in document["violations"]:
        lines += _violation(violation, by_id[violation["clause"]])
    for error in outcome["errors"]:
        lines += ["### The suite could not do its work", "", *_fenced(error[-4000:], "text"), ""]
    lines += ["<details><summary>All clauses</summary>", "", "| clause | verdict | examples | |", "|---|---|--:|---|"]
    for clause in document["clauses"]:
        level = "" if clause["level"] == "MUST" else " (SHOULD)"
        lines.append(
            f"| {clause['id']}{level} | {clause['verdict']} | {clause['examples'] or ''} | {_inline(clause['why'])} |"
        )
    return "\n".join([*lines, "", "</details>", ""])


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


def _mark(document: dict[str, Any]) -> str:
    return "✅" if document["outcome"]["exit_code"] == 0 else "❌"


def _row(clause: dict[str, Any]) -> str:
    where = ", ".join(transport for transport, seen in clause["transports"].items() if seen["broken"])
    return f"| {clause['id']} | {clause['level']} | {_inline(clause['statement'])} | {_inline(where)} |"


def _violation(violation: dict[str, Any], clause: dict[str, Any]) -> list[str]:
    return [
        f"### {violation['id']}",
        "",
        _inline(clause["statement"]),
        "",
        "| | |",
        "|---|---|",
        f"| through | {_inline(', '.join(violation['transports']))} |",
        f"| in | {_code(violation['path'])} |",
        f"| expected | {_code(violation['expected'])} |",
        f"| actual | {_code(violation['actual'])} |",
        "",
        *_fenced(violation["example"], "python"),
        "",
    ]


def _inline(text: str) -> str:
    """Return the text for a line of Markdown: code spans stay, nothing in it opens a tag or ends a cell."""
    return re.sub(r"[\r\n]+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _code(text: str) -> str:
    """Return the text as code in a cell, whatever it holds."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
    escaped = re.sub(r"([\\`*_\[\]~])", lambda match: f"&#{ord(match[0])};", escaped)
    lines = re.sub(r"[\r\n]+", "<br>", escaped)
    return f"<code>{lines}</code>"


def _fenced(text: str, language: str) -> list[str]:
    """Return a block of code, fenced with more backticks than it holds in a row."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return [f"{fence}{language}", text, fence]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
