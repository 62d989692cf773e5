"""OpenHouse's data loader (``openhouse.dataloader``), of whichever generation is installed.

What a generation can do is read from its constructors, never from a version: a plan with a session context, or SQL
text; one file, or several; what a scan context needs besides the table. Parameters that this adapter does not know get
values that tell, so that their loss shows (CTX-7).
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from conformance.adapter import Adapter, Capability, NotSupported
from conformance.adapters.telling import UNKNOWN, telling_value

if TYPE_CHECKING:
    from fixtures.materials import Materials
    from fixtures.scans import Scan

__all__ = ["UnknownGeneration", "adapter_for"]

# What a loader can whose constructor has the parameter.
OF_LOADERS = {
    "columns": Capability.FIELDS_OF_STRUCTS,
    "max_attempts": Capability.RETRIES,
    "files_per_split": Capability.FILES_PER_SPLIT,
    "batch_size": Capability.BATCH_ROWS,
}
# The table's name where no plan scans it.
UNNAMED = ("db", "tbl")


class UnknownGeneration(Exception):
    """A constructor requires what this adapter does not know of."""


def adapter_for(
    name: str, split: Any, context: Any, identifier: Callable[[str, str], Any], loader: Any = None
) -> Adapter:
    """Return the adapter of a generation, from its ``DataLoaderSplit``, ``TableScanContext`` and ``TableIdentifier``.

    ``loader`` is its ``OpenHouseDataLoader``, which plans; ``None`` leaves planning out.

    Raises:
        UnknownGeneration: a constructor has a required parameter of which this adapter does not know.

    """
    _check_known(split, SPLIT_PARAMETERS)
    _check_known(context, CONTEXT_PARAMETERS)
    parameters = inspect.signature(split).parameters
    several = "file_scan_tasks" in parameters
    build, build_scan, build_files = _builders(split, context, identifier, several)
    plans, sql = "plan" in parameters, "transform_sql" in parameters
    can = {Capability.PATH_IDS}
    can |= {Capability.PLANS} if plans else set()
    can |= {Capability.SQL_TRANSFORMS} if sql else set()
    can |= {can for name, can in OF_LOADERS.items() if loader and name in inspect.signature(loader).parameters}
    can |= {Capability.UDF_REGISTRIES} if "udf_registry" in parameters else set()
    offered = SPLIT_PARAMETERS | CONTEXT_PARAMETERS
    gaps = [n for class_ in (split, context) for n, p in _others(class_, offered) if telling_value(p) is UNKNOWN]
    return Adapter(
        name=name,
        build=build,
        can=frozenset(can),
        split_id=lambda split: split.id,
        plan_bytes=(lambda split: split._plan_substrait_bytes) if plans else None,
        transform_sql=(lambda split: split._transform_sql) if sql else None,
        udf_registry=lambda split: split._udf_registry,
        file_io=lambda split: split._scan_context.io,
        table_metadata=lambda split: split._scan_context.table_metadata,
        projected_schema=lambda split: split._scan_context.projected_schema,
        row_filter=lambda split: split._scan_context.row_filter,
        scan_tasks=lambda split: split._file_scan_tasks if several else split._file_scan_task,
        table_properties=lambda split: split.table_properties,
        scan_context=lambda split: split._scan_context,
        build_scan=build_scan,
        build_files=build_files if several else None,
        modules=(split.__module__.rpartition(".")[0] or split.__module__, "pyiceberg"),
        plan=None if loader is None else partial(_plan, loader),
        not_passed=tuple(gaps),
    )


def _builders(split: Any, context: Any, identifier: Callable[[str, str], Any], several: bool) -> tuple[Any, Any, Any]:
    """Return ``build``, ``build_scan`` and ``build_files`` of a generation."""

    def scan_context(materials: Materials) -> Any:
        table = UNNAMED if materials.plan_spec is None else materials.plan_spec.table
        database, table_name = table if len(table) > 1 else ("public", table[0])
        offered = {
            "table_metadata": materials.table_metadata,
            "io": materials.file_io,
            "projected_schema": materials.projected_schema,
            "row_filter": materials.row_filter,
            "table_id": identifier(database, table_name),
        }
        return _called(context, offered)

    def build_in(shared: Any, tasks: Sequence[Any], materials: Materials) -> Any:
        offered = {
            "file_scan_tasks" if several else "file_scan_task": tasks if several else tasks[0],
            "scan_context": shared,
            "plan": materials.plan,
            "session_context": materials.session_context,
            "transform_sql": materials.transform_sql,
            "udf_registry": materials.udf_registry,
        }
        return _called(split, offered)

    def build(materials: Materials) -> Any:
        return build_in(scan_context(materials), [materials.file_scan_task], materials)

    def build_scan(scan: Sequence[Materials]) -> list[Any]:
        shared = scan_context(scan[0])
        return [build_in(shared, [materials.file_scan_task], materials) for materials in scan]

    def build_files(materials: Materials, tasks: Sequence[Any]) -> Any:
        return build_in(scan_context(materials), tasks, materials)

    return build, build_scan, build_files


SPLIT_PARAMETERS = frozenset(
    {"file_scan_task", "file_scan_tasks", "scan_context", "plan", "session_context", "transform_sql", "udf_registry"}
)
CONTEXT_PARAMETERS = frozenset({"table_metadata", "io", "projected_schema", "row_filter", "table_id"})


def _check_known(class_: Any, known: frozenset[str]) -> None:
    required = [
        parameter.name
        for parameter in inspect.signature(class_).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if unknown := [name for name in required if name not in known]:
        raise UnknownGeneration(
            f"{class_.__qualname__} requires {', '.join(unknown)}, of which this adapter does not know: it knows"
            f" {', '.join(sorted(known))}. A newer generation of the loader needs a newer adapter."
        )


PREDICATES = {
    "eq": "EqualTo",
    "ne": "NotEqualTo",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "in": "In",
    "not-in": "NotIn",
    "is-null": "IsNull",
    "not-null": "IsNotNull",
    "is-nan": "IsNaN",
    "not-nan": "IsNotNaN",
    "starts-with": "StartsWith",
    "not-starts-with": "NotStartsWith",
}


def _plan(loader: Any, scan: Scan) -> Any:
    """Return the loader of a scan, which iterates over its splits.

    Raises:
        NotSupported: there are no namespaces within namespaces; this generation takes no transformation, branch or
            snapshot, or takes it otherwise: columns and filter are those of what the transformation gives, which may
            be others than those of the table.

    """
    taken = inspect.signature(loader).parameters
    if len(scan.identifier) != 2:
        raise NotSupported("takes the name of a database and of a table: there are no databases within databases")
    transformed = scan.transformation is not None and not scan.transformation.keeps_columns
    if transformed and (scan.columns is not None or scan.condition is not None):
        raise NotSupported("chooses columns and filters after it has transformed")
    offered: dict[str, Any] = {
        "catalog": scan.catalog,
        "database": scan.identifier[0],
        "table": scan.identifier[1],
        "branch": scan.ref,
        "snapshot_id": scan.snapshot_id,
        "columns": None if scan.columns is None else list(scan.columns),
        "filters": _filters(loader, scan),
        "context": _context(loader, scan),
        "files_per_split": scan.files_per_split,
        "batch_size": scan.batch_rows,
    }
    for name, value in offered.items():
        if value is not None and name not in taken:
            raise NotSupported(f"takes no {name}")
    return loader(**{name: value for name, value in offered.items() if value is not None})


def _filters(loader: Any, scan: Scan) -> Any:
    """Return the filter of a scan in the loader's own language."""
    if scan.condition is None:
        return None
    filters = importlib.import_module(f"{loader.__module__.rpartition('.')[0]}.filters")

    def predicate(operator: str, column: str, values: list[Any]) -> Any:
        made = getattr(filters, PREDICATES[operator])
        return made(column, tuple(values)) if operator in ("in", "not-in") else made(column, *values)

    return scan.filter_in(predicate, filters.And, filters.Or, filters.Not)


