"""Specs: the plain values that strategies draw and everything live is made from.

A spec is a frozen dataclass of plain values (``None``, ``bool``, ``int``, finite ``float``, ``str``, tuples
and other specs). Its ``repr`` is valid Python after ``from strategies.specs import *`` and leaves out what
has its default; it compares, hashes and pickles; :func:`strategies.serialization.to_json` takes it to JSON
and back.

Values that Python's literals cannot write are strings, read by the column's type: dates, times, timestamps,
decimals and UUIDs in ISO or decimal notation, ``binary`` and ``fixed`` in hexadecimal, and the floats
``"nan"``, ``"inf"`` and ``"-inf"`` (:data:`strategies.primitives.Notation` lists these ways).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "FALSY",
    "AddColumn",
    "And",
    "Append",
    "ArgumentsSpec",
    "Branch",
    "Chain",
    "ColumnSpec",
    "Compact",
    "DeleteEqual",
    "DeletePositions",
    "DeleteRows",
    "DropColumn",
    "ExpireSnapshots",
    "FileIOSpec",
    "FilterSpec",
    "FramePlanSpec",
    "HistorySpec",
    "ListSpec",
    "MakeOptional",
    "MapSpec",
    "MoveFirst",
    "Not",
    "Numbered",
    "Operation",
    "Or",
    "OverwriteRows",
    "PairSpec",
    "PartitionBy",
    "PlanSpec",
    "Predicate",
    "RegistrySpec",
    "RenameColumn",
    "Repeated",
    "RollBack",
    "RowwiseSpec",
    "ScanSpec",
    "SetProperty",
    "Spec",
    "SplitSpec",
    "SqlPlanSpec",
    "StructSpec",
    "TableSpec",
    "Tag",
    "TypeSpec",
    "UdfSpec",
    "Value",
    "WidenColumn",
    "WrittenBySpark",
]

# None, bool, int, finite float, str, or a tuple of these: list elements, struct fields, (key, value) pairs of
# a map.
Value = Any


class Spec:
    """Base of all specs: a ``repr`` without defaults, and a registry of the classes by name for JSON."""

    classes: ClassVar[dict[str, type[Spec]]] = {}

    def __init_subclass__(cls) -> None:
        Spec.classes[cls.__name__] = cls

    def settings(self) -> Iterator[tuple[str, Any]]:
        """Yield name and value of each field that differs, in type or value, from its default."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            if value != field.default or type(value) is not type(field.default):
                yield field.name, value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.settings())})"

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        return self.settings()


@dataclass(frozen=True, repr=False)
class Repeated(Spec):
    """A long text, written short: ``text`` so many ``times``. It may stand wherever a spec holds a text.

    :func:`strategies.sizes.whole` writes it out.
    """

    text: str
    times: int


@dataclass(frozen=True, repr=False)
class Numbered(Spec):
    """Many items of a tuple, written short: ``count`` of them, numbered from 0.

    Of a number each is one more than the one before; in any text of another value ``{}`` stands for the item's number.
    :func:`strategies.sizes.whole` writes it out.
    """

    each: Value
    count: int


@dataclass(frozen=True, repr=False)
class ListSpec(Spec):
    """The Iceberg type ``list<element>``; values are tuples of element values."""

    element_id: int
    element: TypeSpec
    element_required: bool = False


@dataclass(frozen=True, repr=False)
class MapSpec(Spec):
    """The Iceberg type ``map<key, value>``; values are tuples of (key, value) pairs."""

    key_id: int
    key: TypeSpec
    value_id: int
    value: TypeSpec
    value_required: bool = False


@dataclass(frozen=True, repr=False)
class StructSpec(Spec):
    """The Iceberg type ``struct<fields>``; values are tuples, one a field (fields' own ``values`` are unused).

    Of what says how a file holds a column, a field has its ``old_name``.
    """

    fields: tuple[ColumnSpec, ...]


# An Iceberg primitive as its name in the specification ("long", "decimal(9, 2)", "fixed[4]"), or a nested
# type.
TypeSpec = str | ListSpec | MapSpec | StructSpec


@dataclass(frozen=True, repr=False)
class ColumnSpec(Spec):
    """A column of the table as its current schema has it, and how the data file holds it.

    ``values`` is a pattern: row ``i`` holds ``values[i % len(values)]``; an empty pattern stands for nulls
    only. ``old_name`` is the name in the data file where the column was renamed since; ``old_type`` the
    narrower type that it was written with where it was widened since; ``added`` says that it is younger than
    the file, which lacks it, and ``default`` what its rows then hold in place of null (format version 3).
    """

    id: int
    name: str
    type: TypeSpec
    values: tuple[Value, ...] = ()
    required: bool = False
    doc: str | None = None
    old_name: str | None = None
    old_type: str | None = None
    added: bool = False
    default: Value = None


