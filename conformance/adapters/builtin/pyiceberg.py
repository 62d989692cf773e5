"""Bare PyIceberg: a split is a scan task with all that ``ArrowScan`` needs to read it, pickled as PyIceberg pickles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyiceberg.expressions import BooleanExpression
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import TableMetadata

from conformance.adapter import Adapter, Capability

if TYPE_CHECKING:
    from fixtures.materials import Materials

__all__ = ["ADAPTER", "Scan", "ScanSplit"]


@dataclass(frozen=True)
class Scan:
    """What the splits of a scan share."""

    table_metadata: TableMetadata
    file_io: FileIO
    projected_schema: Schema
    row_filter: BooleanExpression


@dataclass(frozen=True)
class ScanSplit:
    """One file of a scan."""

    task: FileScanTask
    scan: Scan

    def batches(self) -> Iterable[Any]:
        """Return the record batches of the file, deletes and the rest of the filter applied."""
        scan = self.scan
        reader = ArrowScan(scan.table_metadata, scan.file_io, scan.projected_schema, scan.row_filter)
        return reader.to_record_batches([self.task])


def _scan(materials: Materials) -> Scan:
    return Scan(materials.table_metadata, materials.file_io, materials.projected_schema, materials.row_filter)


def _build(materials: Materials) -> ScanSplit:
    return ScanSplit(materials.file_scan_task, _scan(materials))


def _build_scan(scan: Sequence[Materials]) -> list[ScanSplit]:
    shared = _scan(scan[0])
    return [ScanSplit(materials.file_scan_task, shared) for materials in scan]


def _plan(scan: Any) -> list[ScanSplit]:
    table = scan.catalog.load_table(scan.identifier)
    asked = table.scan(scan.row_filter, scan.columns or ("*",), snapshot_id=scan.snapshot_id)
    asked = asked if scan.ref is None else asked.use_ref(scan.ref)
    shared = Scan(table.metadata, table.io, asked.projection(), scan.row_filter)
    return [ScanSplit(task, shared) for task in asked.plan_files()]


ADAPTER = Adapter(
    name="pyiceberg",
    build=_build,
    read=ScanSplit.batches,
    file_io=lambda split: split.scan.file_io,
    table_metadata=lambda split: split.scan.table_metadata,
    projected_schema=lambda split: split.scan.projected_schema,
    row_filter=lambda split: split.scan.row_filter,
    scan_tasks=lambda split: [split.task],
    scan_context=lambda split: split.scan,
    build_scan=_build_scan,
    plan=_plan,
    can=frozenset({Capability.FIELDS_OF_STRUCTS}),
    modules=("conformance.adapters.builtin.pyiceberg", "pyiceberg"),
)
