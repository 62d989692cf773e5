"""The checks, one file a clause family. A check judges one clause from a trip; :func:`verifies` says which.

A check yields (transport, difference) for each place where the clause's premise was met: ``None`` where it held. What
yields nothing has not been checked on that example.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.contract import Clause, clause
from conformance.observation import Difference
from conformance.trip import Trip

__all__ = ["CHECKS", "Check", "Outcome", "verifies"]

Outcome = Iterator[tuple[str, Difference | None]]


@dataclass(frozen=True)
class Check:
    """A clause and a function that judges it."""

    clause: Clause
    judge: Callable[[Trip], Outcome]


CHECKS: list[Check] = []


def verifies(clause_id: str) -> Callable[[Callable[[Trip], Outcome]], Callable[[Trip], Outcome]]:
    """Register a function as a check of the clause.

    Raises:
        LookupError: there is no such clause.

    """
    verified = clause(clause_id)

    def register(judge: Callable[[Trip], Outcome]) -> Callable[[Trip], Outcome]:
        CHECKS.append(Check(verified, judge))
        return judge

    return register


def _import_families() -> None:
    """Import every module of this folder, sorted: a check registers itself, and their order is always the same."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{module.name}")


_import_families()
