"""Round trips inside this process: pickle, cloudpickle and copies, each once and twice."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cloudpickle

from conformance.adapter import Adapter
from conformance.observation.aspects import ASPECTS
from conformance.observation.once import observe_once
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.transports.transport import Arrival

__all__ = ["IN_PROCESS", "InProcess"]

MANY_HOPS = 4
LOWEST_PROTOCOL = 2  # PyIceberg's records do not pickle with 0 and 1


@dataclass(frozen=True)
class InProcess:
    """A transport that is one function from a split to what arrives."""

    name: str
    clause: str
    carry: Callable[[Any], Any]
    by_value: bool = False
    copies: bool = False

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Carry the split, and what arrived once more."""
        arrivals: list[Arrival] = []
        for hop in (1, 2):
            split = attempt(self.carry, split)
            if isinstance(split, Raised):
                return (*arrivals, Arrival(hop, None, split))
            asked = question if hop == 1 else replace(question, again=False)
            arrivals.append(Arrival(hop, observe_once(adapter, split, asked), None, split))
        for _ in range(2, MANY_HOPS):
            split = attempt(self.carry, split)
            if isinstance(split, Raised):
                return (*arrivals, Arrival(MANY_HOPS, None, split))
        # What is read has been read twice; the parts are looked at once more.
        parts = frozenset(aspect.name for aspect in ASPECTS)
        seen = observe_once(adapter, split, replace(question, again=False, only=parts))
        return (*arrivals, Arrival(MANY_HOPS, seen, None, split))


def pickled(protocol: int, split: Any) -> Any:
    """Round trip through pickle."""
    return pickle.loads(pickle.dumps(split, protocol))


def pickled_out_of_band(split: Any) -> Any:
    """Round trip through protocol 5, buffers sent beside the payload: they arrive as buffers of another type."""
    buffers: list[pickle.PickleBuffer] = []
    payload = pickle.dumps(split, 5, buffer_callback=buffers.append)
    return pickle.loads(payload, buffers=[bytearray(buffer.raw()) for buffer in buffers])


def cloudpickled(split: Any) -> Any:
    """Round trip through cloudpickle."""
    return pickle.loads(cloudpickle.dumps(split))


IN_PROCESS: tuple[InProcess, ...] = (
    *(
        InProcess(f"pickle-{protocol}", "WIRE-1", partial(pickled, protocol))
        for protocol in range(LOWEST_PROTOCOL, pickle.HIGHEST_PROTOCOL + 1)
    ),
    InProcess("pickle-oob", "WIRE-1", pickled_out_of_band),
    InProcess("cloudpickle", "WIRE-2", cloudpickled, by_value=True),
    InProcess("copy", "WIRE-3", copy.copy, by_value=True, copies=True),
    InProcess("deepcopy", "WIRE-3", copy.deepcopy, by_value=True, copies=True),
)
