"""Processes that judge loaders side by side, and end with what they have started."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import util

from conformance.transports.transport import STARTED
from fixtures.processes.guard import Guard

__all__ = ["judging_processes"]


@contextmanager
def judging_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of fresh processes; they end even if this one is killed."""
    with (
        Guard() as guard,
        guard.marking(),
        ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _end_with_what_it_started) as pool,
    ):
        yield pool


def _end_with_what_it_started() -> None:
    """Arrange that this process ends what its transports have started before it waits for its children.

    `multiprocessing` waits for them before ``atexit`` callbacks run.
    """
    util.Finalize(None, STARTED.close, exitpriority=100)
