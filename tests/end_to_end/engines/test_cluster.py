"""A cluster of three hosts: the driver on one, a Dask worker on each of the others, reached over the network alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from conformance.transports.engines.dask import SCHEDULER
from fixtures.processes.guard import Guard
from tests.end_to_end.engines.hosts import Host, hosts

PORT = 8786
# Asks each worker whether it has done anything for the run, which alone imports the suite there.
ASK = """
import sys
from distributed import Client

def did_work():
    import sys
    return "conformance.transports.worker_tasks" in sys.modules

if __name__ == "__main__":
    with Client(sys.argv[1]) as client:
        print(sorted((address.split(":")[1].strip("/"), done) for address, done in client.run(did_work).items()))
"""


def has_namespaces() -> bool:
    """Whether hosts can be made here: on Linux, as root, with iproute2."""
    return shutil.which("ip") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[list[Host], str]]:
    """Run a scheduler on the driver's host, and a worker on each of two others; all that is started meanwhile ends."""
    with ExitStack() as stack:
        driver, *workers = made = stack.enter_context(hosts("driver", "one", "two"))
        guard = stack.enter_context(Guard())
        scheduler = f"tcp://{driver.address}:{PORT}"
        dask = str(Path(sys.executable).with_name("dask"))
        commands = [driver.command(dask, "scheduler", "--host", driver.address, "--port", str(PORT), "--no-dashboard")]
        commands += [
            worker.command(dask, "worker", scheduler, "--nthreads", "1", "--no-dashboard", "--host", worker.address)
            for worker in workers
        ]
        with guard.marking():
            for number, command in enumerate(commands):
                log = stack.enter_context((folder / f"log {number}").open("w"))
                subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
            yield made, scheduler


@pytest.mark.xdist_group("dask")
@pytest.mark.skipif(not has_namespaces(), reason="network namespaces need Linux, root and iproute2")
def test_splits_reach_workers_on_other_hosts(tmp_path: Path) -> None:
    with cluster(tmp_path) as ((driver, *workers), scheduler):
        suite = str(Path(sys.executable).with_name("dataloader-conformance"))
        run = driver.command(suite, "run", "--transport", "dask", "--profile", "smoke")
        environment = {**os.environ, SCHEDULER: scheduler}
        ran = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        logs = "\n".join(path.read_text() for path in sorted(tmp_path.glob("log *")))
        assert ran.returncode == 0, ran.stdout + ran.stderr + logs
        assert "reference: conforms to" in ran.stdout
        (tmp_path / "ask.py").write_text(ASK)
        ask = driver.command(sys.executable, str(tmp_path / "ask.py"), scheduler)
        asked = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert asked.stdout.strip() == str([(worker.address, True) for worker in workers])
