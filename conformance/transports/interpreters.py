"""Another Python, given by its path, through execnet. The suite and the loader are installed there too."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import execnet

from conformance.adapter import Adapter
from conformance.observation import DECIDED_BY_READER, Observation, Question, attempt, difference, differing, observe
from conformance.plain import Raised
from conformance.remote import PICKLE, dumped
from conformance.transports import STARTED, Arrival

__all__ = ["Interpreter", "called", "ended"]

LIMIT = 60.0
# Both ends agree on a protocol that the older of the two knows.
PROTOCOL = 5

# What the other interpreter runs: nothing but calls of conformance.remote, arguments and results pickled.
_SERVE = """
import pickle
import sys
sys.path[:] = [entry for entry in sys.path if entry]  # nothing of the current folder comes before what is installed
import conformance.remote
from conformance.observation import attempt
for request in channel:
    function, arguments = pickle.loads(request)
    answer = attempt(getattr(conformance.remote, function), *arguments)
    channel.send(pickle.dumps(answer, 5))
"""


@dataclass(frozen=True)
class Interpreter:
    """Sends the payload to another interpreter and takes back what that dumped anew."""

    python: str
    clause: str = "WIRE-10"
    by_value: bool = False

    @property
    def name(self) -> str:
        """``python:`` and the path."""
        return f"python:{self.python}"

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Dump here, observe and dump there, observe there again."""
        payload = attempt(dumped, split, PICKLE)
        if isinstance(payload, Raised):
            return (Arrival(1, None, payload),)
        answer = called(self.python, "relay", adapter.reference, payload, question, PICKLE)
        seen, onward = (answer, None) if isinstance(answer, Raised) else answer
        if isinstance(seen, Raised):
            return (Arrival(1, None, seen),)
        first = Arrival(1, self._carried(adapter, split, question, seen))
        if isinstance(onward, Raised):
            return first, Arrival(2, None, onward)
        asked = replace(question, again=False)
        again = called(self.python, "observe_payload", adapter.reference, onward, asked)
        if isinstance(again, Raised):
            return first, Arrival(2, None, again)
        return first, Arrival(2, self._carried(adapter, split, asked, again))

    def _carried(self, adapter: Adapter, split: Any, question: Question, seen: Observation) -> Observation:
        """Return what was seen there without what is the doing of the releases there, not of the payload.

        That is what the reader decides, and shows of a split built there too; and an error, where none can be built.
        """
        if question.made_from is None:
            return seen
        changed = [name for name, _ in differing(observe(adapter, split, question), seen)]
        if not changed:
            return seen
        built = called(self.python, "build", adapter.reference, *question.made_from)
        if isinstance(built, Raised) or "broken" in built:
            return seen
        if "observation" in built:
            decided = (name for name in changed if name in DECIDED_BY_READER)
            left_out = {name for name in decided if not difference(built["observation"].get(name), seen[name])}
        else:
            left_out = {name for name in changed if isinstance(seen[name], Raised)}
        return {name: value for name, value in seen.items() if name not in left_out}


def called(python: str, function: str, *arguments: Any) -> Any:
    """Return what a function of :mod:`conformance.remote` returns under another interpreter, or how that failed.

    The arguments are plain values and bytes. An interpreter is started by its first call and ends with this process;
    one that has hung is ended, and started anew by the next call.
    """
    answer = attempt(_answer, python, pickle.dumps((function, arguments), PROTOCOL))
    if isinstance(answer, Raised):
        ended(python)
        return answer
    return pickle.loads(answer)


def _answer(python: str, request: bytes) -> Any:
    channel = _channel(python)
    channel.send(request)
    return channel.receive(LIMIT)


_STARTED: dict[str, tuple[execnet.Group, Any]] = {}


def _channel(python: str) -> Any:
    if python not in _STARTED:
        if not Path(python).is_file():
            raise FileNotFoundError(f"there is no interpreter at {python}")
        group = execnet.Group()
        STARTED.callback(ended, python)
        _STARTED[python] = group, group.makegateway(f"popen//python={python}").remote_exec(_SERVE)
    return _STARTED[python][1]


def ended(python: str) -> None:
    """End the process of an interpreter, if there is one."""
    if python in _STARTED:
        group, _ = _STARTED.pop(python)
        group.terminate(1.0)
