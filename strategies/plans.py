"""Plans over the split's table: SQL text and DataFrame steps.

A plan is drawn so that it runs, and so that its rows do not depend on the order in which the engine happens
to visit them. Of some, Substrait keeps less than they say: those a loader has to refuse (BUILD-4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import flip, one_in, pick
from strategies.grammar import CONVERSIONS, EXPRESSIONS, GRAMMAR, QUERIES, Production, production
from strategies.primitives import primitive
from strategies.specs import ColumnSpec, FramePlanSpec, ListSpec, PlanSpec, RegistrySpec, SqlPlanSpec, TableSpec
from strategies.udfs import BEHAVIOURS

__all__ = ["TABLE_NAMES", "callable_udfs", "frame_plans", "plans", "quoted", "sql_plans"]

TABLE_NAMES: tuple[tuple[str, ...], ...] = (("t",), ("t",), ("Orders",), ("db", "t"), ("a.b",), ('q"uote',))

_Columns = tuple[ColumnSpec, ...]
# Functions by name and behaviour.
_Udfs = tuple[tuple[str, str], ...]

# How deep an expression nests unless told otherwise.
DEPTH = 2


def quoted(name: str) -> str:
    """Return the name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def plans(
    table: TableSpec,
    *,
    projection: Sequence[str] | None = None,
    registry: RegistrySpec | None = None,
    max_depth: int = DEPTH,
) -> st.SearchStrategy[PlanSpec]:
    """Plans over the projected columns of the table, which may call the functions of the registry.

    Raises:
        hypothesis.errors.InvalidArgument: ``max_depth`` is negative.

    >>> table = TableSpec((ColumnSpec(1, "a", "long"),))
    >>> plans(table).example().table in TABLE_NAMES
    True

    """
    return _plans(_columns(table, projection), callable_udfs(registry), _depth(max_depth))


def sql_plans(
    table: TableSpec,
    *,
    projection: Sequence[str] | None = None,
    registry: RegistrySpec | None = None,
    max_depth: int = DEPTH,
) -> st.SearchStrategy[SqlPlanSpec]:
    """SQL plans from :mod:`strategies.grammar`; ``max_depth`` says how deep expressions nest.

    Raises:
        hypothesis.errors.InvalidArgument: ``max_depth`` is negative.

    >>> isinstance(sql_plans(TableSpec((ColumnSpec(1, "a", "long"),))).example().sql, str)
    True

    """
    return _sql_plans(_columns(table, projection), callable_udfs(registry), _depth(max_depth))


def frame_plans(table: TableSpec, *, projection: Sequence[str] | None = None) -> st.SearchStrategy[FramePlanSpec]:
    """Plans through the DataFrame API: filtered, then selected, aggregated, made distinct, or sorted and cut.

    >>> len(frame_plans(TableSpec((ColumnSpec(1, "a", "long"),))).example().steps) > 0
    True
    """
    return _frame_plans(_columns(table, projection))


@st.composite
def _plans(draw: st.DrawFn, columns: _Columns, udfs: _Udfs, depth: int) -> PlanSpec:
    return _frame_plan(draw, columns) if one_in(draw, 6) else _sql_plan(draw, columns, udfs, depth)


@st.composite
def _sql_plans(draw: st.DrawFn, columns: _Columns, udfs: _Udfs, depth: int) -> SqlPlanSpec:
    return _sql_plan(draw, columns, udfs, depth)


@st.composite
def _frame_plans(draw: st.DrawFn, columns: _Columns) -> FramePlanSpec:
    return _frame_plan(draw, columns)


def _sql_plan(draw: st.DrawFn, columns: _Columns, udfs: _Udfs, depth: int) -> SqlPlanSpec:
    name = pick(draw, TABLE_NAMES)
    scope = _Scope(draw, columns, udfs, ".".join(map(quoted, name)))
    return SqlPlanSpec(scope.call() if udfs and flip(draw) else scope.text(pick(draw, QUERIES), depth), name)


def _frame_plan(draw: st.DrawFn, columns: _Columns) -> FramePlanSpec:
    scope = _Scope(draw, columns, (), "")
    steps: list[tuple[str, ...]] = []
    if flip(draw):
        steps.append(("filter", scope.text("condition", DEPTH)))
    ordered = [quoted(column.name) for column in columns if _is_sorted_by(column)]
    ending = pick(draw, ("nothing", "select", "aggregate", "sort", "distinct", "with_column"))
    if ending == "aggregate":
        steps.append(("aggregate", scope.text("column", 0), "count(1)", f"count({scope.text('column', 0)})"))
    elif ending == "sort" and ordered:
        steps += [("select", *ordered), ("sort", *ordered), ("limit", str(pick(draw, range(6))))]
    elif ending == "select":
        steps.append(("select", scope.text("column", 0), f"{scope.text('anything', DEPTH)} AS n"))
    elif ending == "with_column":
        steps.append(("with_column", "added", scope.text("anything", DEPTH)))
    elif ending == "distinct":
        steps += [("select", f"{scope.text('number', 1)} AS n"), ("distinct",)]
    if not steps:
        steps.append(("select", scope.text("column", 0)))
    return FramePlanSpec(tuple(steps), pick(draw, TABLE_NAMES))


