"""Ends the process in which building a split, or planning a scan, does not come to an end.

These are calls within the judging process, and what they wait for may be out of Python's reach: a store that nobody
answers for. So nothing can be cut off but the process, which says what it was doing.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["SECONDS", "watched"]

# Seconds that one call may take: a thousand times as long as it does.
SECONDS = 120.0
# So many of the innermost calls are shown.
FRAMES = 8
EXIT_CODE = 3


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
        f"\n{doing} takes longer than {SECONDS:.0f} s, and cannot be cut off: this process ends. It is in\n\n{stack}\n"
        f"of the example {example}\n"
    )
    stream = sys.__stderr__ or sys.stderr
    stream.write(text)
    stream.flush()
    os._exit(EXIT_CODE)
