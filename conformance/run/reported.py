"""What a report of pytest's says of a unit of work: what it found, and what broke a clause while it was done."""

from __future__ import annotations

from conformance.judging.findings import Findings
from conformance.observation.difference import Difference

__all__ = ["PROPERTY", "SEEN", "complaint", "seen_text"]

# Names of properties of a report: the findings as JSON, and a clause with how it was first seen broken.
PROPERTY, SEEN = "conformance", "conformance-seen"


def complaint(findings: Findings) -> str:
    """Return for what the test of a unit with these findings fails; empty where it passes."""
    if findings.stale:
        return "; ".join(findings.stale.values())
    return f"violates {', '.join(sorted({clause for clause, _ in findings.broken}))}" if findings.broken else ""


def seen_text(found: Difference) -> str:
    """Return how a clause is broken, as it is told while the unit is still done."""
    return f"{found.place}: expected {found.expected}, actual {found.actual}"
