"""Engines: what runs the users' data loaders. Each has a module here, is an extra, and is started only when asked for.

An engine has one or more ways for splits to travel, each a transport of WIRE-7. It is started once in a run, by the one
unit of work that it has, and ended with it; :class:`fixtures.processes.guard.Guard` ends what stays behind.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import importlib.util
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.aspects import observe
from conformance.observation.question import Question
from conformance.observation.raised import Hung, Raised, attempt
from conformance.transports.transport import STARTED, Arrival
from conformance.transports.worker_tasks import looked_at
from fixtures.processes.guard import Guard

__all__ = [
    "ENGINES",
    "WAYS",
    "Carry",
    "Engine",
    "EngineHangs",
    "EngineUnavailable",
    "Way",
    "answers_of",
    "running",
    "sent_through",
]

# Seconds that an engine may take to start, to carry some splits there and back, and to stop: a hang is cut off there.
START_SECONDS = 120.0
CARRY_SECONDS = 60.0
STOP_SECONDS = 20.0
# Where engines have their files: Ray's sockets lie there, and the path of one has at most 107 characters.
SHORT = "/tmp" if Path("/tmp").is_dir() else None

# Calls the function on the engine's workers with each of the splits, all sent at once, and returns what came back in
# their order: the result, or the error that it raised there. Where the engine gives up all for one error, it is raised.
Carry = Callable[[Sequence[Any], Callable[[Any], Any]], list[Any]]


class EngineHangs(Exception):
    """The engine did not answer in time; the suite gave it up."""


class EngineUnavailable(Exception):
    """The engine is not installed, or does not start; the message says which and why."""


@dataclass(frozen=True)
class Engine:
    """An engine by its name, which its extra and its module here share: what it needs and the ways that it has.

    ``needs`` are (distribution, module); ``by_name`` are the ways that carry nothing without an importable name.
    """

    name: str
    needs: tuple[str, str]
    ways: tuple[str, ...]
    by_name: tuple[str, ...] = ()

    @property
    def installed(self) -> str | None:
        """The version that is installed, ``None`` where none is."""
        distribution, module = self.needs
        return version(distribution) if importlib.util.find_spec(module) is not None else None

    @property
    def transports(self) -> tuple[Way, ...]:
        """Its ways as transports."""
        return tuple(Way(name, name not in self.by_name) for name in self.ways)


@dataclass(frozen=True)
class Way:
    """Sends the split through a running engine, and gets it back as part of the result."""

    name: str
    by_value: bool
    clause: str = "WIRE-7"
    copies: bool = False

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Observe the split on a worker, and here when it has come back."""
        (answer,) = answers_of(self.name, [split], partial(looked_at, adapter.reference, question))
        if isinstance(answer, Raised):
            return (Arrival(1, None, answer),)
        seen, returned = answer
        back = observe(adapter, returned, replace(question, again=False))
        return Arrival(1, seen), Arrival(2, back, None, returned)

    def carry(self, sent: Any) -> Any:
        """Return a split, or several in one payload, after a round trip to a worker."""
        (answer,) = sent_through(self.name, [_Parcel(sent)], _as_it_is)
        if isinstance(answer, Exception):
            raise answer
        return answer.content


@dataclass(frozen=True)
class _Parcel:
    """What is to stay together: of a plain list Dask sends each element by itself."""

    content: Any


def _as_it_is(arrived: Any) -> Any:
    return arrived


ENGINES: tuple[Engine, ...] = (
    Engine("ray", ("ray", "ray"), ("ray-task", "ray-actor", "ray-put")),
    Engine(
        "spark",
        ("pyspark", "pyspark"),
        ("spark-closure", "spark-elements", "spark-broadcast"),
        by_name=("spark-broadcast",),
    ),
    Engine("dask", ("distributed", "distributed"), ("dask-task", "dask-scatter")),
    Engine("joblib", ("joblib", "joblib"), ("joblib",)),
    Engine(
        "torch", ("torch", "torch"), ("torch-spawn", "torch-forkserver"), by_name=("torch-spawn", "torch-forkserver")
    ),
)
WAYS: tuple[Way, ...] = tuple(way for engine in ENGINES for way in engine.transports)

_RUNNING: dict[str, tuple[Carry, _Thread, Guard]] = {}


@contextmanager
def running(engine: Engine) -> Iterator[None]:
    """Run the engine meanwhile: its ways carry splits, and nothing of it is left afterwards.

    Raises:
        EngineUnavailable: it is not installed, or does not start.

    """
    if engine.installed is None:
        raise EngineUnavailable(f"{engine.name} is not installed: pip install 'dataloader-conformance[{engine.name}]'")
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="engine-", dir=SHORT, ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))
        guard = stack.enter_context(Guard())
        STARTED.callback(guard.close)  # also where an interrupt comes between two steps
        thread = _Thread()
        try:
            with guard.marking():
                module = importlib.import_module(f"{__name__}.{engine.name}")
                started = module.started(folder)
                ways = thread.call(started.__enter__, START_SECONDS)
        except Exception as error:
            raise EngineUnavailable(f"{engine.name} does not start: {type(error).__name__}: {error}") from error
        stack.callback(attempt, thread.call, partial(started.__exit__, None, None, None), STOP_SECONDS)
        for name in engine.ways:
            _RUNNING[name] = ways[name], thread, guard
            stack.callback(_RUNNING.pop, name)
        yield


def answers_of(way: str, splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Return what the function made of each split on a worker, or how that failed; an engine may give up all."""
    try:
        answers = sent_through(way, splits, function)
    except EngineHangs as error:
        return [Hung("builtins.TimeoutError", str(error))] * len(splits)
    except Exception as error:
        return [Raised.from_exception(error)] * len(splits)
    return [Raised.from_exception(answer) if isinstance(answer, Exception) else answer for answer in answers]


def sent_through(way: str, splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Send splits at once, and return what the function made of each on a worker: its result, or the error it raised.

    Raises:
        EngineHangs: they are not all back in time.
        Exception: what the engine raises where it gives up all of them.

    """
    carry, thread, guard = _RUNNING[way]
    with guard.marking():
        return list(thread.call(partial(carry, splits, function), CARRY_SECONDS))


class _Thread:
    """A thread in which all that concerns an engine is done, so that nothing of it can hang the run.

    It lives as long as the engine: Ray's processes end with the thread that started them.
    """

    def __init__(self) -> None:
        self._hangs = False
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            function, outcome = self._calls.get()
            try:
                outcome.set_result(function())
            except BaseException as error:
                outcome.set_exception(error)

    def call(self, function: Callable[[], Any], limit: float) -> Any:
        """Return what the function returns, or raise what it raises; ``EngineHangs`` after so many seconds.

        A call after one that hung is not tried.
        """
        if self._hangs:
            raise EngineHangs("not tried: a call before hangs")
        outcome: Future[Any] = Future()
        self._calls.put((function, outcome))
        try:
            return outcome.result(limit)
        except concurrent.futures.TimeoutError:
            if outcome.done():
                raise  # the function's own
            self._hangs = True
            raise EngineHangs(f"no answer in {limit:.0f} s: it hangs") from None
