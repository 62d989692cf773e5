"""What a named condition is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Condition"]

Spec = TypeVar("Spec")


@dataclass(frozen=True)
class Condition(Generic[Spec]):
    """When a condition holds, in a sentence, and how to tell."""

    holds_when: str
    judge: Callable[[Spec], bool]
