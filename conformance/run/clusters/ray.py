"""Ray: a task for each unit, on any node; each processor that Ray counts is a slot.

The address is that of the head (its GCS), and the machine of the run is a node of the cluster. Ray Client, which needs
no node, is not used: its server forks beside the threads of gRPC, and may die of it.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray import cloudpickle
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

from conformance.run.clusters import LOSSES, ClusterLost, ClusterUnavailable, UnitLost, launch
from conformance.run.clusters.launch import POLL_SECONDS, done

__all__ = ["connected"]

# Seconds that the processes of cancelled units may take to end.
CANCEL_SECONDS = 4.0


@dataclass(frozen=True)
class _Ray:
    address: str
    task: Any

    def workers(self) -> tuple[int, int]:
        try:
            slots = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        except (RayError, RuntimeError) as error:
            raise ClusterLost(f"the head of Ray at {self.address} does not answer any more: {error}") from error
        return sum(map(bool, slots)), sum(slots)

    def send(self, task: str) -> Any:
        return self.task.remote(task)

    def ended(self, sent: Sequence[Any]) -> Sequence[Any]:
        found, _ = ray.wait(list(sent), num_returns=len(sent), timeout=0)
        if not found:
            time.sleep(POLL_SECONDS)  # here, and not in Ray's call, Ctrl-C is heard at once
        return list(found)

    def answer(self, sent: Any) -> str:
        try:
            answer: str = ray.get(sent)
        except (ChildProcessError, NodeDiedError, OutOfMemoryError, WorkerCrashedError) as error:
            raise UnitLost(str(error.cause if isinstance(error, RayTaskError) else error)) from error
        return answer

    def cancel(self, sent: Sequence[Any]) -> None:
        for each in sent:
            ray.cancel(each)  # an interrupt in the worker: what it has started is ended there
        ray.wait(list(sent), num_returns=len(sent), timeout=CANCEL_SECONDS)


@contextmanager
def connected(url: str, address: str, seconds: float) -> Iterator[_Ray]:
    """Yield the cluster whose head is at the address.

    Raises:
        ClusterUnavailable: no head of Ray answers there in time, or this machine is no node of its cluster.

    """
    for module in (launch, sys.modules[__name__]):
        cloudpickle.register_pickle_by_value(module)
    # Ray asks an address that is not Ray's for minutes, and cannot be stopped. Its command takes some seconds to start.
    command = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    try:
        subprocess.run(command, capture_output=True, timeout=2 * seconds, check=True)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (subprocess.SubprocessError, OSError, RuntimeError, RayError) as error:
        why = error if isinstance(error, (RuntimeError, RayError)) else "no head of Ray answers there"
        raise ClusterUnavailable(
            f"--on {url}: {why}. The port is that of `ray start --head --port`, and this machine has to be a node of"
            f" the cluster: ray start --address {address} --num-cpus 0"
        ) from None
    try:
        # What is lost is tried again by Ray, whether a worker died or the process that it had started.
        again = {"max_retries": LOSSES - 1, "retry_exceptions": [ChildProcessError]}
        yield _Ray(address, ray.remote(num_cpus=1, scheduling_strategy="SPREAD", **again)(_done))
    finally:
        ray.shutdown()


def _done(task: str) -> str:
    host = f"{platform.node()} ({ray.util.get_node_ip_address()})"
    return done(task, host, lambda: False)  # a task that is cancelled is interrupted
