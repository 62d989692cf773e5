"""An error in place of a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Died", "Hung", "Raised", "attempt", "qualified_name"]

# After an unknown name DataFusion offers others like it, which differ from call to call.
GUESS = re.compile("Possible function|Did you mean")
MESSAGE_LENGTH = 600


@dataclass(frozen=True)
class Raised:
    """An exception in place of a value: its qualified type and its message."""

    type: str
    message: str

    @classmethod
    def from_exception(cls, error: BaseException) -> Raised:
        """Return the error as a plain value; the message ends after 600 characters, or where the engine guesses."""
        return cls(qualified_name(type(error)), GUESS.split(str(error))[0][:MESSAGE_LENGTH])

    def __str__(self) -> str:
        return f"raises {self.type}: {self.message}"


def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the function returns, or how it failed as :class:`Raised`.

    The engine's panics are no ``Exception``. Only what is meant to end a process goes through.
    """
    try:
        return function(*arguments)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        return Raised.from_exception(error)


def qualified_name(class_: type) -> str:
    """Return ``module.QualifiedName`` of a class."""
    return f"{class_.__module__}.{class_.__qualname__}"


@dataclass(frozen=True)
class Hung(Raised):
    """No answer in time: the suite waited as long as it ever does, and cut it off.

    Only what waits makes one. An error of the loader's own is never one, whatever its type is called.
    """

    @classmethod
    def after(cls, seconds: float) -> Hung:
        """Return that there was no answer in so many seconds."""
        return cls("builtins.TimeoutError", f"no answer in {seconds:.0f} s: it hangs")

    @classmethod
    def asleep(cls, seconds: float) -> Hung:
        """Return that there was no answer, and that nothing of the process ran for so many seconds."""
        return cls("builtins.TimeoutError", f"no answer, and nothing of it ran for {seconds:.0f} s: it hangs")


@dataclass(frozen=True)
class Died(Raised):
    """A process ended before it answered, and another one did so too when it was asked the same."""

    @classmethod
    def of(cls, how: str) -> Died:
        """Return that a process ended like this: by which signal, or with which exit code."""
        return cls("builtins.EOFError", f"the process ends before it answers: {how}")
