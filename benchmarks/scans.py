"""Materials for splits of any size, for the benchmarks: tables that PyIceberg wrote, and scans that it planned."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache, reduce
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import AlwaysTrue, Or
from pyiceberg.expressions.parser import parse
from pyiceberg.manifest import DATA_FILE_TYPE, DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.types import (
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from fixtures.materials import Materials
from fixtures.plans import session_with
from fixtures.tables.history import with_history
from fixtures.tables.schemas import arrow_schema

__all__ = ["scan_of", "siblings", "with_filter", "with_plan", "without_statistics"]

_UTC = datetime.timezone.utc
# Column types, used in turn, each with the values of three rows.
MIXED: tuple[tuple[IcebergType, Sequence[Any]], ...] = (
    (LongType(), (1, 2, 30_000_000_000)),
    (StringType(), ("some", "words here", "and a longer text of forty characters...")),
    (DoubleType(), (0.5, -1.5, 1e300)),
    (DateType(), (datetime.date(1970, 1, 1), datetime.date(2024, 2, 29), datetime.date(2026, 11, 23))),
    (DecimalType(9, 2), (Decimal("1.00"), Decimal("-2.50"), Decimal("1234567.89"))),
    (TimestamptzType(), tuple(datetime.datetime(2024, month, 1, tzinfo=_UTC) for month in (1, 2, 3))),
)
STATISTICS = frozenset(
    {"column_sizes", "value_counts", "null_value_counts", "nan_value_counts", "lower_bounds", "upper_bounds"}
)
FORMAT_VERSION: Literal[2] = 2


@cache
def scan_of(columns: int, snapshots: int, folder: Path) -> Materials:
    """Return the materials for the split of a table with one file, as PyIceberg plans it, with column statistics.

    The table has ``columns`` columns of mixed types with docs, and ``snapshots`` snapshots. All snapshots but the last
    exist only in the metadata.
    """
    schema = Schema(
        *(
            NestedField(number, f"column_{number}", MIXED[number % len(MIXED)][0], doc=f"What column {number} holds")
            for number in range(1, columns + 1)
        )
    )
    catalog = load_catalog("sizes", type="sql", uri="sqlite:///:memory:", warehouse=folder.as_uri())
    catalog.create_namespace("sizes")
    table = catalog.create_table(f"sizes.of_{columns}_{snapshots}", schema)
    fields = enumerate(arrow_schema(table.schema()), start=1)
    arrays = [pa.array(MIXED[number % len(MIXED)][1], field.type) for number, field in fields]
    table.append(pa.Table.from_arrays(arrays, schema=arrow_schema(table.schema())))
    scan = table.scan()
    (task,) = scan.plan_files()
    return Materials(
        file_scan_task=task,
        table_metadata=with_history(table.metadata, snapshots - 1),
        file_io=table.io,
        projected_schema=scan.projection(),
        row_filter=AlwaysTrue(),
        file_io_properties=dict(table.io.properties),
    )


def with_filter(given: Materials, terms: int) -> Materials:
    """Return the materials with a row filter of so many comparisons, joined by a balanced tree of `Or`."""
    comparisons = [parse(f"column_1 = 'value {term}'") for term in range(terms)]
    while len(comparisons) > 1:
        comparisons = [reduce(Or, comparisons[i : i + 2]) for i in range(0, len(comparisons), 2)]
    return replace(given, row_filter=comparisons[0])


def with_plan(given: Materials, expressions: int) -> Materials:
    """Return the materials with a plan that computes so many columns."""
    session = session_with(("t",), arrow_schema(given.projected_schema), [])
    computed = ", ".join(f"abs(column_6) + {number} AS c{number}" for number in range(expressions))
    plan = session.sql(f"SELECT {computed} FROM t").logical_plan()
    return replace(given, plan=plan, session_context=session)


def without_statistics(given: Materials) -> Materials:
    """Return the materials with a data file that has no column statistics."""
    return replace(given, file_scan_task=_task(given.file_scan_task, without=STATISTICS))


def siblings(given: Materials, count: int) -> list[Materials]:
    """Return materials for so many files of one scan, which differ only in their paths."""
    path = given.file_scan_task.file.file_path
    stem = path.removesuffix(".parquet")
    return [
        replace(given, file_scan_task=_task(given.file_scan_task, file_path=f"{stem}-{number:05}.parquet"))
        for number in range(count)
    ]


def _task(task: FileScanTask, without: frozenset[str] = frozenset(), **changes: Any) -> FileScanTask:
    """Return the task with a changed copy of its data file."""
    names = [field.name for field in DATA_FILE_TYPE[FORMAT_VERSION].fields]
    values = {name: task.file[position] for position, name in enumerate(names)}
    values |= dict.fromkeys(without, None) | changes
    file = DataFile.from_args(_table_format_version=FORMAT_VERSION, **values)
    file.spec_id = task.file.spec_id
    return FileScanTask(file, residual=task.residual)
