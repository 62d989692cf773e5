"""What a run needs of its machine. What fails for want of that is the suite's failure, never the loader's.

A disk that is full, say, makes a loader raise as well, on the driver and on every worker. No clause is broken by that.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from conformance.observation.difference import Difference

__all__ = ["SuiteFailed", "advice", "check_surroundings"]

# What to do where the operating system says no.
ADVICE = {
    errno.ENOSPC: "free some space there, or set TMPDIR to a folder with at least 500 MB",
    errno.EDQUOT: "free some space there, or set TMPDIR to a folder without a quota",
    errno.EROFS: "set TMPDIR to a folder that can be written",
    errno.EACCES: "give this user the right to it, or set TMPDIR to another folder",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "raise the machine's limit of open files",
    errno.EAGAIN: "raise the limit of processes (ulimit -u), or use fewer (-n)",
    errno.ENOMEM: "use fewer processes (-n), or a machine with more memory",
}
# How an error of a full disk ends, in whatever language it was raised: Python, C++ and Rust take the system's words.
FULL_DISK = re.compile("|".join(re.escape(os.strerror(code)) for code in (errno.ENOSPC, errno.EDQUOT)))
PROBE_BYTES = 1 << 16


class SuiteFailed(Exception):
    """The suite could not do its work; the message says why, and what to do."""


def advice(error: BaseException) -> str | None:
    """Return in a sentence what failed and what to do; ``None`` where that is not known, as with a bug."""
    if isinstance(error, MemoryError):
        return f"out of memory: {ADVICE[errno.ENOMEM]}"
    if isinstance(error, OSError) and error.errno in ADVICE:
        where = f" at {error.filename}" if error.filename else f" (temporary files are in {tempfile.gettempdir()})"
        return f"{error.strerror}{where}: {ADVICE[error.errno]}"
    if FULL_DISK.search(str(error)):
        return f"{error} (temporary files are in {tempfile.gettempdir()}): {ADVICE[errno.ENOSPC]}"
    return None


def check_surroundings(folder: Path, found: Iterable[Difference] = ()) -> None:
    """Return where the folder can be written into, and no difference that was found is due to a full disk.

    Raises:
        SuiteFailed: the disk is or was full, or the folder is gone.

    """
    for difference in found:
        if FULL_DISK.search(difference.actual):
            raise SuiteFailed(f"{difference.actual[:200]}: {ADVICE[errno.ENOSPC]} ({tempfile.gettempdir()} is used)")
    probe = folder / f"probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(bytes(PROBE_BYTES))
        probe.unlink()
    except OSError as error:
        probe.unlink(missing_ok=True)
        raise SuiteFailed(advice(error) or str(error)) from error
