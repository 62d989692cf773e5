"""Tables: schemas, rows as patterns, partitions, evolution, deletes, snapshots and properties."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence, Set
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import any_of, flip, one_in, pick, some
from strategies.primitives import PRIMITIVES, TRANSFORMS, primitive
from strategies.specs import ColumnSpec, ListSpec, MapSpec, StructSpec, TableSpec, TypeSpec, Value

__all__ = ["column_types", "columns", "tables", "values"]

COLUMN_NAMES = ("a", "b", "c", "d", "Id", "größe", "two words", "select", "_1", "naïve key", "id", "a.b", 'q"c', "1st")


def column_types(*, depth: int = 1, nested: bool = True) -> st.SearchStrategy[TypeSpec]:
    """Types of columns: a primitive, or a list, map or struct of types of a lower ``depth``, most of them flat.

    Field ids inside are 0: :func:`tables` gives every field an id of its own.

    Raises:
        hypothesis.errors.InvalidArgument: ``depth`` is negative.

    >>> isinstance(column_types(nested=False).example(), str)
    True

    """
    if depth < 0:
        raise InvalidArgument(f"depth must be 0 or more, got {depth}")
    if not nested or depth == 0:
        return st.sampled_from(_drawn_primitives())
    flat, deep = (column_types(depth=inner).filter(_may_be_inside) for inner in (0, depth - 1))
    common = tuple(name for name in _drawn_primitives() if PRIMITIVES[name].is_common)
    # Three in four are primitives, the common ones more often. One draw settles on them, so that they are what shrinks
    # arrive at.
    computed = ("long", "int", "string", "string") * 8  # plans make most of these
    choices = _drawn_primitives() * 2 + common * 4 + computed + ("list", "map", "struct") * 8
    return _column_types(choices, (flat, flat, flat, deep) if depth > 1 else (flat,))


def _drawn_primitives() -> tuple[str, ...]:
    return tuple(name for name, row in PRIMITIVES.items() if row.replaces is None)


@st.composite
def _column_types(draw: st.DrawFn, choices: Sequence[str], inners: Sequence[st.SearchStrategy[TypeSpec]]) -> TypeSpec:
    chosen = pick(draw, choices)
    if chosen not in ("list", "map", "struct"):
        return chosen
    inner = pick(draw, inners)
    if chosen == "list":
        return ListSpec(0, draw(inner))
    if chosen == "map":
        return MapSpec(0, "string", 0, draw(inner))
    types = [draw(inner) for _ in range(pick(draw, (1, 2)))]
    return StructSpec(tuple(ColumnSpec(0, f"f{i}", type_) for i, type_ in enumerate(types)))


def values(type_: TypeSpec, *, required: bool = False) -> st.SearchStrategy[Value]:
    """Values of a type, ``None`` among them unless ``required``.

    >>> values("boolean", required=True).example() in (False, True)
    True
    """
    return _values(type_, required)


@lru_cache(maxsize=1024)
def _values(type_: TypeSpec, required: bool) -> st.SearchStrategy[Value]:
    """Values of a type; unless required, about a quarter of them null. An empty or plain one takes one choice.

    A list or a map of structs is never null: PyIceberg reads it as empty (docs/FINDINGS.md).
    """
    if isinstance(type_, str):
        if type_ not in _drawn_primitives():
            raise InvalidArgument(f"no values of type {type_!r}: it is none of {', '.join(_drawn_primitives())}")
        known = PRIMITIVES[type_].values
        return st.sampled_from(known if required else known + (None,) * (len(known) // 3 + 1))
    if isinstance(type_, StructSpec):
        return _null_or((st.tuples(*(_values(field.type, field.required) for field in type_.fields)),), required)
    required = required or _holds_struct(type_)
    if isinstance(type_, ListSpec):
        element = _values(type_.element, type_.element_required)
        return _null_or((st.just(()), st.tuples(element), st.tuples(element, element)), required)
    pair = st.tuples(_values(type_.key, True), _values(type_.value, type_.value_required))
    pairs = st.lists(pair, min_size=2, max_size=2, unique_by=_first).map(tuple)
    return _null_or((st.just(()), st.tuples(pair), pairs), required)


def _holds_struct(type_: TypeSpec) -> bool:
    if isinstance(type_, (ListSpec, MapSpec)):
        return _holds_struct(type_.element if isinstance(type_, ListSpec) else type_.value)
    return isinstance(type_, StructSpec)


@st.composite
def _null_or(draw: st.DrawFn, options: Sequence[st.SearchStrategy[Value]], required: bool) -> Value:
    position = pick(draw, range(len(options) * (1 if required else 2)))
    return draw(options[position]) if position < len(options) else None


@lru_cache(maxsize=1024)
def _patterns(type_: TypeSpec, required: bool) -> st.SearchStrategy[list[Value]]:
    """Values that repeat down the rows: mostly several, for rows that are all the same tell no plans apart."""
    drawn = _values(type_, required)
    several = st.lists(drawn, min_size=2, max_size=7, unique_by=repr)
    return any_of(st.lists(drawn, min_size=1, max_size=4), several, several, several)


def columns(
    *, names: st.SearchStrategy[str] | None = None, types: st.SearchStrategy[TypeSpec] | None = None
) -> st.SearchStrategy[ColumnSpec]:
    """A column with its pattern of one to seven values; its id is 0 until :func:`tables` numbers it.

    >>> columns(types=st.just("long")).example().type
    'long'
    """
    return _columns(
        st.sampled_from(COLUMN_NAMES) if names is None else names, column_types() if types is None else types
    )


@st.composite
def _columns(draw: st.DrawFn, names: st.SearchStrategy[str], types: st.SearchStrategy[TypeSpec]) -> ColumnSpec:
    name, type_ = draw(names), draw(types)
    required = one_in(draw, 4)
    pattern = tuple(draw(_patterns(type_, required)))
    return ColumnSpec(0, name, type_, pattern, required, doc="a doc" if one_in(draw, 3) else None)


def tables(
    *,
    types: st.SearchStrategy[TypeSpec] | None = None,
    min_columns: int = 1,
    max_columns: int = 6,
    rows: st.SearchStrategy[int] | None = None,
    varied: bool = False,
) -> st.SearchStrategy[TableSpec]:
    """Tables with one data file: its columns, rows, partition, deletes, evolution, snapshots and properties.

    ``types`` draws the types of columns, ``rows`` the number of rows in the file before deletes. Where they are
    ``varied``, seven tables of eight have more columns: of numbers and text, of many values that meet in many ways.
    Over these rows plans differ that mean something else.

    Raises:
        hypothesis.errors.InvalidArgument: ``min_columns`` is below 1, or above ``max_columns`` or the known
        names.

    >>> tables(max_columns=2, rows=st.just(3)).example().rows
    3

    """
    if not 1 <= min_columns <= max_columns <= len(COLUMN_NAMES):
        raise InvalidArgument(
            f"min_columns and max_columns must be 1 to {len(COLUMN_NAMES)} in this order,"
            f" got {min_columns} and {max_columns}"
        )

    def drafts(types: st.SearchStrategy[TypeSpec]) -> st.SearchStrategy[list[_Draft]]:
        draft = st.tuples(columns(types=types), st.sampled_from(_EVOLUTIONS))
        several = max(min_columns, min(3, max_columns))
        few = st.lists(draft, min_size=min_columns, max_size=max_columns, unique_by=_name)
        return st.one_of(few, st.lists(draft, min_size=several, max_size=max_columns, unique_by=_name))

    parquet = drafts(column_types(depth=3) if types is None else types)
    orc = drafts(column_types(nested=False).filter(_is_in_orc)) if types is None else parquet
    return _tables(parquet, orc, (_ROWS, _VARIED_ROWS) if rows is None else (rows, rows), varied)


# A column and what became of it since the file was written.
_Draft = tuple[ColumnSpec, str]

_EVOLUTIONS = ("none", "none", "none", "none", "renamed", "renamed within", "widened", "added")

# What the table had when the file was written, and has no more.
_GONE: tuple[tuple[str, ...], ...] = ((), (), (), ("column",), ("partition spec",), ("column", "partition spec"))

# Rarely none, and mostly more than a pattern is long: over few rows many plans give the same.
_SEVERAL_ROWS = tuple(st.sampled_from(counts) for counts in ((9, 12), (10, 15), (13, 20), (16, 24, 40, 300)))
_ROWS = any_of(st.integers(0, 8), *_SEVERAL_ROWS)
_VARIED_ROWS = any_of(*_SEVERAL_ROWS * 8, st.integers(0, 1))

_TABLE_PROPERTIES: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("owner", "data team"),),
    (("write.parquet.compression-codec", "zstd"), ("comment", "")),
    (("größe", "ä\n2"), ("owner", "x" * 200)),
)


@st.composite
def _tables(
    draw: st.DrawFn,
    parquet: st.SearchStrategy[list[_Draft]],
    orc: st.SearchStrategy[list[_Draft]],
    rows: tuple[st.SearchStrategy[int], st.SearchStrategy[int]],
    varied: bool,
) -> TableSpec:
    wants_orc = one_in(draw, 4)
    drafts = draw(orc if wants_orc else parquet)
    added = _varied_columns(draw, {column.name for column, _ in drafts}) if varied and pick(draw, range(8)) else []
    next_id = _Counter(pick(draw, (1, 1, 3, 1000)), step=pick(draw, (1, 1, 7)))
    drawn = [
        _evolved(_numbered(column, next_id), evolution, is_first=position == 0)
        for position, (column, evolution) in enumerate([*drafts, *((column, "none") for column in added)])
    ]
    is_parquet = not (wants_orc and all(_is_in_orc(column.type) and _holds_in_orc(column) for column in drawn))
    # PyIceberg does not read a timestamp of an ORC file in a table of version 3.
    version = pick(draw, (2, 2, 1, 3) if is_parquet else (2, 2, 1))
    if version == 3 and flip(draw):
        drawn = [_defaulted(column) for column in drawn]
    if version == 3 and flip(draw):
        drawn = [_of_version_3(column) for column in drawn]
    # Under identity alone a file may lack the columns of its partition.
    transform = pick(draw, ("identity", "identity", "identity", "identity", *TRANSFORMS))
    may_partition = [column.name for column in drawn if _may_partition(column, transform)]
    # A column of a partition has one value in the file.
    kept = {column.name for column in added}
    partition_by = _few(draw, [name for name in may_partition if name not in kept], chance=4)
    drawn = [_single_valued(column) if column.name in partition_by else column for column in drawn]
    count = draw(rows[bool(added)])
    # Drawn also where nothing comes of it, so that shrinking to Parquet moves no later choice.
    wants_deletes, wants_small_groups, lacks_ids = one_in(draw, 3), one_in(draw, 3), one_in(draw, 6)
    lacks_partition, has_every_field = flip(draw), one_in(draw, 6)
    # Version 1 has no deletes.
    deleted = some(draw, range(min(count, 8)), 3) if count and wants_deletes and version > 1 else ()
    sort_by = _few(draw, [column.name for column in drawn if isinstance(column.type, str)], chance=4)
    identifiers = _few(draw, [column.name for column in drawn if _may_identify(column)], chance=3)
    gone = pick(draw, _GONE)
    return TableSpec(
        columns=tuple(drawn),
        rows=count,
        deleted=tuple(sorted(deleted)),
        format_version=version,
        file_format="parquet" if is_parquet else "orc",
        row_group_rows=2 if is_parquet and count <= 40 and wants_small_groups else None,
        partition_by=partition_by,
        partition_transform=transform if partition_by else "identity",
        field_ids=not (is_parquet and lacks_ids),
        sort_by=sort_by,
        identifiers=identifiers,
        dropped=int("column" in gone),
        partition_evolved="partition spec" in gone,
        schema_id=3 if one_in(draw, 3) else 0,
        snapshots=pick(draw, (1, 1, 2, 5)),
        tag="release" if one_in(draw, 3) else None,
        properties=pick(draw, _TABLE_PROPERTIES),
        delete_files=pick(draw, (1, 2)) if len(deleted) > 1 else 1,
        partition_in_file=not (lacks_partition and _may_lack(drawn, partition_by, transform)),
        every_field=has_every_field,
    )


# The values of the columns that are added to a varied table are of the first of their type: unusual ones would only be
# in the way.
PLAIN_VALUES = 9
# The types of these columns, and at least and at most how many values each has. Seldom is one length a multiple of
# another, so their values meet in many ways.
_VARIED = (("long", 5, 7), ("int", 3, 4), ("string", 4, 6))


def _varied_columns(draw: st.DrawFn, taken: Set[str]) -> list[ColumnSpec]:
    names = [name for name in COLUMN_NAMES if name not in taken]
    return [
        ColumnSpec(0, name, type_, tuple(draw(_several(type_, fewest, most))))
        for name, (type_, fewest, most) in zip(names, _VARIED, strict=False)
    ]


@lru_cache(maxsize=16)
def _several(type_: str, fewest: int, most: int) -> st.SearchStrategy[list[Value]]:
    plain = PRIMITIVES[type_].values[:PLAIN_VALUES]
    return st.lists(st.sampled_from((*plain, None, None, None)), min_size=fewest, max_size=most, unique_by=repr)


class _Counter:
    def __init__(self, start: int, *, step: int) -> None:
        self.next, self.step = start, step

    def __call__(self) -> int:
        current, self.next = self.next, self.next + self.step
        return current


def _numbered(column: ColumnSpec, next_id: _Counter) -> ColumnSpec:
    own_id = next_id()
    return dataclasses.replace(column, id=own_id, type=_numbered_type(column.type, next_id))


def _numbered_type(type_: TypeSpec, next_id: _Counter) -> TypeSpec:
    if isinstance(type_, ListSpec):
        return ListSpec(next_id(), _numbered_type(type_.element, next_id), type_.element_required)
    if isinstance(type_, MapSpec):
        key_id, value_id = next_id(), next_id()
        key, value = _numbered_type(type_.key, next_id), _numbered_type(type_.value, next_id)
        return MapSpec(key_id, key, value_id, value, type_.value_required)
    if isinstance(type_, StructSpec):
        return StructSpec(tuple(_numbered(field, next_id) for field in type_.fields))
    return type_


def _evolved(column: ColumnSpec, evolution: str, *, is_first: bool) -> ColumnSpec:
    within = _renamed_within(column.type) if evolution == "renamed within" else column.type
    if within != column.type:
        return dataclasses.replace(column, type=within)
    if evolution in ("renamed", "renamed within"):
        return dataclasses.replace(column, old_name=f"old {column.name}")
    if evolution == "added" and not column.required and not is_first:
        return dataclasses.replace(column, added=True, values=())
    old_type = primitive(column.type).widened_from if isinstance(column.type, str) else None
    if evolution == "widened" and old_type is not None:
        fitting = PRIMITIVES[old_type].values
        kept = tuple(value for value in column.values if value is None or value in fitting)
        return dataclasses.replace(column, old_type=old_type, values=kept or fitting[:1])
    return column


def _renamed_within(type_: TypeSpec) -> TypeSpec:
    """Return the type with each field of its structs renamed since the file was written."""
    if isinstance(type_, ListSpec):
        return dataclasses.replace(type_, element=_renamed_within(type_.element))
    if isinstance(type_, MapSpec):
        return dataclasses.replace(type_, value=_renamed_within(type_.value))
    if isinstance(type_, StructSpec):
        fields = (
            dataclasses.replace(field, old_name=f"old {field.name}", type=_renamed_within(field.type))
            for field in type_.fields
        )
        return StructSpec(tuple(fields))
    return type_


def _defaulted(column: ColumnSpec) -> ColumnSpec:
    if column.added and isinstance(column.type, str):
        return dataclasses.replace(column, default=primitive(column.type).default)
    return column


def _of_version_3(column: ColumnSpec) -> ColumnSpec:
    """Return the column with the type of format version 3 that takes the place of its own, if there is one."""
    for row in PRIMITIVES.values():
        if row.replaces == column.type and column.old_type is None and column.default is None:
            known = row.values
            values = (None if value is None else known[i % len(known)] for i, value in enumerate(column.values))
            return dataclasses.replace(column, type=row.name, values=tuple(values))
    return column


def _few(draw: st.DrawFn, names: Sequence[str], *, chance: int) -> tuple[str, ...]:
    """One or two of the names in one draw of ``chance``, else none."""
    wanted = one_in(draw, chance)
    return some(draw, names, 2) if wanted and names else ()


def _first(pair: tuple[Value, Value]) -> Value:
    return pair[0]


def _name(draft: _Draft) -> str:
    return draft[0].name


def _may_be_inside(type_: TypeSpec) -> bool:
    return not isinstance(type_, str) or primitive(type_).is_inside


def _is_in_orc(type_: TypeSpec) -> bool:
    return isinstance(type_, str) and primitive(type_).is_in_orc


def _holds_in_orc(column: ColumnSpec) -> bool:
    """Return whether an ORC file gives back each value of the column."""
    assert isinstance(column.type, str)
    return set(column.values).isdisjoint(primitive(column.type).beyond_nanoseconds)


def _may_partition(column: ColumnSpec, transform: str) -> bool:
    evolved = column.added or column.old_type is not None
    return isinstance(column.type, str) and transform in primitive(column.type).transforms and not evolved


def _may_identify(column: ColumnSpec) -> bool:
    return column.required and isinstance(column.type, str) and primitive(column.type).is_identifier


def _may_lack(columns: Sequence[ColumnSpec], partition_by: Sequence[str], transform: str) -> bool:
    """Return whether the file may lack the columns of the partition.

    The file must hold another column, and the partition tell those that it lacks. PyIceberg reads no file that lacks a
    required column, whatever its partition (docs/FINDINGS.md).
    """
    others = [column for column in columns if not column.added and column.name not in partition_by]
    required = any(column.required for column in columns if column.name in partition_by)
    return bool(partition_by and others) and transform == "identity" and not required


def _single_valued(column: ColumnSpec) -> ColumnSpec:
    return dataclasses.replace(column, values=column.values[:1])
