"""Planning a table scan into splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from datafusion import DataFrame, SessionContext
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.expressions.parser import parse
from pyiceberg.table import DataScan, FileScanTask, Table

from reference.context import TableScanContext
from reference.engine import TableName, register_table, require_engine
from reference.filters import balanced
from reference.plans import empty_batch
from reference.reading import scan_schema
from reference.registry import NoOpRegistry, TableTransformer, UDFRegistry
from reference.split import DataLoaderSplit


def embedded_catalog(directory: str | Path = "warehouse") -> Catalog:
    """Return a catalog that is kept in one folder: the SQLite file ``catalog.db``, and the tables' files beside it.

    Args:
        directory: the folder, created if it does not exist. A relative path is relative to the current directory.

    """
    folder = Path(directory).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return load_catalog("embedded", uri=f"sqlite:///{folder / 'catalog.db'}", warehouse=folder.as_uri())


class DataLoader:
    """A scan of one table, divided into splits. Each iteration plans the scan again."""

    _split_class: type[DataLoaderSplit] = DataLoaderSplit
    _context_class: type[TableScanContext] = TableScanContext

    def __init__(
        self,
        catalog: Catalog | None,
        identifier: str | tuple[str, ...],
        columns: Sequence[str] | None = None,
        row_filter: BooleanExpression | str = AlwaysTrue(),  # noqa: B008 - a singleton
        snapshot_id: int | None = None,
        ref: str | None = None,
        transformer: TableTransformer | None = None,
        udf_registry: UDFRegistry | None = None,
        context: Mapping[str, str] | None = None,
        case_sensitive: bool = True,
    ) -> None:
        """Store what to load. The catalog is not accessed before the first iteration.

        Args:
            catalog: any PyIceberg catalog. `None` means `embedded_catalog()`, in the folder ``warehouse``.
            identifier: the table's name, as ``"namespace.table"`` or as a tuple of its parts.
            columns: names of the columns to read, or `None` for all. They are returned in the order of the
                snapshot's schema.
            row_filter: an expression, or PyIceberg's text form of one.
            snapshot_id: the snapshot to scan. `None` means the current one, or that of `ref`.
            ref: the branch or tag to scan, as it is when the scan is planned.
            transformer: creates the plan that is applied to each split.
            udf_registry: the functions that the plan may call.
            context: strings that are passed to the transformer.
            case_sensitive: whether `columns`, and the columns of `row_filter`, are named in the table's case.

        Raises:
            TypeError: `columns` is a `str`, or `row_filter` is neither an expression nor a `str`.
            ValueError: `row_filter` is a text that cannot be parsed, or both `snapshot_id` and `ref` are given.

        """
        if snapshot_id is not None and ref is not None:
            raise ValueError(f"snapshot_id and ref: one at most, got {snapshot_id} and {ref!r}")
        if isinstance(columns, str):
            raise TypeError("columns must be a sequence of names, not one str")
        if isinstance(row_filter, str):
            try:
                row_filter = parse(row_filter)
            except Exception as error:
                raise ValueError(f"row_filter does not parse: {error}") from error
        if not isinstance(row_filter, BooleanExpression):
            raise TypeError(f"row_filter must be an expression or a str, not {type(row_filter).__qualname__}")
        self._catalog = catalog
        self._identifier = identifier
        self._columns = None if columns is None else tuple(columns)
        self._row_filter = row_filter
        self._snapshot_id = snapshot_id
        self._ref = ref
        self._transformer = transformer
        self._registry = NoOpRegistry() if udf_registry is None else udf_registry
        self._strings = dict(context or {})
        self._case_sensitive = case_sensitive

    def __iter__(self) -> Iterator[DataLoaderSplit]:
        """Plan the scan, and yield one split for each file scan task, in PyIceberg's order.

        With a transformer, the registry's functions are registered on the planning session before the transformer
        runs, and once more for each split that is built (UDF-1).

        Raises:
            ValueError: the table has no such snapshot, branch, tag or column.
            TypeError: the transformer returns something other than a DataFrame or `None`.
            PlanRefused: the transformer's plan cannot be sent.
            EngineUnusableAfterFork: there is a transformer, and this process was forked from one in which DataFusion
                had run.

        """
        table = (embedded_catalog() if self._catalog is None else self._catalog).load_table(self._identifier)
        context, scan = self._scan(table)
        session, frame = None, None
        if self._transformer is not None:
            require_engine()
            session = self._session(table, context)
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in _engine_name(table.name()))
            frame = self._transformer.transform(session, quoted, MappingProxyType(self._strings))
            if not isinstance(frame, (DataFrame, type(None))):
                raise TypeError(f"transformer must return a DataFrame or None, not {type(frame).__qualname__}")
        plan = None if frame is None else frame.logical_plan()
        for task in self._tasks(scan):
            yield self._split_class(
                task, context, plan=plan, session_context=None if plan is None else session, udf_registry=self._registry
            )

    def _session(self, table: Table, context: TableScanContext) -> SessionContext:
        """Return a session with the registry's functions and the table, which has no rows."""
        session = SessionContext()
        self._registry.register_udfs(session)
        register_table(session, _engine_name(table.name()), [empty_batch(scan_schema(context))])
        return session

    def _tasks(self, scan: DataScan) -> Iterable[FileScanTask]:
        """Return what becomes of the files of a scan: a split each."""
        return scan.plan_files()

    def _scan(self, table: Table) -> tuple[TableScanContext, DataScan]:
        snapshot_id = self._snapshot_id
        if self._ref is not None:
            known = {name: ref.snapshot_id for name, ref in table.metadata.refs.items()}
            if self._ref not in known:
                raise ValueError(f"ref {self._ref!r} is no branch or tag of {'.'.join(table.name())}: {sorted(known)}")
            snapshot_id = known[self._ref]
        if snapshot_id is not None and table.metadata.snapshot_by_id(snapshot_id) is None:
            raise ValueError(f"snapshot_id {snapshot_id} is no snapshot of {'.'.join(table.name())}")
        scan = table.scan(snapshot_id=snapshot_id)
        schema = scan.projection()
        if self._columns is not None:
            try:
                schema = schema.select(*self._columns, case_sensitive=self._case_sensitive)
            except ValueError as error:
                raise ValueError(f"columns: {error}; the scan has {schema.column_names}") from error
        context = self._context_class(
            table.metadata, table.io, schema, self._row_filter, snapshot_id, self._case_sensitive
        )
        return context, table.scan(
            row_filter=balanced(context._filter), snapshot_id=snapshot_id, case_sensitive=self._case_sensitive
        )


def _engine_name(parts: tuple[str, ...]) -> TableName:
    """Return the table's name for the engine, which allows three parts. More are joined by dots into the second."""
    return parts if len(parts) <= 3 else (parts[0], ".".join(parts[1:-1]), parts[-1])
