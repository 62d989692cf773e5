"""Columns as terms of plans: which SQL makes of a column an expression of a kind of the grammar, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from strategies.grammar import CONVERSIONS, IS_HELD, OF_NUMBER, Production
from strategies.primitives import primitive
from strategies.specs import ColumnSpec, ListSpec, Value

__all__ = ["another", "column_terms", "literal", "often_varied", "quoted"]

# Beside the columns of a kind stand others, converted: so that not every term is the same column.
OWN_TO_CONVERTED = 3

# A comparison tells most with a value that the column holds: its rows stand on both sides, and at the bound.
COMPARISONS = ("<", "<=", ">", ">=", "=", "<>")

# How SQL writes a value of a kind.
LITERALS = {
    "number": "{}",
    "text": "'{}'",
    "float": "CAST('{}' AS DOUBLE)",
    "date": "DATE '{}'",
    "timestamp": "TIMESTAMP '{}'",
    "decimal": "CAST('{}' AS DECIMAL(38, 10))",
}

# A longer value makes a plan of text that nobody reads.
LONG_VALUE = 40

# From so many distinct values on, a column tells as much as any other.
MANY_VALUES = 5


def quoted(name: str) -> str:
    """Return the name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(kind: str, value: Value) -> str:
    """Return a value of a kind of :data:`LITERALS` as SQL writes it.

    >>> literal("text", "don't")
    "'don''t'"

    """
    return LITERALS[kind].replace("{}", str(value).replace("'", "''"))


def column_terms(kind: str, columns: Sequence[ColumnSpec], at_least: int) -> tuple[Production, ...]:
    """Return terms of a kind over the columns, ``at_least`` as many, most of them over columns of many values.

    There are none where nothing of the kind can be made of any column.
    """
    terms: list[Production] = []
    for column in columns:
        of, term = _kind(column)
        many = _variety(column)
        if of == kind:
            terms += [_term(term, column)] * OWN_TO_CONVERTED * many
        elif kind == "condition" and (held := _held(column, of)):
            terms += [_term(f"({term} {operator} {value})", column) for operator in COMPARISONS for value in held]
        elif made := _conversion(kind, of):
            terms += [_term(made.replace("{}", term), column)] * many
    if not terms and (kind == "number" or kind in OF_NUMBER):
        terms = [_term(OF_NUMBER.get(kind, "{}").replace("{}", IS_HELD), column) for column in columns]
    return tuple(terms) * (at_least // max(1, len(terms)) + 1)


@lru_cache(maxsize=1024)
def often_varied(columns: tuple[ColumnSpec, ...]) -> tuple[ColumnSpec, ...]:
    """Return the columns, each as often as it has values."""
    return tuple(column for column in columns for _ in range(_variety(column)))


def another(chosen: Production, options: Sequence[Production], besides: Sequence[str]) -> Production:
    """Return a term over a column that is not among the texts; what is chosen where there is no other, or no need."""
    if chosen.holes or chosen.texts[0] not in besides or '"' not in chosen.texts[0]:
        return chosen
    others = (option for option in options if not option.holes and '"' in option.texts[0])
    return next((option for option in others if option.texts[0] not in besides), chosen)


def _variety(column: ColumnSpec) -> int:
    return min(MANY_VALUES, max(1, len(set(map(repr, column.values)))))


def _conversion(kind: str, of: str) -> str | None:
    """Return what makes an expression of a kind of one of another; ``None`` where nothing does."""
    if (kind, of) in CONVERSIONS:
        return CONVERSIONS[kind, of]
    number = "{}" if of == "number" else CONVERSIONS.get(("number", of))
    return OF_NUMBER[kind].replace("{}", number) if number and kind in OF_NUMBER else None


def _held(column: ColumnSpec, of: str) -> list[str]:
    """Return the SQL of some short values that the column holds; nothing of a kind that has no literals here."""
    values = dict.fromkeys(value for value in column.values if value is not None) if of in LITERALS else {}
    return [literal(of, value) for value in values if len(str(value)) < LONG_VALUE][:MANY_VALUES]


def _kind(column: ColumnSpec) -> tuple[str, str]:
    """Return of which kind a column is, and how it becomes a term of that; no kind where it is of none."""
    if isinstance(column.type, ListSpec):
        return ("list" if column.type.element == "long" else "", "{}")
    if isinstance(column.type, str):
        return (primitive(column.type).kind, primitive(column.type).term)
    return ("", "{}")


def _term(term: str, column: ColumnSpec) -> Production:
    # Braces in a name are no holes.
    return Production((term.replace("{}", quoted(column.name)),), ())
