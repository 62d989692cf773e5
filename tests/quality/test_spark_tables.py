"""Splits of tables that Spark wrote go through every transport, and give the rows that Spark reads."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.example import Example
from conformance.observation.question import Question
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from fixtures.materials import Materials
from fixtures.tables.schemas import arrow_schema
from fixtures.tables.spark_tables import TABLES, SparkTable, spark_table


def materials_of(written: SparkTable, task: FileScanTask) -> Materials:
    table = written.table
    properties: dict[str, Any] = dict(table.io.properties)
    table.io.properties = properties
    return Materials(task, table.metadata, table.io, table.schema(), AlwaysTrue(), properties)


def example_of(written: SparkTable, task: FileScanTask) -> Example:
    materials = materials_of(written, task)
    scan = ArrowScan(materials.table_metadata, materials.file_io, materials.projected_schema, materials.row_filter)
    rows = scan.to_table([task]).cast(arrow_schema(materials.projected_schema))
    return Example(task.file.file_path, lambda: materials_of(written, task), rows, Question())


def rows_through_pickle(adapter_name: str, written: SparkTable) -> list[str]:
    adapter = load_adapter(adapter_name)
    rows = []
    for task in written.table.scan().plan_files():
        split = pickle.loads(pickle.dumps(adapter.build(materials_of(written, task))))
        rows += [row for batch in adapter.read(split) for row in batch.to_pylist()]
    return sorted(repr(tuple(row[column] for column in written.columns)) for row in rows)


@pytest.mark.parametrize("name", TABLES)
def test_splits_give_the_rows_that_spark_reads(name: str) -> None:
    written = spark_table(name)
    assert rows_through_pickle("reference", written) == sorted(map(repr, written.rows))


@pytest.mark.parametrize("name", ["positional_deletes", "deletion_vectors", "orc_deletes", "evolved"])
def test_forgotten_deletes_are_seen(name: str) -> None:
    written = spark_table(name)
    assert rows_through_pickle(reference_of("deletes-forgotten"), written) != sorted(map(repr, written.rows))


@pytest.mark.parametrize("name", TABLES)
def test_splits_go_through_all_transports(name: str, sweep_of: Callable[..., Sweep]) -> None:
    written = spark_table(name)
    sweep = sweep_of(load_adapter("reference"), transports=TRANSPORTS)
    checks = [check for check in sweep.checks if check.clause.family in ("CTX", "READ", "ID", "WIRE")]
    task = next(task for task in written.table.scan().plan_files() if task.delete_files)
    found = replace(sweep, checks=checks).real_table(example_of(written, task))
    assert found.violations == []
    assert {("READ-1", transport.name) for transport in TRANSPORTS} <= set(found.met)
