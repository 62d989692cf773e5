"""Processes of the standard library: multiprocessing with spawn, forkserver and fork, and concurrent.futures."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.aspects import observe
from conformance.observation.question import Question
from conformance.observation.raised import Died, Hung, Raised, attempt
from conformance.transports.asleep import turns
from conformance.transports.calls import other_hash_seed
from conformance.transports.lost_processes import asked_twice
from conformance.transports.threads import waited_for
from conformance.transports.transport import STARTED, Arrival
from conformance.transports.worker_tasks import observe_split

__all__ = ["PROCESSES", "Fork", "Sent", "StandingProcess", "apart", "at_root", "forkserver"]

# Seconds that a split may take there and back, and a forked child to read one: a hang is cut off there.
TASK_SECONDS = 60.0
FORK_SECONDS = 10.0
# A forked child of which nothing has run for so long waits for a thread that was not forked. How often it is looked at.
ASLEEP_SECONDS = 3.0
TICK_SECONDS = 0.2


@dataclass(frozen=True)
class Sent:
    """Sends the split as an argument to a process that lives on, and gets it back as part of the result."""

    name: str
    start: Callable[[], Callable[..., Any]]
    clause: str = "WIRE-6"
    by_value: bool = False
    copies: bool = False
    carry: None = None

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Observe the split in the other process, and here when it has come back."""
        sent = packed(split)
        if isinstance(sent, Raised):
            return (Arrival(1, None, sent),)
        answer = asked_twice(f"process {self.name}", lambda: self.start()(adapter.reference, sent, question))
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

    The process has nobody to tell of an argument that cannot be loaded, or of a result that can be neither dumped nor
    shown: who waits for it would wait for ever.
    """

    payload: bytes

    def __reduce__(self) -> Any:
        return _loaded, (self.payload,)


def packed(split: Any) -> Packed | Raised:
    """Return the split as it is carried, or why it cannot be dumped."""
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
        seen = asked_twice("forked child", lambda: _observed_forked(adapter, split, question))
        if isinstance(seen, Raised):
            return (Arrival(1, None, seen),)
        return (Arrival(1, {name: value for name, value in seen.items() if not isinstance(value, Raised)}),)


def _observed_forked(adapter: Adapter, split: Any, question: Question) -> Any:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_observe_forked, args=(sender, adapter, split, question), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tried here
        child.start()
    sender.close()
    try:
        return _hung(receiver, child) or receiver.recv()
    except (EOFError, OSError):
        child.join()
        return Died.of(_how(child.exitcode))
    finally:
        child.kill()
        child.join()
        receiver.close()


def _hung(receiver: Connection, child: BaseProcess) -> Hung | None:
    """Wait for an answer. Return how the child hangs: it takes too long, or nothing of it has run for some time."""
    assert child.pid is not None
    begun = last_ran = time.monotonic()
    before = None
    while (now := time.monotonic()) - begun < FORK_SECONDS:
        if receiver.poll(TICK_SECONDS):
            return None
        seen = turns(child.pid)
        if seen is None or seen != before:
            before, last_ran = seen, now
        elif now - last_ran >= ASLEEP_SECONDS:
            return Hung.asleep(ASLEEP_SECONDS)
    return Hung.after(FORK_SECONDS)


def _observe_forked(sender: Any, adapter: Adapter, split: Any, question: Question) -> None:
    sender.send(observe(adapter, split, replace(question, only=frozenset({"id", "rows"}), again=False)))


class StandingProcess:
    """A process of :mod:`multiprocessing` that answers one call after another over a pipe.

    It is no :class:`multiprocessing.Pool`: a child of a pool that dies takes the lock of the pool's queue with it, and
    the task that it had. Whoever waits for that task, or for the end of the pool, waits for ever. Here the death of the
    process is seen at once, and the next call starts another.
    """

    def __init__(self, method: str) -> None:
        self._context: Any = forkserver() if method == "forkserver" else multiprocessing.get_context(method)
        self._running: tuple[BaseProcess, Connection] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Return what :func:`_observed` returns there; :class:`Hung` or :class:`Died` where it does not."""
        try:
            process, pipe = self._running or self._started()
        except (EOFError, ConnectionError) as error:
            return Died.of(f"it does not start, for what starts it has died: {error}")
        try:
            pipe.send(arguments)
            ready = wait([pipe, process.sentinel], TASK_SECONDS)
            if pipe in ready:
                return pipe.recv()
        except (EOFError, OSError):  # its end of the pipe is closed
            ready = [process.sentinel]
        process.join(DYING_SECONDS if ready else 0)  # what it holds is closed a moment before its exit code is known
        how = Died.of(_how(process.exitcode)) if ready else Hung.after(TASK_SECONDS)
        self.end()
        return how

    def end(self) -> None:
        """End the process; nothing happens where there is none."""
        if self._running is not None:
            process, pipe = self._running
            self._running = None
            pipe.close()
            process.kill()
            process.join()

    def _started(self) -> tuple[BaseProcess, Connection]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        with apart():
            process.start()
        theirs.close()
        self._running = process, ours
        return self._running


