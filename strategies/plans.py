"""Plans over the split's table: SQL text and DataFrame steps.

A plan is drawn so that it runs, and so that its rows do not depend on the order in which the engine happens
to visit them: LIMIT comes with an order over every column that it keeps, and window functions give ties the
same value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from strategies.drawing import flip, one_in, pick
from strategies.specs import ColumnSpec, FramePlanSpec, PlanSpec, RegistrySpec, SqlPlanSpec, TableSpec
from strategies.udfs import BEHAVIOURS

__all__ = ["TABLE_NAMES", "callable_udfs", "frame_plans", "plans", "quoted", "sql_plans"]

TABLE_NAMES: tuple[tuple[str, ...], ...] = (("t",), ("t",), ("Orders",), ("db", "t"), ("a.b",), ('q"uote',))

_Columns = tuple[ColumnSpec, ...]
# Functions by name and behaviour.
_Udfs = tuple[tuple[str, str], ...]

_NUMBERS = frozenset({"int", "long"})
_FLOATS = frozenset({"float", "double"})
_TEXTS = frozenset({"string"})
_BOOLEANS = frozenset({"boolean"})
_ORDERED = _NUMBERS | _FLOATS | {"string", "boolean", "date", "timestamp", "decimal(9, 2)", "decimal(38, 10)"}


def quoted(name: str) -> str:
    """Return the name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def plans(
    table: TableSpec, *, projection: Sequence[str] | None = None, registry: RegistrySpec | None = None
) -> st.SearchStrategy[PlanSpec]:
    """Plans over the projected columns of the table, which may call the functions of the registry.

    >>> table = TableSpec((ColumnSpec(1, "a", "long"),))
    >>> plans(table).example().table in TABLE_NAMES
    True
    """
    columns = _columns(table, projection)
    return _plans(columns, callable_udfs(registry))


def sql_plans(
    table: TableSpec, *, projection: Sequence[str] | None = None, registry: RegistrySpec | None = None
) -> st.SearchStrategy[SqlPlanSpec]:
    """SQL plans: projection, filter, aggregate, window, sort, set operation, self join, subquery, UDF calls.

    >>> sql_plans(TableSpec((ColumnSpec(1, "a", "long"),))).example().sql.startswith(("SELECT", "WITH"))
    True
    """
    return _sql_plans(_columns(table, projection), callable_udfs(registry))


def frame_plans(table: TableSpec, *, projection: Sequence[str] | None = None) -> st.SearchStrategy[FramePlanSpec]:
    """Plans through the DataFrame API: filter and select, sometimes aggregated, or sorted and cut.

    >>> len(frame_plans(TableSpec((ColumnSpec(1, "a", "long"),))).example().steps) > 0
    True
    """
    return _frame_plans(_columns(table, projection))


@st.composite
def _plans(draw: st.DrawFn, columns: _Columns, udfs: _Udfs) -> PlanSpec:
    return _frame_plan(draw, columns) if one_in(draw, 4) else _sql_plan(draw, columns, udfs)


@st.composite
def _sql_plans(draw: st.DrawFn, columns: _Columns, udfs: _Udfs) -> SqlPlanSpec:
    return _sql_plan(draw, columns, udfs)


@st.composite
def _frame_plans(draw: st.DrawFn, columns: _Columns) -> FramePlanSpec:
    return _frame_plan(draw, columns)


def _sql_plan(draw: st.DrawFn, columns: _Columns, udfs: _Udfs) -> SqlPlanSpec:
    name = pick(draw, TABLE_NAMES)
    scope = _Scope(draw, columns, udfs, ".".join(map(quoted, name)))
    shape = _call if udfs and not one_in(draw, 3) else pick(draw, _SHAPES)
    return SqlPlanSpec(shape(scope), name)


def _frame_plan(draw: st.DrawFn, columns: _Columns) -> FramePlanSpec:
    scope = _Scope(draw, columns, (), "")
    steps: list[tuple[str, ...]] = []
    if flip(draw):
        steps.append(("filter", scope.condition()))
    ending = pick(draw, ("nothing", "select", "aggregate", "sort"))
    if ending == "aggregate":
        steps.append(("aggregate", scope.column(), "count(1)", f"count({scope.column()})"))
    elif ending == "sort" and scope.ordered:
        ordered = list(map(quoted, scope.ordered))
        steps += [("select", *ordered), ("sort", *ordered), ("limit", str(pick(draw, range(6))))]
    elif ending == "select":
        steps.append(("select", scope.column(), f"{scope.number()} AS n"))
    if not steps:
        steps.append(("select", scope.column()))
    return FramePlanSpec(tuple(steps), pick(draw, TABLE_NAMES))


