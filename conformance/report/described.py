"""What reports look up in a document."""

from __future__ import annotations

from typing import Any

from conformance.judging.answers import State

__all__ = ["first_of_each_cause", "is_violated", "shown_by"]


def is_violated(clause: dict[str, Any]) -> bool:
    """Whether a clause of the document is violated."""
    return bool(clause["verdict"] == State.VIOLATES.value)


def shown_by(document: dict[str, Any]) -> dict[str, str]:
    """Return for each violation, by id, the first one that its example shows."""
    first: dict[str, str] = {}
    return {each["id"]: first.setdefault(each["example"], each["id"]) for each in document["violations"]}


def first_of_each_cause(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the causes of the document by the id of the first violation of each, with their numbers from one."""
    causes_found = document.get("causes", [])
    return {cause["violations"][0]: {"number": number, **cause} for number, cause in enumerate(causes_found, 1)}
