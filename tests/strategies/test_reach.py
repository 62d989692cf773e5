"""Each region is drawn often enough that a quick run of a hundred examples, or a few of them, meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from conformance.examples import draw
from strategies import (
    And,
    Chain,
    ColumnSpec,
    FilterSpec,
    FramePlanSpec,
    ListSpec,
    MapSpec,
    Not,
    Or,
    Predicate,
    SplitSpec,
    SqlPlanSpec,
    StructSpec,
    split_specs,
    to_json,
)
from strategies.plans import callable_udfs
from strategies.tables import PRIMITIVE_VALUES

DRAWS = 600


@cache
def sample() -> tuple[SplitSpec, ...]:
    drawn: list[SplitSpec] = []
    draw(split_specs(), DRAWS, 20, drawn.append)
    return tuple(drawn)


def sql(spec: SplitSpec) -> str:
    return spec.plan.sql if isinstance(spec.plan, SqlPlanSpec) else ""


def steps(spec: SplitSpec) -> list[str]:
    return [step[0] for step in spec.plan.steps] if isinstance(spec.plan, FramePlanSpec) else []


def called(spec: SplitSpec, *behaviours: str) -> bool:
    functions = callable_udfs(spec.registry)
    return any(behaviour in behaviours and f'"{name}"(' in sql(spec) for name, behaviour in functions)


def nodes(node: FilterSpec | None) -> Iterator[FilterSpec]:
    if node is None:
        return
    yield node
    if isinstance(node, And | Or):
        yield from nodes(node.left)
        yield from nodes(node.right)
    elif isinstance(node, Not):
        yield from nodes(node.child)
    elif isinstance(node, Chain):
        yield from nodes(node.first)
        yield from nodes(node.last)


def ops(spec: SplitSpec) -> set[str]:
    return {node.op for node in nodes(spec.row_filter) if isinstance(node, Predicate)}


def nested_in_each_other(spec: SplitSpec) -> bool:
    return any(
        isinstance(child, And | Or) and type(child) is not type(node)
        for node in nodes(spec.row_filter)
        if isinstance(node, And | Or)
        for child in (node.left, node.right)
    )


def columns(spec: SplitSpec, condition: Callable[[ColumnSpec], bool]) -> bool:
    return any(map(condition, spec.table.columns))


def holds(spec: SplitSpec, type_: str, value: object) -> bool:
    return columns(spec, lambda c: c.type == type_ and any(repr(v) == repr(value) for v in c.values))


def udf_names(spec: SplitSpec) -> list[str]:
    return [udf.name for udf in spec.registry.udfs] if spec.registry else []


def io_keys(spec: SplitSpec) -> set[str]:
    return {key for key, _ in spec.file_io.properties}


Region = tuple[float, Callable[[SplitSpec], bool]]

# Name: the lowest share of draws that may meet the region (a third of what was measured, or less), and what it is.
REGIONS: dict[str, Region] = {
    **{
        f"a column of type {type_}": (0.02, lambda s, t=type_: columns(s, lambda c: c.type == t))  # type: ignore[misc]
        for type_ in PRIMITIVE_VALUES
    },
    "a list column": (0.1, lambda s: columns(s, lambda c: isinstance(c.type, ListSpec))),
    "a map column": (0.1, lambda s: columns(s, lambda c: isinstance(c.type, MapSpec))),
    "a struct column": (0.1, lambda s: columns(s, lambda c: isinstance(c.type, StructSpec))),
    "a NaN": (0.0097, lambda s: holds(s, "double", "nan") or holds(s, "float", "nan")),
    "a negative zero": (0.011, lambda s: holds(s, "double", -0.0) or holds(s, "float", -0.0)),
    "an infinity": (0.011, lambda s: holds(s, "double", "inf") or holds(s, "float", "inf")),
    "the highest long": (0.0038, lambda s: holds(s, "long", 9223372036854775807)),
    "an empty string": (0.0034, lambda s: holds(s, "string", "")),
    "a long string": (0.0033, lambda s: holds(s, "string", "x" * 300)),
    "a null": (0.26, lambda s: columns(s, lambda c: None in c.values)),
    "a required column": (0.16, lambda s: columns(s, lambda c: c.required)),
    "a documented column": (0.2, lambda s: columns(s, lambda c: bool(c.doc))),
    "a renamed column": (0.1, lambda s: columns(s, lambda c: bool(c.old_name))),
    "a widened column": (0.013, lambda s: columns(s, lambda c: bool(c.old_type))),
    "an added column": (0.052, lambda s: columns(s, lambda c: c.added)),
    "a dropped column": (0.081, lambda s: s.table.dropped > 0),
    "one column": (0.1, lambda s: len(s.table.columns) == 1),
    "four columns": (0.11, lambda s: len(s.table.columns) == 4),
    "a name that is no identifier": (0.14, lambda s: columns(s, lambda c: not c.name.isidentifier())),
    "a name that is a keyword": (0.084, lambda s: columns(s, lambda c: c.name == "select")),
    "no rows": (0.017, lambda s: s.table.rows == 0),
    "one row": (0.016, lambda s: s.table.rows == 1),
    "hundreds of rows": (0.041, lambda s: s.table.rows >= 300),
    "several row groups": (0.059, lambda s: s.table.row_group_rows is not None and s.table.rows > 2),
    "positional deletes": (0.1, lambda s: bool(s.table.deleted)),
    "all rows deleted": (0.014, lambda s: len(s.table.deleted) == s.table.rows > 0),
    "an ORC file": (0.081, lambda s: s.table.file_format == "orc"),
    "an ORC file with deletes": (0.025, lambda s: s.table.file_format == "orc" and bool(s.table.deleted)),
    "a version 1 table": (0.08, lambda s: s.table.format_version == 1),
    "a partition": (0.027, lambda s: bool(s.table.partition_by)),
    "a sort order": (0.06, lambda s: bool(s.table.sort_by)),
    "identifier fields": (0.011, lambda s: bool(s.table.identifiers)),
    "several snapshots": (0.17, lambda s: s.table.snapshots > 1),
    "a tag": (0.11, lambda s: bool(s.table.tag)),
    "table properties": (0.25, lambda s: bool(s.table.properties)),
    "a filter": (0.14, lambda s: s.row_filter is not None),
    "And and Or in each other": (0.02, nested_in_each_other),
    "a Not": (0.055, lambda s: any(isinstance(n, Not) for n in nodes(s.row_filter))),
    "a chain": (0.0086, lambda s: isinstance(s.row_filter, Chain)),
    "a comparison": (0.062, lambda s: bool(ops(s) & {"eq", "ne", "lt", "le", "gt", "ge"})),
    "a set predicate": (0.026, lambda s: bool(ops(s) & {"in", "not-in"})),
    "a null check": (0.093, lambda s: bool(ops(s) & {"is-null", "not-null"})),
    "a NaN check": (0.0052, lambda s: bool(ops(s) & {"is-nan", "not-nan"})),
    "a prefix predicate": (0.003, lambda s: bool(ops(s) & {"starts-with", "not-starts-with"})),
    "a filter and a plan": (0.069, lambda s: s.row_filter is not None and s.plan is not None),
    "a filter and a widened column": (0.0077, lambda s: bool(ops(s)) and columns(s, lambda c: bool(c.old_type))),
    "a projection out of order": (
        0.049,
        lambda s: (
            s.projection is not None
            and list(s.projection) != [c.name for c in s.table.columns if c.name in s.projection]
        ),
    ),
    "no plan": (0.18, lambda s: s.plan is None),
    "a plan through SQL": (0.12, lambda s: isinstance(s.plan, SqlPlanSpec)),
    "a plan through DataFrames": (0.036, lambda s: isinstance(s.plan, FramePlanSpec)),
    "SELECT *": (0.023, lambda s: "SELECT *" in sql(s)),
    "an aggregate": (0.019, lambda s: " AS m" in sql(s)),
    "GROUP BY": (0.0079, lambda s: "GROUP BY" in sql(s)),
    "a window": (0.013, lambda s: " OVER (" in sql(s)),
    "ORDER BY with LIMIT": (0.0028, lambda s: "LIMIT" in sql(s)),
    "a set operation": (0.0091, lambda s: any(k in sql(s) for k in ("UNION", "INTERSECT", "EXCEPT"))),
    "a join": (0.0048, lambda s: " JOIN " in sql(s)),
    "a subquery": (0.0082, lambda s: "WITH x" in sql(s)),
    "a CASE": (0.013, lambda s: "CASE" in sql(s)),
    "LIKE": (0.014, lambda s: "LIKE" in sql(s)),
    "a DataFrame aggregate": (0.0094, lambda s: "aggregate" in steps(s)),
    "a DataFrame sort and limit": (0.0044, lambda s: "limit" in steps(s)),
    "a table name with a schema": (0.026, lambda s: s.plan is not None and len(s.plan.table) > 1),
    "a table name with a dot": (0.025, lambda s: s.plan is not None and "." in s.plan.table[0]),
    "a call of a UDF": (0.029, lambda s: called(s, "add", "mask", "scale", "total", "count_in")),
    "a call of a scalar UDF": (0.02, lambda s: called(s, "add", "mask", "scale")),
    "a call of an aggregate UDF": (0.0049, lambda s: called(s, "total")),
    "a call of a window UDF": (0.0051, lambda s: called(s, "count_in")),
    "a call of one of two UDFs of a name": (
        0.015,
        lambda s: called(s, "add", "mask", "scale", "total", "count_in") and len(set(udf_names(s))) < len(udf_names(s)),
    ),
    "a registry that no plan uses": (0.089, lambda s: s.registry is not None and s.plan is None),
    "an empty registry": (0.043, lambda s: s.registry is not None and not s.registry.udfs),
    "a falsy registry": (0.042, lambda s: s.registry is not None and s.registry.kind == "falsy"),
    "a stateful registry": (0.039, lambda s: s.registry is not None and s.registry.kind == "stateful"),
    "a registry with slots": (0.042, lambda s: s.registry is not None and s.registry.kind == "slots"),
    "two UDFs of one name": (0.062, lambda s: len(set(udf_names(s))) < len(udf_names(s))),
    "a UDF that shadows a built-in": (0.038, lambda s: "abs" in udf_names(s)),
    "a UDF in upper case": (0.041, lambda s: "Upper" in udf_names(s)),
    "a volatile UDF": (
        0.06,
        lambda s: s.registry is not None and any(u.volatility == "volatile" for u in s.registry.udfs),
    ),
    "a vault": (0.06, lambda s: s.file_io.implementation == "vault"),
    "a vault made by hand": (
        0.03,
        lambda s: s.file_io.implementation == "vault" and s.file_io.chosen_by == "instance",
    ),
    "fsspec by property": (
        0.024,
        lambda s: s.file_io.implementation == "fsspec" and s.file_io.chosen_by == "py-io-impl",
    ),
    "a scheme that chooses fsspec": (
        0.052,
        lambda s: s.file_io.chosen_by == "location" and s.file_io.table_scheme in ("abfss", "hf"),
    ),
    "a location without scheme": (0.055, lambda s: s.file_io.table_scheme == "bare"),
    "a used FileIO": (0.17, lambda s: s.file_io.used),
    "a secret": (0.056, lambda s: "s3.secret-access-key" in io_keys(s)),
    "look-alike keys": (0.012, lambda s: {"s3.region", "S3.region"} <= io_keys(s)),
    "a property that is no string": (0.16, lambda s: bool({"number", "flag", "nothing", "ratio"} & io_keys(s))),
    "properties in a read-only view": (0.083, lambda s: s.file_io.mapping == "proxy"),
    "properties in a chain of maps": (0.079, lambda s: s.file_io.mapping == "chain"),
    "a percent sign in a path": (0.043, lambda s: "%" in s.file_name),
    "a decomposed letter in a path": (0.041, lambda s: s.file_name == "e\u0301"),
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_reached(region: str) -> None:
    least, is_met = REGIONS[region]
    met = sum(map(is_met, sample()))
    assert met >= 1
    assert met / DRAWS >= least, f"{met} of {DRAWS} draws"


def test_plans_that_no_loader_can_carry_are_a_few_per_cent() -> None:
    planned = [spec for spec in sample() if spec.plan is not None]
    lost = [spec for spec in planned if '"Upper"(' in sql(spec)]
    assert 1 <= len(lost) <= 0.05 * len(planned)


def test_draws_differ_from_each_other() -> None:
    assert len(set(map(to_json, sample()))) >= 0.98 * DRAWS
