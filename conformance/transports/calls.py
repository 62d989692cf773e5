"""Calls to other processes: functions of :mod:`conformance.transports.worker_tasks`, or of another module beside it.

There is one way to call another interpreter: :class:`fixtures.processes.workers.Worker`. Fresh interpreters, other
Pythons and the readers of object stores are workers with other options.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.raised import Died, Hung, Raised
from conformance.transports.lost_processes import asked_twice
from conformance.transports.transport import STARTED
from fixtures.processes.local_zone import OTHER_ZONE
from fixtures.processes.workers import RemoteError, Worker, WorkerDied, WorkerError, WorkerHung, Workers, last_output

__all__ = [
    "CALL_SECONDS",
    "LIMITED",
    "READER",
    "WORKERS",
    "answer",
    "call",
    "call_interpreter",
    "departing",
    "other_hash_seed",
    "restart",
    "worker",
]

# Seconds that one request may take: a hang is cut off there, and is a violation.
CALL_SECONDS = 60.0
# Bytes of address space of the worker that loads damaged payloads. The engine maps nearly 3 GiB for itself. One flipped
# bit can make pickle itself ask for all the memory that there is (the opcode LONG_BINPUT with a large index), which no
# loader can prevent: it has to be refused at once.
MEMORY_BYTES = 4 << 30
LIMITED = "limited"
# Settings of stores in the environment of workers, where the driver's has none. A worker may have its own, and what a
# split says of its store comes first.
OTHER_STORES = dict.fromkeys(
    (
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"),
        *("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY", "GOOGLE_CLOUD_PROJECT", "HF_TOKEN"),
    ),
    "of-the-worker",
)
# The worker in which each reading's changes to the process are put back, so that those of the next are seen.
READER = "second"

# The workers of this process, started by their first call, ended with it.
WORKERS = Workers()
STARTED.callback(WORKERS.close)


def call(adapter: Adapter, name: str, function: str, *arguments: Any, limit: float = CALL_SECONDS) -> Any:
    """Return what a worker task returns in this process's worker of that name, or how it failed."""
    return answer(worker(name), function, adapter.reference, *arguments, limit=limit)


def call_interpreter(python: str, function: str, *arguments: Any) -> Any:
    """Return what a worker task returns under another interpreter, or how it failed.

    ``python`` is its path. The suite is installed there; nothing of this process's own path leads there.
    """
    if not Path(python).is_file():
        return Raised("builtins.FileNotFoundError", f"there is no interpreter at {python}")
    return answer(WORKERS.get(f"python {python}", python=python, packages=False), function, *arguments)


def answer(asked: Worker, function: str, *arguments: Any, limit: float = CALL_SECONDS) -> Any:
    """Return what a worker task returns in a worker, or how it failed.

    That is :class:`Hung` where it did not return in time, and :class:`Died` where its process ended, and a fresh one
    too.
    ``function`` is one of :mod:`conformance.transports.worker_tasks`, ``"driver_tasks:…"`` one of the module beside it.
    Arguments and results are plain values and bytes. ``limit`` is in seconds.
    """
    return asked_twice(f"worker {asked.name}", lambda: _asked(asked, function, *arguments, limit=limit))


def _asked(asked: Worker, function: str, *arguments: Any, limit: float) -> Any:
    module, _, name = function.rpartition(":")
    target = f"conformance.transports.{module or 'worker_tasks'}:{name}"
    try:
        return asked.call(target, *arguments, limit=limit, doing=f"{name} of a split")
    except RemoteError as error:
        return Raised(error.type_name, error.message)
    except WorkerHung as error:
        return Hung.from_exception(error)
    except WorkerDied as error:
        return Died.of(f"{error.ended}; {last_output(error.output)}")
    except WorkerError as error:
        return Raised.from_exception(error)


def worker(name: str) -> Worker:
    """Return this process's worker of that name, which lives as long as this process."""
    # The path of the first call: engines add folders of their own to this process's, which no worker needs.
    return WORKERS.get(name, **_MADE_WITH.setdefault(name, _options(name)))


def restart(name: str) -> None:
    """End the process of a worker: what was left in it would count against the next split that it is asked about."""
    worker(name).restart()


_MADE_WITH: dict[str, dict[str, Any]] = {}


_AT_START = dict(os.environ)


def _changed_since_start() -> dict[str, str | None]:
    """Return what takes the environment back to what it was: reading may have changed it in this process already."""
    changed = {name for name in {*os.environ, *_AT_START} if os.environ.get(name) != _AT_START.get(name)}
    return {name: _AT_START.get(name) for name in changed}


def departing(name: str) -> Worker:
    """Return a worker of its own, to be ended by whoever asked for it."""
    return Worker(name, **_options(name))


def other_hash_seed() -> str:
    """Return a hash seed that this process does not have."""
    return "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"


def _options(name: str) -> dict[str, Any]:
    """The driver's environment, but for the folder (one of its own), the hash seed, the time zone and stores."""
    # What the adapter added to the end of the driver's path is needed there too; nothing else in it is new.
    beside = tuple(entry for entry in sys.path if entry and Path(entry).is_dir())
    stores = {setting: value for setting, value in OTHER_STORES.items() if setting not in os.environ}
    differs: dict[str, str | None] = {"PYTHONHASHSEED": other_hash_seed(), "TZ": OTHER_ZONE, **stores}
    environment = (lambda: _changed_since_start() | differs) if name == READER else differs
    options: dict[str, Any] = {"environment": environment, "import_path": beside, "temporary_files": name == READER}
    return options | ({"memory_limit": MEMORY_BYTES} if name == LIMITED else {})
