"""Fixtures of the units of work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.findings import Findings
from conformance.phases import taken
from conformance.plugin import PROPERTY, Run
from conformance.survey import Survey
from conformance.transports import STARTED
from fixtures.warehouse import Warehouse


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without a baseline there is nothing to replay; not every run has engines, or anything else; nor real tables."""
    run = config.pluginmanager.get_plugin(Run.NAME)
    if not isinstance(run, Run):
        return None
    left_out = {
        "test_baseline.py": not config.option.conformance_baseline,
        "test_engines.py": not run.selection.engines,
        "test_stores.py": not run.selection.stores,
        "test_splits.py": not run.selection.transports,
        "test_tables.py": not (run.selection.profile.tables and run.selection.transports),
    }
    return True if left_out.get(collection_path.name) else None


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """The run as it was settled by its options."""
    found = pytestconfig.pluginmanager.get_plugin(Run.NAME)
    assert isinstance(found, Run)
    return found


@pytest.fixture(scope="session")
def session_folder(run: Run) -> Path:
    """The folder of this run, shared by its processes."""
    return run.folder


@pytest.fixture(scope="session")
def survey(run: Run) -> Iterator[Survey]:
    """The pass that units of work run their examples through; what its transports started ends with it."""
    chosen = run.selection
    warehouse, exchange = Warehouse(run.folder / "drawn"), run.folder / "exchange"
    with STARTED:
        yield Survey(chosen.adapter, chosen.transports, chosen.checks, warehouse, exchange, chosen.baseline)


@pytest.fixture(scope="session")
def seconds(run: Run) -> float | None:
    """How long a unit of drawn splits goes on, so that all of them together use up the budget; ``None`` without one."""
    if run.selection.budget is None:
        return None
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return run.selection.budget * workers / run.selection.profile.shards


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[Findings], None]:
    """Record what a unit of work found; it fails where a clause is broken."""

    def recorder(findings: Findings) -> None:
        for name, spent in taken().items():
            findings.seconds[name] += spent
        request.node.user_properties.append((PROPERTY, findings.to_plain()))
        if findings.stale:
            pytest.fail(findings.stale[0], pytrace=False)
        if findings.broken:
            pytest.fail(f"violates {', '.join(sorted({clause for clause, _ in findings.broken}))}", pytrace=False)

    return recorder
