"""What there is to check, as text: ``list`` and ``explain``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from conformance.adapters.loading import adapter_names
from conformance.checks import CHECKS
from conformance.contract import CLAUSES, FAMILIES, Clause
from conformance.judging.conditions.of_scans import SCAN_CONDITIONS
from conformance.judging.conditions.of_splits import SPLIT_CONDITIONS
from conformance.run.profiles import PROFILES
from conformance.templates import template
from conformance.transports.engines import ENGINES
from conformance.transports.registry import TRANSPORTS
from fixtures.services.stores import STORES

__all__ = ["explanation", "listing"]


def listing() -> str:
    """Return all clauses, adapters, transports, engines, stores, profiles and conditions, one a line."""
    return template(__file__, "listing.txt.jinja").render(
        families=FAMILIES,
        clauses=CLAUSES,
        adapters=sorted(adapter_names().items()),
        transports=TRANSPORTS,
        engines=ENGINES,
        stores=STORES,
        profiles=PROFILES.values(),
        conditions={"of a split": SPLIT_CONDITIONS, "of a scan": SCAN_CONDITIONS},
    )


def explanation(clause: Clause) -> str:
    """Return all that is known of a clause."""
    checks = [check for check in CHECKS if check.clause == clause]
    return template(__file__, "explanation.txt.jinja", _described).render(clause=clause, checks=checks)


def _described(judge: Callable[..., Any]) -> str:
    doc = inspect.getdoc(judge)
    return f": {doc}" if doc else ""
