"""Scripts that show a violation without the suite."""

from __future__ import annotations

from conformance.adapter import Adapter
from conformance.findings import Violation

__all__ = ["reproducer"]


def reproducer(violation: Violation, adapter: Adapter) -> str:
    """Return the script."""
    return f"# {violation.id} {adapter.name}\n"
