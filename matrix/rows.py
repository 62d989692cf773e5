"""Rows of the matrix: a covering array of the axes in ``constraints/versions.toml``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["LOWEST", "NEWEST", "ROOT", "TABLE", "Row", "Table", "read_table", "rows"]

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "constraints" / "versions.toml"
LOWEST, NEWEST = "lowest", "newest"

Versions = Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The content of ``constraints/versions.toml``.

    Attributes:
        axes: for each axis, such as ``python``, its versions from lowest to newest.
        impossible: combinations of versions that cannot be installed together.
        held: combinations of versions, and the requirements that are pinned with them.

    """

    axes: Mapping[str, tuple[str, ...]]
    impossible: tuple[Versions, ...]
    held: tuple[tuple[Versions, tuple[str, ...]], ...] = ()

    def pins(self, versions: Versions) -> list[str]:
        """Return the requirements that are pinned together with these versions."""
        return [pin for where, pins in self.held if dict(where).items() <= versions.items() for pin in pins]

    def possible(self, versions: Versions) -> bool:
        """Return whether these versions, of some axes or of all, can be installed together."""
        return not any(barred.items() <= versions.items() for barred in map(dict, self.impossible))

    def pairs(self) -> set[frozenset[tuple[str, str]]]:
        """Return all pairs of versions of two axes that can be installed together."""
        return {
            frozenset({(one, a), (other, b)})
            for one, other in combinations(self.axes, 2)
            for a, b in product(self.axes[one], self.axes[other])
            if self.possible({one: a, other: b})
        }


@dataclass(frozen=True)
class Row:
    """One combination of versions.

    Attributes:
        name: also the name of its tox environment.
        versions: a version for each axis.
        everything: ``lowest`` or ``newest`` if all other dependencies have that version too, otherwise ``None``.

    """

    name: str
    versions: Versions
    everything: str | None = None

    @property
    def pairs(self) -> set[frozenset[tuple[str, str]]]:
        """The pairs of versions of two axes that this row contains."""
        return {frozenset(pair) for pair in combinations(self.versions.items(), 2)}


def read_table(path: Path = TABLE) -> Table:
    """Return the table in this TOML file."""
    described: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    axes = {axis: tuple(values) for axis, values in described["axes"].items()}
    where = {kind: [_of_axes(entry, axes) for entry in described[kind]] for kind in ("impossible", "held")}
    pins = [tuple(entry["pins"]) for entry in described["held"]]
    return Table(axes, tuple(where["impossible"]), tuple(zip(where["held"], pins, strict=True)))


def _of_axes(entry: Versions, axes: Mapping[str, tuple[str, ...]]) -> Versions:
    return {axis: entry[axis] for axis in axes if axis in entry}


def rows(table: Table) -> list[Row]:
    """Return the row with the lowest versions, the row with the newest, and more until every possible pair appears.

    Each further row is the one that contains most of the pairs that are still missing.
    """
    lowest = {axis: values[0] for axis, values in table.axes.items()}
    newest = {axis: values[-1] for axis, values in table.axes.items()}
    chosen = [Row(f"{_python(lowest)}-{LOWEST}", lowest, LOWEST), Row(f"{_python(newest)}-{NEWEST}", newest, NEWEST)]
    every = [dict(zip(table.axes, values, strict=True)) for values in product(*table.axes.values())]
    candidates = [Row(_name(versions), versions) for versions in every if table.possible(versions)]
    missing = table.pairs() - chosen[0].pairs - chosen[1].pairs
    while missing:
        chosen.append(max(candidates, key=lambda row: len(row.pairs & missing)))
        missing -= chosen[-1].pairs
    return chosen


def _name(versions: Versions) -> str:
    """Return a name like ``py310-df51-ice010-lowest``. tox finds the interpreter by the first part."""
    major = versions["datafusion"].split(".")[0]
    ice = "".join(versions["pyiceberg"].split(".")[:2])
    return f"{_python(versions)}-df{major}-ice{ice}-{versions['pyarrow']}"


def _python(versions: Versions) -> str:
    return "py" + versions["python"].replace(".", "")
