"""What a loader does to the process that reads is seen each time, not only by the first use."""

from __future__ import annotations

from collections.abc import Callable

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.pinned import PINNED
from conformance.run.sweep import Sweep

SMALL = sorted(PINNED, key=lambda spec: len(repr(spec)))[:8]


def test_a_use_leaves_nothing_that_hides_what_the_next_one_changes(sweep_of: Callable[..., Sweep]) -> None:
    adapter = load_adapter(reference_of("credentials-in-the-environment"))
    left = sweep_of(adapter, clauses=("PROC-3",)).pinned(SMALL)
    assert left.violations == []
    assert sum(count for (clause, _), count in left.met.items() if clause == "PROC-3") > 0
    for _ in range(2):
        found = sweep_of(adapter, clauses=("PROC-1",)).pinned(SMALL)
        assert {violation.clause for violation in found.violations} == {"PROC-1"}
        assert "AWS_ROLE_SESSION_NAME" in found.violations[0].difference.actual
