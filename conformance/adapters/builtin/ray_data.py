"""Ray Data's read tasks over Iceberg: what Ray's driver makes of each scan task and its workers run.

The function of a read task is driven as Ray's Iceberg data source hands it to ``ReadTask``, with the materials in
place of a catalog's table; Ray itself need not run. There is no ``plan``: what the data source plans holds a reference
into Ray's object store, which only workers of the same cluster can follow.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from ray.data._internal.datasource import iceberg_datasource
from ray.data.block import BlockMetadata
from ray.data.datasource import ReadTask

from conformance.adapter import Adapter

if TYPE_CHECKING:
    from fixtures.materials import Materials

__all__ = ["ADAPTER"]


def _build(materials: Materials) -> ReadTask:
    offered: dict[str, Any] = {
        "tasks": [materials.file_scan_task],
        "table_io": materials.file_io,
        "table_metadata": materials.table_metadata,
        "row_filter": materials.row_filter,
        "case_sensitive": True,
        "limit": None,
        "schema": materials.projected_schema,
    }
    read = iceberg_datasource._get_read_task
    taken = inspect.signature(read).parameters
    metadata = BlockMetadata(
        num_rows=None, size_bytes=None, input_files=[materials.file_scan_task.file.file_path], exec_stats=None
    )
    return ReadTask(partial(read, **{name: value for name, value in offered.items() if name in taken}), metadata)


def _read(task: ReadTask) -> Any:
    """Return the record batches of the blocks that the task reads."""
    for block in task():
        table = block if isinstance(block, pa.Table) else pa.Table.from_pandas(block)
        yield from table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]


def _part(name: str) -> Any:
    return lambda task: task._read_fn.keywords[name]


ADAPTER = Adapter(
    name="ray_data",
    build=_build,
    read=_read,
    file_io=_part("table_io"),
    table_metadata=_part("table_metadata"),
    projected_schema=_part("schema"),
    row_filter=_part("row_filter"),
    scan_tasks=_part("tasks"),
    modules=("ray", "pyiceberg"),
)
