"""Many threads that dump and load the same split at once."""

from __future__ import annotations

import concurrent.futures
import pickle
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.aspects import observe
from conformance.observation.question import Question
from conformance.observation.raised import Hung, attempt
from conformance.transports.transport import Arrival

__all__ = ["THREADS", "Threads", "waited_for"]

THREAD_SECONDS = 60.0


@dataclass(frozen=True)
class Threads:
    """Each thread dumps and loads the split several times, from the same moment on, and then looks at what it has."""

    name: str = "threads"
    clause: str = "WIRE-8"
    by_value: bool = False
    copies: bool = False
    carry: None = None
    count: int = 3
    trips: int = 5

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Return one arrival a thread, all of them after the first trip as far as clauses are concerned."""
        barrier = threading.Barrier(self.count)
        asked = replace(question, again=False)

        def travel() -> Any:
            barrier.wait(THREAD_SECONDS)
            for _ in range(self.trips):
                arrived = pickle.loads(pickle.dumps(split, pickle.HIGHEST_PROTOCOL))
            return observe(adapter, arrived, asked)

        with ThreadPoolExecutor(self.count) as threads:
            running = [threads.submit(travel) for _ in range(self.count)]
            return tuple(Arrival.of(1, waited_for(each, THREAD_SECONDS)) for each in running)


def waited_for(running: Future[Any], limit: float) -> Any:
    """Return a future's result, or how it failed: :class:`Hung` where it is not done after ``limit`` seconds."""
    if not concurrent.futures.wait([running], limit).done:
        return Hung.after(limit)
    return attempt(running.result)


THREADS = Threads()
