"""Named conditions over the spec of a split."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.judging.conditions.condition import Condition
from strategies.filters import predicates_of
from strategies.regions import regions
from strategies.specs import (
    And,
    Chain,
    ColumnSpec,
    FramePlanSpec,
    ListSpec,
    MapSpec,
    Not,
    Or,
    SplitSpec,
    SqlPlanSpec,
    StructSpec,
    TableSpec,
    UdfSpec,
)
from strategies.udfs import BUILT_INS, IMPORTABLE

__all__ = ["SPLIT_CONDITIONS"]


# Nested deeper than this, a filter is deep.
DEEP = 3


# The regions of plans that compute over several rows at once.
_OVER_ROWS = (
    *("aggregate:", "window:", "join:", "set:", "subquery:", "call: aggregate", "call: window"),
    *("query: DISTINCT", "query: ORDER BY", "query: LIMIT", "query: OFFSET", "query: QUALIFY", "query: without FROM"),
    *("frame: aggregate", "frame: distinct", "frame: sort", "frame: limit"),
)
# Queries over real tables are not written as drawn ones are.
_COMBINING = re.compile(r"\b(?:SUM|AVG|COUNT|MIN|MAX)\(|\b(?:GROUP|ORDER) BY\b|\bLIMIT\b", re.IGNORECASE)


def _combines_rows(spec: SplitSpec) -> bool:
    return isinstance(spec.plan, SqlPlanSpec) and _COMBINING.search(spec.plan.sql) is not None


def _any_udf(spec: SplitSpec, judge: Callable[[UdfSpec], bool]) -> bool:
    return any(map(judge, spec.registry.udfs)) if spec.registry else False


def _filters_beyond_projection(spec: SplitSpec) -> bool:
    read = spec.projection
    return read is not None and any(predicate.column not in read for predicate in predicates_of(spec.row_filter))


def _evolved(table: TableSpec) -> bool:
    changed = any(column.added or column.old_name or column.old_type for column in table.columns)
    return changed or table.dropped > 0 or table.schema_id > 0


def _depth(spec: object) -> int:
    if isinstance(spec, Chain):
        return spec.levels + max(_depth(spec.first), _depth(spec.last))
    if isinstance(spec, (And, Or)):
        return 1 + max(_depth(spec.left), _depth(spec.right))
    return 1 + _depth(spec.child) if isinstance(spec, Not) else 0


def _types(spec: SplitSpec) -> set[str]:
    found: set[str] = set()

    def visit(type_: object) -> None:
        if isinstance(type_, str):
            found.add(type_)
        elif isinstance(type_, ListSpec):
            visit(type_.element)
        elif isinstance(type_, MapSpec):
            visit(type_.key)
            visit(type_.value)
        elif isinstance(type_, StructSpec):
            visit_all(type_.fields)

    def visit_all(columns: tuple[ColumnSpec, ...]) -> None:
        for column in columns:
            visit(column.type)

    visit_all(spec.table.columns)
    return found


# By name: when it holds, in a sentence, and how to tell.
SPLIT_CONDITIONS: dict[str, Condition[SplitSpec]] = {
    "plan": Condition("There is a plan.", lambda spec: spec.plan is not None),
    "no_plan": Condition("There is no plan.", lambda spec: spec.plan is None),
    "frame_plan": Condition(
        "The plan was made by the DataFrame API.", lambda spec: isinstance(spec.plan, FramePlanSpec)
    ),
    "qualified_table": Condition(
        "The plan scans the table by a name with a schema.",
        lambda spec: spec.plan is not None and len(spec.plan.table) > 1,
    ),
    "quoted_table": Condition(
        "The plan scans the table by a name that SQL has to quote.",
        lambda spec: (
            spec.plan is not None and any(not part.isidentifier() or part != part.lower() for part in spec.plan.table)
        ),
    ),
    "combines_rows": Condition(
        "The plan computes over several rows at once: it aggregates, sorts, limits, joins, or uses a window or a set.",
        lambda spec: any(name.startswith(_OVER_ROWS) for name in regions(spec)) or _combines_rows(spec),
    ),
    "explains": Condition(
        "The plan is an EXPLAIN.",
        lambda spec: isinstance(spec.plan, SqlPlanSpec) and spec.plan.sql.upper().startswith("EXPLAIN"),
    ),
    "table_function": Condition(
        "The plan scans a table function (``generate_series``).",
        lambda spec: isinstance(spec.plan, SqlPlanSpec) and "generate_series" in spec.plan.sql,
    ),
    "registry": Condition(
        "There is a registry with functions.", lambda spec: spec.registry is not None and bool(spec.registry.udfs)
    ),
    "falsy_registry": Condition(
        "The registry is falsy.", lambda spec: spec.registry is not None and spec.registry.kind in ("falsy", "false")
    ),
    "slots_registry": Condition(
        "The registry has no ``__dict__``.", lambda spec: spec.registry is not None and spec.registry.kind == "slots"
    ),
    "udf_named_like_builtin": Condition(
        "A function bears the name of one of the engine's.",
        lambda spec: _any_udf(spec, lambda udf: udf.name in BUILT_INS),
    ),
    "udf_with_upper_case": Condition(
        "The name of a function has upper case.", lambda spec: _any_udf(spec, lambda udf: udf.name != udf.name.lower())
    ),
    "udf_name_twice": Condition(
        "Two functions bear one name.",
        lambda spec: (
            spec.registry is not None and len({udf.name for udf in spec.registry.udfs}) < len(spec.registry.udfs)
        ),
    ),
    "udf_without_importable_name": Condition(
        "A function has no importable name.", lambda spec: _any_udf(spec, lambda udf: udf.origin not in IMPORTABLE)
    ),
    "row_filter": Condition("There is a row filter.", lambda spec: spec.row_filter is not None),
    "compound_filter": Condition(
        "The row filter joins or negates predicates, or asks for membership of a set.",
        lambda spec: (
            isinstance(spec.row_filter, (And, Or, Not, Chain))
            or any(predicate.op in ("in", "not-in") for predicate in predicates_of(spec.row_filter))
        ),
    ),
    "deep_filter": Condition(
        "The row filter is nested more than three deep.", lambda spec: _depth(spec.row_filter) > DEEP
    ),
    "filter_on_no_column_read": Condition(
        "The row filter looks at a column that is not projected.", lambda spec: _filters_beyond_projection(spec)
    ),
    "projection": Condition("Not every column is read, or in another order.", lambda spec: spec.projection is not None),
    "has_deletes": Condition("A delete file goes with the data file.", lambda spec: bool(spec.table.deleted)),
    "no_rows": Condition(
        "The data file holds no row, or all of them are deleted.",
        lambda spec: spec.table.rows <= len(set(spec.table.deleted)),
    ),
    "several_row_groups": Condition(
        "The data file has several row groups.",
        lambda spec: spec.table.row_group_rows is not None and spec.table.row_group_rows < spec.table.rows,
    ),
    "parquet": Condition("The data file is Parquet.", lambda spec: spec.table.file_format == "parquet"),
    "orc": Condition("The data file is ORC.", lambda spec: spec.table.file_format == "orc"),
    "no_field_ids": Condition(
        "The data file has no field ids: a name mapping of the table's says which column is which.",
        lambda spec: not spec.table.field_ids,
    ),
    "dropped_column": Condition(
        "The data file holds a column that the table has no more.", lambda spec: spec.table.dropped > 0
    ),
    "deletion_vectors": Condition(
        "The deleted positions are in a deletion vector.",
        lambda spec: bool(spec.table.deleted) and spec.table.format_version == 3,
    ),
    "several_delete_files": Condition(
        "Several delete files go with the data file.",
        lambda spec: bool(spec.table.deleted) and spec.table.delete_files > 1,
    ),
    "partition_not_in_file": Condition(
        "The data file does not hold the column by whose values the table is partitioned.",
        lambda spec: bool(spec.table.partition_by) and not spec.table.partition_in_file,
    ),
    "partitioned": Condition("The table is partitioned.", lambda spec: bool(spec.table.partition_by)),
    "evolved": Condition("The schema has changed since the file was written.", lambda spec: _evolved(spec.table)),
    "widened": Condition(
        "A column was widened since the file was written.",
        lambda spec: any(column.old_type for column in spec.table.columns),
    ),
    "added_column": Condition(
        "A column is younger than the file.", lambda spec: any(column.added for column in spec.table.columns)
    ),
    "nested_columns": Condition(
        "A column is a list, a map or a struct.",
        lambda spec: any(not isinstance(column.type, str) for column in spec.table.columns),
    ),
    "uuid_columns": Condition("A column holds UUIDs, at any depth.", lambda spec: "uuid" in _types(spec)),
    "several_snapshots": Condition("The table has a history of snapshots.", lambda spec: spec.table.snapshots > 1),
    "table_properties": Condition("The table has properties of its own.", lambda spec: bool(spec.table.properties)),
    "unusual_path": Condition(
        "The name of the data file holds more than ASCII letters and digits.",
        lambda spec: not (spec.file_name.isalnum() and spec.file_name.isascii()),
    ),
    "file_io_by_hand": Condition(
        "The FileIO is an object made by hand, of a class that nothing in its properties names.",
        lambda spec: spec.file_io.chosen_by == "instance",
    ),
    "py_io_impl": Condition(
        "A property names the FileIO's class.", lambda spec: spec.file_io.chosen_by == "py-io-impl"
    ),
    "vault": Condition(
        "The FileIO is of the suite's own class, and files have its scheme.",
        lambda spec: spec.file_io.implementation == "vault",
    ),
    "used_file_io": Condition(
        "The FileIO has opened a file before the split is built.", lambda spec: spec.file_io.used
    ),
    "table_elsewhere": Condition(
        "The table's location has another scheme than its files.", lambda spec: spec.file_io.table_scheme != "file"
    ),
    "unusual_mapping": Condition(
        "The FileIO's properties are no plain ``dict``.", lambda spec: spec.file_io.mapping != "dict"
    ),
}
