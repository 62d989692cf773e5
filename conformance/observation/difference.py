"""Where two observations differ: a typed value, rendered as text only for people."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain
from typing import Any

from conformance.observation.raised import Raised
from conformance.observation.secrets import hidden
from conformance.observation.state import States
from conformance.observation.values import Rows, in_any_layout

__all__ = ["ABSENT", "FIELDWISE", "Difference", "Place", "Step", "difference", "differences", "differing"]

SHOWN_LENGTH, CUT_LENGTH = 300, 280
# Of parts that are told as a tuple, what its items are.
ITEMS = {"id": ("its type", "its value"), "plan bytes": ("their type", "their digest", "the bytes")}
# Parts whose values, or the items in them, are written as Python already.
WRITTEN = frozenset({"id", "SQL text", "snapshot id", "table properties", "FileIO properties"})


class Step(Enum):
    """The step on a split's way at which something was noticed."""

    BUILD = "build"
    LOOK = "look"
    SEND = "send"
    ARRIVE = "arrive"
    READ = "read"
    LIVE = "live"


@dataclass(frozen=True)
class Place:
    """Where a difference is.

    ``part`` is what was looked at, named as observations name it; empty where the step itself went wrong. ``hop`` is
    the number of round trips that the split had made, 0 for a split that was not sent. ``case`` is what a check did or
    tried, a fixed text of that check, and ``variant`` which of several it was (an argument, a file, a kind of damage).
    ``within`` leads from the part's value to the item that differs, a key or an index for each level.
    """

    step: Step
    part: str = ""
    hop: int = 0
    case: str = ""
    variant: str = ""
    within: tuple[str, ...] = ()

    def __str__(self) -> str:
        items = ITEMS.get(self.part)
        if items and self.within:
            inside = f", {items[int(self.within[0])]}"
        else:
            # The keys of what is written as Python are so too, and in `within` once more.
            names = map(ast.literal_eval, self.within) if self.part in WRITTEN else self.within
            inside = "".join(name if name.startswith(".") else f"[{name}]" for name in names)
        where = f"{self.part or self.step.value}{inside}"
        trips = f"after trip {self.hop}" if self.hop > 1 or (self.step is Step.SEND and self.hop) else ""
        return ", ".join(filter(None, (where, trips, f"{self.case} {self.variant}".strip())))


@dataclass(frozen=True)
class Difference:
    """Where two plain values first differ, what was expected there and what is there, in short.

    Real secrets are hidden in it from the start, for it goes into every report.
    """

    place: Place
    expected: str
    actual: str

    def __post_init__(self) -> None:
        """Hide secrets."""
        for name in ("expected", "actual"):
            object.__setattr__(self, name, hidden(getattr(self, name)))

    @property
    def error(self) -> str:
        """The type of the error that was seen, of a built-in one the name alone; empty where none was."""
        found = re.match(r"raises (?:builtins\.)?(\S+): ", self.actual)
        return found[1] if found else ""

    @property
    def raises(self) -> bool:
        """Whether an error was seen: it tells of itself, and what is wrong without one does not."""
        return self.actual.startswith("raises ")

    def at(self, **changes: Any) -> Difference:
        """Return the same difference with other fields of its place."""
        return replace(self, place=replace(self.place, **changes))


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


# In place of an item that is not there.
ABSENT = _Absent()
# The parts of which each field is told by itself.
FIELDWISE = frozenset({"scan tasks", "rows"})
# The parts that are what a reading gave.
READ = frozenset({"rows", "reads again"})


def difference(expected: Any, actual: Any, place: Place) -> Difference | None:
    """Return the first place where two plain values differ in type or value; ``None`` where they do not."""
    return next(_differences(expected, actual, place), None)


def difference_of_rows(expected: Rows, actual: Any, place: Place) -> Difference | None:
    """Return how rows that were read differ from the expected, in whatever layout: no batch is as good as no rows."""
    if actual is None and not expected.rows:
        return None
    return difference(in_any_layout(expected), in_any_layout(actual), place)


