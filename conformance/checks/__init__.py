"""The checks, one file a clause family. A check judges one clause from a journey; its decorator says which.

What yields nothing has not been checked on that example.
"""

from __future__ import annotations

import importlib
import pkgutil

from conformance.adapter import Adapter
from conformance.checks.check import REGISTERED, Check, Judged

__all__ = ["CHECKS", "Check", "Judged", "applicable", "check_of"]


def _registered() -> tuple[Check, ...]:
    """Import every module of this folder, sorted: a check registers itself, and their order is always the same."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(REGISTERED)


CHECKS = _registered()


def applicable(adapter: Adapter) -> tuple[Check, ...]:
    """Return the checks of the clauses for which the adapter has the capabilities."""
    return tuple(check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs))


def check_of(clause_id: str) -> Check:
    """Return the check of a clause.

    Raises:
        LookupError: no check verifies it.

    """
    found = next((check for check in CHECKS if check.clause.id == clause_id), None)
    if found is None:
        raise LookupError(f"no check verifies {clause_id}")
    return found
