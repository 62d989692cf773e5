"""Plans over the split's table: SQL text and DataFrame steps.

A plan is drawn so that it runs, and so that its rows do not depend on the order in which the engine happens
to visit them. Of some, Substrait keeps less than they say: those a loader has to refuse (BUILD-4).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import flip, one_in, pick, some
from strategies.grammar import BY_SETTING, EXPRESSIONS, GRAMMAR, QUERIES, Production, production
from strategies.primitives import primitive
from strategies.specs import ColumnSpec, FramePlanSpec, PlanSpec, RegistrySpec, SqlPlanSpec, TableSpec
from strategies.terms import another, column_terms, often_varied, quoted
from strategies.udfs import BEHAVIOURS, BUILT_INS

__all__ = ["LITERALS", "SETTINGS", "TABLE_NAMES", "callable_udfs", "frame_plans", "plans", "sql_plans"]

TABLE_NAMES: tuple[tuple[str, ...], ...] = (("t",), ("t",), ("Orders",), ("db", "t"), ("a.b",), ('q"uote',))

# Each changes what a plan means: while it is planned, or wherever it runs.
SETTINGS = (
    # Most often the one that nothing in the plan's text shows.
    *(("datafusion.execution.time_zone", "America/Denver"),) * 3,
    ("datafusion.sql_parser.default_null_ordering", "nulls_min"),
    ("datafusion.sql_parser.parse_float_as_decimal", "true"),
    ("datafusion.sql_parser.enable_ident_normalization", "false"),
)

# What the DataFrame API makes literals of, by a name for each: SQL has no text for some of them.
LITERALS: dict[str, Any] = {
    "text": "it's",
    "null": None,
    "bytes": b"\x00\xff",
    "nan": float("nan"),
    "date": datetime.date(2024, 2, 29),
    "datetime": datetime.datetime(2024, 2, 29, 12, 30, 0, 1),
    "datetime in UTC": datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc),
    "time": datetime.time(12, 30),
    "duration": datetime.timedelta(days=1, seconds=3),
    "decimal": Decimal("1.25"),
    "list": [1, None, 3],
    "list of lists": [[1], []],
    "empty list": [],
    "struct": {"x": 1, "y": "b"},
}

_Columns = tuple[ColumnSpec, ...]
# Functions by name and behaviour.
_Udfs = tuple[tuple[str, str], ...]

# How deep an expression nests unless told otherwise.
DEPTH = 2


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
    settings = _settings(draw)
    if settings and not one_in(draw, 8):
        sql = scope.text(BY_SETTING[settings[0][0]], depth)
    else:
        sql = scope.call() if udfs and flip(draw) else scope.text(pick(draw, QUERIES), depth)
    return SqlPlanSpec(sql, name, settings)


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
        steps += [("select", *ordered), ("sort", *ordered), ("limit", str(pick(draw, (0, 2, 3, 4, 5, 7))))]
    elif ending == "select":
        steps.append(("select", scope.text("column", 0), f"{scope.text('anything', DEPTH)} AS n"))
    elif ending == "with_column":
        steps.append(("with_column", "added", scope.text("anything", DEPTH)))
    elif ending == "distinct":
        steps += [("select", f"{scope.text('number', 1)} AS n"), ("distinct",)]
    if not steps:
        steps.append(("select", scope.text("column", 0)))
    made = pick(draw, ("nothing", "nothing", "with_literal", "with_function"))
    if made == "with_literal" and ending in _IN_ANY_ORDER:
        steps += [(made, f"made{i}", literal) for i, literal in enumerate(some(draw, tuple(LITERALS), 3))]
    elif made == "with_function" and ending in ("nothing", "with_column"):  # where all columns are there
        steps.append((made, "made", scope.text("number", 1)))
    return FramePlanSpec(tuple(steps), pick(draw, TABLE_NAMES), _settings(draw) if one_in(draw, 4) else ())


# Endings after which columns may be added: nothing depends on their order, or compares them.
_IN_ANY_ORDER = ("nothing", "select", "with_column", "aggregate")


def _settings(draw: st.DrawFn) -> tuple[tuple[str, str], ...]:
    """Return the settings of a session: most often none."""
    return (pick(draw, SETTINGS),) if one_in(draw, 12) else ()


@dataclass(frozen=True)
class _Scope:
    """What a plan may use: the columns, the functions, and ``table``, the table's name in SQL."""

    draw: st.DrawFn
    columns: _Columns
    udfs: _Udfs
    table: str

    def text(self, kind: str, depth: int, besides: Sequence[str] = ()) -> str:
        """Return SQL of the kind, its expressions nested up to ``depth`` deep; ``besides`` a column stands another."""
        if kind == "table":
            return self.table
        if kind == "column":
            return quoted(pick(self.draw, often_varied(self.columns)).name)
        if kind == "words":
            own = tuple(column for column in self.columns if column.type == "string" and column.values)
            if own and not one_in(self.draw, 4):
                return quoted(pick(self.draw, often_varied(own)).name)
            kind = "text"
        if kind == "terms":
            return " + ".join([self.text("number", 0)] * pick(self.draw, TERMS))
        is_expression = kind in EXPRESSIONS
        options = _options(kind, self.columns, self.udfs, is_leaf=is_expression and depth == 0)
        chosen = another(pick(self.draw, options), options, besides)
        inner = depth - 1 if is_expression or kind in DERIVED else depth
        parts = [chosen.texts[0]]
        for hole, after in zip(chosen.holes, chosen.texts[1:], strict=True):
            parts += [self.text(hole, inner, parts if kind in DERIVED else ()), after]
        return "".join(parts)

    def call(self) -> str:
        """Return a query that calls one of the functions, of each kind about as often."""
        kinds = sorted({BEHAVIOURS[behaviour][0] for _, behaviour in self.udfs}, reverse=True)
        kind = pick(self.draw, kinds)
        name, behaviour = pick(self.draw, [udf for udf in self.udfs if BEHAVIOURS[udf[1]][0] == kind])
        argument = self.text(_ARGUMENTS[behaviour], 1)
        # By columns alone: the engine fails over most other terms here. Where it has a function of the name of an
        # aggregate, it calls its own, which does not go with groups.
        grouped = [quoted(column.name) for column in self.columns if _is_sorted_by(column)]
        partition = f"PARTITION BY {pick(self.draw, grouped)}" if kind == "window" and grouped else ""
        called = f"{quoted(name)}({argument}){f' OVER ({partition})' if kind == 'window' else ''} AS c0"
        if kind == "aggregate" and grouped and name not in BUILT_INS and flip(self.draw):
            group = pick(self.draw, grouped)
            return f"SELECT {called}, {group} AS c1 FROM {self.table} GROUP BY {group}"
        return f"SELECT {called} FROM {self.table}"


