"""One example to judge: how to make what its split is built from, and the rows that must come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from conformance.observation.question import Question
from conformance.observation.values import Rows, rows_of_table
from fixtures.materials import Materials
from strategies.specs import SplitSpec

__all__ = ["Example"]


@dataclass(frozen=True)
class Example:
    """What a journey starts from.

    ``title`` is shown in reports. ``spec`` is the drawn spec, ``None`` for a real table. ``likeness`` is the spec that
    conditions of a baseline look at: it says of a real table what a spec can say. ``drawn`` is the spec as reports show
    it, in which large things are written short. ``make`` returns materials that nobody else holds, ``variant`` the same
    with fields of the spec replaced, ``elsewhere`` materials with files of their own in a folder, and the path of the
    data file. ``exhaustive`` asks checks that sample to try everything; the clauses of ``purposes`` are judged in any
    case.
    """

    title: str
    make: Callable[[], Materials]
    expected: pa.Table
    question: Question
    scanned: pa.Table | None = None
    spec: SplitSpec | None = None
    likeness: SplitSpec | None = None
    drawn: SplitSpec | None = None
    variant: Callable[..., Materials] | None = None
    elsewhere: Callable[[Path], tuple[Materials, Path]] | None = None
    exhaustive: bool = False
    purposes: tuple[str, ...] = ()

    @property
    def rows(self) -> Rows:
        """The rows that the split must give, as they are compared."""
        return rows_of_table(self.expected, exact=not self.question.has_plan, in_order=self.question.in_order)
