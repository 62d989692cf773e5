from __future__ import annotations

import datetime
import pickle
import threading
import types
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

import pytest
from pyiceberg import expressions
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.literals import FloatLiteral, LongLiteral
from pyiceberg.expressions.visitors import bind
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import DoubleType, IntegerType, NestedField, StringType, StructType

from reference import MAX_FILTER_DEPTH, DataLoader, TableScanContext
from reference.filters import balanced, depth, flatten, rebuild

# Their constructors take more than their types say.
AlwaysFalse: Any = expressions.AlwaysFalse
AlwaysTrue: Any = expressions.AlwaysTrue
And: Any = expressions.And
EqualTo: Any = expressions.EqualTo
GreaterThan: Any = expressions.GreaterThan
In: Any = expressions.In
IsNaN: Any = expressions.IsNaN
LessThan: Any = expressions.LessThan
Not: Any = expressions.Not
NotEqualTo: Any = expressions.NotEqualTo
NotIn: Any = expressions.NotIn
NotNull: Any = expressions.NotNull
NotStartsWith: Any = expressions.NotStartsWith
Or: Any = expressions.Or
StartsWith: Any = expressions.StartsWith

EXPRESSIONS: list[BooleanExpression] = [
    AlwaysTrue(),
    AlwaysFalse(),
    EqualTo("a", 1),
    EqualTo("a", True),
    EqualTo("a", 1.0),
    EqualTo("a", FloatLiteral(1.0)),
    EqualTo("a", -0.0),
    EqualTo("a.b", "x"),
    EqualTo("a", b"x"),
    EqualTo("a", Decimal("1.10")),
    EqualTo("a", UUID(int=5)),
    EqualTo("a", datetime.date(2020, 1, 2)),
    EqualTo("a", datetime.datetime(2020, 1, 2)),
    EqualTo("a", datetime.time(1, 2)),
    In("a", [1, 2, 3]),
    NotIn("a", ["x", "y"]),
    IsNaN("a"),
    NotNull("a"),
    StartsWith("a", "x"),
    NotStartsWith("a", ""),
    Not(And(EqualTo("a", 1), Or(NotEqualTo("b", 2), LessThan("c", 3)))),
    And(EqualTo("a", 1), And(EqualTo("b", 1), EqualTo("c", 1))),
    And(And(EqualTo("a", 1), EqualTo("b", 1)), EqualTo("c", 1)),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=repr)
def test_a_filter_is_rebuilt_with_its_structure_and_types(expression: BooleanExpression) -> None:
    flat = pickle.loads(pickle.dumps(flatten(expression)))
    assert repr(rebuild(flat)) == repr(expression)
    assert rebuild(flat) == expression


def test_bound_filters_are_rebuilt() -> None:
    inner = NestedField(2, "b", StringType(), required=False)
    schema = Schema(
        NestedField(1, "s", StructType(inner), required=False),
        NestedField(3, "i", IntegerType(), required=False),
        NestedField(4, "d", DoubleType(), required=False),
    )
    terms = And(StartsWith("s.b", "x"), IsNaN("d"), NotNull("s.b"), In("i", [1, 2, 2**40, 2**41]), EqualTo("d", 1))
    bound = bind(schema, terms, case_sensitive=True)
    assert repr(rebuild(flatten(bound))) == repr(bound)


def alternating(levels: int) -> BooleanExpression:
    """Keeps all rows with an id above 1."""
    expression: BooleanExpression = GreaterThan("id", 1)
    for level in range(levels):
        term = GreaterThan("id", 1)
        expression = And(expression, term) if level % 2 else Or(expression, term)
    return expression


def ids(table: Table, catalog: Catalog, row_filter: BooleanExpression) -> list[int]:
    splits = pickle.loads(pickle.dumps(list(DataLoader(catalog, "Db.t", row_filter=row_filter))))
    return sorted(row["id"] for split in splits for batch in split for row in batch.to_pylist())


def test_deep_filters_travel_and_read_or_are_refused(table: Table, catalog: Catalog) -> None:
    found: list[Any] = []
    deepest = alternating(MAX_FILTER_DEPTH)
    thread = threading.Thread(target=lambda: found.append(ids(table, catalog, deepest)))
    thread.start()
    thread.join()
    assert found == [ids(table, catalog, GreaterThan("id", 1))] == [[2, 2, 3, 4]]
    with pytest.raises(ValueError, match=r"^row_filter is nested 301 levels deep; at most 300 are read$"):
        ids(table, catalog, alternating(MAX_FILTER_DEPTH + 1))


def test_long_chains_are_read_balanced_and_travel_as_they_are(table: Table, catalog: Catalog) -> None:
    terms = [GreaterThan("id", 2 - i) for i in range(3000)]
    for chain in (reduce(And, terms), reduce(lambda right, left: And(left, right), terms)):
        assert depth(rebuild(flatten(chain))) == depth(chain) == 2999
        assert depth(balanced(flatten(chain))) == 12
    assert ids(table, catalog, reduce(And, terms)) == [3, 4]


def test_a_foreign_expression_is_refused_by_name(table: Table) -> None:
    foreign = types.new_class("Foreign", (EqualTo,))
    with pytest.raises(TypeError, match=r"^row_filter holds a Foreign, not an expression of PyIceberg$"):
        TableScanContext(table.metadata, table.io, table.schema(), And(EqualTo("id", 1), foreign("id", 1)))


class ForeignLiteral(LongLiteral):
    pass


def with_foreign_term() -> Any:
    predicate = IsNaN("d")
    object.__setattr__(predicate, "term", 7)
    return predicate


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (with_foreign_term(), "a term of unknown type int"),
        (EqualTo("a", ForeignLiteral(1)), "a literal of unknown type ForeignLiteral"),
        (In("a", [ForeignLiteral(1), ForeignLiteral(2)]), "a literal of unknown type ForeignLiteral"),
    ],
    ids=["term", "literal", "literals"],
)
def test_what_stands_in_no_filter_of_pyiceberg_is_named(expression: BooleanExpression, said: str) -> None:
    with pytest.raises(TypeError, match=f"^file_scan_task.residual holds {said}$"):
        flatten(expression, "file_scan_task.residual")


A, B, C, D, E = (EqualTo(name, 1) for name in "abcde")


@pytest.mark.parametrize(
    ("expression", "flat"),
    [
        (A, A),
        (Not(A), Not(A)),
        (And(And(And(A, B), C), D), And(And(A, B), And(C, D))),
        (Or(A, Or(B, Or(C, Or(D, E)))), Or(Or(Or(A, B), Or(C, D)), E)),
        (And(Or(A, B), Or(C, D)), And(Or(A, B), Or(C, D))),
        (Or(And(A, B), C), Or(And(A, B), C)),
        (Or(C, And(A, B)), Or(C, And(A, B))),
        (And(Not(And(A, B)), C), And(Not(And(A, B)), C)),
    ],
    ids=repr,
)
def test_chains_are_balanced(expression: BooleanExpression, flat: BooleanExpression) -> None:
    assert repr(balanced(flatten(expression))) == repr(flat)


@pytest.mark.parametrize(
    ("expression", "levels"),
    [(A, 0), (Not(A), 1), (And(A, B), 1), (And(Not(A), B), 2), (Or(C, Not(And(A, B))), 3), (Or(Not(And(A, B)), C), 3)],
    ids=repr,
)
def test_levels_of_an_expression(expression: BooleanExpression, levels: int) -> None:
    assert depth(expression) == levels
