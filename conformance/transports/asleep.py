"""Whether a process is asleep: what the kernel counts of its threads no longer changes."""

from __future__ import annotations

from pathlib import Path

__all__ = ["turns"]

SLEEPS = "S"


def turns(process: int) -> tuple[str, ...] | None:
    """Return how often and how long each thread of a process has run so far; ``None`` where it may go on by itself.

    It may where a thread runs, waits for a turn or for a disk, or where the process has children, which may have the
    work. It is also ``None`` where the kernel tells nothing (macOS, a process that has ended). The same answer at two
    times means that nothing of the process has run in between.

    The source is Linux's ``/proc``: ``stat``, ``schedstat`` and ``children`` of each thread.
    """
    try:
        threads = sorted(Path(f"/proc/{process}/task").iterdir())
        counted = tuple((thread / "schedstat").read_text() for thread in threads)
        idle = all(_sleeps(thread) and not (thread / "children").read_text() for thread in threads)
    except OSError:
        return None
    return counted if idle and threads else None


def _sleeps(thread: Path) -> bool:
    # The name of the command stands in parentheses before the state, and may hold any character.
    return (thread / "stat").read_text().rpartition(")")[2].split()[0] == SLEEPS
