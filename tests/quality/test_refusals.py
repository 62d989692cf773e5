"""BUILD-4 asks of a refusal that it says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.adapters.builtin.reference import ADAPTER
from conformance.examples.pinned import PINNED
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from fixtures.materials import Materials
from reference.errors import PlanRefused

REFUSED = PINNED[2]


@pytest.mark.parametrize(
    ("message", "broken"), [("", True), ("None", True), ("invalid plan", True), ("the plan cannot be encoded", False)]
)
def test_refusal_says_why(message: str, broken: bool, sweep_of: Callable[..., Sweep]) -> None:
    def build(materials: Materials) -> Any:
        try:
            return ADAPTER.build(materials)
        except PlanRefused:
            raise PlanRefused(message) from None

    sweep = sweep_of(replace(ADAPTER, build=build), clauses=("BUILD-4",), transports=TRANSPORTS[:1])
    findings = sweep.pinned([REFUSED])
    assert {clause for clause, _ in findings.met} == {"BUILD-4"}
    assert bool(findings.broken) == broken