@dataclass(frozen=True, repr=False)
class TableSpec(Spec):
    """An Iceberg table with one data file of interest.

    ``rows`` is the number of rows in the data file before deletes; ``deleted`` lists positions that
    ``delete_files`` positional delete files remove in turn; ``partition_by`` names the columns of the partition
    (their pattern has one value), all under ``partition_transform`` (as the specification writes it:
    ``"bucket[4]"``); ``partition_evolved`` says whether the table has got another partition spec since;
    ``field_ids`` says whether the file holds them, else a name mapping among the table's
    properties does; ``sort_by`` names the columns of the sort order; ``dropped`` counts columns of the older schema
    that are gone; ``snapshots`` counts the table's snapshots, of which the last holds the file; ``tag`` is a
    further ref to that snapshot; ``identifiers`` names the identifier fields; ``partition_in_file`` says whether the
    file holds the columns of an identity partition, which files imported from Hive do not; ``every_field`` says that
    the entry of the data file has each field that its format version knows.

    In format version 3 the deleted positions are in one deletion vector, in a Puffin file.
    """

    columns: tuple[ColumnSpec, ...]
    rows: int = 1
    deleted: tuple[int, ...] = ()
    format_version: int = 2
    file_format: str = "parquet"
    row_group_rows: int | None = None
    partition_by: tuple[str, ...] = ()
    partition_transform: str = "identity"
    partition_evolved: bool = False
    field_ids: bool = True
    sort_by: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    dropped: int = 0
    schema_id: int = 0
    snapshots: int = 1
    tag: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    delete_files: int = 1
    partition_in_file: bool = True
    every_field: bool = False

    def column(self, name: str) -> ColumnSpec:
        """Return the top-level column of that name; ``KeyError`` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, repr=False)
class Predicate(Spec):
    """A predicate over a column: ``op`` of :data:`strategies.filters.OPERATORS`, ``values`` its literals."""

    op: str
    column: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, repr=False)
class And(Spec):
    """Both filters hold."""

    left: FilterSpec
    right: FilterSpec


@dataclass(frozen=True, repr=False)
class Or(Spec):
    """One of the filters holds."""

    left: FilterSpec
    right: FilterSpec


@dataclass(frozen=True, repr=False)
class Not(Spec):
    """The filter does not hold."""

    child: FilterSpec


@dataclass(frozen=True, repr=False)
class Chain(Spec):
    """A filter nested ``levels`` deep: ``first``, then ``Or`` (inmost) and ``And`` with ``last`` in turn."""

    first: FilterSpec
    last: FilterSpec
    levels: int = 1


FilterSpec = Predicate | And | Or | Not | Chain


@dataclass(frozen=True, repr=False)
class SqlPlanSpec(Spec):
    """A plan as SQL text; ``table`` holds the parts of the name under which it scans the split's table.

    ``session`` holds settings of the session in which it was planned, by the names that the engine has for them.
    """

    sql: str
    table: tuple[str, ...] = ("t",)
    session: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, repr=False)
class FramePlanSpec(Spec):
    """A plan through the DataFrame API: ``steps`` are (method, SQL expression, …) over the split's table.

    Methods: ``select``, ``filter``, ``aggregate`` (group by the first expression), ``sort`` (ascending),
    ``distinct``, ``with_column`` (its name, then an expression), ``limit`` (a number), ``with_literal`` (its name, then
    one of :data:`strategies.plans.LITERALS`), ``with_function`` (its name, then an expression that is given to a
    function object called ``f`` that adds 100, whatever is registered under that name).
    ``session`` holds settings of the session in which it was planned, by the names that the engine has for them.
    """

    steps: tuple[tuple[str, ...], ...]
    table: tuple[str, ...] = ("t",)
    session: tuple[tuple[str, str], ...] = ()


PlanSpec = SqlPlanSpec | FramePlanSpec


@dataclass(frozen=True, repr=False)
class UdfSpec(Spec):
    """A user-defined function: ``behaviour`` (:data:`strategies.udfs.BEHAVIOURS`) computes with ``operand``.

    ``origin`` says where the Python function is defined: ``module`` (importable, the operand bound to it),
    ``method`` (bound to an object that holds the operand), ``closure``, ``lambda`` or ``main`` (no name that can
    be imported: only cloudpickle carries it).
    """

    name: str
    behaviour: str = "add"
    operand: int = 1
    origin: str = "module"
    volatility: str = "immutable"


@dataclass(frozen=True, repr=False)
class RegistrySpec(Spec):
    """A UDF registry: functions in registration order, ``kind`` of :data:`strategies.udfs.REGISTRY_KINDS`."""

    udfs: tuple[UdfSpec, ...] = ()
    kind: str = "plain"


@dataclass(frozen=True, repr=False)
class FileIOSpec(Spec):
    """A FileIO and how it came to be.

    ``chosen_by``: ``location`` (by the scheme of the table's location, ``table_scheme``), ``py-io-impl`` (the
    property names ``implementation``), or ``instance`` (an object made by hand). ``implementation`` is
    ``pyarrow``, ``fsspec`` or ``vault`` (a class of the suite that opens files only with the right endpoint
    and token; always authorised by properties added to these). ``scoped`` and ``configured`` are made by hand, and
    hold more than properties: what their constructor takes besides, and what they were told later. ``mapping`` is the
    kind of mapping that holds the properties; ``used`` says that it has opened the file before the split is built.
    """

    chosen_by: str = "location"
    implementation: str = "pyarrow"
    table_scheme: str = "file"
    properties: tuple[tuple[str, Value], ...] = ()
    mapping: str = "dict"
    used: bool = False


@dataclass(frozen=True, repr=False)
class SplitSpec(Spec):
    """All that one split is made from. ``None`` means: no filter, every column, no plan, no registry.

    A name in ``projection`` that no column bears is the path to a field of a struct: ``"s.f0"``. ``snapshot`` is the
    number of the scanned snapshot, ``None`` for the current one.
    """

    table: TableSpec
    row_filter: FilterSpec | None = None
    projection: tuple[str, ...] | None = None
    plan: PlanSpec | None = None
    registry: RegistrySpec | None = None
    file_io: FileIOSpec = FileIOSpec()
    file_name: str = "data"
    snapshot: int | None = None


@dataclass(frozen=True, repr=False)
class Append(Spec):
    """More rows, in files of their own, to ``main`` or to a branch."""

    rows: int = 1
    branch: str | None = None


@dataclass(frozen=True, repr=False)
class WrittenBySpark(Spec):
    """All that a recorded table of Spark's holds, which is made once, and to which nothing more is done.

    It has what PyIceberg does not write: deletion vectors, ORC, delete files of Java's writers.
    """

    name: str


@dataclass(frozen=True, repr=False)
class DeleteRows(Spec):
    """The rows that the predicate selects are left out of files that are written anew (copy on write)."""

    where: Predicate


@dataclass(frozen=True, repr=False)
class OverwriteRows(Spec):
    """As :class:`DeleteRows`, and in the same commit more rows."""

    where: Predicate
    rows: int = 1


@dataclass(frozen=True, repr=False)
class DeletePositions(Spec):
    """Every ``step``-th row of what there is, from ``first`` on, is deleted by position (merge on read).

    One delete file for each partition names all data files of it. The same commit writes ``rows`` before, which count
    as being there.
    """

    first: int = 0
    step: int = 2
    rows: int = 0


@dataclass(frozen=True, repr=False)
class DeleteEqual(Spec):
    """The rows that hold this value in a column are deleted by it, null included, as writers of streams do.

    Those of ``besides``, each a column and a value, they hold too. A delete file of a table without partitions has
    these columns, in this order, and names the values. PyIceberg takes no such table.
    """

    column: str
    value: Value
    besides: tuple[tuple[str, Value], ...] = ()

    @property
    def by_column(self) -> dict[str, Value]:
        """Each column with the value by which rows are deleted."""
        return {self.column: self.value, **dict(self.besides)}


@dataclass(frozen=True, repr=False)
class AddColumn(Spec):
    """A column more; rows that are older hold null in it. Its ``id`` is the next after all that were given.

    Where ``within`` names a struct column, it is a field of that; so it is in the next three operations.
    """

    column: ColumnSpec
    within: str | None = None


@dataclass(frozen=True, repr=False)
class DropColumn(Spec):
    """A column less."""

    name: str
    within: str | None = None


@dataclass(frozen=True, repr=False)
class RenameColumn(Spec):
    """A column under another name."""

    name: str
    to: str
    within: str | None = None


@dataclass(frozen=True, repr=False)
class WidenColumn(Spec):
    """A column of another type, which holds all that the former does."""

    name: str
    type: str
    within: str | None = None


@dataclass(frozen=True, repr=False)
class MakeOptional(Spec):
    """A required column may hold null from now on, and does."""

    name: str


@dataclass(frozen=True, repr=False)
class MoveFirst(Spec):
    """A column in the first place."""

    name: str


@dataclass(frozen=True, repr=False)
class PartitionBy(Spec):
    """From now on files are partitioned by this column under a transform (as Iceberg writes it), or by none."""

    name: str | None = None
    transform: str = "identity"


@dataclass(frozen=True, repr=False)
class Tag(Spec):
    """A tag of what is current."""

    name: str


@dataclass(frozen=True, repr=False)
class Branch(Spec):
    """A branch of what is current."""

    name: str


@dataclass(frozen=True, repr=False)
class RollBack(Spec):
    """The snapshot before the current one becomes current again; the schema stays."""


@dataclass(frozen=True, repr=False)
class Compact(Spec):
    """All files are written anew, as one for each partition; the rows stay."""


@dataclass(frozen=True, repr=False)
class ExpireSnapshots(Spec):
    """All snapshots are removed but the current one, and those of tags and branches; their files stay."""


@dataclass(frozen=True, repr=False)
class SetProperty(Spec):
    """A table property."""

    name: str
    value: str


Operation = (
    Append
    | WrittenBySpark
    | DeleteRows
    | OverwriteRows
    | DeletePositions
    | DeleteEqual
    | AddColumn
    | DropColumn
    | RenameColumn
    | WidenColumn
    | MakeOptional
    | MoveFirst
    | PartitionBy
    | Tag
    | Branch
    | RollBack
    | Compact
    | ExpireSnapshots
    | SetProperty
)


@dataclass(frozen=True, repr=False)
class HistorySpec(Spec):
    """A table: the columns with which it was created, and what was done to it since.

    ``partition_by`` names the column by which it is partitioned from the start, ``sort_by`` that of its sort order, by
    which PyIceberg sorts no file. ``nested`` puts it into a namespace within a namespace. Of the format versions
    PyIceberg writes 1 and 2; there are no delete files in the former.
    """

    columns: tuple[ColumnSpec, ...]
    operations: tuple[Operation, ...] = (Append(),)
    partition_by: str | None = None
    properties: tuple[tuple[str, str], ...] = ()
    nested: bool = False
    format_version: int = 2
    sort_by: str | None = None


@dataclass(frozen=True, repr=False)
class RowwiseSpec(Spec):
    """A transformation that gives for each row one or none: what is selected, and where, as SQL.

    ``having`` is a condition on what was selected, in a query around it, and ``around`` what that query selects of it.
    """

    select: str = "*"
    where: str = ""
    having: str = ""
    around: str = "*"

    @property
    def keeps_columns(self) -> bool:
        """Whether it leaves rows out and changes none: columns may be chosen, and rows filtered, before or after it."""
        return self.select == "*" and self.around == "*"

    def sql(self, table: str) -> str:
        """Return the query over a table, whose name is SQL already."""
        query = f"SELECT {self.select} FROM {table}" + (f" WHERE {self.where}" if self.where else "")
        if not self.having and self.around == "*":
            return query
        return f"SELECT {self.around} FROM ({query}) AS selected" + (f" WHERE {self.having}" if self.having else "")


@dataclass(frozen=True, repr=False)
class ScanSpec(Spec):
    """What is asked of a data loader: ``None`` means every column, no filter, what is current, no transformation.

    ``columns`` are asked for in the table's order; a name that no column bears is the path to a field of a struct,
    ``"s.x"``, beside which the struct has those others alone that are asked for too. ``at`` is the number of the
    operation whose snapshot is scanned, ``ref`` a branch or tag. Without ``case_sensitive`` the columns and those of
    the filter are asked for in another case than the table has them.
    """

    history: HistorySpec
    columns: tuple[str, ...] | None = None
    row_filter: FilterSpec | None = None
    at: int | None = None
    ref: str | None = None
    transformation: RowwiseSpec | None = None
    registry: RegistrySpec | None = None
    case_sensitive: bool = True


@dataclass(frozen=True, repr=False)
class ArgumentsSpec(Spec):
    """Arguments of a split's constructor: those of ``split`` with ``changes`` of (argument, value in its place).

    The value :data:`FALSY` stands for the argument that was there, made false where truth is asked for.
    ``raises`` names the exception that must come, ``None`` where the arguments are valid; its message must match
    each of the regular expressions in ``message``, whatever their case.
    """

    split: SplitSpec
    changes: tuple[tuple[str, Value], ...] = ()
    raises: str | None = None
    message: tuple[str, ...] = ()


FALSY = "<false where truth is asked for>"


@dataclass(frozen=True, repr=False)
class PairSpec(Spec):
    """Two splits that differ in one respect alone: ``differs`` of :data:`strategies.pairs.RESPECTS`."""

    first: SplitSpec
    second: SplitSpec
    differs: str
