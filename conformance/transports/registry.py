"""All transports by name."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.contract import nearest
from conformance.transports import Transport
from conformance.transports.in_process import IN_PROCESS
from conformance.transports.pools import POOL_TRANSPORTS
from conformance.transports.threads import THREADS
from conformance.transports.workers import WORKER_TRANSPORTS

__all__ = ["TRANSPORTS", "select_transports"]

TRANSPORTS: tuple[Transport, ...] = (*IN_PROCESS, THREADS, *WORKER_TRANSPORTS, *POOL_TRANSPORTS)


def select_transports(names: Sequence[str]) -> tuple[Transport, ...]:
    """Return the named transports in the order of the registry; all for no name.

    Raises:
        LookupError: a name is unknown; the message names the nearest.

    """
    known = [transport.name for transport in TRANSPORTS]
    for name in names:
        if name not in known:
            raise LookupError(f"there is no transport {name!r}{nearest(name, known)}")
    return tuple(transport for transport in TRANSPORTS if not names or transport.name in names)
