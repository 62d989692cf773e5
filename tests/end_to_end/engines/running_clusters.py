"""Clusters that a test starts by the commands of their engines, as people do; all of it ends with the test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fixtures.processes.guard import Guard
from tests.end_to_end.engines.hosts import Host

__all__ = ["CLUSTERS", "Place", "dask_cluster", "ray_cluster"]

LIMIT = 120.0


@dataclass(frozen=True)
class Place:
    """Where a part of a cluster runs: how a command is run there, its address, and changes to its environment."""

    command: Callable[..., list[str]] = lambda *words: list(words)
    address: str = "127.0.0.1"
    environment: Mapping[str, str] | None = None
    python: str = sys.executable

    @classmethod
    def on(cls, host: Host) -> Place:
        """Return the place on a host of its own."""
        return cls(host.command, host.address)


HERE = Place()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def dask_cluster(workers: Sequence[Place] = (HERE, HERE), driver: Place = HERE) -> Iterator[str]:
    """Run a scheduler beside the driver, and the workers, each with one thread; yield the URL."""
    url = f"{driver.address}:{free_port()}"
    dask = ["-m", "dask"]
    scheduler = ["scheduler", "--host", driver.address, "--port", url.rpartition(":")[2], "--no-dashboard"]
    with _started() as start:
        start(driver, [driver.python, *dask, *scheduler])
        for worker in workers:
            start(
                worker,
                [
                    *(worker.python, *dask, "worker", f"tcp://{url}", "--host", worker.address),
                    *("--nthreads", "1", "--no-dashboard"),
                ],
            )
        ask = "import sys; from distributed import Client; Client(sys.argv[1]).wait_for_workers(int(sys.argv[2]), 120)"
        asked = driver.command(driver.python, "-c", ask, url, str(len(workers)))
        subprocess.run(asked, check=True, capture_output=True, timeout=LIMIT)
        yield f"dask://{url}"


@contextmanager
def ray_cluster(workers: Sequence[Place] = (HERE,), driver: Place = HERE) -> Iterator[str]:
    """Run a head beside the driver, and the nodes; yield the URL. One node alone has two slots, of several each one."""
    url = f"{driver.address}:{free_port()}"
    ray = ["-m", "ray.scripts.scripts", "start", "--disable-usage-stats", "--block", "--include-dashboard=false"]
    head = ["--head", "--port", url.rpartition(":")[2]]
    alone = list(workers) == [HERE]
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder, _started() as start:
        of_head = [
            *head,
            "--num-cpus",
            "2" if alone else "0",
            "--temp-dir",
            folder,
            "--node-ip-address",
            driver.address,
        ]
        start(driver, [driver.python, *ray, *of_head])
        _wait_for_ray(driver, url)
        for worker in [] if alone else workers:
            of_node = ["--address", url, "--num-cpus", "1", "--node-ip-address", worker.address]
            start(worker, [worker.python, *ray[:4], "--block", *of_node])
        _wait_for_ray(driver, url, len(workers) + (not alone))
        yield f"ray://{url}"


CLUSTERS = {"dask": dask_cluster, "ray": ray_cluster}


def _wait_for_ray(driver: Place, url: str, nodes: int = 1) -> None:
    """Wait until so many nodes are there."""
    ask = (
        "import sys, ray; ray.init(address=sys.argv[1], logging_level='ERROR', log_to_driver=False); "
        "sys.exit(sum(node['Alive'] for node in ray.nodes()) < int(sys.argv[2]))"
    )
    deadline = time.monotonic() + LIMIT
    while True:
        asked = driver.command(driver.python, "-c", ask, url, str(nodes))
        ran = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=LIMIT)
        if ran.returncode == 0:
            return
        assert time.monotonic() < deadline, ran.stderr
        time.sleep(0.5)


@contextmanager
def _started() -> Iterator[Callable[[Place, list[str]], None]]:
    """Yield what starts a command somewhere, in a folder of its own; whatever it has started ends with the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True)))
        guard = stack.enter_context(Guard())

        def start(place: Place, command: list[str]) -> None:
            log = stack.enter_context(tempfile.TemporaryFile(dir=folder))
            with guard.marking():
                environment = {**os.environ, **(place.environment or {})}
            process = subprocess.Popen(
                place.command(*command),
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            # Dask's scheduler changes its title, and writes over its mark with it.
            guard.watch(process.pid)

        yield start
