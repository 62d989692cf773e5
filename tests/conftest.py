from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what a run of all tests leaves out."""
    if "tests/page" in (config.getoption("ignore") or ()):
        terminalreporter.write_line("not run here: tests/page, which needs a Chromium (tox run -e page)")
