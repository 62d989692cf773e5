"""Splits: the units of work that are sent to workers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
from datafusion import SessionContext
from datafusion.plan import LogicalPlan
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.table import FileScanTask

from reference.context import TableScanContext
from reference.engine import TableName, require_engine
from reference.files import FlatTask, flatten_task, rebuild_task, task_paths
from reference.filters import flatten
from reference.plans import decode_plan, empty_batch, encode_plan_of_scan
from reference.reading import read_task, scan_schema
from reference.registry import NoOpRegistry, UDFRegistry

_NO_FUNCTIONS = NoOpRegistry()
_EVERY_ROW = flatten(AlwaysTrue())


@dataclass(frozen=True, eq=False)
class DataLoaderSplit:
    """One file scan task, the scan's context and, optionally, a plan over the task's rows.

    Iterating yields `pyarrow.RecordBatch` objects. Each iterator reads the files again and is independent of others
    (READ-2). Nothing is opened, registered or read before its first `next` (WIRE-14). A subclass may add fields, in an
    `__init__` that calls this one (WIRE-13).
    """

    _task: FlatTask
    _context: TableScanContext
    _plan: bytes | None
    _table: TableName | None
    _registry: UDFRegistry

    def __init__(
        self,
        file_scan_task: FileScanTask,
        scan_context: TableScanContext,
        plan: LogicalPlan | None = None,
        session_context: SessionContext | None = None,
        udf_registry: UDFRegistry | None = None,
    ) -> None:
        """Encode the task and the plan now (PLAN-1).

        The arguments are not changed, except that the UDFs are registered on the session (BUILD-6).

        Args:
            file_scan_task: a data file with its delete files and residual.
            scan_context: shared with other splits, not copied (CTX-6).
            plan: applied to the rows of this split only. It may scan one table of any name, which stands for
                these rows. Its schema is PyIceberg's Arrow schema for the projected schema, without field ids; see
                `reference.plans`. It is executed here over a few made rows, which calls its functions.
            session_context: the session in which the plan was made. The registry is applied to it exactly once
                (UDF-1), even if that was done before, and also to sessions that the loader creates.
            udf_registry: the functions that the plan calls, or `None` for no functions (UDF-7). The object itself
                is kept, and is sent with the split.

        Raises:
            ValueError: only one of `plan` and `session_context` is given (BUILD-1 to 3).
            TypeError: an argument has a wrong type. The message names the argument (BUILD-5).
            PlanRefused: the plan cannot be encoded, does not decode to the same plan, or scans two tables (BUILD-4).
            EngineUnusableAfterFork: there is a plan, and this process was forked from one in which DataFusion had
                run.

        """
        if (plan is None) != (session_context is None):
            raise ValueError("plan and session_context: both or neither must be given")
        if not isinstance(scan_context, TableScanContext):
            raise TypeError(f"scan_context must be a TableScanContext, not {type(scan_context).__qualname__}")
        registry = _NO_FUNCTIONS if udf_registry is None else udf_registry
        if not callable(getattr(registry, "register_udfs", None)):
            raise TypeError(f"udf_registry must have register_udfs; {type(registry).__qualname__} has not")
        task = flatten_task(file_scan_task)
        data: bytes | None = None
        table: TableName | None = None
        if plan is not None and session_context is not None:
            if not isinstance(plan, LogicalPlan):
                raise TypeError(f"plan must be a LogicalPlan of DataFusion, not {type(plan).__qualname__}")
            if not isinstance(session_context, SessionContext):
                raise TypeError(f"session_context must be a SessionContext, not {type(session_context).__name__}")
            require_engine()
            registry.register_udfs(session_context)
            schema = scan_schema(scan_context)
            data, table = encode_plan_of_scan(scan_context, plan, session_context, registry, schema)
        for name, value in (
            ("_task", task),
            ("_context", scan_context),
            ("_plan", data),
            ("_table", table),
            ("_registry", registry),
        ):
            object.__setattr__(self, name, value)

    @property
    def id(self) -> str:
        """The SHA-256 of the data file's path in UTF-8, as 64 hexadecimal digits. Nothing else affects it (ID-1, 2)."""
        return hashlib.sha256(task_paths(self._task)[0].encode()).hexdigest()

    @property
    def file_scan_task(self) -> FileScanTask:
        """The task (CTX-4), a new object each time.

        To compare tasks, compare their fields: PyIceberg considers data files with the same path equal.
        """
        return rebuild_task(self._task)

    @property
    def scan_context(self) -> TableScanContext:
        """The context. Splits of one scan that were pickled together share one object (CTX-6)."""
        return self._context

    @property
    def table_properties(self) -> Mapping[str, str]:
        """The table's properties, read-only (CTX-5)."""
        return self._context.table_properties

    @property
    def plan_bytes(self) -> bytes | None:
        """The plan in Substrait, or `None` without a plan (PLAN-3, PLAN-4)."""
        return self._plan

    @property
    def plan_table(self) -> tuple[str, ...] | None:
        """The one to three parts of the table name by which the plan scans this split's rows.

        `None` if there is no plan, or if it scans no table.
        """
        return self._table

    @property
    def udf_registry(self) -> UDFRegistry:
        """The registry that was given (UDF-4), or a `NoOpRegistry`."""
        return self._registry

    @property
    def row_count(self) -> int | None:
        """How many rows the split gives (READ-8). `None` where a filter, deletes or a plan decide that."""
        parts = dict(self._task)
        if self._plan is not None or parts["delete_files"] or self._context._filter != _EVERY_ROW:
            return None
        return self.file_scan_task.file.record_count

    def read_from(self, position: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows that follow the first `position` ones (READ-7). These are read too, and passed over.

        The rows of a split have an order if it has no plan: that of its file.

        Raises:
            ValueError: the split has a plan, whose rows need not have an order.

        """
        if self._plan is not None:
            raise ValueError("read_from: rows that a plan computes have no order; read the split from its beginning")
        left = position
        for batch in self:
            if left < batch.num_rows:
                yield batch.slice(left)
            left = max(0, left - batch.num_rows)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the split's rows in batches of at least one row, or no batch if there are no rows (READ-1).

        PyIceberg reads all rows of a file into memory before it returns the first one. A plan needs its own memory on
        top of that (PLAN-5).

        Raises:
            SplitReadError: a file of the split cannot be read (READ-4).
            EngineUnusableAfterFork: there is a plan, and this process was forked from one in which DataFusion had
                run (WIRE-6).

        """
        if self._plan is None:
            yield from read_task(self._task, self._context)
            return
        require_engine()
        batches = [] if self._table is None else list(read_task(self._task, self._context))
        frame = decode_plan(
            self._plan, self._registry, self._table, batches or [empty_batch(scan_schema(self._context))]
        )
        for part in frame.execute_stream():
            batch = part.to_pyarrow()
            if batch.num_rows:
                yield batch

    def to_arrow_batch_reader(self) -> pa.RecordBatchReader:
        """Return a reader of the same batches. It has their Arrow schema even if there are no rows.

        A plan is decoded when this is called, in a new session. Files are read when the first batch is read. The
        errors are those of iterating.
        """
        schema = scan_schema(self._context)
        if self._plan is not None:
            schema = decode_plan(self._plan, self._registry, self._table, [empty_batch(schema)]).schema()
        return pa.RecordBatchReader.from_batches(schema, iter(self))

    def __repr__(self) -> str:
        """Show the file, the size of the plan and the context, but no secret (SAFE-1)."""
        plan = "no plan" if self._plan is None else f"plan of {len(self._plan)} bytes"
        return f"{type(self).__name__}({task_paths(self._task)[0]!r}, {plan}, {self._context!r})"
