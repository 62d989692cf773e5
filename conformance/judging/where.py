"""Which places of differences are meant: the fields that are settled, the others left open."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import takewhile

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from conformance.observation.difference import Place, Step

__all__ = ["ANYWHERE", "Where"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Where:
    """The fields of :class:`Place` that are settled; ``None`` for any value. ``within`` is how a place's begins."""

    step: Step | None = None
    part: str | None = None
    hop: int | None = None
    case: str | None = None
    variant: str | None = None
    within: tuple[str, ...] = ()

    @classmethod
    def of(cls, place: Place) -> Where:
        """Return what means exactly that place."""
        return cls(**{each.name: getattr(place, each.name) for each in fields(place)})

    def covers(self, place: Place) -> bool:
        """Return whether the place is meant."""
        same = all(getattr(self, name) in (None, getattr(place, name)) for name in _SETTLED)
        return same and place.within[: len(self.within)] == self.within

    def is_alike(self, other: Where) -> bool:
        """Return whether both mean the same step, part and case: what differs there may have one reason."""
        return (self.step, self.part, self.case) == (other.step, other.part, other.case)

    def common(self, other: Where) -> Where:
        """Return what means both: fields that differ are left open."""
        shared = takewhile(lambda pair: pair[0] == pair[1], zip(self.within, other.within, strict=False))
        open_ = {name: None for name in _SETTLED if getattr(self, name) != getattr(other, name)}
        return replace(self, within=tuple(one for one, _ in shared), **open_)


_SETTLED = ("step", "part", "hop", "case", "variant")
ANYWHERE = Where()
