"""What the loader raises beside `TypeError` and `ValueError`. All of it can be pickled, both ways."""

from __future__ import annotations

from typing import Any


class PlanRefused(ValueError):
    """The plan cannot travel. Raised while a split is built, on the driver, with the reason (BUILD-4)."""


class EngineUnusableAfterFork(RuntimeError):
    """DataFusion ran before this process was forked; it would hang here, so nothing is tried (WIRE-6)."""


class SplitReadError(OSError):
    """A file of the split could not be read (READ-4).

    Attributes:
        path: the file, to the letter as the file scan task names it.
        reason: what the library below said, with the values of FileIO properties blotted out (SAFE-1).

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot read {path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.reason), self.__dict__
