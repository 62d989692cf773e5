"""Processes of the suite that died: whose doing it was is told by asking a fresh process the same again.

What dies again is the doing of the split that is sent, and is a violation. What does not was killed from outside (by
the kernel for want of memory, by a person), and is noted: the run goes on, and its report says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.observation.raised import Died

__all__ = ["asked_twice", "noted"]

_NOTES: list[str] = []
# Those that died twice at the same: they are not asked twice again, for each death costs the start of a process.
_ENDED: set[str] = set()


def asked_twice(name: str, ask: Callable[[], Any]) -> Any:
    """Return what ``ask`` returns; where a process died, what it returns when it asks a fresh one.

    ``name`` says which process is asked, for the note. ``ask`` returns :class:`Died` where the process died, and starts
    another at its next call.
    """
    first = ask()
    if not isinstance(first, Died) or name in _ENDED:
        return first
    second = ask()
    if isinstance(second, Died):
        _ENDED.add(name)
    else:
        _NOTES.append(f"{name}: {first.message}; a fresh one answered")
    return second


def noted() -> list[str]:
    """Return the notes since the last call."""
    notes = list(_NOTES)
    _NOTES.clear()
    return notes
