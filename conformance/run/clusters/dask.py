"""Dask distributed: a task for each unit, in a thread of any worker; each thread is a slot."""

from __future__ import annotations

import asyncio
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cloudpickle
from distributed import Client, Security, get_worker
from distributed.comm import connect
from distributed.scheduler import KilledWorker

from conformance.run.clusters import LOSSES, ClusterLost, ClusterUnavailable, UnitLost, launch
from conformance.run.clusters.launch import POLL_SECONDS, done

__all__ = ["connected"]

# The states of a task on its worker in which somebody waits for it.
WANTED = ("executing", "long-running")


@dataclass(frozen=True)
class _ByValue:
    """A function that travels with its code: Dask looks for it by its name first, and a worker without it would end."""

    function: Callable[[str], str]

    def __reduce__(self) -> tuple[Any, ...]:
        return cloudpickle.loads, (cloudpickle.dumps(self.function),)

    def __call__(self, task: str) -> str:
        return self.function(task)


@dataclass(frozen=True)
class _Dask:
    client: Any
    address: str

    def workers(self) -> tuple[int, int]:
        try:
            threads = self.client.nthreads()
        except OSError as error:
            raise ClusterLost(f"the scheduler at {self.address} does not answer any more: {error}") from error
        return len(threads), sum(threads.values())

    def send(self, task: str) -> Any:
        # A worker that dies is counted by the scheduler (its setting `allowed-failures`), a process that does by us.
        return self.client.submit(_ByValue(_done), task, pure=False, retries=LOSSES - 1)

    def ended(self, sent: Sequence[Any]) -> Sequence[Any]:
        # The scheduler tells the client what has ended, so to ask it costs nothing.
        found = [each for each in sent if each.done()]
        if not found:
            time.sleep(POLL_SECONDS)
        return found

    def answer(self, sent: Any) -> str:
        if sent.cancelled() or sent.status == "lost":
            raise ClusterLost(f"the scheduler at {self.address} does not answer any more")
        try:
            answer: str = sent.result()
        except (ChildProcessError, KilledWorker) as error:
            raise UnitLost(str(error)) from error
        return answer

    def cancel(self, sent: Sequence[Any]) -> None:
        if self.client.status == "running":  # else there is nobody who could be told
            self.client.cancel(list(sent), force=True)


@contextmanager
def connected(url: str, address: str, seconds: float) -> Iterator[_Dask]:
    """Yield the cluster whose scheduler is at the address.

    Raises:
        ClusterUnavailable: no scheduler answers there within so many seconds, or a worker runs another Python.

    """
    for module in (launch, sys.modules[__name__]):
        cloudpickle.register_pickle_by_value(module)
    try:
        asyncio.run(asyncio.wait_for(_greet(address), seconds))
        client = Client(address, timeout=seconds, set_as_default=False)
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        why = str(error) or f"not within {seconds:.0f} s"
        raise ClusterUnavailable(f"--on {url}: no Dask scheduler answers at {address}: {why}") from None
    with client:
        # What is sent as code is understood by the same Python alone.
        mine = platform.python_version().rpartition(".")[0]
        for worker, known in client.get_versions()["workers"].items():
            theirs = ".".join(known["host"]["python"].split(".")[:2])
            if theirs != mine:
                raise ClusterUnavailable(
                    f"--on {url}: the worker {worker} runs Python {theirs}, and this command {mine}: use the same"
                )
        yield _Dask(client, address)


async def _greet(address: str) -> None:
    """Shake hands with the scheduler: the client's own time limit does not hold for that."""
    comm = await connect(address, **Security().get_connection_args("client"))
    await comm.close()


def _done(task: str) -> str:
    worker = get_worker()
    key = worker.get_current_task()

    def is_cancelled() -> bool:
        # A thread cannot be ended from without: it has to see for itself that nobody waits for the task any more.
        state = worker.state.tasks.get(key)
        return state is None or state.state not in WANTED

    return done(task, f"{platform.node()} ({worker.address})", is_cancelled)
