"""Which places of differences are meant: the fields that are settled, the others left open."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import takewhile

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from conformance.observation.difference import FIELDWISE, Difference, Place, Step
from conformance.observation.paths import attribute, is_path, is_within
from conformance.observation.paths import shared as shared_path

__all__ = ["ANYWHERE", "Where"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Where:
    """The fields of :class:`Place` that are settled; ``None`` for any value. ``within`` is how a place's begins.

    A path into a split means all that is within it. ``raises`` is whether an error was seen there.
    """

    step: Step | None = None
    part: str | None = None
    hop: int | None = None
    case: str | None = None
    variant: str | None = None
    within: tuple[str, ...] = ()
    raises: bool | None = None

    @classmethod
    def of(cls, found: Difference) -> Where:
        """Return what means exactly the place of that difference, and an error where one was seen."""
        place = {each.name: getattr(found.place, each.name) for each in fields(found.place)}
        return cls(**place, raises=found.raises)

    def means(self, found: Difference) -> bool:
        """Return whether the difference is meant."""
        return self.raises in (None, found.raises) and self.covers(found.place)

    def covers(self, place: Place) -> bool:
        """Return whether the place is meant."""
        same = all(getattr(self, name) in (None, getattr(place, name)) for name in _SETTLED)
        pairs = list(zip(self.within, place.within, strict=False))
        return same and len(pairs) == len(self.within) and all(_leads_to(mine, its) for mine, its in pairs)

    def is_alike(self, other: Where) -> bool:
        """Return whether both mean the same step, part and case, the same field of a part whose fields are told each
        by itself, and the same attribute of a split where they name one, and an error or none: what differs there may
        have one reason.
        """
        return self._alike() == other._alike()

    def _alike(self) -> tuple[Step | None, str | None, str | None, str, bool | None]:
        inside = attribute(self.within[0]) if self.within else ""
        if self.part in FIELDWISE:
            inside = "".join(name for name in self.within if not name.isdigit())
        return self.step, self.part, self.case, inside, self.raises

    def __str__(self) -> str:
        """Return the place in words, as far as it is settled."""
        assert self.step is not None
        return str(Place(self.step, self.part or "", self.hop or 0, self.case or "", self.variant or "", self.within))

    def common(self, other: Where) -> Where:
        """Return what means both: fields that differ are left open."""
        pairs = list(zip(self.within, other.within, strict=False))
        shared = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        if len(shared) < len(pairs) and (path := shared_path(*pairs[len(shared)])):
            shared.append(path)
        open_ = {name: None for name in (*_SETTLED, "raises") if getattr(self, name) != getattr(other, name)}
        return replace(self, within=tuple(shared), **open_)


def _leads_to(mine: str, item: str) -> bool:
    return is_within(item, mine) if is_path(mine) else item == mine


_SETTLED = ("step", "part", "hop", "case", "variant")
ANYWHERE = Where()
