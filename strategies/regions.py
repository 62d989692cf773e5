"""Regions of what is drawn: places where real loaders and engines go wrong, by name.

A spec lies in many of them at once. How often one draw reaches each is published in ``docs/regions.md`` and held by the
tests; reports count how often a run reached each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import Any

from strategies.filters import ORDERED_AS_WRITTEN, other_zero, predicates_of
from strategies.functions import functions_in
from strategies.grammar import GRAMMAR
from strategies.plans import callable_udfs
from strategies.primitives import family, primitive
from strategies.sizes import BATCH, sizes_in, whole
from strategies.specs import (
    And,
    Chain,
    ColumnSpec,
    FileIOSpec,
    FilterSpec,
    ListSpec,
    MapSpec,
    Not,
    Numbered,
    Or,
    PlanSpec,
    Predicate,
    RegistrySpec,
    SplitSpec,
    SqlPlanSpec,
    StructSpec,
    TableSpec,
    TypeSpec,
)
from strategies.udfs import BEHAVIOURS

__all__ = ["CALLED", "regions"]


def regions(spec: SplitSpec) -> Iterator[str]:
    """Yield ``"group: region"`` for each region of the spec; some more than once.

    >>> from strategies import ColumnSpec, SplitSpec, TableSpec
    >>> "type: uuid" in set(regions(SplitSpec(TableSpec((ColumnSpec(1, "a", "uuid"),)))))
    True
    """
    yield from _of_sizes(spec)
    drawn, spec = spec, whole(spec)
    yield from _of_table(spec.table)
    for column in spec.table.columns:
        yield from _of_column(column)
    yield from _of_filter(spec.row_filter)
    if isinstance(spec.row_filter, Predicate | Not | And | Or) and any(c.old_type for c in spec.table.columns):
        yield "pair: a filter over a widened table"
    if spec.table.partition_by and {each.column for each in predicates_of(spec.row_filter)} & set(
        spec.table.partition_by
    ):
        yield "pair: a filter over the partition, which leaves a residual"
    if spec.row_filter is not None and spec.plan is not None:
        yield "pair: a filter and a plan"
    if spec.table.deleted and spec.plan is not None:
        yield "pair: deletes and a plan"
    yield from _of_what_is_read(spec)
    yield from _of_projection(spec)
    yield from _of_plan(spec.plan)
    yield from _of_registry(spec.registry and _without_many(drawn.registry, "udfs"))
    if spec.registry is not None and spec.plan is None:
        yield "pair: a registry and no plan"
    yield from _of_calls(spec)
    yield from _of_file_io(_without_many(drawn.file_io, "properties"))
    if isinstance(drawn.file_name, str):
        yield f"path: {spec.file_name!r}"
    if spec.snapshot is not None:
        yield "table: scanned at an older snapshot"


def _without_many(spec: Any, field: str) -> Any:
    """Return the spec without those of its items that are many alike, which are no regions of their own."""
    return replace(spec, **{field: tuple(item for item in getattr(spec, field) if not isinstance(item, Numbered))})


def _of_sizes(spec: SplitSpec) -> Iterator[str]:
    """Yield where something is large, and how large the largest is: in characters, or in number."""
    places: dict[str, list[Any]] = {
        "a value": [column.values for column in spec.table.columns],
        "a doc": [column.doc for column in spec.table.columns],
        "a set in a filter": [
            value for each in predicates_of(spec.row_filter) for value in each.values if isinstance(value, Numbered)
        ],
        "a property of the FileIO": [item for item in spec.file_io.properties if not isinstance(item, Numbered)],
        "many properties of the FileIO": [item for item in spec.file_io.properties if isinstance(item, Numbered)],
        "a property of the table": list(spec.table.properties),
        "many functions": [] if spec.registry is None else list(spec.registry.udfs),
        "the name of the file": [spec.file_name],
    }
    for place, held in places.items():
        if sizes := list(sizes_in(tuple(held))):
            yield f"size: {place}"
            yield from (f"size: {place}, {size:,} or more" for size in (4096, 1_048_576) if max(sizes) >= size)
    if spec.table.rows > BATCH:
        yield "size: more rows than a batch of the engine holds"


def _of_table(table: TableSpec) -> Iterator[str]:
    yield f"table: {table.file_format}"
    yield f"table: format version {table.format_version}"
    rows = table.rows
    yield f"table: {'no rows' if not rows else 'one row' if rows == 1 else 'some rows' if rows < 100 else 'many rows'}"
    yield f"table: {'one column' if len(table.columns) == 1 else 'several columns'}"
    holds = {
        "several row groups": table.row_group_rows is not None and table.row_group_rows < rows,
        "positional deletes": bool(table.deleted) and table.format_version < 3,
        "a deletion vector": bool(table.deleted) and table.format_version == 3,
        "several delete files": table.delete_files > 1 and len(table.deleted) > 1 and table.format_version < 3,
        "every row deleted": bool(rows) and len(table.deleted) == rows,
        "deletes in front of ORC": bool(table.deleted) and table.file_format == "orc",
        "a file without field ids": not table.field_ids,
        "a file without the columns of its partition": not table.partition_in_file,
        "every field of the data file's entry": table.every_field,
        "a sort order": bool(table.sort_by),
        "identifier fields": bool(table.identifiers),
        "several snapshots": table.snapshots > 1,
        "a tag": table.tag is not None,
        "properties": bool(table.properties),
        "a dropped column": bool(table.dropped),
        "a file of an earlier partition spec": table.partition_evolved,
        "a schema id other than 0": table.schema_id != 0,
        "names that differ only in case": len({c.name.lower() for c in table.columns}) < len(table.columns),
    }
    yield from (f"table: {name}" for name, held in holds.items() if held)
    if table.partition_by:
        yield f"partition: {table.partition_transform}"
        if table.partition_evolved:
            yield "partition: of a spec that the table has no more"
        yield f"partition: of {'one column' if len(table.partition_by) == 1 else 'two columns'}"


def _of_column(column: ColumnSpec) -> Iterator[str]:
    yield from _of_type(column.type)
    name = column.name
    holds = {
        "unicode": not name.isascii(),
        "a space": " " in name,
        "a dot": "." in name,
        "a quote": '"' in name,
        "a keyword": name == "select",
        "a digit first": name[0].isdigit(),
        "upper case": name != name.lower(),
    }
    yield from (f"name: {what}" for what, held in holds.items() if held)
    if column.default is not None and isinstance(column.type, str):
        yield f"default: of {family(column.type)}"
    evolution = {
        "required": column.required,
        "documented": bool(column.doc),
        "renamed": column.old_name is not None,
        "widened": column.old_type is not None,
        "added": column.added,
        "added with a default": column.default is not None,
    }
    yield from (f"column: {what}" for what, held in evolution.items() if held)
    values = column.values
    if None in values:
        yield "value: null"
    if any(repr(value) == "-0.0" for value in values):
        yield "value: negative zero"
    if "" in values:
        yield "value: empty"
    if any(isinstance(value, str) and len(value) > 100 for value in values):
        yield "value: long text"
    if isinstance(column.type, ListSpec | MapSpec) and () in values:
        yield "value: empty list or map"
    if isinstance(column.type, str):
        yield from (f"value: {what}" for what, value in primitive(column.type).regions if value in values)


def _of_type(type_: TypeSpec, depth: int = 0) -> Iterator[str]:
    if isinstance(type_, str):
        yield f"type: {type_}" if depth == 0 else f"type: {family(type_)} inside another"
        return
    parts: tuple[TypeSpec, ...]
    if isinstance(type_, ListSpec):
        name, parts = "list", (type_.element,)
    elif isinstance(type_, MapSpec):
        name, parts = "map", (type_.key, type_.value)
    else:
        name, parts = "struct", tuple(field.type for field in type_.fields)
    yield f"type: {name}"
    if depth:
        yield f"type: nested {depth + 1} deep"
    for part in parts:
        yield from _of_type(part, depth + 1)


def _is_renamed_within(type_: TypeSpec) -> bool:
    """Return whether a field of a struct was renamed since the file was written."""
    if isinstance(type_, ListSpec | MapSpec):
        return _is_renamed_within(type_.element if isinstance(type_, ListSpec) else type_.value)
    if not isinstance(type_, StructSpec):
        return False
    return any(field.old_name is not None or _is_renamed_within(field.type) for field in type_.fields)


def _of_filter(spec: FilterSpec | None) -> Iterator[str]:
    if spec is None:
        yield "filter: none"
    elif isinstance(spec, Predicate):
        yield f"filter: {spec.op}"
    elif isinstance(spec, Chain):
        yield f"filter: {'deep' if spec.levels > 30 else 'chain'}"
    else:
        yield f"filter: {type(spec).__name__}"
        children = (spec.child,) if isinstance(spec, Not) else (spec.left, spec.right)
        for child in children:
            if {type(spec), type(child)} == {And, Or}:
                yield "filter: And and Or in each other"
            yield from _of_filter(child)


def _of_what_is_read(spec: SplitSpec) -> Iterator[str]:
    """Yield regions of rows that no plan hides."""
    table, asked = spec.table, list(predicates_of(spec.row_filter))
    if spec.plan is not None or not table.rows:
        return
    names = [column.name for column in table.columns] if spec.projection is None else spec.projection
    read = {column.name: column for column in table.columns if column.name in names}
    if any(column.default is not None for column in read.values()):
        yield "pair: a default that is read"
    if any(_is_renamed_within(column.type) and any(column.values) for column in read.values()):
        yield "pair: a field renamed within a struct, and values that are read"
    if _leaves_out_fields(spec):
        yield "pair: a field of a struct alone is read"
    if any(_differ_in_case_alone(*two) for two in combinations(read.values(), 2)):
        yield "pair: two columns that differ in case and in values are read"
    if any(_asks_for_another_zero(table, predicate) for predicate in asked):
        yield "pair: a filter of zero, and a zero of the other sign"
    if table.deleted and table.format_version == 3:
        yield "pair: a deletion vector, and rows that are read"
    if table.deleted and table.format_version < 3 and not asked:
        yield "pair: positional deletes, and rows that no filter takes out"
    if not table.field_ids and any(value is not None for column in read.values() for value in column.values):
        yield "pair: a file without field ids, and values that are read"
    if any(predicate.op == "in" for predicate in asked) and table.rows > 128:
        yield "pair: a set in the filter of many rows"
    if asked and table.deleted and table.row_group_rows is not None and table.format_version < 3:
        yield "pair: a filter over deleted rows in several row groups"
    if any("'" in value for predicate in asked for value in predicate.values if isinstance(value, str)):
        yield "pair: a filter of a text with a quote"
    if isinstance(spec.row_filter, Predicate):
        yield from _of_bounds(table, spec.row_filter)
    if not table.partition_in_file:
        told = [
            column for column in table.columns if column.name in table.partition_by and column.values[0] is not None
        ]
        if any(column.name in read for column in told):
            yield "pair: columns that the partition alone tells are read"
            if table.partition_evolved:
                yield "pair: columns that a former partition alone tells are read"
        if {predicate.column for predicate in asked} & {column.name for column in told} - set(read):
            yield "pair: a filter over columns that the partition alone tells"


def _differ_in_case_alone(one: ColumnSpec, other: ColumnSpec) -> bool:
    """Return whether one column can be taken for the other, and is seen to be another then."""
    return one.name.lower() == other.name.lower() and one.type == other.type and one.values != other.values


def _asks_for_another_zero(table: TableSpec, asked: Predicate) -> bool:
    """Return whether a predicate takes in the zero of the other sign than its own, and its column holds that."""
    held = (column.values for column in table.columns if column.name == asked.column)
    other = other_zero(asked)
    return other is not None and any(repr(other) in map(repr, values) for values in held)


def _of_bounds(table: TableSpec, asked: Predicate) -> Iterator[str]:
    """Yield which bound of a row group a filter asks for: one row more or fewer goes wrong there."""
    # What stands for a real table has none of its columns.
    column = next((column for column in table.columns if column.name == asked.column), None)
    if column is None or column.type not in ORDERED_AS_WRITTEN or column.added or not column.values:
        return
    rows = [column.values[row % len(column.values)] for row in range(table.rows)]
    size = table.row_group_rows or table.rows
    groups = [{value for value in rows[at : at + size] if value is not None} for at in range(0, table.rows, size)]
    bounds = [bound(group) for group in groups if len(group) > 1 for bound in AT_BOUNDS.get(asked.op, ())]
    if asked.values and asked.values[0] in bounds:
        yield f"pair: a filter {asked.op} of a bound of a row group"
        if len(groups) > 1:
            yield "pair: a filter of a bound of one of several row groups"


# Of which bounds: where a file or a row group is left out, or read without its filter, for one row too many.
AT_BOUNDS: dict[str, tuple[Callable[[Iterable[Any]], Any], ...]] = {
    "eq": (min, max),
    "le": (min,),
    "ge": (max,),
    "lt": (max,),
    "gt": (min,),
}


def _of_projection(spec: SplitSpec) -> Iterator[str]:
    names = [column.name for column in spec.table.columns]
    if spec.projection is None:
        yield "projection: none"
        return
    if _leaves_out_fields(spec):
        yield "projection: a field of a struct"
    if list(spec.projection) != [name for name in names if name in spec.projection]:
        yield "projection: out of order"
    elif len(spec.projection) == len(names):
        yield "projection: of all columns"
    else:
        yield "projection: of some columns"


def _of_plan(plan: PlanSpec | None) -> Iterator[str]:
    if plan is None:
        yield "plan: none"
        return
    named = {
        "with a schema": len(plan.table) > 1,
        "with a dot": "." in plan.table[-1],
        "with a quote": '"' in plan.table[-1],
        "in upper case": plan.table[-1] != plan.table[-1].lower(),
    }
    yield from (f"plan: table name {what}" for what, held in named.items() if held)
    yield from (f"session: {setting} = {value}" for setting, value in plan.session)
    if isinstance(plan, SqlPlanSpec):
        yield "plan: SQL"
        yield from _of_sql(plan.sql)
        yield from (f"function: {name}" for name in functions_in(plan.sql) if name in CALLED)
    else:
        yield "plan: DataFrame"
        yield from (f"frame: {step[0]}" for step in plan.steps)
        yield from (f"literal: {step[2]}, through the API" for step in plan.steps if step[0] == "with_literal")


CALLED = frozenset(
    name
    for productions in GRAMMAR.values()
    for production in productions
    for text in production.texts
    for name in functions_in(text)
)
"""The functions of the engine that plans call, by the first of their names."""


# What SQL constructs are seen by. Names of columns and aliases in the grammar hold none of these.
_CONSTRUCTS: dict[str, str] = {
    "expression: arithmetic": r" [+*] ",
    "expression: division": r" / ",
    "expression: modulo": r" % ",
    "expression: bits": r" (?:&|\||<<|>>) ",
    "expression: negation": r"\(- ",
    "expression: CASE": r"CASE WHEN",
    "expression: CASE with an operand": r"CASE (?!WHEN)",
    "expression: CASE without ELSE": r"CASE WHEN [^()]* THEN [^()]* END",
    "expression: COALESCE": r"coalesce\(",
    "expression: NULLIF": r"nullif\(",
    "expression: NVL": r"nvl2?\(",
    "expression: greatest and least": r"(?:greatest|least)\(",
    "expression: mathematical functions": r"\b(?:abs|gcd|factorial|floor|ceil|trunc|signum|power|sqrt)\(",
    "expression: round": r"round\(",
    "expression: NaN functions": r"(?:isnan|nanvl)\(",
    "expression: wide, of hundreds of terms": r"(?:\S+ \+ ){250}",
    "cast: to text": r"AS VARCHAR\)",
    "cast: to BIGINT": r"AS BIGINT\)",
    "cast: to a narrower integer": r"CAST\([^()]* AS (?:TINYINT|INT)\)",
    "cast: to DOUBLE": r"AS DOUBLE\)",
    "cast: to REAL": r"AS REAL\)",
    "cast: to DECIMAL": r"AS DECIMAL",
    "cast: to BOOLEAN": r"AS BOOLEAN\)",
    "cast: to a date or time": r"AS (?:DATE|TIME|TIMESTAMP)\)",
    "cast: to a timestamp with zone": r"AS TIMESTAMPTZ\)",
    "cast: to bytes": r"AS BYTEA\)",
    "cast: TRY_CAST": r"TRY_CAST",
    "cast: arrow_cast to another string": r"'(?:LargeUtf8|Utf8View)'",
    "cast: arrow_cast to a dictionary": r"Dictionary",
    "cast: arrow_cast to another timestamp": r"'Timestamp\(",
    "cast: arrow_cast to a wide decimal": r"Decimal256",
    "literal: NULL": r"\bNULL AS (?!BIGINT|DOUBLE|VARCHAR|BOOLEAN|DATE|TIME|DECIMAL|BYTEA)",
    "literal: typed NULL": r"CAST\(NULL AS",
    "literal: unicode": r"'日本'",
    "literal: quote": r"'it''s'",
    "literal: empty text": r"''(?!s)",
    "literal: NaN": r"'NaN'",
    "literal: infinity": r"Infinity",
    "literal: decimal": r"'1\.25'",
    "literal: bytes": r"X'",
    "literal: date": r"DATE '",
    "literal: timestamp": r"TIMESTAMP '",
    "literal: interval": r"INTERVAL '",
    "literal: array": r"\[1, NULL, 3\]",
    "literal: struct": r"named_struct\('f0', 1,",
    "literal: map": r"MAP \{",
    "text: case": r"\b(?:upper|lower|initcap)\(",
    "text: concatenation": r"\|\||concat(?:_ws)?\(",
    "text: parts": r"\b(?:substr|substring|left|right|split_part)\(",
    "text: trimming": r"trim\(",
    "text: padding": r"[lr]pad\(",
    "text: replacement": r"\b(?:replace|translate|overlay)\(",
    "text: reverse and repeat": r"\b(?:reverse|repeat)\(",
    "text: length": r"(?:length|position|strpos|ascii|levenshtein)\(",
    "text: regular expressions": r"regexp_(?:replace|match|like)\(",
    "text: regular expression operators": r" !?~\*? '",
    "text: hashes and encodings": r"\b(?:md5|sha256|encode|decode|to_hex|chr)\(",
    "text: types": r"arrow_typeof\(",
    "predicate: IS NULL": r"IS (?:NOT )?NULL",
    "predicate: comparison": r" (?:=|<>|<|>=|>) ",
    "predicate: IS DISTINCT FROM": r"IS (?:NOT )?DISTINCT FROM",
    "predicate: truth": r"IS (?:NOT )?(?:TRUE|FALSE)",
    "predicate: IS UNKNOWN": r"IS (?:NOT )?UNKNOWN",
    "predicate: IN": r"(?<!NOT) IN \((?!SELECT)",
    "predicate: NOT IN with NULL": r"NOT IN \(0, 1, NULL\)",
    "predicate: BETWEEN": r"(?<!NOT) BETWEEN [^UC]",
    "predicate: NOT BETWEEN": r"NOT BETWEEN",
    "predicate: LIKE": r"(?<!NOT) LIKE ",
    "predicate: NOT LIKE": r"NOT LIKE",
    "predicate: LIKE with any character before the rest": r" LIKE 'a_%'",
    "predicate: LIKE with an escape": r"LIKE 'a\\",
    "predicate: ILIKE": r" ILIKE ",
    "predicate: SIMILAR TO": r"SIMILAR TO",
    "predicate: AND": r" AND ",
    "predicate: OR": r" OR ",
    "predicate: NOT": r"NOT \(",
    "predicate: prefixes": r"(?:starts_with|ends_with|contains)\(",
    "predicate: ANY": r"= ANY\(",
    "date: parts": r"(?:date_part|EXTRACT)\(",
    "date: truncation": r"date_(?:trunc|bin)\(",
    "date: arithmetic": r"[+-] INTERVAL",
    "date: making": r"\b(?:to_date|make_date|to_timestamp|from_unixtime)\(",
    "date: a time zone": r"AT TIME ZONE",
    "date: an offset": r"\+02:00",
    "nested: making an array": r"make_array\(",
    "nested: changing an array": r"array_(?:append|prepend|concat|remove|replace|except|repeat)",
    "nested: ordering an array": r"array_(?:distinct|sort|reverse|slice)",
    "nested: searching an array": r"array_(?:has|has_any|position)\(|empty\(",
    "nested: an element": r"\]\[[12]\]|array_element\(|\)\[[12]\]",
    "nested: a slice": r"\[1:2\]",
    "nested: a field": r"get_field\(|\['f0'\]",
    "nested: a value of a map": r"map_extract\(",
    "nested: flatten and range": r"\b(?:flatten|range)\(",
    "query: every column": r"SELECT \*",
    "query: WHERE": r" WHERE ",
    "query: DISTINCT": r"SELECT DISTINCT (?!ON)",
    "query: DISTINCT ON": r"DISTINCT ON",
    "query: an odd alias": r'AS (?:"C 0"|"a\.b"|"é"|"select"|"c""0")',
    "query: a table alias": r"x\.\*",
    "query: without FROM": r"^(?:VALUES|SELECT 1 AS one$)",
    "query: VALUES": r"VALUES",
    "query: a derived table": r"FROM \(SELECT",
    "query: UNNEST": r"unnest\(",
    "query: one common table expression": r"^WITH x",
    "query: two common table expressions": r", y AS \(",
    "query: ORDER BY": r"FROM \(.* s ORDER BY",
    "query: NULLS FIRST": r"NULLS FIRST",
    "query: LIMIT": r" LIMIT [1-9]",
    "query: LIMIT 0": r" LIMIT 0",
    "query: OFFSET": r" OFFSET ",
    "query: QUALIFY": r"QUALIFY",
    "aggregate: without groups": r"^SELECT [^O]*AS a, [^O]* AS b FROM",
    "aggregate: GROUP BY": r"GROUP BY [ntk%]",
    "aggregate: GROUP BY ALL": r"GROUP BY ALL",
    "aggregate: HAVING": r"HAVING",
    "aggregate: ROLLUP": r"ROLLUP",
    "aggregate: CUBE": r"CUBE",
    "aggregate: GROUPING SETS": r"GROUPING SETS",
    "aggregate: grouping()": r"grouping\(",
    "aggregate: count": r"count\((?:\*|n)",
    "aggregate: sum": r"sum\(",
    "aggregate: min and max": r"\b(?:min|max)\(",
    "aggregate: average and median": r"\b(?:avg|median)\(",
    "aggregate: booleans": r"bool_(?:and|or)\(",
    "aggregate: bits": r"bit_(?:and|or|xor)\(",
    "aggregate: statistics": r"\b(?:stddev|var_pop|corr|regr_slope)\(",
    "aggregate: approximate": r"approx_",
    "aggregate: WITHIN GROUP": r"WITHIN GROUP",
    "aggregate: DISTINCT": r"\(DISTINCT [nt]",
    "aggregate: FILTER": r"FILTER \(WHERE [^()]*\) (?!OVER)",
    "aggregate: ordered arrays": r"array_agg\((?:DISTINCT )?[nm] ORDER BY",
    "aggregate: ordered text": r"string_agg\(",
    "aggregate: first and last": r"(?:first_value|last_value|nth_value)\([^()]*ORDER BY",
    "aggregate: IGNORE NULLS": r"ORDER BY m NULLS FIRST\) IGNORE NULLS",
    "window: ranking": r"(?:row_number|rank|dense_rank|percent_rank|cume_dist|ntile)\(\w*\) OVER",
    "window: lag and lead": r"(?:lag|lead)\([^()]*\)",
    "window: lag with a default": r"(?:lag|lead)\(\w, \d, ",
    "window: first, last, nth": r"(?:first_value|last_value|nth_value)\([^()]*\)(?: \w+ NULLS)? OVER",
    "window: aggregates": r"(?:sum|count|min|max|avg|bool_and|array_agg)\([^()]*\)(?: FILTER \([^()]*\))? OVER",
    "window: IGNORE NULLS": r"IGNORE NULLS OVER",
    "window: FILTER": r"FILTER \(WHERE [^()]*\) OVER",
    "window: DISTINCT": r"\(DISTINCT m\) OVER",
    "window: PARTITION BY": r"OVER \(PARTITION BY",
    "window: over everything": r"OVER \(\)",
    "window: named": r" WINDOW x",
    "window: ROWS": r"ROWS (?:BETWEEN|UNBOUNDED)",
    "window: ROWS with offsets": r"ROWS BETWEEN [^)]*\d",
    "window: RANGE": r"RANGE BETWEEN [UC][^)\d]*\)",
    "window: RANGE with an offset": r"RANGE BETWEEN [^)]*\d",
    "window: GROUPS": r"GROUPS BETWEEN",
    "join: inner": r"\) l JOIN \(",
    "join: left": r"LEFT JOIN",
    "join: right": r"RIGHT JOIN",
    "join: full": r"FULL JOIN",
    "join: semi": r"SEMI JOIN",
    "join: anti": r"ANTI JOIN",
    "join: cross": r"CROSS JOIN",
    "join: natural": r"NATURAL JOIN",
    "join: USING": r"USING \(n\)",
    "join: on an inequality": r"ON l\.n < r\.n",
    "join: null-safe": r"ON l\.n IS NOT DISTINCT",
    "join: on keys of which one matches nulls": r"AND \(l\.m IS NOT DISTINCT|IS NOT DISTINCT FROM r\.m\) AND",
    "join: on two keys": r"ON l\.n = r\.n AND l\.t = r\.t",
    "join: on more than equality": r"ON l\.n = r\.n (?:AND|OR)",
    "set: UNION ALL": r"UNION ALL",
    "set: UNION": r"UNION (?!ALL)",
    "set: INTERSECT": r"INTERSECT",
    "set: EXCEPT": r"EXCEPT",
    "set: INTERSECT or EXCEPT ALL": r"(?:INTERSECT|EXCEPT) ALL",
    "subquery: IN": r"n IN \(SELECT",
    "subquery: NOT IN": r"NOT IN \(SELECT",
    "subquery: IN under OR": r"OR n IN \(SELECT",
    "subquery: EXISTS": r"WHERE EXISTS",
    "subquery: NOT EXISTS, correlated": r"NOT EXISTS",
    "subquery: scalar": r", \(SELECT max",
    "subquery: compared": r">= \(SELECT min",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _CONSTRUCTS.items()}


@lru_cache(maxsize=1024)
def _of_sql(sql: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in _PATTERNS.items() if pattern.search(sql))


def _of_registry(registry: RegistrySpec | None) -> Iterator[str]:
    if registry is None:
        yield "UDFs: no registry"
        return
    yield f"UDFs: {registry.kind} registry"
    if not registry.udfs:
        yield "UDFs: none in the registry"
    names = [udf.name for udf in registry.udfs]
    if len(set(names)) < len(names):
        yield "UDFs: two of one name"
    if len(names) > 4:
        yield "UDFs: more than four"
    if any(names.count(n) > len({u.behaviour for u in registry.udfs if u.name == n}) for n in set(names)):
        yield "UDFs: one behaviour twice under one name"
    kinds: dict[str, set[str]] = {}
    for udf in registry.udfs:
        kinds.setdefault(udf.name, set()).add(BEHAVIOURS[udf.behaviour][0])
        yield f"UDFs: {udf.behaviour}"
        yield f"UDFs: {udf.volatility}"
        yield f"UDFs: from {udf.origin}"
        yield f"UDFs: named {udf.name!r}"
    if any(len(of) > 1 for of in kinds.values()):
        yield "UDFs: one name across kinds"


def _of_calls(spec: SplitSpec) -> Iterator[str]:
    if not isinstance(spec.plan, SqlPlanSpec) or spec.registry is None:
        return
    names = [udf.name for udf in spec.registry.udfs]
    for name, behaviour in callable_udfs(spec.registry):
        if f'"{name}"(' in spec.plan.sql:
            yield f"call: {BEHAVIOURS[behaviour][0]} function"
            if names.count(name) > 1:
                yield "call: one of two functions of a name"
            if name == "abs":
                yield "call: a function that shadows a built-in"


def _of_file_io(spec: FileIOSpec) -> Iterator[str]:
    yield f"FileIO: {spec.implementation}, chosen by {spec.chosen_by}"
    yield f"FileIO: properties in a {spec.mapping}"
    yield f"FileIO: table at {spec.table_scheme}"
    if spec.used:
        yield "FileIO: used before"
    keys = {key for key, _ in spec.properties}
    if not keys:
        yield "FileIO: no properties"
    if {"s3.region", "S3.region"} <= keys:
        yield "FileIO: keys that differ only in case"
    yield from (f"FileIO: property {key.strip()!r}" for key in keys)


def _leaves_out_fields(spec: SplitSpec) -> bool:
    """Return whether of some struct not all fields are projected."""
    names = {column.name: column for column in spec.table.columns}
    for path in spec.projection or ():
        first, *rest = [path] if path in names else path.split(".")
        if first not in names:
            continue  # the likeness of a real table has few of its columns
        type_: TypeSpec = names[first].type
        for name in rest:
            assert isinstance(type_, StructSpec)
            if len(type_.fields) > 1:
                return True
            type_ = next(field.type for field in type_.fields if field.name == name)
    return False
