"""A table that lives along with splits of one process: it is planned, committed to, and planned again, in any order.

The model knows from the history what each planning must give, whatever is committed, planned or read later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from conformance.adapter import Adapter
from conformance.examples.asked_scans import expected_rows_of
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import in_any_layout, plain_rows, together
from conformance.transports.watchdog import watched
from fixtures.scans import scan_of
from fixtures.tables.made_histories import MadeTable, do_more, forked, shared_history
from strategies.histories import table_before
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

    def __init__(self, adapter: Adapter, root: Path, history: HistorySpec = _BEGINNING) -> None:
        """Begin with this history, without any planning."""
        self.history = history
        self.planned: list[Planned] = []
        self._adapter, self._root = adapter, root
        self._made: MadeTable | None = None

    def plan(self, number: int) -> Difference | None:
        """Plan one of the scans that are asked for."""
        scan = replace(ASKED[number], history=self.history)
        splits = attempt(self._splits, scan)
        if not isinstance(splits, Raised):
            self.planned.append(Planned(splits, scan))
            return None
        found = Difference(Place(Step.LIVE, case="plan"), "splits", str(splits))
        return found if self._is_right_by_itself(scan) else None

    def commit(self, number: int) -> None:
        """Commit to the table; which kind of commit, is told by its number."""
        done = len(self.history.operations)
        operation = COMMITS[number](self.history)
        longer = replace(self.history, operations=(*self.history.operations, operation))
        self._made, self.history = do_more(self._table(), longer, done), longer

    def read(self, number: int) -> Difference | None:
        """Read what was planned; what a table with that history alone gives wrongly too is the matter of SCAN."""
        planned = self.planned[number]
        found = self._rows_differ(planned, number)
        return found if found is not None and self._is_right_by_itself(planned.scan) else None

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

    def _splits(self, spec: ScanSpec) -> list[Any]:
        assert self._adapter.plan is not None
        scan = scan_of(spec, self._table())
        try:
            with watched("Planning a scan", repr(spec)):
                return list(self._adapter.plan(scan))
        finally:
            scan.catalog.close()

    def _rows_differ(self, planned: Planned, number: int) -> Difference | None:
        def rows() -> Any:
            seen = [plain_rows(self._adapter.read(split), exact=True) for split in planned.splits]
            return together([in_any_layout(each) for each in seen if each is not None])

        expected, seen = expected_rows_of(planned.scan), attempt(rows)
        if seen is None and not isinstance(expected, Raised) and not expected.rows:
            return None
        place = Place(Step.LIVE, "rows", case="of planning", variant=str(number))
        return difference(in_any_layout(expected), in_any_layout(seen), place)

    def _is_right_by_itself(self, scan: ScanSpec) -> bool:
        """Return whether a table that was just made with this history gives what it should."""
        alone = LivingTable(self._adapter, self._root, scan.history)
        splits = attempt(alone._splits, scan)
        return not isinstance(splits, Raised) and alone._rows_differ(Planned(splits, scan), 0) is None
