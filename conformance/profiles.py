"""Profiles: how many examples a run draws, and from which seeds."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.contract import nearest

__all__ = ["PROFILES", "Profile", "profile"]


@dataclass(frozen=True)
class Profile:
    """``shards`` units of work draw ``examples`` each, all of it settled by one seed.

    ``seed`` is fixed where a run must draw the same examples every time; ``None`` takes a new one, which is printed.
    ``budget`` is the number of seconds that ``soak`` goes on drawing, ``None`` where the number of examples decides.
    """

    name: str
    shards: int
    examples: int
    seed: int | None
    budget: int | None = None


PROFILES = {
    "quick": Profile("quick", shards=8, examples=6, seed=20260311),
    "thorough": Profile("thorough", shards=40, examples=40, seed=None),
    "soak": Profile("soak", shards=4, examples=25, seed=None, budget=600),
}


def profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        LookupError: there is none; the message names the nearest.

    """
    if name not in PROFILES:
        raise LookupError(f"there is no profile {name!r}{nearest(name, PROFILES)}")
    return PROFILES[name]
