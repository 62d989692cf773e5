"""Python values, and filters as PyIceberg has them, as code."""

from __future__ import annotations

import datetime
import decimal
import io
import math
import re
import tokenize
from typing import Any

from fixtures.tables.expressions import PREDICATES
from fixtures.tables.schemas import iceberg_type, python_value
from strategies.primitives import primitive
from strategies.specs import And, Chain, FilterSpec, Not, Or, Predicate, TableSpec

__all__ = ["EXPRESSIONS", "code", "condition_code", "in_short"]

# A literal of one character, or byte, that repeats very often.
LONG_RUN = re.compile(r"""(b?)(['"])(\\x[0-9a-f]{2}|[^\\])\3{199,}\2""")

# What the code of a condition is made of, of PyIceberg's.
EXPRESSIONS = ("AlwaysTrue", "And", "Not", "Or", *(predicate.__name__ for predicate in PREDICATES.values()))


def code(value: Any) -> str:
    """Return a Python value, as pyarrow takes it, as code."""
    if isinstance(value, list):
        return f"[{', '.join(code(item) for item in value)}]"
    if isinstance(value, tuple):
        return f"({', '.join(code(item) for item in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {code(item)}' for key, item in value.items())}}}"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return f"datetime.{type(value).__name__}.fromisoformat({value.isoformat()!r})"
    if isinstance(value, decimal.Decimal):
        return f"decimal.Decimal({str(value)!r})"
    return repr(value)


def in_short(script: str) -> str:
    """Return a script whose very long literals of one character are written as that character, so many times.

    >>> in_short("name = " + repr("x" * 256))
    "name = ('x' * 256)"
    """
    lines = script.split("\n")
    # From behind, so that what stands before keeps its place. Quotes within another literal begin none.
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(script).readline))):
        if token.type == tokenize.STRING and (run := LONG_RUN.fullmatch(token.string)):
            prefix, quote, character = run.groups()
            times = (len(token.string) - len(prefix) - 2) // len(character)
            line, (row, start) = lines[token.start[0] - 1], token.start
            lines[row - 1] = f"{line[:start]}({prefix}{quote}{character}{quote} * {times}){line[token.end[1] :]}"
    return "\n".join(lines)


def condition_code(spec: FilterSpec | None, table: TableSpec) -> str:
    """Return a filter over the columns of a table; of a chain its first link. ``None`` selects every row."""
    if spec is None:
        return "AlwaysTrue()"
    if isinstance(spec, (And, Or)):
        name = type(spec).__name__
        left, right = (condition_code(side, table) for side in (spec.left, spec.right))
        return f"{name}({left}, {right})"
    if isinstance(spec, Not):
        return f"Not({condition_code(spec.child, table)})"
    if isinstance(spec, Chain):
        return condition_code(spec.first, table)
    assert isinstance(spec, Predicate)
    predicate = PREDICATES[spec.op].__name__
    type_ = table.column(spec.column).type
    literals = [_literal_code(type_, value) for value in spec.values]
    arguments = f"{{{', '.join(literals)}}}" if spec.op in ("in", "not-in") else ", ".join(literals)
    return f"{predicate}({spec.column!r}{', ' if spec.values else ''}{arguments})"


def _literal_code(type_: Any, value: Any) -> str:
    of_text = primitive(type_).literal == "text"
    source = repr(value) if of_text else code(python_value(type_, value))
    if not of_text and type_ not in ("int", "long", "float", "double"):
        return f"literal({source})"
    return f"literal({source}).to(iceberg.{iceberg_type(type_)!r})"
