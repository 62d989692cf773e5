"""Fresh interpreters: workers with nothing imported, in another folder, under another hash seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.transports.calls import READER, call
from conformance.transports.transport import Arrival
from conformance.transports.worker_tasks import CLOUDPICKLE, PICKLE, dumped

__all__ = ["FRESH_INTERPRETERS", "FreshInterpreter"]


@dataclass(frozen=True)
class FreshInterpreter:
    """Sends the payload to a worker, which sends it on to another: neither knows anything of this process."""

    name: str
    pickler: str
    clause: str = "WIRE-5"
    copies: bool = False
    carry: None = None

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
        first = Arrival.of(1, seen)
        if first.failure is not None:
            return (first,)
        if isinstance(onward, Raised):
            return first, Arrival(2, None, onward)
        return first, Arrival.of(2, call(adapter, READER, "observe_payload", onward, replace(question, again=False)))


FRESH_INTERPRETERS = (FreshInterpreter("worker", PICKLE), FreshInterpreter("worker-cloudpickle", CLOUDPICKLE))
