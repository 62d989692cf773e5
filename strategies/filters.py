"""Row filters and projections over a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import copysign
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import flip, one_in, pick, picks, some
from strategies.primitives import primitive
from strategies.specs import (
    And,
    Chain,
    ColumnSpec,
    FilterSpec,
    ListSpec,
    MapSpec,
    Not,
    Or,
    Predicate,
    StructSpec,
    TableSpec,
    Value,
)

__all__ = [
    "COMPARISONS",
    "OPERATORS",
    "ORDERED_AS_WRITTEN",
    "filter_columns",
    "fold",
    "is_filterable",
    "other_zero",
    "predicates",
    "predicates_of",
    "projections",
    "renamed",
    "row_filters",
]

T = TypeVar("T")

UNARY = ("is-null", "not-null")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
SETS = ("in", "not-in")
FLOATING = ("is-nan", "not-nan")
PREFIXES = ("starts-with", "not-starts-with")
OPERATORS = UNARY + COMPARISONS + SETS + FLOATING + PREFIXES


def predicates(column: ColumnSpec) -> st.SearchStrategy[Predicate]:
    """Predicates over one column, with literals of its type that its rows hold or nearly hold.

    Raises:
        hypothesis.errors.InvalidArgument: the column is a list or a map.

    >>> predicates(ColumnSpec(1, "a", "long", (0, 1))).example().column
    'a'

    """
    if not is_filterable(column):
        raise InvalidArgument(f"PyIceberg filters no list and no map, got {column!r}")
    return _predicates(column)


def row_filters(table: TableSpec, *, max_leaves: int = 4) -> st.SearchStrategy[FilterSpec]:
    """Filters over any columns: predicates under ``And``, ``Or`` and ``Not``, rarely a deep chain.

    ``max_leaves`` is the highest number of predicates, but for chains.

    Raises:
        hypothesis.errors.InvalidArgument: no column can be filtered, or ``max_leaves`` is below 1.

    >>> table = TableSpec((ColumnSpec(1, "a", "long", (0, 1)),))
    >>> set(filter_columns(row_filters(table).example()))
    {'a'}

    """
    filterable = tuple(column for column in table.columns if is_filterable(column))
    if not filterable:
        raise InvalidArgument(f"no column of {table!r} can be filtered")
    if max_leaves < 1:
        raise InvalidArgument(f"max_leaves must be 1 or more, got {max_leaves}")
    return _row_filters(filterable, max_leaves)


def is_filterable(column: ColumnSpec) -> bool:
    """Return whether a filter may name the column.

    PyIceberg cannot scan with one over a list or a map, nor over a name with a dot, which it takes for a path, nor over
    some primitive types.
    """
    if isinstance(column.type, str) and not primitive(column.type).is_filtered:
        return False
    return not isinstance(column.type, (ListSpec, MapSpec)) and "." not in column.name


def projections(table: TableSpec, *, nested: bool = False) -> st.SearchStrategy[tuple[str, ...]]:
    """Names of one or more of the table's columns, each once, in any order.

    With ``nested``, a struct may stand there by the path to one of its fields.

    >>> projections(TableSpec((ColumnSpec(1, "a", "long"),))).example()
    ('a',)
    """
    return _projections(table.columns, nested)


def predicates_of(spec: FilterSpec | None) -> Iterator[Predicate]:
    """Yield each predicate of the filter, left to right; none without one.

    >>> [each.op for each in predicates_of(Not(Predicate("is-null", "b")))]
    ['is-null']
    """
    pending = [] if spec is None else [spec]
    while pending:
        node = pending.pop()
        if isinstance(node, Predicate):
            yield node
        elif isinstance(node, Not):
            pending.append(node.child)
        elif isinstance(node, Chain):
            pending += [node.last, node.first]
        else:
            pending += [node.right, node.left]


def filter_columns(spec: FilterSpec) -> Iterator[str]:
    """Yield the column of each predicate of the filter, left to right.

    >>> list(filter_columns(And(Predicate("is-null", "a"), Not(Predicate("is-null", "b")))))
    ['a', 'b']
    """
    return (predicate.column for predicate in predicates_of(spec))


def fold(
    spec: FilterSpec,
    predicate: Callable[[Predicate], T],
    both: Callable[[T, T], T],
    either: Callable[[T, T], T],
    negated: Callable[[T], T],
) -> T:
    """Return what becomes of a filter where each of its parts becomes what these functions return.

    >>> spec = And(Predicate("is-null", "a"), Not(Predicate("is-null", "b")))
    >>> fold(spec, lambda p: p.column, "({} and {})".format, "({} or {})".format, "not {}".format)
    '(a and not b)'
    """
    if isinstance(spec, Predicate):
        return predicate(spec)
    if isinstance(spec, Not):
        return negated(fold(spec.child, predicate, both, either, negated))
    if isinstance(spec, Chain):  # step by step: it may be deeper than Python's stack
        node, last = (fold(part, predicate, both, either, negated) for part in (spec.first, spec.last))
        for level in range(spec.levels):
            node = (both if level % 2 else either)(node, last)
        return node
    left, right = (fold(part, predicate, both, either, negated) for part in (spec.left, spec.right))
    return (both if isinstance(spec, And) else either)(left, right)


def renamed(spec: FilterSpec, name: Callable[[str], str]) -> FilterSpec:
    """Return the filter over columns of other names.

    >>> renamed(Not(Predicate("is-null", "a")), str.upper)
    Not(child=Predicate(op='is-null', column='A'))
    """

    def under_its_name(predicate: Predicate) -> FilterSpec:
        return replace(predicate, column=name(predicate.column))

    return fold(spec, under_its_name, And, Or, Not)


@st.composite
def _projections(draw: st.DrawFn, columns: Sequence[ColumnSpec], nested: bool) -> tuple[str, ...]:
    names = some(draw, [column.name for column in columns], len(columns))
    known = {column.name: column for column in columns}
    return tuple(_path(draw, known, name) for name in names) if nested else names


def _path(draw: st.DrawFn, columns: Mapping[str, ColumnSpec], name: str) -> str:
    """Draw the path to a field of a struct, in place of the struct's name; any other name stays."""
    path, type_ = name, columns[name].type
    while isinstance(type_, StructSpec) and "." not in name and flip(draw):
        field = pick(draw, type_.fields)
        path, type_ = f"{path}.{field.name}", field.type
    return name if path in columns else path


