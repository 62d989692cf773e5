"""The folder of a run's temporary files: locked while the run lives, removed with it, or else by the next run."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["remove_left", "run_folder"]

PREFIX = "conformance-run-"
# The operating system gives the lock back when its process ends in any way.
LOCK = "lock"
# A socket's path has at most 107 characters (man 7 unix). Those of multiprocessing and of the engines add up to 40.
LONGEST = 64
SHORT = "/tmp"


@contextmanager
def run_folder() -> Iterator[Path]:
    """Yield a new folder for one run, after those that killed runs have left are removed.

    It stands where TMPDIR says, or else in /tmp where that path would be too long for the sockets in it.
    """
    remove_left()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_place()))
    try:
        with FileLock(folder / LOCK):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left() -> None:
    """Remove the folders of this user's runs that have ended: those whose lock nobody holds.

    A folder without a lock is left alone, for a run may be about to make it.
    """
    for folder in _place().glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and (folder / LOCK).is_file():
                with FileLock(folder / LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    place = tempfile.gettempdir()
    return Path(place if len(place) <= LONGEST else SHORT)
