"""All transports by name."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.contract import nearest
from conformance.transports.engines import ENGINES, WAYS, Engine, Way
from conformance.transports.fresh_interpreters import FRESH_INTERPRETERS
from conformance.transports.in_process import IN_PROCESS
from conformance.transports.processes import PROCESSES
from conformance.transports.threads import THREADS
from conformance.transports.transport import Transport

__all__ = ["TRANSPORTS", "select_engines", "select_transports", "transport_names"]

TRANSPORTS: tuple[Transport, ...] = (*IN_PROCESS, THREADS, *FRESH_INTERPRETERS, *PROCESSES)


def transport_names() -> list[str]:
    """Return the names of all transports, the ways of engines included, whether they are installed or not."""
    return [transport.name for transport in (*TRANSPORTS, *WAYS)]


def select_transports(names: Sequence[str]) -> tuple[Transport, ...]:
    """Return the named transports in the order of the registry, but for those of engines; all for no name.

    Raises:
        LookupError: a name is unknown; the message names the nearest.

    """
    known = [*transport_names(), *(engine.name for engine in ENGINES)]
    for name in names:
        if name not in known:
            raise LookupError(f"there is no transport {name!r}{nearest(name, known)}")
    return tuple(transport for transport in TRANSPORTS if not names or transport.name in names)


def select_engines(names: Sequence[str], *, every: bool = False) -> tuple[tuple[Engine, tuple[Way, ...]], ...]:
    """Return the engines that are named, each with the ways that are: all of them for the name of the engine itself.

    ``every`` adds all others.
    """
    chosen = []
    for engine in ENGINES:
        whole = every or engine.name in names
        ways = tuple(way for way in engine.transports if whole or way.name in names)
        if ways:
            chosen.append((engine, ways))
    return tuple(chosen)
