"""The published set of plans bears out what `docs/FINDINGS.md` says of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from strategies import specs

SET = Path(__file__).parents[2] / "benchmarks" / "plans.jsonl"
FINDINGS = Path(__file__).parents[2] / "docs" / "FINDINGS.md"


def test_rates_are_those_of_the_page() -> None:
    plans = [json.loads(line) for line in SET.read_text(encoding="utf-8").splitlines()]
    rates = Counter((bool(plan["unfaithful"]), bool(plan["refused"])) for plan in plans)
    assert len(plans) == 2000
    lost, kept = rates[True, True] + rates[True, False], rates[False, False] + rates[False, True]
    assert rates[True, False] == 0
    assert rates[False, True] < kept / 100
    page = FINDINGS.read_text(encoding="utf-8")
    assert f"{lost} do not survive" in page
    assert f"of the other {kept:,} it refuses none" in page


def test_every_plan_of_the_set_is_a_plan() -> None:
    for line in SET.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["plan"]
        assert repr(eval(text, vars(specs))) == text
