"""The code that makes what a split is built from, out of its spec: with PyIceberg, DataFusion and pyarrow alone."""

from __future__ import annotations

import json
import pprint
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from datafusion import lit, udf

from conformance.report.reproducers.literals import EXPRESSIONS, code, condition_code
from conformance.report.reproducers.sources import Embedding
from conformance.templates import template
from fixtures import functions
from fixtures.file_ios import (
    SCOPE,
    VAULT_ENDPOINT,
    VAULT_TOKEN,
    ConfiguredFileIO,
    ScopedFileIO,
    Settings,
    VaultFileIO,
    vault_token,
)
from fixtures.materials import leaves_residual
from fixtures.plans import session_with, sql_text
from fixtures.tables.deleted_positions import with_other_files
from fixtures.tables.deletion_vectors import vector_extent, write_deletion_vectors
from fixtures.tables.schemas import python_value
from fixtures.tables.warehouse import (
    bounds,
    delete_shares,
    further_fields,
    in_vectors,
    partition,
    projected,
    table_metadata,
    written_columns,
)
from strategies.plans import LITERALS
from strategies.specs import Chain, FramePlanSpec, SplitSpec
from strategies.terms import quoted
from strategies.udfs import BEHAVIOURS, FAILING

__all__ = ["materials_code"]

WIDTH = 100
# Of each implementation, as code: the module of its class, and the class. That of the suite is defined in the script.
FILE_IOS = {
    "pyarrow": ("'pyiceberg.io.pyarrow'", "PyArrowFileIO"),
    "fsspec": ("'pyiceberg.io.fsspec'", "FsspecFileIO"),
    "vault": ("__name__", "VaultFileIO"),
    "scoped": ("__name__", "ScopedFileIO"),
    "configured": ("__name__", "ConfiguredFileIO"),
}
HOLD_MORE = {"scoped": ScopedFileIO, "configured": ConfiguredFileIO}


def materials_code(spec: SplitSpec, embedding: Embedding) -> str:
    """Return the definitions of ``Materials`` and ``make``, with all that they need."""
    for needed in _needed(spec):
        embedding.named(needed)
    table, chain = spec.table, spec.row_filter if isinstance(spec.row_filter, Chain) else None
    record = partition(table)
    known = [column for column in table.columns if not column.added]
    values = [[python_value(column.type, value) for value in column.values] or [None] for column in known]
    written = written_columns(table)
    made = template(__file__, "materials.py.jinja", quoted, repr, code, _json, _parsed, _pretty).render(
        transform_sql=None if spec.plan is None else sql_text(spec.plan),
        spec=spec,
        behaviours=BEHAVIOURS | FAILING,
        bodies=functions.BODIES,
        expressions=EXPRESSIONS,
        file_ios=FILE_IOS,
        literals=LITERALS,
        vault_endpoint=VAULT_ENDPOINT,
        vault_token=VAULT_TOKEN,
        scope=SCOPE,
        metadata=table_metadata(table, "LOCATION").model_dump(mode="json"),
        patterns=[*([list(range(table.rows))] * table.dropped), *values],
        partition=[record[i] for i in range(len(record))],
        delete_shares=delete_shares(table),
        in_vectors=in_vectors(table),
        further_fields=further_fields(table, "LOCATION"),
        ids=[column.id for column in written],
        left_out=[column.old_name or column.name for column in known if column not in written],
        is_nested=is_nested(spec),
        lower_bounds=bounds(table, min),
        upper_bounds=bounds(table, max),
        condition=condition_code(spec.row_filter, table),
        last=condition_code(chain.last, table) if chain else "",
        residual=leaves_residual(spec),
    )
    return embedding.below_imports(made)


def _needed(spec: SplitSpec) -> Iterator[type | Callable[..., Any]]:
    """Yield what the code uses of the suite."""
    if spec.registry is not None:
        yield from (functions.BODIES[udf.behaviour] for udf in spec.registry.udfs)
    if spec.plan is not None:
        yield session_with
        steps = {step[0] for step in spec.plan.steps} if isinstance(spec.plan, FramePlanSpec) else set()
        yield from (lit,) if "with_literal" in steps else ()
        yield from (partial, udf, functions.add) if "with_function" in steps else ()
    if spec.file_io.implementation == "vault":
        yield from (VaultFileIO, vault_token)
    if spec.file_io.implementation in HOLD_MORE:
        yield HOLD_MORE[spec.file_io.implementation]
    if spec.file_io.mapping == "own":
        yield Settings
    if is_nested(spec):
        yield projected
    if spec.table.deleted:
        yield with_other_files
        yield from (write_deletion_vectors, vector_extent) if in_vectors(spec.table) else ()


def is_nested(spec: SplitSpec) -> bool:
    """Return whether fields of structs are projected."""
    return not set(spec.projection or ()) <= {column.name for column in spec.table.columns}


def _json(value: Any) -> str:
    """Return a value as JSON that can stand in a raw string with single quotes."""
    return json.dumps(value).replace("'", "\\u0027")


def _parsed(expression: str) -> str:
    """Return an SQL expression over a frame as code."""
    return f"frame.parse_sql_expr({expression!r})"


def _pretty(value: Any) -> str:
    return pprint.pformat(value, width=WIDTH, sort_dicts=False)
