"""Dask distributed, with processes: as a task's argument, and scattered to the workers first.

Where :data:`SCHEDULER` holds the address of a scheduler, its cluster is used; it is left running.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster

from conformance.transports.engines import Carry

PROCESSES = 2
SCHEDULER = "CONFORMANCE_DASK_SCHEDULER"


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, Carry]]:
    """Start a scheduler and two processes on this machine, their files below ``folder``; or use a cluster."""
    settings = {"temporary-directory": str(folder), "distributed.scheduler.allowed-failures": 0}
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        cluster = os.environ.get(SCHEDULER) or stack.enter_context(
            LocalCluster(
                n_workers=PROCESSES,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs="CRITICAL",
            )
        )
        client = stack.enter_context(Client(cluster))

        def by_task(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
            return _results(client.map(function, list(splits), pure=False))

        def scattered(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
            return _results(client.map(function, client.scatter(list(splits), hash=False), pure=False))

        yield {"dask-task": by_task, "dask-scatter": scattered}


def _results(futures: Sequence[Any]) -> list[Any]:
    return [_result(future) for future in futures]


def _result(future: Any) -> Any:
    try:
        return future.result()
    except Exception as error:
        return error
