"""Fresh interpreters: workers with nothing imported, in another folder, under another hash seed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.observation import Question, attempt
from conformance.plain import Raised
from conformance.remote import CLOUDPICKLE, PICKLE, dumped
from conformance.transports import STARTED, Arrival
from fixtures.workers import RemoteError, Worker, WorkerError, Workers

__all__ = ["WORKERS", "WORKER_TRANSPORTS", "FreshInterpreter", "call", "departing", "worker"]

# Seconds that one request may take: a hang is cut off there, and is a violation.
LIMIT = 60.0

# Bytes of address space of the worker that loads damaged payloads. The engine maps nearly 3 GiB for itself; and one
# flipped bit can make pickle itself ask for all the memory that there is (the opcode LONG_BINPUT with a large index),
# which no loader can prevent: it has to be refused at once.
MEMORY_LIMIT = 4 << 30
LIMITED = "limited"

# The workers of this process, started by their first call, ended with it.
WORKERS = Workers()
STARTED.callback(WORKERS.close)


@dataclass(frozen=True)
class FreshInterpreter:
    """Sends the payload to a worker, which sends it on to another: neither knows anything of this process."""

    name: str
    pickler: str
    clause: str = "WIRE-5"

    @property
    def by_value(self) -> bool:
        """Whether functions without an importable name can be carried: only cloudpickle does."""
        return self.pickler == CLOUDPICKLE

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Dump here, observe there, dump there, observe at the second worker."""
        payload = attempt(dumped, split, self.pickler)
        if isinstance(payload, Raised):
            return (Arrival(1, None, payload),)
        answer = call(adapter, "first", "relay", payload, question, self.pickler)
        seen, onward = (answer, None) if isinstance(answer, Raised) else answer
        if isinstance(seen, Raised):
            return (Arrival(1, None, seen),)
        first = Arrival(1, seen)
        if isinstance(onward, Raised):
            return first, Arrival(2, None, onward)
        again = call(adapter, "second", "observe_payload", onward, replace(question, again=False))
        return first, Arrival(2, None, again) if isinstance(again, Raised) else Arrival(2, again)


def call(adapter: Adapter, name: str, function: str, *arguments: Any, limit: float = LIMIT) -> Any:
    """Return what a function of :mod:`conformance.remote` returns in the worker of that name, or how it failed."""
    try:
        return worker(name).call(
            f"conformance.remote:{function}", adapter.reference, *arguments, limit=limit, doing=f"{function} of a split"
        )
    except RemoteError as error:
        return Raised(error.type_name, error.message)
    except WorkerError as error:
        return Raised.from_exception(error)


def worker(name: str) -> Worker:
    """Return this process's worker of that name, which lives as long as this process."""
    # The path of the first call: engines add folders of their own to this process's, which no worker needs.
    return WORKERS.get(name, **_MADE_WITH.setdefault(name, _options(name)))


_MADE_WITH: dict[str, dict[str, Any]] = {}


def departing(name: str) -> Worker:
    """Return a worker of its own, to be ended by whoever asked for it."""
    return Worker(name, **_options(name))


def _options(name: str) -> dict[str, Any]:
    """The driver's environment, but for the folder (one of its own) and the hash seed."""
    seed = "0" if os.environ.get("PYTHONHASHSEED") != "0" else "1"
    # What the adapter added to the end of the driver's path is needed there too; nothing else in it is new.
    beside = tuple(entry for entry in sys.path if entry and Path(entry).is_dir())
    options: dict[str, Any] = {"environment": {"PYTHONHASHSEED": seed}, "import_path": beside}
    return options | ({"memory_limit": MEMORY_LIMIT} if name == LIMITED else {})


WORKER_TRANSPORTS = (FreshInterpreter("worker", PICKLE), FreshInterpreter("worker-cloudpickle", CLOUDPICKLE))