@dataclass(frozen=True)
class _Scope:
    """What expressions may use; ``table`` is the table's name in SQL."""

    draw: st.DrawFn
    columns: _Columns
    udfs: _Udfs
    table: str

    @property
    def ordered(self) -> list[str]:
        return [column.name for column in self.columns if column.type in _ORDERED]

    def pick(self, options: Sequence[str]) -> str:
        return pick(self.draw, options)

    def column(self) -> str:
        return quoted(pick(self.draw, self.columns).name)

    def of_type(self, types: frozenset[str]) -> list[str]:
        return [quoted(column.name) for column in self.columns if column.type in types]

    def called(self, behaviour: str) -> list[str]:
        return [quoted(name) for name, of in self.udfs if of == behaviour]

    def number(self, depth: int = 2) -> str:
        """Return an expression of type BIGINT."""
        numbers = [f"CAST({column} AS BIGINT)" for column in self.of_type(_NUMBERS)]
        options = ["1", "-3", "CAST(NULL AS BIGINT)", *numbers * 2]
        if depth == 0:
            return self.pick(options)
        options += [
            "sum",
            "case",
            "length",
            "coalesce",
            "modulo",
            *(f"call {name}" for name in self.called("add") * 3),
        ]
        chosen = self.pick(options)
        if chosen == "sum":
            return f"({self.number(depth - 1)} {self.pick('+-*')} {self.number(depth - 1)})"
        if chosen == "case":
            return (
                f"CASE WHEN {self.condition(depth - 1)} THEN {self.number(depth - 1)} ELSE {self.number(depth - 1)} END"
            )
        if chosen == "length":
            return f"CAST(length({self.text(depth - 1)}) AS BIGINT)"
        if chosen == "coalesce":
            return f"coalesce({self.number(depth - 1)}, 0)"
        if chosen == "modulo":
            return f"({self.number(depth - 1)} % 7)"
        if chosen.startswith("call "):
            return f"{chosen[5:]}({self.number(depth - 1)})"
        return chosen

    def float_(self) -> str:
        """Return an expression of type DOUBLE."""
        return f"CAST({self.pick(['1.5', *self.of_type(_FLOATS)])} AS DOUBLE)"

    def text(self, depth: int = 2) -> str:
        """Return an expression of a string type."""
        options = ["'x'", "'a%_'", "''", *self.of_type(_TEXTS) * 3]
        if depth > 0:
            options += ["upper", "concat", "substr", *(f"call {name}" for name in self.called("mask") * 3)]
        chosen = self.pick(options)
        if chosen == "upper":
            return f"upper({self.text(depth - 1)})"
        if chosen == "concat":
            return f"concat({self.text(depth - 1)}, {self.text(depth - 1)})"
        if chosen == "substr":
            return f"substr({self.text(depth - 1)}, 1, 2)"
        if chosen.startswith("call "):
            return f"{chosen[5:]}({self.text(depth - 1)})"
        return chosen

    def condition(self, depth: int = 2) -> str:
        """Return an expression of type BOOLEAN."""
        options = ["null", "compare", "compare", "like", "in", "between", *self.of_type(_BOOLEANS)]
        if depth > 0:
            options += ["and", "or", "not"]
        chosen = self.pick(options)
        less = max(depth - 1, 0)
        if chosen == "null":
            return f"{self.column()} IS {self.pick(('NULL', 'NOT NULL'))}"
        if chosen == "compare":
            return f"{self.number(less)} {self.pick(('=', '<>', '<', '>='))} {self.number(less)}"
        if chosen == "like":
            return f"{self.text(less)} LIKE {self.pick(_LIKE)}"
        if chosen == "in":
            return f"{self.number(less)} IN (0, 1, 40)"
        if chosen == "between":
            return f"{self.number(less)} BETWEEN -1 AND 2"
        if chosen in ("and", "or"):
            return f"({self.condition(less)} {chosen.upper()} {self.condition(less)})"
        if chosen == "not":
            return f"NOT ({self.condition(less)})"
        return chosen

    def value(self) -> str:
        """Return any expression: a column as it is, or one of the above."""
        makers: tuple[Callable[[], str], ...] = (
            self.column,
            self.column,
            self.number,
            self.text,
            self.condition,
        )
        make = pick(self.draw, makers)
        scaled = self.called("scale")
        if scaled and flip(self.draw):
            return f"{self.pick(scaled)}({self.float_()})"
        return make()


_LIKE = ("'a%'", "'%b'", "'_'", "'%x%'")


def _select(scope: _Scope) -> str:
    return f"SELECT {scope.value()} AS c0, {scope.value()} AS c1 FROM {scope.table} WHERE {scope.condition()}"


def _everything(scope: _Scope) -> str:
    return f"SELECT * FROM {scope.table}"