@st.composite
def _row_filters(draw: st.DrawFn, columns: Sequence[ColumnSpec], max_leaves: int) -> FilterSpec:
    if not one_in(draw, 20):
        return draw(_trees(columns, max_leaves, _MAX_DEPTH))
    # Deep and narrow: what recursion over the expression, in pickle or elsewhere, runs out of stack on.
    first, last = draw(_leaves(columns)), draw(_leaves(columns))
    return Chain(first, last, pick(draw, (2, 20, 60)))


_MAX_DEPTH = 4


@st.composite
def _trees(draw: st.DrawFn, columns: Sequence[ColumnSpec], max_leaves: int, depth: int) -> FilterSpec:
    kind = pick(draw, ("leaf", "leaf", "not", "and", "or")) if depth else "leaf"
    if kind == "not":
        return Not(draw(_trees(columns, max_leaves, depth - 1)))
    if kind == "leaf" or max_leaves == 1:
        return draw(_leaves(columns))
    left_leaves = 1 + pick(draw, range(max_leaves - 1))
    left = draw(_trees(columns, left_leaves, depth - 1))
    right = draw(_trees(columns, max_leaves - left_leaves, depth - 1))
    return And(left, right) if kind == "and" else Or(left, right)


@st.composite
def _leaves(draw: st.DrawFn, columns: Sequence[ColumnSpec]) -> Predicate:
    return _predicate(draw, pick(draw, columns))


@st.composite
def _predicates(draw: st.DrawFn, column: ColumnSpec) -> Predicate:
    return _predicate(draw, column)


def _predicate(draw: st.DrawFn, column: ColumnSpec) -> Predicate:
    op = pick(draw, _operators(column))
    if op in SETS:
        low, high = pick(draw, ((1, 3), (1, 3), (2, 4)))
        literals = _literals(draw, column)
        if _is_floating(column):
            # pyarrow skips a row group of zeros in front of a set that holds zero: its statistics begin with -0.0.
            literals = [value for value in literals if value != 0] or [1.5]
        return Predicate(op, column.name, picks(draw, literals, low, high))
    if op in COMPARISONS:
        telling = flip(draw) and (_bounds(column) or _other_zeros(column))
        return Predicate(op, column.name, (pick(draw, telling or _literals(draw, column)),))
    if op in PREFIXES:
        whole = pick(draw, _literals(draw, column))
        assert isinstance(whole, str)
        return Predicate(op, column.name, (whole[:1] if flip(draw) else whole,))
    return Predicate(op, column.name)


