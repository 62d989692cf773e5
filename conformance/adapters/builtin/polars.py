"""Polars' scans of Iceberg: a ``LazyFrame`` over ``polars.scan_iceberg`` is what travels, one for a whole scan.

It is a query that nothing has planned yet: the path of a table's metadata, the options of its storage, the conditions
and columns asked for. Who reads it reads the metadata, chooses the files and opens them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io import FileIO, load_file_io
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.types import IcebergType, StructType

from conformance.adapter import Adapter, NotSupported
from conformance.adapters.filters import COMPARISONS, filter_in
from fixtures.tables.standing import standing_table

if TYPE_CHECKING:
    from fixtures.materials import Materials
    from fixtures.scans import Scan

__all__ = ["ADAPTER", "Query"]

# Of all that Polars reads from, where the suite has files.
SCHEMES = ("file", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")


@dataclass(frozen=True)
class Query:
    """A query, and the Arrow schema in which its rows are handed on: Polars knows fewer types than Iceberg."""

    frame: pl.LazyFrame
    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Return the record batches."""
        given = self.frame.collect().to_arrow()
        columns = [_in_type(column, field.type) for column, field in zip(given.columns, self.schema, strict=True)]
        rows = pa.table(columns, names=given.column_names)
        yield from rows.to_batches() or [pa.RecordBatch.from_pylist([], schema=rows.schema)]


def _in_type(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    return column.cast(type_) if _unknown_to_polars(type_) else column


def _unknown_to_polars(type_: pa.DataType) -> bool:
    """Return whether a type has in it what Polars holds in a wider one: times of microseconds, bytes of one length."""
    if pa.types.is_nested(type_):
        return any(_unknown_to_polars(type_.field(place).type) for place in range(type_.num_fields))
    return pa.types.is_time(type_) or pa.types.is_fixed_size_binary(type_) or isinstance(type_, pa.UuidType)


def _build(materials: Materials) -> Query:
    task = materials.file_scan_task
    path = task.file.file_path
    if "://" in path and path.partition("://")[0] not in SCHEMES:
        raise NotSupported(f"opens files itself, through no FileIO, and knows no {path.partition('://')[0]}://")
    options = _options(materials.file_io)
    # Made through a FileIO such as Polars makes: the given one stays as it is.
    own = load_file_io(dict(options), path)
    metadata = standing_table(task, materials.table_metadata, materials.snapshot_id, own)
    frame = pl.scan_iceberg(metadata, snapshot_id=materials.snapshot_id, storage_options=options)
    if not isinstance(materials.row_filter, AlwaysTrue):
        schema = materials.table_metadata.schema()
        frame = frame.filter(
            filter_in(materials.row_filter, schema, _predicate, operator.and_, operator.or_, operator.invert, pl.lit)
        )
    return _query(frame, materials.projected_schema, materials.table_metadata.schema())


def _options(file_io: FileIO) -> dict[str, str]:
    """Return the properties of a FileIO as options of a storage: the very dict, unless it has what Polars refuses."""
    given = file_io.properties
    if isinstance(given, dict) and all(isinstance(value, str) for value in given.values()):
        return given
    return {name: value for name, value in given.items() if isinstance(value, str)}


def _plan(scan: Scan) -> Iterable[Query]:
    if scan.transformation is not None:
        raise NotSupported("takes no transformation by DataFusion")
    if scan.ref is not None:
        raise NotSupported("takes a snapshot's id, and no branch or tag")
    table = scan.catalog.load_table(scan.identifier)
    frame = pl.scan_iceberg(table, snapshot_id=scan.snapshot_id)
    condition = scan.filter_in(_predicate, operator.and_, operator.or_, operator.invert)
    frame = frame if condition is None else frame.filter(condition)
    asked = table.scan(selected_fields=scan.columns or ("*",), snapshot_id=scan.snapshot_id)
    yield _query(frame, asked.projection(), asked.projection())


def _query(frame: pl.LazyFrame, asked: Schema, scanned: Schema) -> Query:
    """Return a query for the asked columns, which are looked up here and not as late as on a worker."""
    whole = {field.name: field.field_type for field in scanned.fields}
    chosen = frame.select(
        _narrowed(pl.col(field.name), field.field_type, whole[field.name]).alias(field.name) for field in asked.fields
    )
    chosen.collect_schema()
    return Query(chosen, schema_to_pyarrow(asked, include_field_ids=False))


def _narrowed(column: pl.Expr, asked: IcebergType, whole: IcebergType) -> pl.Expr:
    """Return a column, its structs with no other fields than those that are asked for."""
    if asked == whole or not (isinstance(asked, StructType) and isinstance(whole, StructType)):
        return column
    types = {field.name: field.field_type for field in whole.fields}
    fields = [
        _narrowed(column.struct.field(field.name), field.field_type, types[field.name]).alias(field.name)
        for field in asked.fields
    ]
    return pl.when(column.is_not_null()).then(pl.struct(fields))


PREDICATES: dict[str, Callable[[pl.Expr, list[Any]], pl.Expr]] = {
    **COMPARISONS,
    "in": lambda column, values: column.is_in(values),
    "not-in": lambda column, values: ~column.is_in(values),
    "is-null": lambda column, values: column.is_null(),
    "not-null": lambda column, values: column.is_not_null(),
    "is-nan": lambda column, values: column.is_nan(),
    "not-nan": lambda column, values: column.is_not_nan(),
    "starts-with": lambda column, values: column.str.starts_with(values[0]),
    "not-starts-with": lambda column, values: ~column.str.starts_with(values[0]),
}


def _predicate(name: str, column: str, values: list[Any]) -> pl.Expr:
    return PREDICATES[name](pl.col(column), values)


ADAPTER = Adapter(
    name="polars",
    build=_build,
    read=Query.batches,
    plan=_plan,
    modules=("conformance.adapters.builtin.polars", "polars", "pyarrow"),
    not_passed=(
        "catalog",
        "reader_override",
        "use_metadata_statistics",
        "fast_deletion_count",
        "use_pyiceberg_filter",
        "from_snapshot_id_exclusive",
        "to_snapshot_id_inclusive",
    ),
)
