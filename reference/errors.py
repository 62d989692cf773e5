"""Errors of the loader, besides `TypeError` and `ValueError`. All of them can be pickled and unpickled."""

from __future__ import annotations

from typing import Any


class PlanRefused(ValueError):
    """The plan cannot be sent. Raised on the driver while a split is built; the message says why (BUILD-4)."""


class EngineUnusableAfterFork(RuntimeError):
    """DataFusion had run before this process was forked. Using it here would hang, so it is refused (WIRE-6)."""


class SplitReadError(OSError):
    """A file of the split could not be read (READ-4).

    Attributes:
        path: the file's path, exactly as the file scan task gives it.
        reason: the error of the library that read it, with the values of FileIO properties masked (SAFE-1).

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot read {path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.reason), self.__dict__