def _operators(column: ColumnSpec) -> tuple[str, ...]:
    operators: tuple[str, ...] = UNARY
    # Which rows such a filter selects differs between PyIceberg and pyarrow alone: PyIceberg compares a
    # column that the file lacks as Python would (`None != ""`), and pyarrow skips row groups by statistics
    # that leave NaN out.
    if isinstance(column.type, str) and primitive(column.type).literal is not None and not column.added:
        are_nan = {_is_nan(column, value) for value in column.values if value is not None}
        if True not in are_nan:
            operators += COMPARISONS + SETS
        if primitive(column.type).is_floating and len(are_nan) < 2:
            operators += FLOATING
        if primitive(column.type).has_prefixes:
            operators += PREFIXES
    return operators


def _literals(draw: st.DrawFn, column: ColumnSpec) -> Sequence[Value]:
    """Return the values that the rows hold, or other values of the type."""
    held = [value for value in column.values if value is not None]
    held = [value for value in held if not _is_nan(column, value) and not _is_too_wide(column, value)]
    if column.old_type is not None and None not in column.values and flip(draw):
        return _beyond(column) or held
    if held and not one_in(draw, 4):
        return held
    type_ = column.old_type or column.type
    assert isinstance(type_, str)
    far = primitive(type_).beyond_nanoseconds  # not in each kind of file
    fitting = [value for value in primitive(type_).values if not _is_nan(column, value) and value not in far]
    return [value for value in fitting if not _is_too_wide(column, value)]


def _bounds(column: ColumnSpec) -> Sequence[Value]:
    """Return the least and the greatest value that the rows hold; none where the values of a spec have no such order.

    Where files are left out, or read without the filter, one row too many or too few is there.
    """
    held = [value for value in column.values if value is not None and not _is_too_wide(column, value)]
    return (min(held), max(held)) if held and column.type in ORDERED_AS_WRITTEN else ()


def other_zero(asked: Predicate) -> float | None:
    """Return the zero that a predicate over zero takes in, and that comes before or after its own by the order of bits.

    ``None`` for any other predicate, and where both zeros are within the bound in whichever order they come.

    >>> other_zero(Predicate("eq", "a", (0.0,))), other_zero(Predicate("ge", "a", (-0.0,)))
    (-0.0, None)

    """
    value = asked.values[0] if asked.op in ("eq", "ge", "le") else None
    if not isinstance(value, float) or value != 0:
        return None
    return None if asked.op == ("ge" if copysign(1, value) < 0 else "le") else -value


def _other_zeros(column: ColumnSpec) -> Sequence[Value]:
    """Return for each zero that the rows hold the one of the other sign: they are equal, though their bits differ."""
    return [-value for value in column.values if isinstance(value, float) and value == 0]


# Types whose plain values in a spec are in the order of what they stand for.
ORDERED_AS_WRITTEN = ("long", "int", "string", "date", "timestamp")


def _beyond(column: ColumnSpec) -> list[Value]:
    """Return values of the type that are none of the one that a column was widened from.

    Where such a column holds nulls, no filter compares with one: PyIceberg takes that for "all rows", nulls too. Nor is
    there any for a decimal: PyIceberg fails (docs/FINDINGS.md).
    """
    if not isinstance(primitive(str(column.type)).values[0], int | float):
        return []
    narrow = primitive(str(column.old_type)).values
    wide = [value for value in primitive(str(column.type)).values if value not in narrow]
    return [value for value in wide if not _is_nan(column, value) and not _is_too_wide(column, value)]


def _is_too_wide(column: ColumnSpec, value: Value) -> bool:
    """Return whether PyIceberg wrongly holds a literal to be beyond the type that the column was widened from."""
    return column.old_type is not None and value in primitive(column.old_type).too_wide


def _is_floating(column: ColumnSpec) -> bool:
    return isinstance(column.type, str) and primitive(column.type).is_floating


def _is_nan(column: ColumnSpec, value: Value) -> bool:
    return _is_floating(column) and value == "nan"
