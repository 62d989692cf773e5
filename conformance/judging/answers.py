"""What a run may say: of a clause, and as a whole."""

from __future__ import annotations

from enum import Enum, IntEnum

__all__ = ["Exit", "State"]


class State(Enum):
    """What a run says of a clause. ``not run``, ``not applicable`` and ``known`` (to the baseline) are no passes."""

    CONFORMS = "conforms"
    VIOLATES = "violates"
    KNOWN = "known"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"


class Exit(IntEnum):
    """Exit codes of a run."""

    CONFORMS = 0
    VIOLATES = 1
    USAGE = 2
    SUITE_FAILED = 3
