"""The code that sends a split as a transport does, and looks at it where it arrives."""

from __future__ import annotations

from conformance.report.reproducers.sources import Embedding
from conformance.templates import template
from conformance.transports.calls import OTHER_STORES
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import AS_BUILT
from fixtures.processes.local_zone import OTHER_ZONE

__all__ = ["stands_in", "through_code"]


def stands_in(transport: str) -> bool:
    """Return whether a script sends through a fresh interpreter in place of this transport."""
    own = (AS_BUILT, "pickle", *(transport.name for transport in TRANSPORTS))
    return transport not in own and not transport.startswith("python:")


def through_code(transport: str, trips: int, embedding: Embedding) -> str:
    """Return the definition of ``through`` for a transport, as near to it as a plain script comes."""
    code = template(__file__, "through.py.jinja", repr)
    return embedding.below_imports(
        code.render(
            transport=transport,
            trips=trips,
            as_built=AS_BUILT,
            stands_in=stands_in(transport),
            settings=OTHER_STORES,
            zone=OTHER_ZONE,
        )
    )
