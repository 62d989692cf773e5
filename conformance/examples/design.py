"""The examples of the quick profile: a covering design, computed once and kept as specs.

Drawn at random, as few examples as a gate has time for leave out what is rare, and pairs of things even more. These
were chosen among many drawn ones (``python -m benchmarks.design``): together they meet every region that can be met
(:mod:`strategies.regions`), as many pairs of regions as fit, plans over rows that tell each way of altering them, and
scans with most pairs of features, beside plain ones (:mod:`conformance.examples.covering`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from strategies.serialization import from_json
from strategies.specs import ScanSpec, SplitSpec

__all__ = ["PLANS", "SCANS", "SPLITS", "designed_plans", "designed_scans", "designed_splits"]

SPLITS = Path(__file__).with_name("designed_splits.jsonl")
PLANS = Path(__file__).with_name("designed_plans.jsonl")
SCANS = Path(__file__).with_name("designed_scans.jsonl")


@cache
def designed_splits() -> tuple[SplitSpec, ...]:
    """Return the splits of the design that are judged on every clause."""
    return tuple(_read(SPLITS))


@cache
def designed_plans() -> tuple[SplitSpec, ...]:
    """Return the splits with a plan that are judged on what concerns the plan."""
    return tuple(_read(PLANS))


@cache
def designed_scans() -> tuple[ScanSpec, ...]:
    """Return the scans of the design: the plainest, then those that meet most."""
    return tuple(_read(SCANS))


def _read(file: Path) -> Iterator[Any]:
    return map(from_json, file.read_text(encoding="utf-8").splitlines())