def _context(loader: Any, scan: Scan) -> Any:
    """Return the loader's context with the transformation of a scan; ``None`` without one."""
    if scan.transformation is None:
        return None
    package = loader.__module__.rpartition(".")[0]
    try:
        transformers = importlib.import_module(f"{package}.table_transformer")
    except ImportError:
        raise NotSupported("takes no transformation") from None
    own = transformers.TableTransformer
    if "session_context" in inspect.signature(own.transform).parameters:
        raise NotSupported("its transformers give a DataFrame")
    made = type("Transforming", (own,), {"transform": lambda self, table, context: scan.transform_sql})
    takes_dialect = "dialect" in inspect.signature(own).parameters
    transformer = made(dialect=_dialect(package)) if takes_dialect else made()
    contexts = importlib.import_module(loader.__module__).DataLoaderContext
    return contexts(table_transformer=transformer, udf_registry=scan.udf_registry)


def _dialect(package: str) -> Any:
    """Return how the generation names the dialect of DataFusion: by a member of an enumeration, or as text."""
    targets = getattr(importlib.import_module(f"{package}.filters"), "SqlTarget", None)
    return "datafusion" if targets is None else targets.DATA_FUSION


def _called(class_: Any, offered: dict[str, Any]) -> Any:
    """Call the constructor with what it takes of the arguments offered, and with values that tell for all else."""
    taken = inspect.signature(class_).parameters
    others = {name: telling_value(parameter) for name, parameter in _others(class_, offered)}
    told = {name: value for name, value in others.items() if value is not UNKNOWN}
    return class_(**told, **{name: value for name, value in offered.items() if name in taken})


def _others(class_: Any, offered: Iterable[str]) -> list[tuple[str, inspect.Parameter]]:
    """Return the optional parameters of a constructor besides those offered, with their names."""
    parameters = inspect.signature(class_).parameters.items()
    return [(name, p) for name, p in parameters if name not in offered and p.default is not p.empty]


def __getattr__(name: str) -> Adapter:
    """Make ``ADAPTER`` of the installed generation when it is asked for: stand-ins need no installed one."""
    if name != "ADAPTER":
        raise AttributeError(name)
    from openhouse.dataloader._table_scan_context import TableScanContext
    from openhouse.dataloader.data_loader import OpenHouseDataLoader
    from openhouse.dataloader.data_loader_split import DataLoaderSplit
    from openhouse.dataloader.table_identifier import TableIdentifier

    return adapter_for("openhouse", DataLoaderSplit, TableScanContext, TableIdentifier, OpenHouseDataLoader)
