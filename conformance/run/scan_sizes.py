"""What a loader makes of the sizes that it is asked for: how many files a split has, and how many rows a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from conformance.adapter import Capability
from conformance.checks.scan import BATCH_SIZE, OF_SIZES, SPLIT_SIZE
from conformance.examples.asked_scans import expected_rows_of, files_told, sizes_for
from conformance.judging.judgement import Judgement
from conformance.observation.difference import Difference, Place, Step
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import Rows
from conformance.run.planning_loader import DECLINED, THROUGH, Declined, PlanningLoader, compared, planned_splits
from fixtures.scans import Scan, scan_of
from fixtures.tables.made_histories import MadeTable
from strategies.specs import ScanSpec

__all__ = ["sizes"]


def sizes(loader: PlanningLoader, spec: ScanSpec, made: MadeTable) -> Iterator[Judgement]:
    """Yield what the clauses on sizes say of a scan that gives its rows without any."""
    files, rows = sizes_for(spec)
    found: dict[str, Difference | Declined | None] = {}
    if SPLIT_SIZE in loader.clauses:
        found[SPLIT_SIZE] = _of_splits(loader, spec, made, files)
    if BATCH_SIZE in loader.clauses:
        # Where splits have several files: what the first file is told may be unknown to the next.
        several = files if Capability.FILES_PER_SPLIT in loader.sweep.adapter.capabilities else None
        found[BATCH_SIZE] = _of_batches(loader, spec, made, several, rows)
    for clause, differs in found.items():
        if not isinstance(differs, Declined):
            yield Judgement(clause, THROUGH, differs)


def _of_splits(loader: PlanningLoader, spec: ScanSpec, made: MadeTable, files: int) -> Difference | Declined | None:
    """Return how splits of so many files differ in number from what they should be, or in their rows together.

    How many files there are the history tells, or else the splits of one file each.
    """
    single, grouped = (loader.payloads(replace(scan_of(spec, made), files_per_split=each)) for each in (1, files))
    variant = f"{files} files a split"
    found = _rows_differ(loader, spec, grouped, variant)
    if isinstance(single, Raised) or found is not None:
        return found
    where = Place(Step.LOOK, "number of splits", case=OF_SIZES, variant=variant)
    known = files_told(spec) or len(single)
    wanted, numbers = [known, -(-known // files)], [len(single), len(grouped)]
    told = [f"{each[0]} of one file each, {each[1]} of {files}" for each in (wanted, numbers)]
    return None if numbers == wanted else Difference(where, *told)


def _of_batches(
    loader: PlanningLoader, spec: ScanSpec, made: MadeTable, files: int | None, rows: int
) -> Difference | Declined | None:
    """Return how rows differ where batches have at most so many, or how many the greatest batch has."""

    def asked() -> Scan:
        return replace(scan_of(spec, made), files_per_split=files, batch_rows=rows)

    def most_rows(split: Any) -> int:
        return max((batch.num_rows for batch in adapter.read(split)), default=0)

    adapter, variant = loader.sweep.adapter, f"{rows} rows a batch"
    found = _rows_differ(loader, spec, loader.payloads(asked()), variant)
    if found is not None:
        return found
    greatest = attempt(planned_splits, adapter, asked(), most_rows)
    where = Place(Step.READ, "rows of a batch", case=OF_SIZES, variant=variant)
    if isinstance(greatest, Raised):
        return Difference(where, f"at most {rows}", str(greatest))
    return next((Difference(where, f"at most {rows}", str(each)) for each in greatest if each > rows), None)


def _rows_differ(loader: PlanningLoader, spec: ScanSpec, payloads: Any, variant: str) -> Difference | Declined | None:
    """Return how the rows of planned splits differ from those that the scan must give, or why there are no splits."""
    if isinstance(payloads, Raised) and payloads.type == DECLINED:
        return Declined(payloads.message)
    expected = expected_rows_of(spec)
    assert isinstance(expected, Rows), expected
    seen = payloads if isinstance(payloads, Raised) else loader.read(spec, payloads)
    return compared(expected, seen, OF_SIZES, variant)
