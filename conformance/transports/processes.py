"""Processes of the standard library: multiprocessing with spawn, forkserver and fork, and concurrent.futures."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing.reduction import ForkingPickler
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.aspects import observe
from conformance.observation.question import Question
from conformance.observation.raised import Hung, Raised, attempt
from conformance.transports.threads import waited_for
from conformance.transports.transport import STARTED, Arrival
from conformance.transports.worker_tasks import observe_split

__all__ = ["PROCESS_POOLS", "Fork", "Pool"]

# Seconds that a split may take there and back, and a forked child to read one: a hang is cut off there.
TASK_SECONDS = 60.0
FORK_SECONDS = 10.0


@dataclass(frozen=True)
class Pool:
    """Sends the split as a task's argument to a pool of one process, and gets it back as part of the result."""

    name: str
    start: Callable[[], Callable[..., Any]]
    clause: str = "WIRE-6"
    by_value: bool = False
    copies: bool = False
    carry: None = None

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Observe the split in the pool's process, and here when it has come back."""
        sent = packed(split)
        answer = sent if isinstance(sent, Raised) else attempt(self.start(), adapter.reference, sent, question)
        if isinstance(answer, Raised):
            return (Arrival(1, None, answer),)
        seen, returned = answer
        if isinstance(seen, Raised):
            return (Arrival(1, None, seen),)
        if isinstance(returned, Raised):
            return Arrival(1, seen), Arrival(2, None, returned)
        back = observe(adapter, returned, replace(question, again=False))
        return Arrival(1, seen), Arrival(2, back, None, returned)


@dataclass(frozen=True)
class Packed:
    """A split on its way, dumped as multiprocessing dumps it; it arrives as the split, or as why it does not.

    A pool has nobody to tell of an argument that cannot be loaded, or of a result that can be neither dumped nor shown:
    it waits for ever.
    """

    payload: bytes

    def __reduce__(self) -> Any:
        return _loaded, (self.payload,)


def packed(split: Any) -> Packed | Raised:
    """Return the split as a pool carries it, or why it cannot be dumped."""
    payload = attempt(ForkingPickler.dumps, split)
    return payload if isinstance(payload, Raised) else Packed(bytes(payload))


def _loaded(payload: bytes) -> Any:
    return attempt(ForkingPickler.loads, payload)


def _observed(reference: str, split: Any, question: Question) -> tuple[Any, Any]:
    """Return the observation of a split that came as an argument, and the split, which then goes back as a result."""
    if isinstance(split, Raised):
        return split, None
    seen, same = observe_split(reference, split, question)
    return seen, packed(same)


@dataclass(frozen=True)
class Fork:
    """Reads the split in a forked child, where an engine that already ran may hang: then it has to raise at once.

    What it raises there is no difference; a child that does not answer is.
    """

    name: str = "fork"
    clause: str = "WIRE-6"
    by_value: bool = True
    copies: bool = False
    carry: None = None

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Fork, look at the id and read, and wait for the answer."""
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_observe_forked, args=(sender, adapter, split, question), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tried here
            child.start()
        sender.close()
        try:
            if not receiver.poll(FORK_SECONDS):
                return (Arrival(1, None, Hung.after(FORK_SECONDS)),)
            seen = attempt(receiver.recv)
        finally:
            child.kill()
            child.join()
            receiver.close()
        if isinstance(seen, Raised):
            return (Arrival(1, None, Raised("builtins.EOFError", f"the child died, exit code {child.exitcode}")),)
        return (Arrival(1, {name: value for name, value in seen.items() if not isinstance(value, Raised)}),)


def _observe_forked(sender: Any, adapter: Adapter, split: Any, question: Question) -> None:
    sender.send(observe(adapter, split, replace(question, only=frozenset({"id", "rows"}), again=False)))


@cache
def _futures() -> Callable[..., Any]:
    executor = concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    STARTED.callback(executor.shutdown, cancel_futures=True)
    STARTED.callback(_futures.cache_clear)  # the next call starts another
    return lambda *arguments: waited_for(executor.submit(_observed, *arguments), TASK_SECONDS)


@cache
def _pool(method: str) -> Callable[..., Any]:
    pool = multiprocessing.get_context(method).Pool(1)
    STARTED.callback(pool.terminate)
    STARTED.callback(_pool.cache_clear)

    def call(*arguments: Any) -> Any:
        result = pool.apply_async(_observed, arguments)
        result.wait(TASK_SECONDS)
        return attempt(result.get) if result.ready() else Hung.after(TASK_SECONDS)

    return call


def _spawn() -> Callable[..., Any]:
    return _pool("spawn")


def _forkserver() -> Callable[..., Any]:
    return _pool("forkserver")


PROCESS_POOLS = (Pool("spawn", _spawn), Pool("forkserver", _forkserver), Pool("futures", _futures), Fork())
