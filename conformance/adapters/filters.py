"""PyIceberg's filters in a language of a loader's own, as ``Scan.filter_in`` has it for scans."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

from pyiceberg.expressions import BooleanExpression
from pyiceberg.expressions.visitors import BooleanExpressionVisitor, visit
from pyiceberg.schema import Schema
from pyiceberg.types import DateType, TimestampType, TimestamptzType, TimeType

__all__ = ["COMPARISONS", "filter_in"]

T = TypeVar("T")

# Comparisons with one value, where a language's columns overload Python's operators.
COMPARISONS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "eq": lambda column, values: column == values[0],
    "ne": lambda column, values: column != values[0],
    "lt": lambda column, values: column < values[0],
    "le": lambda column, values: column <= values[0],
    "gt": lambda column, values: column > values[0],
    "ge": lambda column, values: column >= values[0],
}

# PyIceberg's predicates by the operators of scans.
OPERATORS = {
    "EqualTo": "eq",
    "NotEqualTo": "ne",
    "LessThan": "lt",
    "LessThanOrEqual": "le",
    "GreaterThan": "gt",
    "GreaterThanOrEqual": "ge",
    "IsNull": "is-null",
    "NotNull": "not-null",
    "IsNaN": "is-nan",
    "NotNaN": "not-nan",
    "StartsWith": "starts-with",
    "NotStartsWith": "not-starts-with",
}


def filter_in(
    expression: BooleanExpression,
    schema: Schema,
    predicate: Callable[[str, str, list[Any]], T],
    both: Callable[[T, T], T],
    either: Callable[[T, T], T],
    negated: Callable[[T], T],
    constant: Callable[[bool], T],
) -> T:
    """Return a filter, not bound yet, in a language whose conditions are null where a column is, as in SQL.

    ``predicate`` makes one of an operator (:data:`strategies.filters.OPERATORS`), a column's name and the values that
    it is compared with, as Python has them; ``constant`` a condition that always or never holds.
    """

    class Told(BooleanExpressionVisitor[T]):
        def visit_true(self) -> T:
            return constant(True)

        def visit_false(self) -> T:
            return constant(False)

        def visit_not(self, child_result: T) -> T:
            return negated(child_result)

        def visit_and(self, left_result: T, right_result: T) -> T:
            return both(left_result, right_result)

        def visit_or(self, left_result: T, right_result: T) -> T:
            return either(left_result, right_result)

        def visit_bound_predicate(self, predicate: Any) -> T:
            raise NotImplementedError("a row filter is not bound")

        def visit_unbound_predicate(self, predicate: Any) -> T:
            return told(predicate)

    def told(asked: Any) -> T:
        kind, name = type(asked).__name__, asked.term.name
        type_ = schema.find_field(name).field_type
        if kind in ("In", "NotIn"):
            # PyIceberg's In is false of null, and not null as in SQL.
            values = [_python_value(type_, each.value) for each in asked.literals]
            among = both(predicate("not-null", name, []), predicate("in", name, values))
            return among if kind == "In" else negated(among)
        literal = getattr(asked, "literal", None)
        return predicate(OPERATORS[kind], name, [] if literal is None else [_python_value(type_, literal.value)])

    return visit(expression, Told())


EPOCH = datetime.datetime(1970, 1, 1)
ZONED_EPOCH = EPOCH.replace(tzinfo=datetime.timezone.utc)


def _python_value(type_: Any, value: Any) -> Any:
    """Return the value of a literal as Python has it: PyIceberg counts days and microseconds."""
    if isinstance(type_, DateType):
        return EPOCH.date() + datetime.timedelta(days=value)
    if isinstance(type_, TimestampType):
        return EPOCH + datetime.timedelta(microseconds=value)
    if isinstance(type_, TimestamptzType):
        return ZONED_EPOCH + datetime.timedelta(microseconds=value)
    if isinstance(type_, TimeType):
        return (EPOCH + datetime.timedelta(microseconds=value)).time()
    return value
