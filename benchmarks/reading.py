"""Reading one large file: the reference's split compared with PyIceberg's `ArrowScan`, and with DataFusion by hand.

`python -m benchmarks.reading --json reading.json` writes a Parquet file of about a gigabyte once. It then reads the
file several times in every way, each time in a new process, and measures rows per second and the peak resident memory.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc
from datafusion import SessionConfig, SessionContext
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import Table
from rich.console import Console

from benchmarks.turns import in_turns
from fixtures.plans import session_with
from fixtures.tables.schemas import arrow_schema
from reference import DataLoaderSplit, TableScanContext

COLUMNS = 8
SQL = "SELECT column_0, column_1 + column_2 AS n FROM t WHERE column_3 > 0.5"


@dataclass(frozen=True)
class Reading:
    """One way to read the file: seconds of the fastest round, highest memory peak in bytes, rows and batches."""

    way: str
    seconds: float
    peak: int
    rows: int
    batches: int


def table_in(folder: Path, megabytes: int = 0) -> Table:
    """Return the table in the folder. If a size is given, create it first, with so many megabytes of random doubles."""
    catalog = load_catalog(
        "large", type="sql", uri=f"sqlite:///{folder / 'catalog.db'}", warehouse=folder.absolute().as_uri()
    )
    if megabytes:
        rows = megabytes * 1_000_000 // (8 * COLUMNS)
        values = pa.table({f"column_{n}": pc.random(rows, initializer=n) for n in range(COLUMNS)})
        catalog.create_namespace("large")
        catalog.create_table(
            "large.file",
            values.schema,
            properties={
                "write.parquet.compression-codec": "uncompressed",
                "write.target-file-size-bytes": str(1 << 40),
            },
        ).append(values)
    return catalog.load_table("large.file")


def arrow_scan(table: Table) -> Iterator[pa.RecordBatch]:
    """Read with PyIceberg only."""
    (task,) = table.scan().plan_files()
    return ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_record_batches([task])


def split_of(table: Table, *, plan: bool) -> DataLoaderSplit:
    """Return the split for the table's only file."""
    (task,) = table.scan().plan_files()
    context = TableScanContext(table.metadata, table.io, table.schema())
    if not plan:
        return DataLoaderSplit(task, context)
    session = session_with(("t",), arrow_schema(table.schema()), [])
    return DataLoaderSplit(task, context, session.sql(SQL).logical_plan(), session)


def engine_by_hand(table: Table, config: SessionConfig) -> Iterator[pa.RecordBatch]:
    """Run the plan with DataFusion over the rows that PyIceberg reads."""
    session = SessionContext(config)
    session.register_record_batches("t", [list(arrow_scan(table))])
    return (part.to_pyarrow() for part in session.sql(SQL).execute_stream())


WAYS: dict[str, Callable[[Table], Iterator[pa.RecordBatch]]] = {
    "ArrowScan": arrow_scan,
    "split": lambda table: iter(split_of(table, plan=False)),
    # A split runs its plan in one partition, which keeps the order of rows. Different splits run in parallel.
    "DataFusion over ArrowScan": lambda table: engine_by_hand(table, SessionConfig().with_target_partitions(1)),
    "split with a plan": lambda table: iter(split_of(table, plan=True)),
    "DataFusion, a partition for each core": lambda table: engine_by_hand(table, SessionConfig()),
}


def read_once(folder: Path, way: str) -> dict[str, float]:
    """Read once in this process, and return seconds, peak memory in bytes, rows and batches."""
    table = table_in(folder)
    rows = batches = 0
    started = time.perf_counter()
    for batch in WAYS[way](table):
        rows += batch.num_rows
        batches += 1
    seconds = time.perf_counter() - started
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak": peak, "rows": rows, "batches": batches}


def readings_of_each_way(folder: Path) -> Iterator[Reading]:
    """Yield the result of every way. In each round all ways are run once, in new processes."""
    for way, rounds in in_turns("benchmarks.reading", "--read", list(WAYS), "--folder", str(folder)).items():
        yield Reading(
            way,
            min(each["seconds"] for each in rounds),
            int(max(each["peak"] for each in rounds)),
            int(rounds[0]["rows"]),
            int(rounds[0]["batches"]),
        )


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("reading.json"), show_default=True)
@click.option("--megabytes", default=1000, show_default=True, help="Size of the file.")
@click.option("--read", type=click.Choice(list(WAYS)), hidden=True)
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
def main(path: Path, megabytes: int, read: str | None, folder: Path | None) -> None:
    """Measure how fast one large file is read, and how much memory that needs."""
    if read is not None and folder is not None:
        print(json.dumps(read_once(folder, read)))
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as made:
        (task,) = table_in(Path(made), megabytes).scan().plan_files()
        readings = list(readings_of_each_way(Path(made)))
    for reading in readings:
        console.print(
            f"{reading.way:38} {reading.seconds:6.2f} s, {reading.rows / reading.seconds:14,.0f} rows/s, "
            f"peak {reading.peak / 1e6:7,.0f} MB, {reading.batches} batches"
        )
    results = {"bytes": task.file.file_size_in_bytes, "readings": [asdict(reading) for reading in readings]}
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
