"""Ends the process in which building a split, reading it there, or planning a scan does not come to an end.

These are calls within the judging process, and what they wait for may be out of Python's reach: a store that nobody
answers for. So nothing can be cut off but the process, which says what it was doing.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

__all__ = ["SECONDS", "noting_in", "telling", "told_in", "watched"]

# Seconds that one call may take: a thousand times as long as it does.
SECONDS = 120.0
# So many of the innermost calls are shown.
FRAMES = 8
EXIT_CODE = 3
# The file in a run's folder that says what ended one of its processes.
NOTE = "did not end"
_TELL: list[Callable[[str], None]] = []


@contextmanager
def telling(tell: Callable[[str], None]) -> Iterator[None]:
    """Call ``tell`` with what is said, before the process ends."""
    _TELL.append(tell)
    try:
        yield
    finally:
        _TELL.remove(tell)


def noting_in(folder: Path) -> Callable[[str], None]:
    """Return what writes it into the folder of a run, which its processes share: :func:`told_in` reads it there.

    Two processes may come to such an end at once. The first word is the run's. It is there whole or not at all, for
    another process may look for it at any moment.
    """

    def note(text: str) -> None:
        with NamedTemporaryFile("w", dir=folder, encoding="utf-8") as file, suppress(FileExistsError):
            file.write(text)
            file.flush()
            (folder / NOTE).hardlink_to(file.name)

    return note


def told_in(folder: Path) -> str | None:
    """Return what ended a process of the run of that folder; ``None`` where nothing did."""
    note = folder / NOTE
    return note.read_text(encoding="utf-8") if note.is_file() else None


@contextmanager
def watched(doing: str, example: str) -> Iterator[None]:
    """End this process with exit code 3, and say on standard error what it did, if the block takes too long."""
    timer = threading.Timer(SECONDS, _end, (threading.get_ident(), doing, example))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(thread: int, doing: str, example: str) -> None:
    frame = sys._current_frames().get(thread)
    stack = "".join(traceback.format_stack(frame)[-FRAMES:])
    text = (
        f"{doing} takes longer than {SECONDS:.0f} s, and cannot be cut off: the process ends, and with it the run."
        f" It is in\n\n{stack}\nof the example {example}\n"
    )
    for tell in _TELL:
        tell(text)
    stream = sys.__stderr__ or sys.stderr
    stream.write(f"\n{text}")
    stream.flush()
    os._exit(EXIT_CODE)
