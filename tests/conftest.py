"""What all tests rely on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

# The suite itself is imported where a test asks for it: tests of the other folders do without.
if TYPE_CHECKING:
    from conformance.adapter import Adapter
    from conformance.run.sweep import Sweep
    from conformance.transports.transport import Transport
    from fixtures.tables.warehouse import Warehouse

# Before any worker starts: the stand-ins of OpenHouse's loader are found here, and workers get the driver's path.
STAND_INS = Path(__file__).parent / "conformance" / "adapters" / "builtin"
sys.path.append(str(STAND_INS))

# Enough to tell the families of transports apart; the gate itself goes through all of them.
FEW = ("pickle-2", "pickle-oob", "cloudpickle", "copy", "deepcopy")


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> Iterator[None]:
    """Let processes that tests start be interrupted, also where the tests themselves run in the background."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:  # inherited by every child
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def buffered() -> None:
    """Let processes that tests start write through pipes as they do elsewhere, also where a desk unbuffers them."""
    os.environ.pop("PYTHONUNBUFFERED", None)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The place of the files of a session's specs."""
    from fixtures.tables.warehouse import Warehouse

    return Warehouse(tmp_path_factory.mktemp("warehouse"))


@pytest.fixture
def command_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command in this process and an empty folder: for what it refuses before it starts any other process."""
    from conformance.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture(scope="session")
def ended() -> Iterator[None]:
    """End what transports have started while threads can still be."""
    from conformance.transports.transport import STARTED

    with STARTED:
        yield


@pytest.fixture
def sweep_of(warehouse: Warehouse, ended: None) -> Callable[..., Sweep]:
    """A sweep for an adapter: of these clauses, or all that apply, through these transports, or a few."""
    from conformance.checks import CHECKS, applicable
    from conformance.run.sweep import Sweep
    from conformance.transports.in_process import IN_PROCESS

    few = tuple(transport for transport in IN_PROCESS if transport.name in FEW)

    def make(adapter: Adapter, *, clauses: tuple[str, ...] = (), transports: tuple[Transport, ...] = few) -> Sweep:
        chosen = [check for check in CHECKS if check.clause.id in clauses] if clauses else applicable(adapter)
        return Sweep(adapter, transports, chosen, warehouse)

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what a run of all tests leaves out."""
    if "tests/quality" in (config.getoption("ignore") or ()):
        for folder, needs in (
            ("end_to_end/page", "a Chromium"),
            ("end_to_end/engines", "Ray, Spark and others"),
            ("end_to_end/stores", "object stores"),
            ("end_to_end/daft", "Daft"),
            ("end_to_end/polars", "Polars"),
            ("end_to_end/failures", "some minutes"),
            ("quality", "some minutes"),
        ):
            environment = Path(folder).name
            terminalreporter.write_line(f"not run here: tests/{folder}, which needs {needs} (tox run -e {environment})")
