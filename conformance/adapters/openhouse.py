"""OpenHouse's data loader (``openhouse.dataloader``), of whichever generation is installed."""

from __future__ import annotations

from openhouse.dataloader._table_scan_context import TableScanContext
from openhouse.dataloader.data_loader_split import DataLoaderSplit
from openhouse.dataloader.table_identifier import TableIdentifier

from conformance.openhouse import adapter_for

__all__ = ["ADAPTER"]

ADAPTER = adapter_for("openhouse", DataLoaderSplit, TableScanContext, TableIdentifier)