def differences(expected: Any, actual: Any, place: Place) -> Iterator[Difference | None]:
    """Yield where two plain values differ: each field of the parts :data:`FIELDWISE`, the first place of any other.

    One difference then hides no other that may be worse. ``None`` where they do not differ.
    """
    found = _differences(expected, actual, place)
    yield next(found, None)
    if place.part in FIELDWISE:
        yield from found


def _differences(expected: Any, actual: Any, place: Place) -> Iterator[Difference]:
    """Yield the places where two plain values differ, of a list those in its first item that does."""
    if _alike(expected, actual):  # which most are: no place has to be made then
        return
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in chain(expected, (key for key in actual if key not in expected)):
            yield from _differences(expected.get(key, ABSENT), actual.get(key, ABSENT), _inside(place, repr(key)))
    elif isinstance(expected, Rows) and isinstance(actual, Rows):
        yield from _rows_differences(expected, actual, place)
    elif type(expected) is type(actual) and isinstance(expected, (list, tuple)) and len(expected) == len(actual):
        i, one, other = next(
            (i, a, b) for i, (a, b) in enumerate(zip(expected, actual, strict=True)) if not _alike(a, b)
        )
        yield from _differences(one, other, _inside(place, str(i)))
    else:
        yield Difference(place, _told(expected, place), _told(actual, place))


def _told(value: Any, place: Place) -> str:
    """Return a value as a report says it: what was read is ``None`` where there was not even an empty batch."""
    if value is None and place.part in READ and not place.within:
        return "no batch"
    if isinstance(value, Rows):
        return f"{len(value.rows)} rows" + (f", among them {value.rows[0]}" if value.rows else "")
    return _cut(value) if isinstance(value, str) and place.part in WRITTEN else _short(value)


def _alike(one: Any, other: Any) -> bool:
    """Whether two plain values are equal in type and value. Mappings may be of different types."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return len(one) == len(other) and all(key in other and _alike(value, other[key]) for key, value in one.items())
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


def differing(expected: Mapping[str, Any], actual: Mapping[str, Any], place: Place) -> Iterator[tuple[str, Difference]]:
    """Yield (aspect, difference) for each aspect that both observations have and in which they differ.

    The differences are at ``place``, with the aspect as its part. Whole states are no aspect: they hold caches, which
    come and go.
    """
    for name, value in expected.items():
        if isinstance(value, States):
            continue
        if name in actual and (found := difference(expected[name], actual[name], replace(place, part=name))):
            yield name, found


def _inside(place: Place, name: str) -> Place:
    return replace(place, within=(*place.within, name))


def _rows_differences(expected: Rows, actual: Rows, place: Place) -> Iterator[Difference]:
    """Yield how the rows differ, and how the columns do. Under other columns of rows only their number is compared."""
    if expected.columns == actual.columns:
        if expected.rows != actual.rows:
            yield _of_the_rows(expected, actual, place)
        return
    if len(expected.rows) != len(actual.rows):
        yield Difference(_inside(place, ".rows"), f"{len(expected.rows)} rows", f"{len(actual.rows)} rows")
    yield from _differences(expected.columns, actual.columns, _inside(place, ".schema"))


def _of_the_rows(expected: Rows, actual: Rows, place: Place) -> Difference:
    left, right = Counter(expected.rows), Counter(actual.rows)
    if left == right:
        pairs = enumerate(zip(expected.rows, actual.rows, strict=True))
        i, (one, other) = next(pair for pair in pairs if pair[1][0] != pair[1][1])
        return Difference(_inside(_inside(place, ".rows in order"), str(i)), _short(one), _short(other))
    missing, added = (next(iter((one - other).elements()), None) for one, other in ((left, right), (right, left)))
    return Difference(
        _inside(place, ".rows"),
        f"{len(expected.rows)} rows" + (f", among them {missing}" if missing else ""),
        f"{len(actual.rows)} rows" + (f", among them {added}" if added else ""),
    )


def _short(value: Any) -> str:
    return _cut(str(value) if isinstance(value, Raised) else repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else f"{text[:CUT_LENGTH]}… ({len(text)} characters)"
