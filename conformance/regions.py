"""Which regions of what can be drawn a spec lies in, so that a report can say what was tried and how often."""

from __future__ import annotations

from collections.abc import Iterator

from strategies.specs import (
    And,
    Chain,
    FilterSpec,
    ListSpec,
    MapSpec,
    Not,
    Or,
    Predicate,
    RegistrySpec,
    SplitSpec,
    SqlPlanSpec,
    TableSpec,
    TypeSpec,
)

__all__ = ["regions"]


def regions(spec: SplitSpec) -> Iterator[str]:
    """Yield ``"group: region"`` for each region of the spec; some more than once."""
    yield from _of_table(spec.table)
    yield from _of_filter(spec.row_filter)
    yield f"projection: {'every column' if spec.projection is None else 'some columns'}"
    if spec.plan is None:
        yield "plan: none"
    elif isinstance(spec.plan, SqlPlanSpec):
        yield "plan: SQL"
    else:
        yield "plan: DataFrame"
        yield from (f"plan: {step[0]}" for step in spec.plan.steps)
    yield from _of_registry(spec.registry)
    yield f"FileIO: {spec.file_io.implementation}"
    yield f"FileIO: chosen by {spec.file_io.chosen_by}"
    yield f"FileIO: properties in a {spec.file_io.mapping}"
    yield f"FileIO: table at {spec.file_io.table_scheme}"
    if spec.file_io.used:
        yield "FileIO: used before"


def _of_table(table: TableSpec) -> Iterator[str]:
    yield f"table: {table.file_format}"
    yield f"table: format version {table.format_version}"
    flags = {
        "empty": not table.rows,
        "positional deletes": table.deleted,
        "partitioned": table.partition_by,
        "sorted": table.sort_by,
        "identifier fields": table.identifiers,
        "several snapshots": table.snapshots > 1,
        "tagged": table.tag,
        "several row groups": table.row_group_rows is not None and table.row_group_rows < table.rows,
        "columns dropped": table.dropped,
        "columns added": any(column.added for column in table.columns),
        "columns renamed": any(column.old_name for column in table.columns),
        "columns widened": any(column.old_type for column in table.columns),
    }
    yield from (f"table: {name}" for name, holds in flags.items() if holds)
    for column in table.columns:
        yield from _of_type(column.type)


def _of_type(type_: TypeSpec) -> Iterator[str]:
    if isinstance(type_, str):
        yield f"type: {type_.partition('(')[0].partition('[')[0]}"
        return
    parts: tuple[TypeSpec, ...]
    if isinstance(type_, ListSpec):
        name, parts = "list", (type_.element,)
    elif isinstance(type_, MapSpec):
        name, parts = "map", (type_.key, type_.value)
    else:
        name, parts = "struct", tuple(field.type for field in type_.fields)
    yield f"type: {name}"
    for part in parts:
        yield from _of_type(part)


def _of_filter(spec: FilterSpec | None) -> Iterator[str]:
    if spec is None:
        yield "filter: none"
    elif isinstance(spec, Predicate):
        yield f"filter: {spec.op}"
    else:
        yield f"filter: {type(spec).__name__.lower()}"
        if isinstance(spec, Not):
            yield from _of_filter(spec.child)
        elif isinstance(spec, (And, Or)):
            yield from _of_filter(spec.left)
            yield from _of_filter(spec.right)
        elif isinstance(spec, Chain):
            yield from _of_filter(spec.first)
            yield from _of_filter(spec.last)


def _of_registry(registry: RegistrySpec | None) -> Iterator[str]:
    if registry is None:
        yield "UDFs: no registry"
        return
    yield f"UDFs: {registry.kind} registry"
    names = [udf.name for udf in registry.udfs]
    if len(set(names)) < len(names):
        yield "UDFs: two of one name"
    for udf in registry.udfs:
        yield f"UDFs: {udf.behaviour}"
        yield f"UDFs: from {udf.origin}"
