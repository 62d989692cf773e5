"""Which distributions the packages come from that run: a fork may bring one under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions

from conformance.transports.worker_tasks import distribution_version

__all__ = ["VERSIONS", "packages_shown", "running_version"]

# Packages whose version each report shows.
VERSIONS = ("datafusion", "pyiceberg", "pyarrow", "cloudpickle", "hypothesis")
SUITE = "dataloader-conformance"


def packages_shown(modules: Iterable[str]) -> tuple[str, ...]:
    """Return :data:`VERSIONS` and the packages of these modules, which are the loader's, where they were installed."""
    known = packages_distributions()
    named = dict.fromkeys(module.partition(".")[0] for module in modules)
    own = (package for package in named if set(known.get(package, ())) - {SUITE})
    return tuple(dict.fromkeys((*VERSIONS, *own)))


@cache
def running_version(package: str) -> str:
    """Return the version of the distribution that a package comes from, with its name where that is another.

    A fork may bring a package under its own name. Where two distributions own one package, both are named: the files of
    one have been written over those of the other.
    """
    owners = sorted(set(packages_distributions().get(package, ()))) or [package]
    if owners == [package]:
        return distribution_version(package)
    named = " and ".join(f"{owner} {distribution_version(owner)}" for owner in owners)
    return f"of {named}" + (": two distributions own this package, uninstall one" if len(owners) > 1 else "")
