from __future__ import annotations

import subprocess
import sys

import pytest

# What a run takes before it starts its other processes, which import the rest while it does.
LEADING = "conformance.cli, conformance.plugin, conformance.report.files, conformance.adapters.loading"
DEAR = ("pyiceberg", "datafusion", "pyarrow", "hypothesis")


@pytest.mark.parametrize(
    ("modules", "dear"),
    [
        (LEADING, DEAR),
        ("conformance.transports.worker_tasks, conformance.transports.processes", ("hypothesis", "strategies")),
    ],
    ids=["leading a run", "reading"],
)
def test_processes_that_are_waited_for_import_only_what_they_need(modules: str, dear: tuple[str, ...]) -> None:
    code = f"import sys, {modules}; print(*sorted(set({dear!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not ran.stdout.split()
