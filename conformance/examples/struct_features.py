"""What the structs of a scan have, by name: which of their values are null, and which of their fields are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from fixtures.tables.model import asked_columns, rows_selected, scanned_columns
from strategies.evolution import REWRITING, ids_of
from strategies.specs import ScanSpec, StructSpec

__all__ = ["features_of_structs"]


def features_of_structs(scan: ScanSpec) -> Iterator[str]:
    """Yield what the structs of a scan have: of null only where it is of what is current."""
    is_current = scan.at is None and scan.ref is None
    holds = {
        "a struct that is null": is_current and _holds_a_null_struct(scan),
        "a struct of nulls": is_current and _holds_a_struct_of_nulls(scan),
        "a struct of whose fields older files hold none": is_current
        and scan.columns is None
        and _holds_none_of_a_struct(scan),
        "a field of a struct": _asks_within_structs(scan, 1),
        "two fields of a struct of three": _asks_within_structs(scan, 2),
    }
    yield from (name for name, held in holds.items() if held)


def _structs(scan: ScanSpec) -> list[list[Any]]:
    """Return the values of each struct column that the scan gives."""
    rows = rows_selected(scan)
    return [rows[name].to_pylist() for name in rows.column_names if pa.types.is_struct(rows[name].type)]


def _holds_a_null_struct(scan: ScanSpec) -> bool:
    return any(None in held and any(held) for held in _structs(scan))


def _holds_a_struct_of_nulls(scan: ScanSpec) -> bool:
    """Return whether a struct that is not null holds nothing but nulls."""
    return any(value and not any(each is not None for each in value.values()) for v in _structs(scan) for value in v)


def _asks_within_structs(scan: ScanSpec, count: int) -> bool:
    """Return whether so many fields are asked for of a struct that has more, and some of them are not null."""
    asked = {column.id: column for column in asked_columns(scanned_columns(scan), scan.columns or ())}
    less = {
        asked[column.id].name
        for column in scanned_columns(scan)
        if column.id in asked and asked[column.id] != column and len(ids_of(asked[column.id])) == 1 + count
    }
    rows = rows_selected(scan)
    held = [value for name in less for value in rows[name].to_pylist() if value]
    return any(each is not None for value in held for each in value.values())


def _holds_none_of_a_struct(scan: ScanSpec) -> bool:
    """Return whether a struct has none of the fields any more with which files of it were written."""
    operations = scan.history.operations
    if any(isinstance(done, REWRITING) for done in operations) or not _holds_a_struct_of_nulls(scan):
        return False
    first = {c.id: {f.id for f in c.type.fields} for c in scan.history.columns if isinstance(c.type, StructSpec)}
    now = {c.id: {f.id for f in c.type.fields} for c in scanned_columns(scan) if isinstance(c.type, StructSpec)}
    return any(first[id_].isdisjoint(fields) for id_, fields in now.items() if id_ in first)
