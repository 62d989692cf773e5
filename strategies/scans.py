"""Scans of tables with a history: what is asked of a loader."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from strategies.drawing import flip, one_in, pick, some
from strategies.evolution import COMMITS, EVOLVING, is_on_branch, table_before
from strategies.filters import filter_columns, predicates, predicates_of, row_filters
from strategies.histories import ALIKE, histories
from strategies.primitives import BY_TIME, primitive
from strategies.specs import (
    Append,
    Branch,
    Chain,
    ColumnSpec,
    DeleteEqual,
    ExpireSnapshots,
    FilterSpec,
    HistorySpec,
    MakeOptional,
    MoveFirst,
    Not,
    Or,
    PartitionBy,
    Predicate,
    RegistrySpec,
    RowwiseSpec,
    ScanSpec,
    StructSpec,
    TableSpec,
    Tag,
    UdfSpec,
    Value,
)
from strategies.terms import literal, quoted

__all__ = ["NO_COLUMN", "deletes_by_value", "scans"]

# What a query selects that names no column.
NO_COLUMN = "1 AS one"


def scans() -> st.SearchStrategy[ScanSpec]:
    """Scans of tables with a history of some operations; rarely nothing was written yet.

    >>> scan = scans().example()
    >>> len(scan.history.operations) < 16
    True

    """
    return _scans()


def deletes_by_value(scan: ScanSpec) -> bool:
    """Return whether the scanned snapshot has deletes that name values.

    >>> history = HistorySpec((ColumnSpec(1, "a", "int", (1, 2)),), (Append(2), DeleteEqual("a", 1)))
    >>> deletes_by_value(ScanSpec(history)), deletes_by_value(ScanSpec(history, at=0))
    (True, False)

    """
    done = scan.history.operations
    seen = done if scan.at is None else done[: scan.at + 1]
    return scan.ref is None and any(isinstance(operation, DeleteEqual) for operation in seen)


@st.composite
def _scans(draw: st.DrawFn) -> ScanSpec:
    history = draw(histories())
    operations = history.operations
    at, ref = None, None
    expired = max((i for i, operation in enumerate(operations) if isinstance(operation, ExpireSnapshots)), default=0)
    commits = [
        i
        for i, operation in enumerate(operations)
        if isinstance(operation, COMMITS) and not is_on_branch(operation) and i >= expired
    ]
    refs = [operation.name for operation in operations if isinstance(operation, Tag)]
    refs += [o.name for o in operations if isinstance(o, Branch) and _has_schema_of_today(history, o)]
    outgrown = [i for i in commits if any(isinstance(done, EVOLVING) for done in operations[i:])]
    if outgrown and flip(draw):
        at = pick(draw, outgrown)
    elif len(commits) > 1 and one_in(draw, 4):
        at = pick(draw, commits)
    elif refs and flip(draw):
        ref = pick(draw, refs)
    table = table_before(history, _seen(history, at, ref))
    names = [column.name for column in table.columns]
    parts = {
        history.partition_by,
        *(o.name for o in operations if isinstance(o, (PartitionBy, MakeOptional, MoveFirst))),
    }
    transforms = [(o.name, o.transform) for o in operations if isinstance(o, PartitionBy)]
    row_filter = _filter(draw, table, table_before(history, len(operations)), parts, transforms)
    columns = _columns(draw, names, () if row_filter is None else tuple(filter_columns(row_filter)))
    if flip(draw):
        columns = columns and _with_paths(draw, table, columns)
        case_sensitive = not (one_in(draw, 3) and _may_ignore_case(names) and (columns or row_filter))
        return ScanSpec(history, columns, row_filter, at, ref, case_sensitive=case_sensitive)
    shown = [column for column in table.columns if columns is None or column.name in columns]
    transformation, registry = draw(_transformations(tuple(shown)))
    return ScanSpec(history, columns, row_filter, at, ref, transformation, registry)


# Predicates by which whole partitions are chosen or left out.
_CHOOSES_PARTITIONS = ("eq", "in", "is-null", "not-null", "ne", "ge", "lt", "starts-with", "not-starts-with")


def _has_schema_of_today(history: HistorySpec, branch: Branch) -> bool:
    """Return whether the schema of a branch is the table's current one.

    Otherwise readers differ: Iceberg's own give a branch in the current schema, and a tag in that of its snapshot.
    """
    return table_before(history, _seen(history, None, branch.name)) == table_before(history, len(history.operations))


def _may_ignore_case(names: Sequence[str]) -> bool:
    """Return whether names are told apart, and found, whatever their case."""
    return len({name.lower() for name in names}) == len(names) and all(
        name.swapcase().lower() == name.lower() for name in names
    )


def _columns(draw: st.DrawFn, names: Sequence[str], filtered: Sequence[str]) -> tuple[str, ...] | None:
    """Draw the columns that are asked for; half of those under a filter lack one that it names."""
    if flip(draw):
        return None
    left_out = pick(draw, filtered) if filtered and len(names) > 1 and flip(draw) else None
    offered = [name for name in names if name != left_out]
    return tuple(sorted(some(draw, offered, len(offered)), key=names.index))


def _with_paths(draw: st.DrawFn, table: TableSpec, names: Sequence[str]) -> tuple[str, ...]:
    """Draw paths to fields in place of half of the structs that are asked for."""
    fields = {column.name: _fields(column) for column in table.columns}
    found: list[str] = []
    for name in names:
        within = [f"{name}.{field.name}" for field in fields.get(name, ())]
        found += sorted(some(draw, within, len(within)), key=within.index) if within and flip(draw) else [name]
    return tuple(found)


def _filter(
    draw: st.DrawFn,
    table: TableSpec,
    now: TableSpec,
    parts: set[str | None],
    transforms: Sequence[tuple[str | None, str]],
) -> FilterSpec | None:
    """Draw a filter over the columns that are named in the scanned schema as they are now, or none.

    Half of those of a table with texts that no bound tells apart are about these.
    Half of those of a partitioned table are about a column by which it is or was partitioned: over that alone, or over
    it or another. So are they about a column that was widened, required or moved, which ``parts`` names too. By
    whatever else of a column than its value the table is partitioned, by one of the ``transforms``, there are other
    values in the same files: a text is asked for longer prefixes, one by whose hash for all values but one, a time for
    its own.

    PyIceberg plans by the current schema, and fails over names that only the scanned one has (docs/FINDINGS.md). Where
    a set is negated, it selects nulls, which a negated comparison does not: no such is drawn. Nor is one that orders
    null partition values among other predicates, over which PyIceberg fails.
    """
    named = {(column.id, column.name, column.type) for column in now.columns}
    columns = tuple(
        column
        for column in table.columns
        if (column.id, column.name, column.type) in named and isinstance(column.type, str)
    )
    if not columns or flip(draw):
        return None
    by = tuple(column for column in columns if column.name in parts or column.old_type is not None)
    alike = [column for column in columns if set(ALIKE) <= set(column.values)]
    found: FilterSpec
    if alike and flip(draw):
        return Predicate(pick(draw, ("eq", "gt", "in", "ne")), pick(draw, alike).name, (pick(draw, ALIKE),))
    told_by_order = [asked for column in columns if (asked := _before_others(column)) is not None]
    if told_by_order and one_in(draw, 6):
        return draw(pick(draw, told_by_order))
    within = {(field.name, field.type) for each in table.columns for field in _fields(each)}
    named_as_fields = [column for column in columns if (column.name, column.type) in within and any(column.values)]
    if named_as_fields and flip(draw):
        like = pick(draw, named_as_fields)
        return Predicate("eq", like.name, (pick(draw, [value for value in like.values if value is not None]),))
    transformed = ((column, transform) for column in by for name, transform in transforms if name == column.name)
    of_parts = [asked for made in transformed if (asked := _asked_of(*made)) is not None]
    if of_parts and flip(draw):
        found = draw(pick(draw, of_parts))
    elif by and one_in(draw, 8):
        return Predicate("not-null", pick(draw, by).name)
    elif by and flip(draw):
        chosen = draw(predicates(pick(draw, by)).filter(lambda predicate: predicate.op in _CHOOSES_PARTITIONS))
        others = [column for column in columns if column.name != chosen.column]
        found = chosen
        if others and one_in(draw, 4):
            found = Or(chosen, draw(predicates(pick(draw, others))))
    elif one_in(draw, 4):
        found = draw(predicates(pick(draw, columns)).filter(lambda predicate: predicate.op in _ASKS_FOR_BOUNDS))
    else:
        found = draw(row_filters(TableSpec(columns), max_leaves=3))
    return None if _negates_a_set(found) or _orders_a_null(found, by) else found


# Predicates by whose bounds files, and row groups of them, are left out.
_ASKS_FOR_BOUNDS = ("eq", "lt", "le", "gt", "ge")


def _before_others(column: ColumnSpec) -> st.SearchStrategy[Predicate] | None:
    """Return what is asked of texts of which others begin beyond ASCII; ``None`` where there are no such two."""
    texts = [value for value in column.values if isinstance(value, str) and value]
    plain = [text for text in texts if text[0].isascii()]
    if column.type != "string" or not plain or len(plain) == len(texts):
        return None
    return _predicates(("eq", "in", "gt", "ge"), column, plain)


def _fields(column: ColumnSpec) -> tuple[ColumnSpec, ...]:
    return column.type.fields if isinstance(column.type, StructSpec) else ()


def _asked_of(column: ColumnSpec, transform: str) -> st.SearchStrategy[Predicate] | None:
    """Return what is asked of a column by whose transform the table is partitioned; ``None`` for nothing of its own."""
    held = tuple(value for value in column.values if value is not None)
    if transform.startswith("truncate") and column.type == "string":
        prefixes = [value for value in held if isinstance(value, str) and value]
        longer = [*prefixes, *(f"{value}c" for value in prefixes)] or ["abc"]
        begins = _predicates(("starts-with", "not-starts-with"), column, longer)
        return begins | _predicates(("eq", "in"), column, prefixes) if prefixes else begins
    if transform.startswith("bucket") and held:
        return _predicates(("ne",), column, held)
    return _predicates(("eq", "ge", "lt"), column, held) if transform in BY_TIME and held else None


def _predicates(ops: Sequence[str], column: ColumnSpec, values: Sequence[Value]) -> st.SearchStrategy[Predicate]:
    return st.builds(
        lambda op, value: Predicate(op, column.name, (value,)), st.sampled_from(ops), st.sampled_from(values)
    )


def _orders_a_null(spec: FilterSpec, parts: Sequence[ColumnSpec]) -> bool:
    nullable = {column.name for column in parts if None in column.values}
    compared = (each for each in predicates_of(spec) if each.op in _ORDERING)
    return not isinstance(spec, Predicate) and any(each.column in nullable for each in compared)


_ORDERING = ("lt", "le", "gt", "ge", "starts-with", "not-starts-with")


def _negates_a_set(spec: FilterSpec, *, negated: bool = False) -> bool:
    if isinstance(spec, Predicate):
        return spec.op == "not-in" or (negated and spec.op == "in")
    if isinstance(spec, Not):
        return _negates_a_set(spec.child, negated=True)
    if isinstance(spec, Chain):
        return any(_negates_a_set(part, negated=negated) for part in (spec.first, spec.last))
    return any(_negates_a_set(part, negated=negated) for part in (spec.left, spec.right))


def _seen(history: HistorySpec, at: int | None, ref: str | None) -> int:
    """Return how many operations the schema of the scan has seen."""
    if at is not None:
        return at + 1
    if ref is None:
        return len(history.operations)
    names = [getattr(operation, "name", None) for operation in history.operations]
    made = names.index(ref) + 1
    later = [
        i + 1
        for i, operation in enumerate(history.operations)
        if isinstance(operation, Append) and operation.branch == ref
    ]
    commits = [i + 1 for i, operation in enumerate(history.operations[:made]) if isinstance(operation, COMMITS)]
    return max([*later, *commits[-1:]], default=made)


@st.composite
def _transformations(draw: st.DrawFn, columns: Sequence[ColumnSpec]) -> tuple[RowwiseSpec, RegistrySpec | None]:
    """Draw a transformation over the columns; where there are functions, it calls one."""
    chosen = some(draw, [term for column in columns for term in _terms(column)], 3)
    numbers = [quoted(column.name) for column in columns if column.type in ("long", "int")]
    registry = None
    if numbers and flip(draw):
        name = pick(draw, ("f", "ABS", "abs", "Mask", "two words"))
        registry = RegistrySpec((UdfSpec(name, operand=1 + pick(draw, range(9))),))
        chosen = (f"{quoted(name)}({pick(draw, numbers)})", *chosen[1:])
    listed = ", ".join(f"{term} AS {quoted(f'c{i}')}" for i, term in enumerate(chosen))
    kind = "some" if registry else pick(draw, ("*", "constant", "some", "constant", "star and more"))
    selected = {"*": "*", "constant": NO_COLUMN, "star and more": f"*, {listed}"}.get(kind, listed)
    calls = [f"{chosen[0]} > 1"] if registry and flip(draw) else []
    where = pick(draw, calls or [_condition(draw, columns)]) if flip(draw) else ""
    if selected == listed:
        return RowwiseSpec(selected, where, pick(draw, _OF_RESULTS) if one_in(draw, 3) else ""), registry
    if selected == "*" and flip(draw):
        # Whoever rewrites a query has to know what a star around, or within, stands for.
        condition = pick(draw, columns)
        having = pick(draw, ("", *(f"selected.{each}" for each in _of_itself(condition)[:2])))
        around = "*" if having and flip(draw) else ", ".join(quoted(each.name) for each in some(draw, columns, 2))
        return RowwiseSpec(selected, where, having, around), registry
    return RowwiseSpec(selected, where), registry


_OF_RESULTS = ("c0 IS NOT NULL", '"c0" = "c0"', 'c0 IS NULL OR "c0" = c0')


def _terms(column: ColumnSpec) -> list[str]:
    name = quoted(column.name)
    if column.type in ("long", "int"):
        return [name, f"{name} % 7", f"CASE WHEN {name} > 1 THEN 'many' ELSE 'few' END", f"coalesce({name}, -5)"]
    if column.type == "string":
        return [name, f"upper({name})", f"{name} || '!'", f"char_length({name})"]
    return [name, f"{name} IS NULL", f"CAST({name} AS VARCHAR)" if column.type == "date" else name]


def _condition(draw: st.DrawFn, columns: Sequence[ColumnSpec]) -> str:
    """Draw a condition as whoever pushes it down has to understand it: compared this way and that, joined, negated."""
    first, second = (_simple_condition(draw, pick(draw, columns)) for _ in "12")
    made = pick(draw, ("{0}", "{0}", "{0}", "{0} AND {1}", "({0} OR {1})", "NOT ({0})", "NOT ({0} OR {1})"))
    return made.format(first, second)


def _simple_condition(draw: st.DrawFn, column: ColumnSpec) -> str:
    name, literals = quoted(column.name), _literals(column)
    if not literals or one_in(draw, 4):
        return pick(draw, _of_itself(column))
    one, other = (pick(draw, literals) for _ in "12")
    made = pick(draw, ("{} {op} {}", "{1} {op} {0}", "{} BETWEEN {} AND {}", "{} IN ({}, {})", "{} NOT IN ({}, {})"))
    return made.format(name, one, other, op=pick(draw, ("<", "<=", "=", "<>", ">", ">=")))


def _of_itself(column: ColumnSpec) -> list[str]:
    name = quoted(column.name)
    if column.type in ("long", "int"):
        return [f"{name} IS NOT NULL", f"{name} > 0", f"{name} IN (0, 1, 2)", f"{name} IS NULL OR NOT ({name} = 1)"]
    if column.type == "string":
        return [f"{name} IS NOT NULL", f"{name} = 'a'", f"{name} LIKE 'a_%'", f"lower({name}) <> 'b'"]
    if column.type == "double":
        return [f"{name} IS NOT NULL", f"CAST({name} AS BIGINT) = 1"]
    return [f"{name} IS NOT NULL", f"{name} IS NULL"]


def _literals(column: ColumnSpec) -> list[str]:
    """Return the values of a column as SQL writes them, without those that engines take for another type."""
    if not isinstance(column.type, str):
        return []
    beyond = primitive(column.type).beyond_nanoseconds  # the engine counts those of SQL in nanoseconds
    held = [value for value in column.values if value is not None and value not in beyond]
    if column.type in ("long", "int"):
        whole = [value for value in held if isinstance(value, int)]
        return [
            *(str(each) for each in whole if abs(each) < BEYOND),
            *(f"{each}.5" for each in whole if abs(each) < 100),
        ]
    if column.type in ("string", "date", "timestamp"):
        return [literal(primitive(column.type).kind, value) for value in held]
    plain = held if column.type != "double" else [value for value in held if value in (1.5, 2.0, -1.0)]
    return [str(value).upper() for value in plain]


# A number whose negative needs more than 64 bits before its sign is read.
BEYOND = 2**63
