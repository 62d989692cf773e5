"""Another Python, given by its path. The suite and the loader are installed there too."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.aspects import DECIDED_BY_READER, Observation, observe
from conformance.observation.difference import Place, Step, difference, differing
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.transports.calls import call_interpreter
from conformance.transports.transport import Arrival
from conformance.transports.worker_tasks import PICKLE, dumped

__all__ = ["PREFIX", "Interpreter", "NoInterpreter", "check_interpreter"]

PREFIX = "python:"
# Seconds that an interpreter may take to say that the suite is installed there.
CHECK_SECONDS = 60.0


class NoInterpreter(Exception):
    """Nothing can be sent to an interpreter; the message says why, and what to do."""


def check_interpreter(python: str) -> None:
    """Return where ``python`` is the path of a Python interpreter in which the suite is installed.

    Raises:
        NoInterpreter: it is not.

    """
    if not Path(python).is_file():
        raise NoInterpreter(f"there is no file {python!r}: give the path of a Python interpreter")
    asked = "import importlib.metadata as m; print('version', m.version('dataloader-conformance'))"
    try:
        said = subprocess.run(
            [str(Path(python).absolute()), "-c", asked],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoInterpreter(f"{python} is no Python interpreter: {error}") from None
    if said.returncode == 0 and said.stdout.startswith("version "):
        return
    if "PackageNotFoundError" in said.stderr:
        install = f"{python} -m pip install dataloader-conformance"
        raise NoInterpreter(f"the suite is not installed under {python}: install it with `{install}`, and the loader")
    words = (said.stderr or said.stdout).strip().splitlines()[-1:] or [f"exit code {said.returncode}"]
    raise NoInterpreter(f"{python} is no Python interpreter with the suite: {words[0][:200]}")


@dataclass(frozen=True)
class Interpreter:
    """Sends the payload to another interpreter and takes back what that dumped anew."""

    python: str
    clause: str = "WIRE-10"
    by_value: bool = False
    copies: bool = False
    carry: None = None

    @property
    def name(self) -> str:
        """``python:`` and the path."""
        return f"{PREFIX}{self.python}"

    def send(self, adapter: Adapter, split: Any, question: Question) -> tuple[Arrival, ...]:
        """Dump here, observe and dump there, observe there again."""
        payload = attempt(dumped, split, PICKLE)
        if isinstance(payload, Raised):
            return (Arrival(1, None, payload),)
        answer = call_interpreter(self.python, "relay", adapter.reference, payload, question, PICKLE)
        seen, onward = (answer, None) if isinstance(answer, Raised) else answer
        if isinstance(seen, Raised):
            return (Arrival(1, None, seen),)
        first = Arrival(1, self._of_the_payload(adapter, split, question, seen))
        if isinstance(onward, Raised):
            return first, Arrival(2, None, onward)
        asked = replace(question, again=False)
        again = call_interpreter(self.python, "observe_payload", adapter.reference, onward, asked)
        if isinstance(again, Raised):
            return first, Arrival(2, None, again)
        return first, Arrival(2, self._of_the_payload(adapter, split, asked, again))

    def _of_the_payload(self, adapter: Adapter, split: Any, question: Question, seen: Observation) -> Observation:
        """Return what was seen there, without what the releases there do by themselves.

        What the reader decides is left out where a split that is built there shows it too. An error is left out where
        no split can be built there at all. No payload can change either.
        """
        if question.made_from is None:
            return seen
        here = observe(adapter, split, question)
        changed = [name for name, _ in differing(here, seen, Place(Step.ARRIVE))]
        if not changed:
            return seen
        built = call_interpreter(self.python, "driver_tasks:build", adapter.reference, *question.made_from)
        if isinstance(built, Raised) or "broken" in built:
            return seen
        if "observation" in built:
            own = built["observation"]
            decided = (name for name in changed if name in DECIDED_BY_READER)
            left_out = {name for name in decided if not difference(own.get(name), seen[name], Place(Step.ARRIVE))}
        else:
            left_out = {name for name in changed if isinstance(seen[name], Raised)}
        return {name: value for name, value in seen.items() if name not in left_out}