# A plan that computes with constants alone gives the same rows whatever a loader does with the split's.
COLUMNS_TO_CONSTANTS = 10

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


# What wraps a column in functions hides most of its values: columns come this many times as often.
COLUMNS_TO_OTHERS = 3


@lru_cache(maxsize=4096)
def _options(kind: str, columns: _Columns, udfs: _Udfs, *, is_leaf: bool) -> tuple[Production, ...]:
    """Return the productions of a kind; of expressions those without holes, columns (more often), then the others."""
    known = GRAMMAR[kind]
    if kind not in EXPRESSIONS:
        return known + _calls(kind, udfs)
    plain = tuple(option for option in known if not option.holes)
    others = () if is_leaf else tuple(option for option in known if option.holes)
    calls = () if is_leaf else _calls(kind, udfs)
    at_least = max(COLUMNS_TO_CONSTANTS * len(plain), COLUMNS_TO_OTHERS * len(others))
    return plain + column_terms(kind, columns, at_least) + calls + others


def _calls(kind: str, udfs: _Udfs) -> tuple[Production, ...]:
    """Return a call of each function that gives the kind, several times: to be drawn often."""
    behaviour, call = _CALLS.get(kind, ("", ""))
    return 4 * tuple(production(call.format(quoted(name))) for name, of in udfs if of == behaviour)


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
