"""What a process holds, and what readings have left behind in it."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from pathlib import Path

import pyarrow as pa

__all__ = ["now_held", "settled"]

# Seconds that a reading may take to give back what it holds.
SETTLING_SECONDS = 1.0


def now_held() -> dict[str, int]:
    """Return how much this process holds of what each reading may leave behind."""
    folder = Path("/proc/self/fd")
    return {
        "bytes of Arrow": pa.total_allocated_bytes(),
        "open descriptors": len(list(folder.iterdir())) if folder.is_dir() else 0,
        "child processes": len(multiprocessing.active_children()),
        "threads": threading.active_count(),
    }


def settled(before: dict[str, int], readings: int) -> dict[str, int]:
    """Return what this process holds after so many readings more; what is about to end is waited for.

    Garbage is collected. Less than one for each reading is left behind by none of them.
    """
    end = time.monotonic() + SETTLING_SECONDS
    now = now_held()
    while any(many - before[name] >= readings for name, many in now.items()) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.02)
        now = now_held()
    return now
