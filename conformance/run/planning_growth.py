"""How the work of planning grows with the files of a table, and its memory with their rows.

Work is told in calls of functions, as Python sees them, which are the same at each run. What a loader does in native
code is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from conformance.adapters.loading import load_adapter
from conformance.checks.growth import exponent, growth
from conformance.checks.scan import GROWTH
from conformance.judging.judgement import Judgement
from conformance.observation.difference import Difference, Place, Step
from conformance.observation.work import calls_made, memory_used, tells_memory
from conformance.run.planning_loader import THROUGH, PlanningLoader, planned_splits
from conformance.transports.afresh import asked_afresh
from fixtures.scans import scan_of
from fixtures.tables.made_histories import MadeTable
from strategies.specs import Append, ColumnSpec, HistorySpec, ScanSpec

__all__ = ["planning_grows"]

Asked = tuple[ScanSpec, MadeTable]

# So many files have some tables, and so many rows the one file of others.
FILES, ROWS = (8, 32, 128), (5_000, 100_000)
# With this power of the number of files the calls may grow: what is done for each, and a little more to sort them.
MOST_POWER = 1.25
# Bytes of memory for each byte of rows. A system tells of memory with errors, so it is not nothing.
MOST_BYTES = 0.5
# Bytes of a row: a number of 64 bits, and a text of eight characters.
ROW_BYTES = 16


def _of_files(number: int) -> ScanSpec:
    """Return a scan of a table of so many files: one for each value of a column."""
    column = ColumnSpec(1, "a", "long", tuple(range(number)))
    return ScanSpec(HistorySpec((column,), (Append(number),), partition_by="a"))


def _of_rows(number: int) -> ScanSpec:
    """Return a scan of a table with one file of so many rows."""
    columns = (ColumnSpec(1, "a", "long", (1, 2, 3, 4)), ColumnSpec(2, "s", "string", ("8 signs.",)))
    return ScanSpec(HistorySpec(columns, (Append(number),)))


OF_FILES, OF_ROWS = tuple(map(_of_files, FILES)), tuple(map(_of_rows, ROWS))


def planning_grows(loader: PlanningLoader) -> Iterator[tuple[ScanSpec, Judgement]]:
    """Yield what the clause on growth says of planning scans of more files, and of a file of more rows; each with the
    largest of these scans.
    """
    if GROWTH not in loader.clauses:
        return
    asked = [[(spec, loader.made(spec.history)) for spec in specs] for specs in (OF_FILES, OF_ROWS)]
    costs = asked_afresh(costs_of_planning, loader.sweep.adapter.reference, *asked)
    if costs is None:
        return  # other clauses judge what cannot be planned
    calls, memory = costs
    where, power = Place(Step.BUILD, "calls", case="of planning more files"), exponent(FILES, calls)
    told = Difference(where, "calls in proportion to the files", growth(FILES, calls, "calls"))
    yield OF_FILES[-1], Judgement(GROWTH, THROUGH, told if power is not None and power > MOST_POWER else None)
    if memory:
        more, rows = memory[1] - memory[0], ROW_BYTES * (ROWS[1] - ROWS[0])
        where = Place(Step.BUILD, "memory", case="of planning a larger file")
        told = Difference(where, "no memory for rows", f"{more:,} bytes more for {rows:,} bytes more of rows")
        yield OF_ROWS[-1], Judgement(GROWTH, THROUGH, told if more > MOST_BYTES * rows else None)


def costs_of_planning(reference: str, more_files: list[Asked], more_rows: list[Asked]) -> tuple[list[int], list[int]]:
    """Return the calls by which each of the former is planned, and the memory that planning each of the latter takes.

    The first is planned once before: what a process imports and keeps comes of no scan. No memory where the system does
    not tell it.
    """
    adapter = load_adapter(reference)

    def planning(asked: Asked) -> Callable[[], list[int]]:
        return partial(planned_splits, adapter, scan_of(*asked), id)

    planning(more_files[0])()
    calls = [calls_made(planning(asked)) for asked in more_files]
    return calls, [memory_used(planning(asked))[1] for asked in more_rows if tells_memory()]
