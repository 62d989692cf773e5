"""Stand-ins with the constructors of OpenHouse's data loader, one a generation, and what breaks them.

Loaded by path, as an adapter file is, so that worker processes find it too. They conform where the contract asks of
them what the later generations promise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from datafusion import SessionContext
from datafusion.substrait import Producer
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import TableMetadata

from conformance.adapters.builtin.openhouse import adapter_for
from fixtures.plans import empty_batch, session_with


@dataclass(frozen=True)
class TableIdentifier:
    database: str
    table: str


def _arrived(class_: type, io_class: type[FileIO], properties: dict[str, Any], rest: dict[str, Any]) -> Any:
    return class_(io=io_class(properties), **rest)


class _Context:
    """Sends of the FileIO its class and its properties."""

    io: FileIO

    def __reduce__(self) -> tuple[Any, ...]:
        rest = {name: value for name, value in vars(self).items() if name != "io"}
        return _arrived, (type(self), type(self.io), dict(self.io.properties), rest)


EVERY_ROW = AlwaysTrue()


@dataclass(frozen=True)
class PlanContext(_Context):
    table_metadata: TableMetadata
    io: FileIO
    projected_schema: Schema
    row_filter: BooleanExpression = EVERY_ROW


@dataclass(frozen=True)
class SqlContext(_Context):
    table_metadata: TableMetadata
    io: FileIO
    projected_schema: Schema
    table_id: TableIdentifier
    row_filter: BooleanExpression = EVERY_ROW


@dataclass(frozen=True)
class JvmContext(SqlContext):
    worker_jvm_args: str | None = None


@dataclass(frozen=True)
class MetricContext(JvmContext):
    metric_attributes: Mapping[str, str] = field(default_factory=dict)


class ForgetfulContext(MetricContext):
    """Was written before there were JVM arguments and metrics."""

    def __reduce__(self) -> tuple[Any, ...]:
        later = ("io", "worker_jvm_args", "metric_attributes")
        rest = {name: value for name, value in vars(self).items() if name not in later}
        return _arrived, (type(self), type(self.io), dict(self.io.properties), rest)


class _Split:
    """What all generations have."""

    _scan_context: Any
    _udf_registry: Any

    @property
    def _tasks(self) -> list[FileScanTask]:
        raise NotImplementedError

    @property
    def id(self) -> str:
        paths = sorted(task.file.file_path for task in self._tasks)
        return hashlib.sha256("\0".join(paths).encode()).hexdigest()

    @property
    def table_properties(self) -> Mapping[str, str]:
        return MappingProxyType(self._scan_context.table_metadata.properties)

    def _scanned(self) -> Iterator[pa.RecordBatch]:
        context = self._scan_context
        scan = ArrowScan(context.table_metadata, context.io, context.projected_schema, context.row_filter)
        return iter(scan.to_record_batches(self._tasks))


class PlanSplit(_Split):
    """The generation with a plan and its session, which keeps the encoded plan and does not run it."""

    def __init__(
        self,
        file_scan_task: FileScanTask,
        scan_context: PlanContext,
        plan: Any = None,
        session_context: SessionContext | None = None,
        udf_registry: Any = None,
    ) -> None:
        if (plan is None) is not (session_context is None):
            raise ValueError("plan and session_context: give both or neither")
        self._file_scan_task = file_scan_task
        self._scan_context = scan_context
        self._udf_registry = udf_registry
        self._plan_substrait_bytes = None
        if plan is not None and session_context is not None:
            if udf_registry is not None:
                udf_registry.register_udfs(session_context)
            self._plan_substrait_bytes = Producer.to_substrait_plan(plan, session_context).encode()

    @property
    def _tasks(self) -> list[FileScanTask]:
        return [self._file_scan_task]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        yield from self._scanned()


class SqlSplit(_Split):
    """The generation with SQL text, applied to all rows of the split at once."""

    def __init__(
        self,
        file_scan_task: FileScanTask,
        scan_context: SqlContext,
        transform_sql: str | None = None,
        udf_registry: Any = None,
    ) -> None:
        self._file_scan_task = file_scan_task
        self._scan_context = scan_context
        self._transform_sql = transform_sql
        self._udf_registry = udf_registry

    @property
    def _tasks(self) -> list[FileScanTask]:
        return [self._file_scan_task]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if self._transform_sql is None:
            yield from self._scanned()
            return
        session = self._session(self._scanned())
        frame = session.sql(self._transform_sql)
        yield from frame.collect() or [empty_batch(frame.schema())]

    def _session(self, scanned: Iterator[pa.RecordBatch]) -> SessionContext:
        target = self._scan_context.projected_schema.as_arrow()
        schema = pa.schema([target.field(name) for name in target.names])
        table = self._scan_context.table_id
        name = (table.table,) if table.database == "public" else (table.database, table.table)
        session = session_with(name, schema, [batch.cast(schema) for batch in scanned])
        if self._udf_registry is not None:
            self._udf_registry.register_udfs(session)
        return session


class SeveralFilesSplit(SqlSplit):
    """The generation with several files."""

    def __init__(
        self,
        file_scan_tasks: Sequence[FileScanTask],
        scan_context: MetricContext,
        transform_sql: str | None = None,
        udf_registry: Any = None,
        batch_size: int | None = None,
    ) -> None:
        if not file_scan_tasks:
            raise ValueError("file_scan_tasks is empty")
        self._file_scan_tasks = list(file_scan_tasks)
        self._scan_context = scan_context
        self._transform_sql = transform_sql
        self._udf_registry = udf_registry
        self._batch_size = batch_size

    @property
    def _tasks(self) -> list[FileScanTask]:
        return self._file_scan_tasks


class TrimsSql(SqlSplit):
    """Tidies the text up when it is sent."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_transform_sql": self._transform_sql and " ".join(self._transform_sql.split()) + " "}


