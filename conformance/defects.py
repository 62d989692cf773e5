"""The seeded defects as adapters: ``conformance.defects:NAME``, for each name in ``fixtures.defects``."""

from __future__ import annotations

from dataclasses import replace

from conformance.adapter import Adapter
from conformance.adapters.reference import adapter_for
from fixtures.defects import DEFECTS, SHOWN_ELSEWHERE

__all__ = ["reference_of"]


def __getattr__(name: str) -> Adapter:
    defect = (DEFECTS | SHOWN_ELSEWHERE).get(name)
    if defect is None:
        raise AttributeError(name)
    adapter = adapter_for(defect.name, defect.split, defect.context)
    return replace(adapter, modules=(*adapter.modules, "fixtures.defects"))


def reference_of(name: str) -> str:
    """Return how a defect's adapter is named to the command and to workers."""
    return f"{__name__}:{name}"
