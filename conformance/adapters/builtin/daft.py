"""Daft's tasks over Iceberg: what Daft's Ray runner sends to its workers, one for each data file of a scan.

A task is a local physical plan with its inputs, which are scan tasks, and the settings of the execution: what Daft's
worker on Ray (``RaySwordfishActor.run_plan``) is called with, run here as it runs it. ``daft.read_iceberg`` plans it,
over the table of a catalog or, for a split of given materials, over a table that has their one file; Ray need not run.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import daft
import pyarrow as pa
from daft.context import DaftContext, get_context
from daft.daft import Input, LocalPhysicalPlan, PyDaftExecutionConfig
from daft.execution.native_executor import NativeExecutor
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.manifest import FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import DataScan, FileScanTask, Table
from pyiceberg.table.refs import SnapshotRefType

from conformance.adapter import Adapter, NotSupported
from conformance.adapters.filters import COMPARISONS, filter_in

if TYPE_CHECKING:
    from fixtures.materials import Materials
    from fixtures.scans import Scan

__all__ = ["ADAPTER", "Task"]

# The property by whose value columns are found in files that have no field ids.
NAME_MAPPING = "schema.name-mapping.default"
# Of all that Daft reads from, where the suite has files.
SCHEMES = ("", "file", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")


@dataclass(frozen=True)
class Task:
    """What a worker is called with."""

    plan: LocalPhysicalPlan
    inputs: dict[int, Input]
    config: PyDaftExecutionConfig

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Return the record batches, run with the task's settings by an executor of its own."""
        context = DaftContext()
        context._ctx._daft_execution_config = self.config
        for result in NativeExecutor().run(self.plan, self.inputs, context, None):
            table = result.micropartition().to_arrow()
            yield from table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]


def _task(frame: daft.DataFrame) -> Task:
    """Return the one task that a frame is where no runner divides it."""
    config = get_context().daft_execution_config
    optimized = frame._builder.optimize(config)
    plan, inputs = LocalPhysicalPlan.from_logical_plan_builder(optimized._builder, {})
    return Task(plan, inputs, config)


Choice = Callable[[DataScan], list[FileScanTask]]


class PartlyShown(Table):
    """A table of which Daft sees the files that ``choose`` gives for a scan of PyIceberg's.

    So a scan comes to be several tasks: Daft itself cuts it into tasks only where Ray runs.
    """

    choose: Choice

    def scan(self, *args: Any, **kwargs: Any) -> Any:
        """Return a scan as Daft asks for it."""
        return PartlyShownScan(super().scan(*args, **kwargs), self.choose)


@dataclass(frozen=True)
class PartlyShownScan:
    """What Daft uses of a scan of PyIceberg's."""

    scan: DataScan
    choose: Choice

    def projection(self) -> Schema:
        """Return the scanned schema."""
        return self.scan.projection()

    def plan_files(self) -> list[FileScanTask]:
        """Return the files that Daft sees."""
        return self.choose(self.scan)


def _check_format(task: FileScanTask) -> None:
    """Raise :class:`NotSupported` where the file of a task is of a format that Daft says it does not read."""
    if (format_ := task.file.file_format) != FileFormat.PARQUET:
        raise NotSupported(f"reads no {format_.name}")


def _build(materials: Materials) -> Task:
    task = materials.file_scan_task
    _check_format(task)
    path = task.file.file_path
    if "://" in path and path.partition("://")[0] not in SCHEMES:
        raise NotSupported(f"opens files itself, through no FileIO, and knows no {path.partition('://')[0]}://")
    if NAME_MAPPING in materials.table_metadata.properties:
        raise NotSupported("takes no name mapping, and says so when it reads a file without field ids")
    whole = materials.table_metadata.schema()
    if any(column.field_type != whole.find_type(column.field_id) for column in materials.projected_schema.fields):
        raise NotSupported("chooses whole columns, and no fields of a struct")
    table = PartlyShown(("db", "tbl"), materials.table_metadata, "", materials.file_io, NoopCatalog("none"))
    table.choose = lambda scan: [task]  # PyIceberg has nothing to plan: there are no manifests
    frame = daft.read_iceberg(table)
    if not isinstance(materials.row_filter, AlwaysTrue):
        condition = filter_in(
            materials.row_filter, whole, _predicate, operator.and_, operator.or_, operator.invert, daft.lit
        )
        frame = frame.where(condition)
    return _task(_selected(frame, [column.name for column in materials.projected_schema.fields]))


def _plan(scan: Scan) -> Iterator[Task]:
    if scan.transformation is not None:
        raise NotSupported("takes no transformation by DataFusion")
    loaded = scan.catalog.load_table(scan.identifier)
    table = PartlyShown(loaded.name(), loaded.metadata, loaded.metadata_location, loaded.io, loaded.catalog)
    planned: list[FileScanTask] = []

    def every_file(asked: DataScan) -> list[FileScanTask]:
        planned[:] = asked.plan_files()
        for task in planned:
            _check_format(task)
        return planned

    def one_file(number: int, asked: DataScan) -> list[FileScanTask]:
        return [list(asked.plan_files())[number]]

    table.choose = every_file
    ref = None if scan.ref is None else loaded.refs().get(scan.ref)
    is_tag = ref is not None and ref.snapshot_ref_type == SnapshotRefType.TAG
    frame = daft.read_iceberg(
        table, scan.snapshot_id, branch=None if is_tag else scan.ref, tag=scan.ref if is_tag else None
    )
    condition = scan.filter_in(_predicate, operator.and_, operator.or_, operator.invert)
    frame = frame if condition is None else frame.where(condition)
    frame = frame if scan.columns is None else _selected(frame, scan.columns)
    _task(frame)
    for number in range(len(planned)):
        table.choose = partial(one_file, number)
        yield _task(frame)


def _selected(frame: daft.DataFrame, columns: Iterable[str]) -> daft.DataFrame:
    names = list(columns)
    return frame if names == frame.column_names else frame.select(*names)


PREDICATES: dict[str, Callable[[daft.Expression, list[Any]], daft.Expression]] = {
    **COMPARISONS,
    "in": lambda column, values: column.is_in(values),
    "not-in": lambda column, values: ~column.is_in(values),
    "is-null": lambda column, values: column.is_null(),
    "not-null": lambda column, values: column.not_null(),
    "is-nan": lambda column, values: column.is_nan(),
    "not-nan": lambda column, values: ~column.is_nan(),
    "starts-with": lambda column, values: column.startswith(values[0]),
    "not-starts-with": lambda column, values: ~column.startswith(values[0]),
}


def _predicate(name: str, column: str, values: list[Any]) -> daft.Expression:
    return PREDICATES[name](daft.col(column), values)


ANY_ORDER = "Daft writes the maps of its schemas in any order, so that the payload alone differs"

ADAPTER = Adapter(
    name="daft",
    build=_build,
    read=Task.batches,
    plan=_plan,
    modules=("conformance.adapters.builtin.daft", "daft"),
    may_differ={"split.plan": ANY_ORDER, "split.inputs": ANY_ORDER},
    not_passed=("io_config", "checkpoint", "ignore_corrupt_files"),
)
