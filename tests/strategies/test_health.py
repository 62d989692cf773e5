"""What is drawn is worth its draw: few draws are rejected, plans run, and no two draws pay for the same file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis.strategies import DrawFn, composite

from conformance.examples.drawing import draw
from conformance.examples.from_spec import Unusable, example_of
from fixtures.tables.warehouse import Warehouse
from strategies import split_specs
from strategies.specs import SplitSpec

DRAWS = 200


@pytest.mark.parametrize("planned", [None, True])
def test_few_draws_are_rejected(planned: bool | None) -> None:
    begun, ended = [0], [0]

    @composite
    def counted(draw: DrawFn) -> Any:
        begun[0] += 1
        spec = draw(split_specs(with_plan=planned))
        ended[0] += 1
        return spec

    draw(counted(), DRAWS, 3, lambda spec: None)
    assert ended[0] >= DRAWS
    assert begun[0] - ended[0] < 0.05 * begun[0]


def test_plans_run(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    reasons: list[str] = []

    def judge(spec: SplitSpec) -> None:
        example = example_of(spec, warehouse)
        if isinstance(example, Unusable):
            reasons.append(f"{example.reason}: {spec.plan!r}")

    draw(split_specs(with_plan=True), DRAWS, 3, judge)
    assert len(reasons) <= 0.03 * DRAWS, reasons
