"""The seeded defects as adapters: ``conformance.defects:NAME``, for each name in ``fixtures.defects``."""

from __future__ import annotations

from conformance.adapter import Adapter
from conformance.adapters.reference import adapter_for
from fixtures.defects import DEFECTS

__all__ = ["reference_of"]


def __getattr__(name: str) -> Adapter:
    if name not in DEFECTS:
        raise AttributeError(name)
    defect = DEFECTS[name]
    return adapter_for(defect.name, defect.split, defect.context)


def reference_of(name: str) -> str:
    """Return how a defect's adapter is named to the command and to workers."""
    return f"{__name__}:{name}"
