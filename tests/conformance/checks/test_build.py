"""BUILD-6 changes what a split was built from, down to the lists and dicts that a shallow copy shares."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conformance.adapter import Adapter
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE
from conformance.examples.pinned import PINNED
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS


@dataclass
class Holding:
    """What a loader keeps of its arguments."""

    task: Any
    metadata: Any


def shallow(given: Any) -> Any:
    """Return a copy with its own delete files and properties; all else is shared."""
    own = copy.copy(given)
    for name in ("delete_files", "properties"):
        if name in own.__dict__:
            own.__dict__[name] = copy.copy(own.__dict__[name])
    return own


@pytest.mark.parametrize(
    ("task", "metadata", "broken"),
    [(copy.deepcopy, copy.deepcopy, False), (shallow, copy.deepcopy, True), (copy.deepcopy, shallow, True)],
)
def test_what_a_shallow_copy_shares_is_changed(
    task: Callable[[Any], Any], metadata: Callable[[Any], Any], broken: bool, sweep_of: Callable[..., Sweep]
) -> None:
    adapter = Adapter(
        name="holding",
        build=lambda materials: Holding(task(materials.file_scan_task), metadata(materials.table_metadata)),
        read=lambda holding: [],
        scan_tasks=lambda holding: [holding.task],
        table_metadata=lambda holding: holding.metadata,
    )
    findings = sweep_of(adapter, clauses=("BUILD-6",), transports=TRANSPORTS[:1]).pinned(PINNED[:1])
    assert {clause for clause, _ in findings.met} == {"BUILD-6"}
    assert bool(findings.broken) == broken


def looks_at_the_file(materials: Any) -> Any:
    """Build a split of the path alone, as the adapter of a loader does that takes no task."""
    assert materials.file_scan_task.file.file_path
    return REFERENCE.build(materials)


def test_what_an_adapter_itself_fails_over_is_no_matter_of_the_loader(sweep_of: Callable[..., Sweep]) -> None:
    adapter = replace(REFERENCE, name="of paths", build=looks_at_the_file)
    assert sweep_of(adapter, clauses=("BUILD-5",), transports=TRANSPORTS[:1]).pinned(PINNED[:6]).violations == []
