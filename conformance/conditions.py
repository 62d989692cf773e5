"""Named conditions over a spec: under what circumstances a known failure shows, for the entries of a baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.contract import nearest
from strategies.regions import regions
from strategies.specs import (
    And,
    Chain,
    ColumnSpec,
    FramePlanSpec,
    ListSpec,
    MapSpec,
    Not,
    Or,
    Predicate,
    SplitSpec,
    SqlPlanSpec,
    StructSpec,
)
from strategies.udfs import IMPORTABLE

__all__ = ["CONDITIONS", "condition", "holding", "holds"]

Condition = Callable[[SplitSpec], bool]

CONDITIONS: dict[str, Condition] = {}

# Nested deeper than this, a filter is deep.
DEEP = 3
# Built-in functions of DataFusion whose names the strategies give to functions.
BUILT_INS = frozenset({"abs"})


# The regions of plans that compute over several rows at once.
_OVER_ROWS = (
    *("aggregate:", "window:", "join:", "set:", "subquery:", "call: aggregate", "call: window"),
    *("query: DISTINCT", "query: ORDER BY", "query: LIMIT", "query: OFFSET", "query: QUALIFY", "query: without FROM"),
    *("frame: aggregate", "frame: distinct", "frame: sort", "frame: limit"),
)


def condition(judge: Condition) -> Condition:
    """Register a predicate over a spec under its own name; its docstring says when it holds."""
    assert judge.__name__ not in CONDITIONS, judge.__name__
    CONDITIONS[judge.__name__] = judge
    return judge


def holds(names: tuple[str, ...], spec: SplitSpec) -> bool:
    """Return whether all the named conditions hold for the spec; true for no name.

    Raises:
        LookupError: a name is unknown; the message names the nearest.

    """
    for name in names:
        if name not in CONDITIONS:
            raise LookupError(f"there is no condition {name!r}{nearest(name, CONDITIONS)}")
    return all(CONDITIONS[name](spec) for name in names)


def holding(spec: SplitSpec) -> frozenset[str]:
    """Return the names of all conditions that hold for the spec."""
    return frozenset(name for name, judge in CONDITIONS.items() if judge(spec))


@condition
def plan(spec: SplitSpec) -> bool:
    """There is a plan."""
    return spec.plan is not None


@condition
def no_plan(spec: SplitSpec) -> bool:
    """There is no plan."""
    return spec.plan is None


@condition
def frame_plan(spec: SplitSpec) -> bool:
    """The plan was made by the DataFrame API."""
    return isinstance(spec.plan, FramePlanSpec)


@condition
def qualified_table(spec: SplitSpec) -> bool:
    """The plan scans the table by a name with a schema."""
    return spec.plan is not None and len(spec.plan.table) > 1


@condition
def quoted_table(spec: SplitSpec) -> bool:
    """The plan scans the table by a name that SQL has to quote."""
    return spec.plan is not None and any(not part.isidentifier() or part != part.lower() for part in spec.plan.table)


@condition
def combines_rows(spec: SplitSpec) -> bool:
    """The plan computes over several rows at once: it aggregates, sorts, limits, joins, or uses a window or a set."""
    return any(name.startswith(_OVER_ROWS) for name in regions(spec))


@condition
def explains(spec: SplitSpec) -> bool:
    """The plan is an EXPLAIN."""
    return isinstance(spec.plan, SqlPlanSpec) and spec.plan.sql.upper().startswith("EXPLAIN")


@condition
def table_function(spec: SplitSpec) -> bool:
    """The plan scans a table function (``generate_series``)."""
    return isinstance(spec.plan, SqlPlanSpec) and "generate_series" in spec.plan.sql


@condition
def registry(spec: SplitSpec) -> bool:
    """There is a registry with functions."""
    return spec.registry is not None and bool(spec.registry.udfs)


@condition
def falsy_registry(spec: SplitSpec) -> bool:
    """The registry is false where truth is asked for."""
    return spec.registry is not None and spec.registry.kind in ("falsy", "false")


@condition
def slots_registry(spec: SplitSpec) -> bool:
    """The registry has no ``__dict__``."""
    return spec.registry is not None and spec.registry.kind == "slots"


@condition
def udf_named_like_builtin(spec: SplitSpec) -> bool:
    """A function bears the name of one of the engine's."""
    return any(udf.name in BUILT_INS for udf in spec.registry.udfs) if spec.registry else False


@condition
def udf_with_upper_case(spec: SplitSpec) -> bool:
    """The name of a function has upper case."""
    return any(udf.name != udf.name.lower() for udf in spec.registry.udfs) if spec.registry else False


@condition
def udf_name_twice(spec: SplitSpec) -> bool:
    """Two functions bear one name."""
    return spec.registry is not None and len({udf.name for udf in spec.registry.udfs}) < len(spec.registry.udfs)


@condition
def udf_without_importable_name(spec: SplitSpec) -> bool:
    """A function has no importable name."""
    return any(udf.origin not in IMPORTABLE for udf in spec.registry.udfs) if spec.registry else False


@condition
def row_filter(spec: SplitSpec) -> bool:
    """There is a row filter."""
    return spec.row_filter is not None


