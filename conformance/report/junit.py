"""The report for CI servers: JUnit XML, one test case a clause.

It is red exactly where the run is: a violated clause that does not bind is no failure but a skipped case that says so,
and the case ``the run`` is an error where the run is red for any other reason than violations.
"""

from __future__ import annotations

import re
from typing import Any

from conformance.report.described import is_violated
from conformance.templates import template

__all__ = ["junit"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(document: dict[str, Any]) -> str:
    """Return the document as JUnit XML."""
    outcome, clauses = document["outcome"], document["clauses"]
    violated = [clause for clause in clauses if is_violated(clause)]
    failures = sum(clause["binds"] for clause in violated)
    text = template(__file__, "junit.xml.jinja", escaped=True).render(
        document,
        violated=violated,
        failures=failures,
        errors=int(not outcome["complete"] or (outcome["exit_code"] != 0 and not failures)),
        skipped=sum(clause["verdict"] != "conforms" for clause in clauses) - failures,
    )
    return _clean(text)


def _clean(text: str) -> str:
    """Return the text with what XML cannot hold written as Python escapes it."""
    return _FORBIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
