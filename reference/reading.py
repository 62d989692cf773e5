"""Reads the files of a split with PyIceberg."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any
from urllib.parse import quote

import pyarrow as pa
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform

from reference.context import TableScanContext, shared_metadata
from reference.errors import SplitReadError
from reference.files import FlatTask, rebuild_task, task_paths
from reference.filters import balanced

_HARMLESS = frozenset({"py-io-impl", "warehouse", "type", "s3.endpoint", "s3.region", "client.region"})
"""FileIO properties whose values may appear in the text of an error."""


def scan_schema(context: TableScanContext) -> pa.Schema:
    """Return the Arrow schema of every batch of the scan, before a plan is applied.

    It is PyIceberg's Arrow schema for the projected schema, without field ids.
    """
    return schema_to_pyarrow(context.projected_schema, include_field_ids=False)


def read_task(flat: FlatTask, context: TableScanContext) -> Iterator[pa.RecordBatch]:
    """Yield the task's rows in batches of `scan_schema`, after deletes and the row filter.

    Raises:
        SplitReadError: a file is missing or truncated, or the store cannot be reached or denies access (READ-4).
            The original error is its cause, unless that one quotes the value of a FileIO property.

    """
    schema = scan_schema(context)
    task = rebuild_task(flat)
    scan = ArrowScan(
        table_metadata=shared_metadata(context),
        io=context.io,
        projected_schema=_schema_to_read(context, task.file),
        row_filter=balanced(context._filter),
        case_sensitive=context.case_sensitive,
    )
    batches = scan.to_record_batches([task])
    while True:
        try:
            batch = next(batches, None)
            if batch is not None and batch.schema != schema:
                batch = _conformed(batch.select(range(len(schema))), schema)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            reason = _without_secrets(text, context._io_properties)
            failure = SplitReadError(_culprit(error.__traceback__, task_paths(flat)), reason)
            if reason == text:
                raise failure from error
            raise failure from None
        if batch is None:
            return
        yield batch


def _schema_to_read(context: TableScanContext, file: DataFile) -> Schema:
    """Return the projected schema and, after it, columns of the file's partition that the filter names.

    A file need not hold the columns by whose values it is partitioned. PyIceberg then takes their values from the
    partition, but only for columns that are projected: the filter would see nulls in the others (docs/FINDINGS.md).
    """
    projected, metadata = context.projected_schema, shared_metadata(context)
    spec = metadata.specs().get(file.spec_id)
    parts = () if spec is None else spec.fields
    sources = {part.source_id for part in parts if isinstance(part.transform, IdentityTransform)}
    # Of any case: a column more that is read does no harm.
    named = {node[1].lower() for node in context._filter if len(node) > 1 and isinstance(node[1], str)}
    more = [
        field
        for field in metadata.schema().fields
        if field.name.lower() in named and field.field_id in sources and field.field_id not in projected.field_ids
    ]
    return Schema(*projected.fields, *more, schema_id=projected.schema_id) if more else projected


def _conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Cast a batch to the scan's schema. Files differ in large types, time zones and field metadata."""
    if "map<" in str(batch.schema):
        # Arrow up to 25 aborts when it casts a map whose keys have a validity bitmap, which filtering gives them
        # (apache/arrow 51029). Serializing the batch and reading it back removes the bitmap.
        batch = pa.ipc.read_record_batch(batch.serialize(), batch.schema)
    columns = [column.cast(wanted.type) for column, wanted in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _culprit(traceback: TracebackType | None, paths: tuple[str, ...]) -> str:
    """Return the path of the file that could not be read.

    PyIceberg's frames in the traceback have the file as the local variable `data_file`. It may be a delete file.
    """
    found = paths[0]
    while traceback is not None:
        file: Any = traceback.tb_frame.f_locals.get("data_file")
        if isinstance(file, DataFile) and file.file_path in paths:
            found = file.file_path
        traceback = traceback.tb_next
    return found


def _without_secrets(text: str, properties: dict[str, Any]) -> str:
    known = {str(value) for name, value in properties.items() if name not in _HARMLESS}
    # A store's error may hold an address, in which some characters are written otherwise.
    secrets = known | {quote(secret, safe=safe) for secret in known for safe in ("", "/")}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, "***")
    return text
