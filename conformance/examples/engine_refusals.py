"""Which errors are the engine's word on an example, and which are failures of the suite's own work.

An example that the engine cannot run proves nothing and is left out. What else fails while an example is made (a full
disk, no memory, a bug of the suite) says nothing about the example: left out as well, it would leave a run that judged
little and says that all is well.
"""

from __future__ import annotations

import re
from types import TracebackType

__all__ = ["is_refusal"]

# The libraries that plan and run an example.
ENGINE = frozenset({"datafusion", "pyarrow", "pyiceberg"})
# What the engine says when the machine fails under it.
MACHINE = re.compile(
    r"os error \d+|resources exhausted|no space left|out of memory|too many open files|io ?error", re.I
)


def is_refusal(error: BaseException) -> bool:
    """Return whether an error is the engine's refusal to plan or run something: raised by it, not for the machine.

    The engine's panics are no ``Exception``; they count as refusals too.
    """
    if isinstance(error, (OSError, MemoryError)) or MACHINE.search(str(error)):
        return False
    if type(error).__module__.split(".")[0] in ENGINE | {"pyo3_runtime"} or str(error).startswith("DataFusion error"):
        return True
    return _raised_in(error.__traceback__) in ENGINE


def _raised_in(trace: TracebackType | None) -> str:
    """Return the top-level package of the innermost frame; empty where there is no frame."""
    name = ""
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", "")).split(".")[0]
        trace = trace.tb_next
    return name
