"""What may be upgraded first, drivers or workers: payloads between a loader as it was and as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from conformance.versions.compatibility import Environment, Outcome, Passage, passage, written_by

__all__ = ["Advice", "Comparison", "advice", "both_ways"]


class Advice(Enum):
    """What an operator may do while drivers and workers are not of one version."""

    ANY = "Roll out in any order: drivers and workers of both versions understand each other."
    WORKERS_FIRST = "Upgrade all workers first, then the drivers: new workers read what old drivers send, not so back."
    DRIVERS_FIRST = "Upgrade all drivers first, then the workers: old workers read what new drivers send, not so back."
    NEITHER = "Do not roll: drivers and workers must change together. Let all jobs end, upgrade both, and start again."
    UNKNOWN = "Nothing can be said: not one payload was written and read in one of the directions."


@dataclass(frozen=True)
class Comparison:
    """What is installed before and after, and what became of payloads in both directions."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    old_to_new: Passage
    new_to_old: Passage


def both_ways(before: Environment, after: Environment, specs: Sequence[str]) -> Comparison:
    """Send a split of each spec from either environment to the other.

    Raises:
        EnvironmentFailed: one of them cannot be used.

    """
    versions = before.versions(), after.versions()
    forth = passage(written_by(before, specs), after)
    back = passage(written_by(after, specs), before)
    return Comparison(*versions, forth, back)


def advice(found: Comparison) -> Advice:
    """Return what the comparison allows: a version may be mixed with another where nothing is wrong or refused."""
    outcomes = found.old_to_new.outcome, found.new_to_old.outcome
    if {Outcome.NOT_WRITTEN, Outcome.BEYOND} & set(outcomes):
        return Advice.UNKNOWN
    forth, back = (outcome is Outcome.CONFORMS for outcome in outcomes)
    if forth and back:
        return Advice.ANY
    if forth:
        return Advice.WORKERS_FIRST
    return Advice.DRIVERS_FIRST if back else Advice.NEITHER
