"""A filter in a language of one's own: here in SQLite's, which selects what PyIceberg selects."""

from __future__ import annotations

import datetime
import sqlite3
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg import expressions
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.literals import literal as literal_of
from pyiceberg.expressions.visitors import bind
from pyiceberg.io.pyarrow import expression_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, LongType, NestedField, StringType, TimestamptzType, TimeType

from conformance.adapters.filters import filter_in

SCHEMA = Schema(NestedField(1, "a", LongType()), NestedField(2, "b", StringType()))
ROWS = [(a, b) for a in (None, 0, 1, 2) for b in (None, "x", "xy")]
SIGNS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
iceberg: Any = expressions  # its constructors take more than their types say
FILTERS: list[BooleanExpression] = [
    iceberg.AlwaysTrue(),
    iceberg.AlwaysFalse(),
    iceberg.EqualTo("a", 1),
    iceberg.NotEqualTo("b", "x"),
    iceberg.LessThan("a", 1),
    iceberg.LessThanOrEqual("a", 1),
    iceberg.GreaterThan("a", 1),
    iceberg.GreaterThanOrEqual("a", 1),
    iceberg.IsNull("a"),
    iceberg.NotNull("b"),
    iceberg.In("a", {0, 1}),
    iceberg.NotIn("a", {0, 1}),
    iceberg.Not(iceberg.In("b", {"x", "z"})),
    iceberg.StartsWith("b", "xy"),
    iceberg.NotStartsWith("b", "xy"),
    iceberg.And(iceberg.GreaterThan("a", 0), iceberg.Or(iceberg.EqualTo("b", "x"), iceberg.IsNull("b"))),
]


def sql(name: str, column: str, values: list[Any]) -> str:
    written = [repr(value) for value in values]
    if name in SIGNS:
        return f"({column} {SIGNS[name]} {written[0]})"
    negated = "NOT " if name.startswith("not-") else ""
    if name in ("is-null", "not-null"):
        return f"({column} IS {negated}NULL)"
    if name in ("in", "not-in"):
        return f"({column} {negated}IN ({', '.join(written)}))"
    return f"({column} {negated}GLOB {values[0] + '*'!r})"


def told(expression: BooleanExpression, schema: Schema = SCHEMA, predicate: Any = sql) -> Any:
    return filter_in(
        expression,
        schema,
        predicate,
        lambda left, right: f"({left} AND {right})",
        lambda left, right: f"({left} OR {right})",
        lambda inner: f"(NOT {inner})",
        lambda holds: "TRUE" if holds else "FALSE",
    )


@pytest.mark.parametrize("expression", FILTERS, ids=repr)
def test_selects_the_same_rows(expression: BooleanExpression) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (a, b)")
    database.executemany("INSERT INTO t VALUES (?, ?)", ROWS)
    selected = database.execute(f"SELECT * FROM t WHERE {told(expression)}").fetchall()
    database.close()
    rows = pa.table({"a": [a for a, _ in ROWS], "b": [b for _, b in ROWS]})
    expected = rows.filter(expression_to_pyarrow(bind(SCHEMA, expression, case_sensitive=True)))
    assert selected == [tuple(row.values()) for row in expected.to_pylist()]


@pytest.mark.parametrize(
    ("type_", "literal", "value"),
    [
        (DateType(), "2024-02-29", datetime.date(2024, 2, 29)),
        (TimeType(), "12:30:00", datetime.time(12, 30)),
        (TimestamptzType(), "2024-02-29T00:00:00+00:00", datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)),
    ],
    ids=str,
)
def test_values_are_as_python_has_them(type_: Any, literal: str, value: Any) -> None:
    schema = Schema(NestedField(1, "a", type_))
    seen: list[Any] = []

    def keep(name: str, column: str, values: list[Any]) -> str:
        seen.extend(values)
        return ""

    told(iceberg.EqualTo("a", literal_of(literal).to(type_)), schema, keep)
    assert seen == [value]