@condition
def compound_filter(spec: SplitSpec) -> bool:
    """The row filter joins or negates predicates, or asks for membership of a set.

    PyIceberg's classes for these have a ``__new__`` with required arguments.
    """
    return isinstance(spec.row_filter, (And, Or, Not, Chain)) or any(
        predicate.op in ("in", "not-in") for predicate in _predicates(spec.row_filter)
    )


@condition
def deep_filter(spec: SplitSpec) -> bool:
    """The row filter is nested more than three deep."""
    return _depth(spec.row_filter) > DEEP


@condition
def filter_on_no_column_read(spec: SplitSpec) -> bool:
    """The row filter looks at a column that is not projected."""
    read = spec.projection
    return read is not None and any(predicate.column not in read for predicate in _predicates(spec.row_filter))


@condition
def projection(spec: SplitSpec) -> bool:
    """Not every column is read, or in another order."""
    return spec.projection is not None


@condition
def has_deletes(spec: SplitSpec) -> bool:
    """A delete file goes with the data file."""
    return bool(spec.table.deleted)


@condition
def no_rows(spec: SplitSpec) -> bool:
    """The data file holds no row, or all of them are deleted."""
    return spec.table.rows <= len(set(spec.table.deleted))


@condition
def several_row_groups(spec: SplitSpec) -> bool:
    """The data file has several row groups."""
    return spec.table.row_group_rows is not None and spec.table.row_group_rows < spec.table.rows


@condition
def parquet(spec: SplitSpec) -> bool:
    """The data file is Parquet."""
    return spec.table.file_format == "parquet"


@condition
def orc(spec: SplitSpec) -> bool:
    """The data file is ORC."""
    return spec.table.file_format == "orc"


@condition
def partitioned(spec: SplitSpec) -> bool:
    """The table is partitioned."""
    return bool(spec.table.partition_by)


@condition
def evolved(spec: SplitSpec) -> bool:
    """The schema has changed since the file was written."""
    table = spec.table
    changed = any(column.added or column.old_name or column.old_type for column in table.columns)
    return changed or table.dropped > 0 or table.schema_id > 0


@condition
def widened(spec: SplitSpec) -> bool:
    """A column was widened since the file was written."""
    return any(column.old_type for column in spec.table.columns)


@condition
def added_column(spec: SplitSpec) -> bool:
    """A column is younger than the file."""
    return any(column.added for column in spec.table.columns)


@condition
def nested_columns(spec: SplitSpec) -> bool:
    """A column is a list, a map or a struct."""
    return any(not isinstance(column.type, str) for column in spec.table.columns)


@condition
def uuid_columns(spec: SplitSpec) -> bool:
    """A column holds UUIDs, at any depth."""
    return "uuid" in _types(spec)


@condition
def several_snapshots(spec: SplitSpec) -> bool:
    """The table has a history of snapshots."""
    return spec.table.snapshots > 1


@condition
def table_properties(spec: SplitSpec) -> bool:
    """The table has properties of its own."""
    return bool(spec.table.properties)


@condition
def unusual_path(spec: SplitSpec) -> bool:
    """The name of the data file holds more than ASCII letters and digits."""
    return not (spec.file_name.isalnum() and spec.file_name.isascii())


@condition
def file_io_by_hand(spec: SplitSpec) -> bool:
    """The FileIO is an object made by hand, of a class that nothing in its properties names."""
    return spec.file_io.chosen_by == "instance"


@condition
def py_io_impl(spec: SplitSpec) -> bool:
    """A property names the FileIO's class."""
    return spec.file_io.chosen_by == "py-io-impl"


@condition
def vault(spec: SplitSpec) -> bool:
    """The FileIO is of the suite's own class, and files have its scheme."""
    return spec.file_io.implementation == "vault"


@condition
def used_file_io(spec: SplitSpec) -> bool:
    """The FileIO has opened a file before the split is built."""
    return spec.file_io.used


@condition
def table_elsewhere(spec: SplitSpec) -> bool:
    """The table's location has another scheme than its files."""
    return spec.file_io.table_scheme != "file"


@condition
def unusual_mapping(spec: SplitSpec) -> bool:
    """The FileIO's properties are no plain ``dict``."""
    return spec.file_io.mapping != "dict"


def _predicates(spec: object) -> Iterator[Predicate]:
    if isinstance(spec, Predicate):
        yield spec
    for part in ("left", "right", "child", "first", "last"):
        if hasattr(spec, part):
            yield from _predicates(getattr(spec, part))


def _depth(spec: object) -> int:
    if isinstance(spec, Chain):
        return spec.levels + max(_depth(spec.first), _depth(spec.last))
    if isinstance(spec, (And, Or)):
        return 1 + max(_depth(spec.left), _depth(spec.right))
    return 1 + _depth(spec.child) if isinstance(spec, Not) else 0


def _types(spec: SplitSpec) -> set[str]:
    found: set[str] = set()

    def visit(type_: object) -> None:
        if isinstance(type_, str):
            found.add(type_)
        elif isinstance(type_, ListSpec):
            visit(type_.element)
        elif isinstance(type_, MapSpec):
            visit(type_.key)
            visit(type_.value)
        elif isinstance(type_, StructSpec):
            visit_all(type_.fields)

    def visit_all(columns: tuple[ColumnSpec, ...]) -> None:
        for column in columns:
            visit(column.type)

    visit_all(spec.table.columns)
    return found
