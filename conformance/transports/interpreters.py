"""Another Python, given by its path, through execnet. The suite and the loader are installed there too."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import execnet

from conformance.adapter import Adapter
from conformance.observation import Question, attempt
from conformance.plain import Raised
from conformance.remote import PICKLE, dumped
from conformance.transports import STARTED, Arrival

__all__ = ["Interpreter"]

LIMIT = 60.0
# Both ends agree on a protocol that the older of the two knows.
PROTOCOL = 5

# What the other interpreter runs: nothing but calls of conformance.remote, arguments and results pickled.
_SERVE = """
import pickle
import conformance.remote
for request in channel:
    function, arguments = pickle.loads(request)
    channel.send(pickle.dumps(getattr(conformance.remote, function)(*arguments), 5))
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
        answer = attempt(_called, self.python, "relay", adapter.reference, payload, question, PICKLE)
        seen, onward = (answer, None) if isinstance(answer, Raised) else answer
        if isinstance(seen, Raised):
            return (Arrival(1, None, seen),)
        if isinstance(onward, Raised):
            return Arrival(1, seen), Arrival(2, None, onward)
        asked = replace(question, again=False)
        again = attempt(_called, self.python, "observe_payload", adapter.reference, onward, asked)
        return Arrival(1, seen), Arrival(2, None, again) if isinstance(again, Raised) else Arrival(2, again)


def _called(python: str, function: str, *arguments: Any) -> Any:
    channel = _channel(python)
    channel.send(pickle.dumps((function, arguments), PROTOCOL))
    return pickle.loads(channel.receive(LIMIT))


@cache
def _channel(python: str) -> Any:
    if not Path(python).is_file():
        raise FileNotFoundError(f"there is no interpreter at {python}")
    group = execnet.Group()
    STARTED.callback(group.terminate, 1.0)
    return group.makegateway(f"popen//python={python}").remote_exec(_SERVE)
