"""What has to be known of an example in order to look at its split."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Question"]


@dataclass(frozen=True)
class Question:
    """What to look at, as plain values: they travel to wherever the split is.

    ``calls`` holds a SQL expression over ``x`` (BIGINT), ``y`` (DOUBLE) and ``s`` (VARCHAR) for each function that the
    registry makes available. ``has_plan`` says that rows come out of the engine, ``in_order`` that they are sorted
    there last, so that their order is a part of the result. ``again`` asks to read the split with
    a second iterator at the same time. ``only`` names the aspects to look at; ``None`` means all. ``made_from`` is the
    spec (JSON) and the folder of its files, from which another interpreter can build a split of its own.
    """

    calls: tuple[str, ...] = ()
    has_plan: bool = False
    again: bool = True
    only: frozenset[str] | None = None
    made_from: tuple[str, str] | None = None
    in_order: bool = False
