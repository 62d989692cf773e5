"""The examples of the quick profile: a covering design, computed once and kept as specs.

Drawn at random, as few examples as a gate has time for leave out what is rare, and pairs of things even more. These
were chosen among many drawn ones (``python -m benchmarks.design``): together they meet every region that can be met
(:mod:`strategies.regions`), as many pairs of regions as fit, and plans over rows that tell each way of altering them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from strategies.serialization import from_json
from strategies.specs import SplitSpec

__all__ = ["PLANS", "SPLITS", "designed_plans", "designed_splits"]

SPLITS = Path(__file__).with_name("designed_splits.jsonl")
PLANS = Path(__file__).with_name("designed_plans.jsonl")


def designed_splits() -> tuple[SplitSpec, ...]:
    """Return the splits of the design that are judged on every clause."""
    return _read(SPLITS)


def designed_plans() -> tuple[SplitSpec, ...]:
    """Return the splits with a plan that are judged on what concerns the plan."""
    return _read(PLANS)


@cache
def _read(file: Path) -> tuple[SplitSpec, ...]:
    return tuple(map(from_json, file.read_text(encoding="utf-8").splitlines()))
