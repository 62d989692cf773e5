"""Profiles: how many examples a run draws, and from which seeds."""

from __future__ import annotations

import random
from dataclasses import dataclass

from conformance.contract import nearest

__all__ = ["PROFILES", "Profile", "profile", "settled_seed"]


@dataclass(frozen=True)
class Profile:
    """``shards`` units of work draw ``examples`` splits each, and ``plan_shards`` draw ``plans`` splits with a plan.

    The latter are judged on what concerns the plan alone, so that many are judged in little time. One unit more draws
    ``lives`` orders of steps (LIFE-1), and another ``scans`` scans (SCAN) where the loader plans. All of it is settled
    by one seed. Splits of real ``tables`` are taken besides.
    ``designed`` takes the examples from :mod:`conformance.examples.design` instead of drawing them, where the run has
    the profile's own seed. ``seed`` is fixed where a run must draw the same examples every time; ``None`` takes a new
    one, which is printed.
    ``budget`` is the number of seconds that ``soak`` goes on drawing, ``None`` where the number of examples decides.
    """

    name: str
    shards: int
    examples: int
    seed: int | None
    plan_shards: int = 0
    plans: int = 0
    lives: int = 0
    scans: int = 0
    tables: bool = True
    designed: bool = False
    budget: int | None = None


PROFILES = {
    "smoke": Profile(
        "smoke", shards=1, examples=4, seed=20260311, plan_shards=1, plans=8, lives=4, scans=2, tables=False
    ),
    "quick": Profile(
        "quick", shards=8, examples=11, seed=20260311, plan_shards=3, plans=35, lives=40, scans=133, designed=True
    ),
    "thorough": Profile("thorough", shards=40, examples=40, seed=None, plan_shards=8, plans=200, lives=1000, scans=400),
    "soak": Profile("soak", shards=4, examples=25, seed=None, lives=1000, scans=200, budget=600),
}


def profile(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        LookupError: there is none; the message names the nearest.

    """
    if name not in PROFILES:
        raise LookupError(f"there is no profile {name!r}{nearest(name, PROFILES)}")
    return PROFILES[name]


def settled_seed(chosen: Profile, given: int | None) -> int:
    """Return the seed of a run: the one that was given, else the profile's own, else a new one."""
    seed = chosen.seed if given is None else given
    return random.SystemRandom().randrange(2**32) if seed is None else seed
