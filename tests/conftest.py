"""What all tests rely on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what a run of all tests leaves out."""
    if "tests/page" in (config.getoption("ignore") or ()):
        for folder, needs in (
            ("page", "a Chromium"),
            ("engines", "Ray, Spark and others"),
            ("stores", "object stores"),
        ):
            terminalreporter.write_line(f"not run here: tests/{folder}, which needs {needs} (tox run -e {folder})")
