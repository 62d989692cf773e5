"""The unusual loaders as adapters: ``conformance.unusual:NAME``, for each name in ``fixtures.unusual``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.adapter import Adapter
from conformance.adapters.reference import adapter_for
from fixtures.unusual import UNUSUAL

__all__ = ["reference_of"]


def __getattr__(name: str) -> Adapter:
    if name not in UNUSUAL:
        raise AttributeError(name)
    loader = UNUSUAL[name]
    adapter = adapter_for(loader.name, loader.split, loader.context)
    hidden: dict[str, Any] = dict.fromkeys(loader.lacks)
    return replace(adapter, modules=(*adapter.modules, "fixtures.unusual"), **hidden)


def reference_of(name: str) -> str:
    """Return how an unusual loader's adapter is named to the command and to workers."""
    return f"{__name__}:{name}"