def _one_value(scope: _Scope) -> str:
    return f"SELECT {scope.value()} AS c0 FROM {scope.table}"


def _call(scope: _Scope) -> str:
    """Call one of the functions, of each kind about as often."""
    kind = scope.pick(sorted({BEHAVIOURS[behaviour][0] for _, behaviour in scope.udfs}, reverse=True))
    name, behaviour = pick(scope.draw, [udf for udf in scope.udfs if BEHAVIOURS[udf[1]][0] == kind])
    if behaviour == "mask":
        argument = scope.text(1)
    elif behaviour == "scale":
        argument = scope.float_()
    else:
        argument = scope.number(1)
    over = f" OVER (PARTITION BY {scope.condition(0)})" if behaviour == "count_in" else ""
    return f"SELECT {quoted(name)}({argument}){over} AS c0 FROM {scope.table}"


def _aggregate(scope: _Scope) -> str:
    measures = [
        "count(*)",
        f"count(DISTINCT {scope.number(1)})",
        f"min({scope.number(1)})",
        f"max({scope.number(1)})",
    ]
    measures += [f"sum({scope.number(1)}) FILTER (WHERE {scope.condition(1)})"]
    measures += [f"{name}({scope.number(1)})" for name in scope.called("total") for _ in range(4)]
    keys = [quoted(name) for name in scope.ordered]
    if keys and not one_in(scope.draw, 4):
        key = scope.pick(keys)
        having = scope.pick(("", "", " HAVING count(*) > 1"))
        return f"SELECT {key}, {scope.pick(measures)} AS m FROM {scope.table} GROUP BY {key}{having}"
    return f"SELECT {scope.pick(measures)} AS m0, {scope.pick(measures)} AS m1 FROM {scope.table}"


def _window(scope: _Scope) -> str:
    functions = ["count(*)", f"sum({scope.number(1)})", f"max({scope.number(1)})"]
    functions += [f"{name}({scope.number(1)})" for name in scope.called("count_in") for _ in range(4)]
    window = f"PARTITION BY {scope.condition(1)}"
    if scope.ordered and flip(scope.draw):
        functions, window = (
            ["rank()", "dense_rank()", "count(*)"],
            f"ORDER BY {quoted(scope.pick(scope.ordered))}",
        )
    return f"SELECT {scope.column()} AS c0, {scope.pick(functions)} OVER ({window}) AS w FROM {scope.table}"


def _sorted(scope: _Scope) -> str:
    if not scope.ordered:
        return _everything(scope)
    keys = [quoted(name) for name in scope.ordered]
    direction = scope.pick((" ASC NULLS LAST", " DESC NULLS FIRST", " DESC NULLS LAST"))
    order = ", ".join(key + direction for key in keys)
    limit = scope.pick(("", " LIMIT 2", " LIMIT 3 OFFSET 1"))
    return f"SELECT {', '.join(keys)} FROM {scope.table} ORDER BY {order}{limit}"


def _union(scope: _Scope) -> str:
    sides = [f"SELECT {scope.number()} AS n FROM {scope.table} WHERE {scope.condition(1)}" for _ in range(2)]
    kinds = ["UNION ALL", "INTERSECT", "EXCEPT"]
    # DataFusion cannot run UNION over an expression that it simplifies to a column with a doc ("field metadata").
    if not any(column.doc and column.type in _NUMBERS for column in scope.columns):
        kinds.append("UNION")
    return f"{sides[0]} {scope.pick(kinds)} {sides[1]}"


def _self_join(scope: _Scope) -> str:
    column = scope.pick(scope.ordered) if scope.ordered else None
    if column is None:
        return _everything(scope)
    kind = scope.pick(("JOIN", "LEFT JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"))
    return (
        f"SELECT l.{quoted(column)} FROM (SELECT * FROM {scope.table} WHERE {scope.condition(1)}) l"
        f" {kind} {scope.table} r ON l.{quoted(column)} = r.{quoted(column)}"
    )


def _subquery(scope: _Scope) -> str:
    number = scope.number()
    # What DataFusion decodes does not run where both sides are the same expression, or the right one is volatile.
    listed = replace(scope, udfs=()).number(1)
    if listed == number:
        listed = f"({listed} + 1)"
    return (
        f"WITH x AS (SELECT {number} AS n, {scope.column()} AS c FROM {scope.table})"
        f" SELECT n, c FROM x WHERE n IN (SELECT {listed} FROM {scope.table}) OR n > 1"
    )


_SHAPES = (
    _everything,
    _one_value,
    _select,
    _select,
    _aggregate,
    _aggregate,
    _window,
    _sorted,
    _union,
    _self_join,
    _subquery,
)


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
