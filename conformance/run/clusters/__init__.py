"""Clusters that do the units of work of a run: which there are, and what each has to offer. ``--on`` names one.

The driver sends each unit as a task (``tasks.py``), and pytest's loop adds up what comes back (``loop.py``). A worker
of the cluster starts a process for it (``launch.py``), which keeps watch (``supervisor.py``) over the one that does it
(``unit_process.py``).
"""

from __future__ import annotations

import importlib
import importlib.util
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

__all__ = ["LOSSES", "Cluster", "ClusterLost", "ClusterUnavailable", "UnitLost", "connected"]

# Seconds that a cluster has to answer when the run begins.
ANSWER_SECONDS = 10.0
# So often the process of a unit is lost before that is held to be its own doing.
LOSSES = 3
# The clusters, each a module here, with the module of its own library. Its extra has the same name.
LIBRARIES = {"dask": "distributed", "ray": "ray"}


class ClusterUnavailable(Exception):
    """The cluster cannot be used; the message names the address, says why, and what to do."""


class ClusterLost(Exception):
    """The cluster went away while the run used it."""


class UnitLost(Exception):
    """The process of a unit was lost too often; the message says how it ended last."""


class Cluster(Protocol):
    """A cluster that the run is connected to. What it makes of :meth:`send` stands for one unit that is out."""

    @property
    def address(self) -> str:
        """Where it was reached."""

    def workers(self) -> tuple[int, int]:
        """Return the number of its workers now, and of the units that they do at a time.

        Raises:
            ClusterLost: it does not answer any more.

        """

    def send(self, task: str) -> Any:
        """Send a task, which is done once, and again wherever its process is lost."""

    def ended(self, sent: Sequence[Any]) -> Sequence[Any]:
        """Return those that have ended, after a moment in which one may; it may be none."""

    def answer(self, sent: Any) -> str:
        """Return what came back for one that has ended.

        Raises:
            UnitLost: its process was lost too often.
            ClusterLost: the cluster knows nothing of it any more.
            Exception: whatever else the cluster made of it.

        """

    def cancel(self, sent: Sequence[Any]) -> None:
        """Cancel those, and give their processes a moment to end."""


@contextmanager
def connected(url: str) -> Iterator[Cluster]:
    """Yield the cluster that the URL names, such as ``dask://10.0.0.1:8786``.

    Raises:
        ClusterUnavailable: the URL names none, its library is not installed, nobody answers at the address within ten
            seconds, or what answers cannot do units.

    """
    engine, address, host, port = _parsed(url)
    if importlib.util.find_spec(LIBRARIES[engine]) is None:
        raise ClusterUnavailable(
            f"--on {url}: {engine} is not installed: pip install 'dataloader-conformance[{engine}]'"
        )
    try:
        socket.create_connection((host, port), ANSWER_SECONDS).close()
    except OSError as error:
        why = "no answer within ten seconds" if isinstance(error, TimeoutError) else error.strerror or error
        raise ClusterUnavailable(
            f"--on {url}: nobody answers at {address} ({why}): is {engine} running there?"
        ) from None
    module = importlib.import_module(f"{__name__}.{engine}")
    with module.connected(url, address, ANSWER_SECONDS) as cluster:
        if not all(cluster.workers()):
            raise ClusterUnavailable(f"--on {url}: the cluster at {address} has no worker: start one, and try again")
        yield cluster


def _parsed(url: str) -> tuple[str, str, str, int]:
    """Return the engine, the address as HOST:PORT, and both parts of it."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number, or too large
        host, port = None, None
    if parts.scheme not in LIBRARIES or not host or not port or parts.path.strip("/") or parts.query:
        forms = " or ".join(f"{engine}://HOST:PORT" for engine in LIBRARIES)
        raise ClusterUnavailable(f"--on must be {forms}, got {url!r}")
    return parts.scheme, parts.netloc, host, port