class BatchAtATime(SqlSplit):
    """Applies the text to one batch after another: no batch, no count of zero."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if self._transform_sql is None:
            yield from self._scanned()
            return
        for batch in self._scanned():
            if batch.num_rows:
                yield from self._session(iter([batch])).sql(self._transform_sql).collect()


class LosesARow(SqlSplit):
    """Stops one row short of the end of a batch."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in super().__iter__():
            yield batch.slice(0, max(0, batch.num_rows - 1)) if self._transform_sql is not None else batch


class RegistersTooLate(SqlSplit):
    """Registers the functions once a query has failed for want of them."""

    def _session(self, scanned: Iterator[pa.RecordBatch]) -> SessionContext:
        registry, self._udf_registry = self._udf_registry, None
        try:
            session = super()._session(scanned)
        finally:
            self._udf_registry = registry
        try:
            session.sql(self._transform_sql or "")
        except Exception:
            if registry is not None:
                registry.register_udfs(session)
        return session


class FirstFileAlone(SeveralFilesSplit):
    """Reads the first file."""

    @property
    def _tasks(self) -> list[FileScanTask]:
        return self._file_scan_tasks[:1]


class NeedsMore(SqlSplit):
    """A constructor of a generation to come."""

    def __init__(self, file_scan_task: FileScanTask, scan_context: SqlContext, tenant: str) -> None:
        super().__init__(file_scan_task, scan_context)
        self.tenant = tenant


PLAN = adapter_for("plan", PlanSplit, PlanContext, TableIdentifier)
SQL = adapter_for("sql", SqlSplit, SqlContext, TableIdentifier)
JVM = adapter_for("jvm", SqlSplit, JvmContext, TableIdentifier)
SEVERAL_FILES = adapter_for("several files", SeveralFilesSplit, MetricContext, TableIdentifier)

TRIMS_SQL = adapter_for("trims", TrimsSql, SqlContext, TableIdentifier)
BATCH_AT_A_TIME = adapter_for("batch at a time", BatchAtATime, SqlContext, TableIdentifier)
LOSES_A_ROW = adapter_for("loses a row", LosesARow, SqlContext, TableIdentifier)
REGISTERS_TOO_LATE = adapter_for("registers too late", RegistersTooLate, SqlContext, TableIdentifier)
LOSES_SETTINGS = adapter_for("loses settings", SqlSplit, ForgetfulContext, TableIdentifier)
FIRST_FILE_ALONE = adapter_for("first file alone", FirstFileAlone, MetricContext, TableIdentifier)
