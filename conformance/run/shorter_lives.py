"""Makes the script of a life that goes wrong shorter: each step is left out by which it makes no difference.

Hypothesis would do it too, by drawing other lives. That takes minutes where a life makes tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from conformance.adapter import Adapter
from conformance.observation.difference import Difference
from conformance.run.lifecycle import ALIVE, lived, parsed, written
from fixtures.tables.warehouse import Warehouse

__all__ = ["shortened"]

# Seconds after which no shorter life is looked for.
MOST_SECONDS = 20.0


def shortened(adapter: Adapter, script: str, found: Difference, warehouse: Warehouse) -> tuple[str, Difference]:
    """Return a script of fewer steps that goes wrong at the same place, and how; the script itself where none does."""
    lines, end = script.splitlines(), time.monotonic() + MOST_SECONDS
    candidates = _shorter(lines)
    while (fewer := next(candidates, None)) is not None and time.monotonic() < end:
        again = _tried(adapter, fewer, warehouse)
        if again is not None and _kind(again) == _kind(found):
            lines, found, candidates = fewer, again, _shorter(fewer)
    return "\n".join(lines), found


def _tried(adapter: Adapter, lines: list[str], warehouse: Warehouse) -> Difference | None:
    try:
        return lived(adapter, "\n".join(lines), warehouse)
    except ValueError:  # a step names what is not there without the one that was left out
        return None


def _kind(found: Difference) -> tuple[str, ...]:
    return found.place.part, found.place.case, found.error


def _shorter(lines: list[str]) -> Iterator[list[str]]:
    """Yield scripts without one of the steps, the last first: what comes after may name its neighbours then."""
    for at in reversed(range(len(lines))):
        yield lines[:at] + lines[at + 1 :]
        yield lines[:at] + [_lowered(line) for line in lines[at + 1 :]]


def _lowered(line: str) -> str:
    """Return a step that names what is one older."""
    name, arguments = parsed(line)
    count = len(ALIVE.get(name, ()))
    return written(name, [max(0, number - 1) for number in arguments[:count]] + arguments[count:])
