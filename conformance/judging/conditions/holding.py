"""Which named conditions hold for a spec: those of splits for a split, those of scans for a scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract import nearest
from conformance.judging.conditions.condition import Condition
from conformance.judging.conditions.of_scans import SCAN_CONDITIONS
from conformance.judging.conditions.of_splits import SPLIT_CONDITIONS
from strategies.sizes import whole
from strategies.specs import ScanSpec, SplitSpec

__all__ = ["CONDITIONS", "Judged", "holding", "holds"]

# A spec of which conditions can hold.
Judged = SplitSpec | ScanSpec
CONDITIONS: Mapping[type[Judged], Mapping[str, Condition[Any]]] = {
    SplitSpec: SPLIT_CONDITIONS,
    ScanSpec: SCAN_CONDITIONS,
}


def holds(names: tuple[str, ...], spec: Judged) -> bool:
    """Return whether all the named conditions hold for the spec; true for no name.

    Raises:
        LookupError: a name is unknown; the message names the nearest.

    """
    conditions, spec = CONDITIONS[type(spec)], whole(spec)
    for name in names:
        if name not in conditions:
            kind = "scan" if isinstance(spec, ScanSpec) else "split"
            raise LookupError(f"there is no condition {name!r} of a {kind}{nearest(name, conditions)}")
    return all(conditions[name].judge(spec) for name in names)


def holding(spec: Judged) -> frozenset[str]:
    """Return the names of all conditions that hold for the spec."""
    spec = whole(spec)
    return frozenset(name for name, condition in CONDITIONS[type(spec)].items() if condition.judge(spec))
