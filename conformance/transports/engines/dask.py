"""Dask distributed, with processes: as a task's argument, and scattered to the workers first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster

from conformance.transports.engines import Carry

PROCESSES = 2


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, Carry]]:
    """Start a scheduler and two processes on this machine, their files below ``folder``."""
    settings = {"temporary-directory": str(folder), "distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=PROCESSES, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="CRITICAL"
        ) as cluster,
        Client(cluster) as client,
    ):

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
