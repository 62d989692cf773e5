"""Stands in for what OpenHouse's fork of PyIceberg has besides the public one, as far as its loader uses it.

On the path of an interpreter, this is imported when it starts. Rows are read in the order of the tasks, whatever order
is asked for: that of arrival is any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyiceberg.table
from pyiceberg.io.pyarrow import ArrowScan


@dataclass(frozen=True)
class ArrivalOrder:
    """How many files are read at once, and how many rows a batch has at most."""

    concurrent_streams: int = 1
    batch_size: int | None = None
    max_buffered_batches: int = 16


_public = ArrowScan.to_record_batches


def _to_record_batches(self: ArrowScan, tasks: Iterable[Any], order: Any = None) -> Iterator[pa.RecordBatch]:
    size = getattr(order, "batch_size", None)
    for batch in _public(self, list(tasks)):
        step = size or max(1, batch.num_rows)
        yield from (batch.slice(start, step) for start in range(0, max(1, batch.num_rows), step))


if not hasattr(pyiceberg.table, "ArrivalOrder"):
    setattr(pyiceberg.table, "ArrivalOrder", ArrivalOrder)  # noqa: B010 - what the public one has not
    setattr(ArrowScan, "to_record_batches", _to_record_batches)  # noqa: B010