@dataclass(frozen=True)
class _Scope:
    """What a plan may use: the columns, the functions, and ``table``, the table's name in SQL."""

    draw: st.DrawFn
    columns: _Columns
    udfs: _Udfs
    table: str

    def text(self, kind: str, depth: int) -> str:
        """Return SQL of the kind, its expressions nested up to ``depth`` deep."""
        if kind == "table":
            return self.table
        if kind == "column":
            return quoted(pick(self.draw, self.columns).name)
        if kind == "terms":
            return " + ".join([self.text("number", 0)] * pick(self.draw, TERMS))
        is_expression = kind in EXPRESSIONS
        chosen = pick(self.draw, _options(kind, self.columns, self.udfs, is_leaf=is_expression and depth == 0))
        inner = depth - 1 if is_expression or kind in DERIVED else depth
        parts = [chosen.texts[0]]
        for hole, after in zip(chosen.holes, chosen.texts[1:], strict=True):
            parts += [self.text(hole, inner), after]
        return "".join(parts)

    def call(self) -> str:
        """Return a query that calls one of the functions, of each kind about as often."""
        kinds = sorted({BEHAVIOURS[behaviour][0] for _, behaviour in self.udfs}, reverse=True)
        kind = pick(self.draw, kinds)
        name, behaviour = pick(self.draw, [udf for udf in self.udfs if BEHAVIOURS[udf[1]][0] == kind])
        argument = self.text(_ARGUMENTS[behaviour], 1)
        over = f" OVER (PARTITION BY {self.text('condition', 0)})" if kind == "window" else ""
        return f"SELECT {quoted(name)}({argument}){over} AS c0 FROM {self.table}"


# Derived tables: their expressions nest less deep, there being several.
DERIVED = frozenset({"s", "l", "r"})

# How many terms a wide expression has: beyond a few dozen, engines run out of recursion.
TERMS = (2, 30, 300)

# What each behaviour is called with, and as what.
_ARGUMENTS = {"add": "number", "mask": "text", "scale": "float", "total": "number", "count_in": "number"}
_CALLS = {
    "number": ("add", "{}({{number}})"),
    "text": ("mask", "{}({{text}})"),
    "float": ("scale", "{}({{float}})"),
    "aggregate": ("total", "{}(n)"),
    "over all": ("count_in", "{}(m)"),
}


# A plan that computes with constants alone gives the same rows whatever a loader does with the split's.
COLUMNS_TO_CONSTANTS = 6


@lru_cache(maxsize=4096)
def _options(kind: str, columns: _Columns, udfs: _Udfs, *, is_leaf: bool) -> tuple[Production, ...]:
    """Return the productions of a kind; of expressions those without holes, columns (more often), then the others."""
    known = GRAMMAR[kind]
    if kind not in EXPRESSIONS:
        return known + _calls(kind, udfs)
    plain = tuple(option for option in known if not option.holes)
    terms = tuple(_column_terms(kind, columns)) or tuple(_terms_of_other_kinds(kind, columns))
    often = terms * (COLUMNS_TO_CONSTANTS * len(plain) // max(1, len(terms)) + 1)
    if is_leaf:
        return plain + often
    return plain + often + _calls(kind, udfs) + tuple(option for option in known if option.holes)


def _calls(kind: str, udfs: _Udfs) -> tuple[Production, ...]:
    """Return a call of each function that gives the kind, several times: to be drawn often."""
    behaviour, call = _CALLS.get(kind, ("", ""))
    return 4 * tuple(production(call.format(quoted(name))) for name, of in udfs if of == behaviour)


def _column_terms(kind: str, columns: _Columns) -> list[Production]:
    return [_term(term, column) for column in columns for of, term in [_kind(column)] if of == kind]


def _terms_of_other_kinds(kind: str, columns: _Columns) -> list[Production]:
    found = []
    for column in columns:
        of, term = _kind(column)
        if made := CONVERSIONS.get((kind, of)):
            found.append(_term(made.format(term), column))
        elif kind == "condition":
            found.append(_term("({} IS NULL)", column))
        elif kind == "number":
            found.append(_term("CAST(({} IS NOT NULL) AS BIGINT)", column))
    return found


def _kind(column: ColumnSpec) -> tuple[str, str]:
    """Return of which kind a column is, and how it becomes a term of that; no kind where it is of none."""
    if isinstance(column.type, ListSpec):
        return ("list" if column.type.element == "long" else "", "{}")
    if isinstance(column.type, str):
        return (primitive(column.type).kind, primitive(column.type).term)
    return ("", "{}")


def _term(term: str, column: ColumnSpec) -> Production:
    # Braces in a name are no holes.
    return Production((term.format(quoted(column.name)),), ())


def _is_sorted_by(column: ColumnSpec) -> bool:
    return isinstance(column.type, str) and primitive(column.type).is_sorted_by


def _depth(max_depth: int) -> int:
    if max_depth < 0:
        raise InvalidArgument(f"max_depth must be 0 or more, got {max_depth}")
    return max_depth


def _columns(table: TableSpec, projection: Sequence[str] | None) -> _Columns:
    names = [column.name for column in table.columns] if projection is None else projection
    return tuple(table.column(name) for name in names)


def callable_udfs(registry: RegistrySpec | None) -> _Udfs:
    """Name and behaviour of what a call means: the last registered; nothing where kinds share the name."""
    if registry is None:
        return ()
    by_name: dict[str, list[str]] = {}
    for udf in registry.udfs:
        by_name.setdefault(udf.name, []).append(udf.behaviour)
    return tuple(
        (name, behaviours[-1])
        for name, behaviours in by_name.items()
        if len({BEHAVIOURS[behaviour][0] for behaviour in behaviours}) == 1
    )
