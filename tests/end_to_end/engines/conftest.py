"""Engines that run, each in one process of the tests; `tox run -e engines` installs all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from conformance.adapter import Adapter
from conformance.checks import CHECKS
from conformance.run.sweep import Sweep
from conformance.transports.engines import ENGINES, Engine, running
from conformance.transports.transport import Transport
from fixtures.tables.warehouse import Warehouse

# One group, and so one process of xdist, an engine: each is started once.
EACH = [pytest.param(engine, id=engine.name, marks=pytest.mark.xdist_group(engine.name)) for engine in ENGINES]


@pytest.fixture(scope="module", params=EACH)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    found: Engine = request.param
    with running(found):
        yield found


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("warehouse"))


@pytest.fixture
def sweep_of(warehouse: Warehouse) -> Callable[..., Sweep]:
    def make(adapter: Adapter, transports: tuple[Transport, ...]) -> Sweep:
        checks = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
        return Sweep(adapter, transports, checks, warehouse)

    return make
