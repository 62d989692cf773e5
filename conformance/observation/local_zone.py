"""The local time zone of a process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OTHER_ZONE", "in_zone"]

# A local time zone that no driver has: 12 hours and 45 minutes east. As POSIX writes it, without files.
OTHER_ZONE = "SUITE-12:45"


@contextmanager
def in_zone(zone: str) -> Iterator[None]:
    """Have this process in a local time zone meanwhile."""
    before = os.environ.get("TZ")
    _set_zone(zone)
    try:
        yield
    finally:
        _set_zone(before)


def _set_zone(zone: str | None) -> None:
    """``None`` stands for the zone of the machine."""
    os.environ.pop("TZ", None)
    if zone is not None:
        os.environ["TZ"] = zone
    time.tzset()
