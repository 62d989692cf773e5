"""The workplace of the units of work that pytest collects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from conformance.plugin import Run

if TYPE_CHECKING:
    from conformance.run.units import Workplace


@pytest.fixture(scope="session")
def place(pytestconfig: pytest.Config) -> Iterator[Workplace]:
    """The workplace of this process; what its units have started ends with it.

    What that takes is imported here: the process that leads a run reads this file before it starts the others.
    """
    from conformance.run.units import workplace
    from conformance.transports.watchdog import telling

    run = pytestconfig.pluginmanager.get_plugin(Run.NAME)
    assert isinstance(run, Run)
    shown = nullcontext() if run.is_worker else telling(run.say_at_once)
    with shown, workplace(run.selection, run.folder, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))) as found:
        yield found
