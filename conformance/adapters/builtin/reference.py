"""The reference data loader."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datafusion import DataFrame, SessionContext

from conformance.adapter import Adapter, Capability, NotSupported
from reference import DataLoader, DataLoaderSplit, TableScanContext, TableTransformer

if TYPE_CHECKING:
    from fixtures.materials import Materials
    from fixtures.scans import Scan

__all__ = ["ADAPTER", "adapter_for"]

# What loaders in place of the reference's own may take besides.
SIZES = {"files_per_split": Capability.FILES_PER_SPLIT, "batch_rows": Capability.BATCH_ROWS}


def adapter_for(
    name: str,
    split: type[DataLoaderSplit] = DataLoaderSplit,
    context: type[TableScanContext] = TableScanContext,
    loader: type[DataLoader] = DataLoader,
) -> Adapter:
    """Return the adapter of the reference loader with other classes in place of its own.

    The loader plans splits of the other classes too, unless it names some itself.
    """
    build, build_scan = _builders(split, context)
    return Adapter(
        name=name,
        build=build,
        can=frozenset(
            {
                Capability.PLANS,
                Capability.EXECUTES_PLANS,
                Capability.UDF_REGISTRIES,
                Capability.PATH_IDS,
                Capability.IGNORES_CASE,
                Capability.FIELDS_OF_STRUCTS,
                Capability.ORDERED,
                *(SIZES[name] for name in _sizes_of(loader)),
            }
        ),
        read=lambda split: split.to_arrow_batch_reader(),
        split_id=lambda split: split.id,
        plan_bytes=lambda split: split.plan_bytes,
        udf_registry=lambda split: split.udf_registry,
        file_io=lambda split: split.scan_context.io,
        table_metadata=lambda split: split.scan_context.table_metadata,
        projected_schema=lambda split: split.scan_context.projected_schema,
        row_filter=lambda split: split.scan_context.row_filter,
        snapshot_id=lambda split: split.scan_context.snapshot_id,
        scan_tasks=lambda split: [split.file_scan_task],
        table_properties=lambda split: split.table_properties,
        scan_context=lambda split: split.scan_context,
        build_scan=build_scan,
        read_from=_read_from,
        other_readings=lambda split: {"iter(split)": iter(split)},
        row_count=lambda split: split.row_count,
        plan=_plan(loader, split, context),
        modules=("reference",),
    )


def _read_from(split: DataLoaderSplit, position: int) -> Iterator[Any]:
    """Return the batches from a position on."""
    if split.plan_bytes is not None:
        raise NotSupported("reads no plan from a position on")
    return split.read_from(position)


def _plan(
    loader: type[DataLoader], split: type[DataLoaderSplit], context: type[TableScanContext]
) -> Callable[[Scan], DataLoader]:
    """Return ``plan`` with these classes: the loader is iterable over its splits."""
    sizes = _sizes_of(loader)

    def plan(scan: Scan) -> DataLoader:
        return _planning(loader, split, context)(
            scan.catalog,
            scan.identifier,
            columns=scan.columns,
            row_filter=scan.row_filter,
            snapshot_id=scan.snapshot_id,
            ref=scan.ref,
            transformer=None if scan.transformation is None else Transforming(scan),
            udf_registry=scan.udf_registry,
            case_sensitive=scan.case_sensitive,
            **{name: getattr(scan, name) for name in sizes},
        )

    return plan


def _sizes_of(loader: type[DataLoader]) -> list[str]:
    """Return which sizes a loader takes."""
    return [name for name in SIZES if name in inspect.signature(loader).parameters]


def _planning(
    loader: type[DataLoader], split: type[DataLoaderSplit], context: type[TableScanContext]
) -> type[DataLoader]:
    """Return a loader that plans splits of the other classes, unless it names some itself."""
    if loader._split_class is not DataLoaderSplit or (split, context) == (DataLoaderSplit, TableScanContext):
        return loader
    return type(loader.__name__, (loader,), {"_split_class": split, "_context_class": context})


@dataclass(frozen=True)
class Transforming(TableTransformer):
    """The transformation of a scan, as the loader takes it."""

    scan: Scan

    def transform(self, session_context: SessionContext, table: str, context: Mapping[str, str]) -> DataFrame | None:
        """Return the transformation over the table that the session knows by that name."""
        return self.scan.data_frame(session_context, table)


def _builders(
    split: type[DataLoaderSplit], context: type[TableScanContext]
) -> tuple[Callable[[Materials], DataLoaderSplit], Callable[[Sequence[Materials]], list[DataLoaderSplit]]]:
    """Return ``build`` and ``build_scan`` with these classes."""

    def scan_context(materials: Materials) -> TableScanContext:
        return context(
            table_metadata=materials.table_metadata,
            io=materials.file_io,
            projected_schema=materials.projected_schema,
            row_filter=materials.row_filter,
            snapshot_id=materials.snapshot_id,
        )

    def build_in(shared: TableScanContext, materials: Materials) -> DataLoaderSplit:
        return split(
            materials.file_scan_task,
            shared,
            plan=materials.plan,
            session_context=materials.session_context,
            udf_registry=materials.udf_registry,
        )

    def build(materials: Materials) -> DataLoaderSplit:
        return build_in(scan_context(materials), materials)

    def build_scan(scan: Sequence[Materials]) -> list[DataLoaderSplit]:
        shared = scan_context(scan[0])
        return [build_in(shared, materials) for materials in scan]

    return build, build_scan


ADAPTER = adapter_for("reference")
