"""The loaders that the suite is proven on, as adapters: seeded defects and unusual loaders that conform.

``conformance.adapters.specimens:NAME`` is the adapter of each name in ``fixtures.loaders``, and ``NAME and NAME`` of a
loader with two seeded defects.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.adapter import Adapter
from conformance.adapters.builtin.reference import adapter_for
from fixtures.loaders.defects import DEFECTS, SHOWN_ELSEWHERE, UNSHOWN
from fixtures.loaders.paired import AND, paired
from fixtures.loaders.unusual import UNUSUAL

__all__ = ["reference_of"]


def __getattr__(name: str) -> Adapter:
    one, _, other = name.partition(AND)
    defect = paired(one, other) if other else (DEFECTS | SHOWN_ELSEWHERE | UNSHOWN).get(name)
    if defect is not None:
        adapter = adapter_for(defect.name, defect.split, defect.context, defect.loader)
        return replace(adapter, modules=(*adapter.modules, "fixtures.loaders.defects", "fixtures.loaders.paired"))
    if (loader := UNUSUAL.get(name)) is None:
        raise AttributeError(name)
    hidden: dict[str, Any] = dict.fromkeys(loader.lacks)
    adapter = adapter_for(loader.name, loader.split, loader.context, loader.loader)
    return replace(
        adapter, modules=(*adapter.modules, "fixtures.loaders.unusual"), may_differ=dict(loader.may_differ), **hidden
    )


def reference_of(name: str) -> str:
    """Return how a specimen's adapter is named to the command and to workers."""
    return f"{__name__}:{name}"
