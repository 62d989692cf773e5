"""A table that lives along with splits of one process: it is planned, committed to, and planned again, in any order.

The model knows from the history what each planning must give, whatever is committed, planned or read later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from conformance.adapter import Adapter
from conformance.examples.asked_scans import expected_rows_of
from conformance.observation.difference import Difference, Place, Step, difference_of_rows
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import Rows, rows_together
from conformance.run.planning_loader import gives_its_rows, planned_splits
from conformance.transports.afresh import asked_afresh
from fixtures.scans import scan_of
from fixtures.tables.made_histories import MadeTable, do_more, forked, shared_history
from strategies.evolution import table_before
from strategies.specs import (
    Append,
    ColumnSpec,
    DeleteRows,
    HistorySpec,
    Operation,
    Predicate,
    RenameColumn,
    RollBack,
    ScanSpec,
    SetProperty,
)

__all__ = ["ASKED", "COMMITS", "LivingTable"]

_BEGINNING = HistorySpec(
    (ColumnSpec(1, "a", "long", (1, 2, None)), ColumnSpec(2, "b", "string", ("x", "y", "z"))), (Append(3), Append(2))
)
# What a loader is asked for again and again.
ASKED = (ScanSpec(_BEGINNING), ScanSpec(_BEGINNING, ("a",), Predicate("not-null", "a")))


def _rename(history: HistorySpec) -> Operation:
    count = len(history.operations)
    return RenameColumn(table_before(history, count).columns[-1].name, f"b{count}")


# What may be committed next, after a history.
COMMITS: tuple[Callable[[HistorySpec], Operation], ...] = (
    lambda _: Append(2),
    _rename,
    lambda _: DeleteRows(Predicate("eq", "a", (2,))),
    lambda _: RollBack(),
    lambda history: SetProperty("owner", str(len(history.operations))),
)


@dataclass(frozen=True)
class Planned:
    """The splits of one planning, or copies of them, and the scan that they are of, with the history until then."""

    splits: list[Any]
    scan: ScanSpec


class LivingTable:
    """A table, which is made once it is needed, and what was planned of it, the oldest first."""

    def __init__(self, adapter: Adapter, root: Path) -> None:
        """Begin without any planning."""
        self.history = _BEGINNING
        self.planned: list[Planned] = []
        self._adapter, self._root = adapter, root
        self._made: MadeTable | None = None

    def plan(self, number: int) -> Difference | None:
        """Plan one of the scans that are asked for."""
        scan = replace(ASKED[number], history=self.history)
        splits = attempt(planned_splits, self._adapter, scan_of(scan, self._table()), lambda split: split)
        if not isinstance(splits, Raised):
            self.planned.append(Planned(splits, scan))
            return None
        return self._told(Difference(Place(Step.LIVE, case="plan"), "splits", str(splits)), scan)

    def commit(self, number: int) -> None:
        """Commit to the table; which kind of commit, is told by its number."""
        done = len(self.history.operations)
        operation = COMMITS[number](self.history)
        longer = replace(self.history, operations=(*self.history.operations, operation))
        self._made, self.history = do_more(self._table(), longer, done), longer

    def read(self, number: int) -> Difference | None:
        """Read what was planned."""
        planned = self.planned[number]
        seen = attempt(lambda: rows_together(map(self._adapter.read, planned.splits), exact=True))
        expected = expected_rows_of(planned.scan)
        assert isinstance(expected, Rows)  # nothing transforms them
        place = Place(Step.LIVE, "rows", case="of planning", variant=str(number))
        return self._told(difference_of_rows(expected, seen, place), planned.scan)

    def send(self, number: int, carry: Callable[[Any], Any]) -> None:
        """Send all splits of one planning at once."""
        planned = self.planned[number]
        self.planned.append(replace(planned, splits=carry(planned.splits)))

    def drop(self, number: int) -> None:
        """Drop what was planned."""
        del self.planned[number]

    def _table(self) -> MadeTable:
        if self._made is None:
            self._root.mkdir(parents=True, exist_ok=True)
            made = shared_history(self.history, self._root)
            self._made = forked(made, Path(mkdtemp(prefix="life-", dir=self._root)) / "table")
        return self._made

    def _told(self, found: Difference | None, scan: ScanSpec) -> Difference | None:
        """Return the difference, unless a process that has seen nothing else is wrong there too: SCAN tells that."""
        return found if found is not None and _is_right_afresh(self._adapter.reference, scan, self._root) else None


@cache
def _is_right_afresh(reference: str, scan: ScanSpec, root: Path) -> bool:
    return bool(asked_afresh(gives_its_rows, reference, scan, shared_history(scan.history, root)))
