"""Many threads that dump and load the same split at once."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from conformance.adapter import Adapter
from conformance.observation import Question, attempt, observe
from conformance.plain import Raised
from conformance.transports import Arrival

__all__ = ["THREADS", "Threads"]

LIMIT = 60.0


@dataclass(frozen=True)
class Threads:
    """Each thread dumps and loads the split several times, from the same moment on, and then looks at what it has."""

    name: str = "threads"
    clause: str = "WIRE-8"
    by_value: bool = False
    count: int = 3
    trips: int = 5

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Return one arrival a thread, all of them after the first trip as far as clauses are concerned."""
        barrier = threading.Barrier(self.count)
        asked = replace(question, again=False)

        def travel() -> Any:
            barrier.wait(LIMIT)
            for _ in range(self.trips):
                arrived = pickle.loads(pickle.dumps(split, pickle.HIGHEST_PROTOCOL))
            return observe(adapter, arrived, asked)

        with ThreadPoolExecutor(self.count) as threads:
            results = [
                attempt(running.result, LIMIT) for running in [threads.submit(travel) for _ in range(self.count)]
            ]
        return tuple(Arrival(1, None, seen) if isinstance(seen, Raised) else Arrival(1, seen) for seen in results)


THREADS = Threads()
