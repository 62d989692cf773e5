"""The report for CI servers: JUnit XML, one test case a clause.

It is red exactly where the run is: a violated clause that does not bind is no failure but a skipped case that says so,
and the case ``the run`` is an error where the run is red for any other reason than violations.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from conformance.report.document import is_violated

__all__ = ["junit"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(document: dict[str, Any]) -> str:
    """Return the document as JUnit XML."""
    suite = Element("testsuite", name=f"dataloader-conformance: {_clean(document['adapter']['name'])}")
    by_id = {violation["id"]: violation for violation in document["violations"]}
    for clause in document["clauses"]:
        _clause(suite, clause, [by_id[id_] for id_ in clause["violations"]])
    _run(suite, document)
    for kind, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(sum(1 for _ in suite.iter(tag))))
    suite.set("time", f"{document['times']['seconds']:.3f}")
    suite.set("timestamp", document["written"])
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _clause(suite: Element, clause: dict[str, Any], violations: list[dict[str, Any]]) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=f"conformance.{clause['family']}",
        name=clause["id"],
        time=f"{clause['seconds']:.3f}",
    )
    if is_violated(clause):
        text = "\n\n".join(map(_told, violations))
        if clause["binds"]:
            failure = SubElement(case, "failure", type="violated", message=_clean(clause["statement"]))
            failure.text = _clean(text)
        else:
            message = f"violated; a SHOULD clause, which binds under --strict only: {clause['statement']}"
            SubElement(case, "skipped", message=_clean(message))
            SubElement(case, "system-out").text = _clean(text)
    elif clause["verdict"] != "conforms":
        SubElement(case, "skipped", message=_clean(f"{clause['verdict']}: {clause['why']}"))


def _run(suite: Element, document: dict[str, Any]) -> None:
    outcome = document["outcome"]
    case = SubElement(suite, "testcase", classname="conformance", name="the run", time="0")
    violated = any(is_violated(clause) and clause["binds"] for clause in document["clauses"])
    if not outcome["complete"] or (outcome["exit_code"] and not violated):
        message = outcome["incomplete_because"] or outcome["sentence"]
        error = SubElement(
            case, "error", type="incomplete" if not outcome["complete"] else "red", message=_clean(message)
        )
        error.text = _clean("\n\n".join((outcome["sentence"], *outcome["errors"])))


def _told(violation: dict[str, Any]) -> str:
    return "\n".join(
        (
            violation["id"],
            f"through   {', '.join(violation['transports'])}",
            f"in        {violation['path']}",
            f"expected  {violation['expected']}",
            f"actual    {violation['actual']}",
            "",
            violation["example"],
        )
    )


def _clean(text: str) -> str:
    """Return the text with what XML cannot hold written as Python escapes it."""
    return _FORBIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