def forkserver() -> Any:
    """Return the way to start processes from a server that has imported what they need: once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@contextmanager
def apart() -> Iterator[None]:
    """Be in the root folder, and under another hash seed than this process has, while processes are started.

    Where the seed is set for a run, as tox does, its processes would inherit it: what is made of hashes would arrive.
    """
    seed = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = other_hash_seed()
    try:
        with at_root():
            yield
    finally:
        if seed is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = seed


@contextmanager
def at_root() -> Iterator[None]:
    """Be in the root folder while processes are started.

    Processes of multiprocessing look for modules in the folder in which they are started, before the standard library:
    a user's ``pickle.py`` would be imported there. They go to the folder of this process once they have their data.
    """
    here = Path.cwd()
    os.chdir("/")
    try:
        yield
    finally:
        os.chdir(here)


def _serve(pipe: Connection) -> None:
    """Answer calls until whoever sends them closes the pipe, or ends."""
    with contextlib.suppress(EOFError):
        while True:
            answer = attempt(ForkingPickler.dumps, _observed(*pipe.recv()))
            # Why it cannot be dumped goes in its place.
            pipe.send_bytes(ForkingPickler.dumps((answer, None)) if isinstance(answer, Raised) else answer)


# Seconds that a process which has closed its pipe may take to end.
DYING_SECONDS = 5.0


def _how(code: int | None) -> str:
    if code is None:
        return "it closed its pipe and lives on"
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


@cache
def _standing(method: str) -> StandingProcess:
    process = StandingProcess(method)
    STARTED.callback(process.end)
    STARTED.callback(_standing.cache_clear)
    return process


class _Executor:
    """One process of a :class:`concurrent.futures.ProcessPoolExecutor`, made anew once it is broken."""

    def __init__(self) -> None:
        # As Python does where nobody says how, from 3.14 on.
        self._executor = concurrent.futures.ProcessPoolExecutor(1, mp_context=forkserver())
        self._child: int | None = None

    def __call__(self, *arguments: Any) -> Any:
        try:
            if self._child is None:
                with apart():
                    self._child = self._executor.submit(os.getpid).result()
            answer = waited_for(self._executor.submit(_observed, *arguments), TASK_SECONDS)
        except BrokenProcessPool:  # it broke between two calls
            answer = Died.of(_BROKEN)
        if isinstance(answer, Raised):
            self.end()
            _futures.cache_clear()
        return Died.of(_BROKEN) if _is_broken(answer) else answer

    def end(self) -> None:
        """End the executor without waiting for its process, which may hang and is killed."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            self._child = None


_BROKEN = "a process in the pool was terminated abruptly"


def _is_broken(answer: Any) -> bool:
    return isinstance(answer, Raised) and answer.type == f"{BrokenProcessPool.__module__}.{BrokenProcessPool.__name__}"


@cache
def _futures() -> _Executor:
    executor = _Executor()
    STARTED.callback(executor.end)
    STARTED.callback(_futures.cache_clear)
    return executor


PROCESSES = (
    Sent("spawn", lambda: _standing("spawn")),
    Sent("forkserver", lambda: _standing("forkserver")),
    Sent("futures", _futures),
    Fork(),
)
