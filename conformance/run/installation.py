"""The guard against other packages that bear the names of ours."""

from __future__ import annotations

import importlib.util
from importlib.metadata import distribution
from pathlib import Path

__all__ = ["PACKAGES", "ShadowedPackage", "check_packages"]

PACKAGES = ("conformance", "strategies", "fixtures", "reference")


class ShadowedPackage(Exception):
    """Another package stands where one of ours should be."""


def check_packages() -> None:
    """Return where each of the top-level packages that Python would import is ours.

    Raises:
        ShadowedPackage: one is not, or is missing; the message says which file stands in its place.

    """
    ours = Path(__file__).resolve().parent.parent.parent
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if origin is None or origin.parent.parent != ours:
            where = f"stands at {origin}" if origin else "is missing"
            raise ShadowedPackage(
                f"The package {name!r} of dataloader-conformance {_version()} should be at {ours / name}, but another"
                f" {name!r} {where}. Its names are generic: install the suite into an environment of its own, and"
                f" remove the other from PYTHONPATH."
                if origin
                else f"The package {name!r} of dataloader-conformance {_version()} is missing at {ours / name}: install"
                " the suite again."
            )


def _version() -> str:
    return distribution("dataloader-conformance").version
