from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.adapter import Adapter
from conformance.checks import CHECKS
from conformance.cli import main
from conformance.survey import Survey
from conformance.transports import STARTED, Transport
from conformance.transports.in_process import IN_PROCESS
from fixtures.warehouse import Warehouse

# Before any worker starts: the stand-ins of OpenHouse's loader are found here, and workers get the driver's path.
sys.path.append(str(Path(__file__).parent))

# Enough to tell the families of transports apart; the gate itself goes through all of them.
FEW = tuple(t for t in IN_PROCESS if t.name in ("pickle-2", "pickle-oob", "cloudpickle", "copy", "deepcopy"))


@pytest.fixture(scope="session", autouse=True)
def ended() -> Iterator[None]:
    """End what transports have started while threads can still be: execnet needs one to end an interpreter."""
    with STARTED:
        yield


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("warehouse"))


@pytest.fixture
def command_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command in this process and an empty folder: for what it refuses before it starts any other process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def survey_of(warehouse: Warehouse) -> Callable[..., Survey]:
    def make(adapter: Adapter, *, clauses: tuple[str, ...] = (), transports: tuple[Transport, ...] = FEW) -> Survey:
        able = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
        checks = [check for check in CHECKS if check.clause.id in clauses] if clauses else able
        return Survey(adapter, transports, checks, warehouse)

    return make
