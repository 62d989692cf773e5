"""Tables: schemas, rows as patterns, partitions, evolution, deletes, snapshots and properties."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import flip, one_in, pick, some
from strategies.specs import ColumnSpec, ListSpec, MapSpec, StructSpec, TableSpec, TypeSpec, Value

__all__ = ["COLUMN_NAMES", "PRIMITIVE_VALUES", "TRANSFORMS", "column_types", "columns", "tables", "values"]

COLUMN_NAMES = ("a", "b", "c", "d", "Id", "größe", "two words", "select", "_1", "naïve key", "id", "a.b", 'q"c', "1st")

# For each primitive type the values that tell implementations apart: plain ones first (they are what shrinks
# remain at), then signs, extremes of the type, empty and long ones, and those not equal to themselves or to
# their negation.
PRIMITIVE_VALUES: dict[str, tuple[Value, ...]] = {
    "long": (0, 1, 2, -1, 40, 9007199254740993, 9223372036854775807, -9223372036854775808),
    "string": ("", "a", "b", "ab", "B", "ä", "a b", "%", "x" * 300, "日本", "line\nbreak"),
    "int": (0, 1, 2, -1, 2147483647, -2147483648),
    "double": (0.0, 1.5, 2.0, -1.0, 1e308, 5e-324, -0.0, "nan", "inf", "-inf"),
    "boolean": (False, True),
    "date": ("1970-01-01", "2024-02-29", "1969-12-31", "0001-01-01", "9999-12-31"),
    "timestamp": ("1970-01-01T00:00:00", "2024-02-29T12:30:00.000001", "1969-12-31T23:59:59.999999"),
    "timestamptz": (
        "1970-01-01T00:00:00+00:00",
        "2024-06-30T22:00:00.500000+00:00",
        "1900-01-01T00:00:00+00:00",
    ),
    "decimal(9, 2)": ("0.00", "1.25", "-0.01", "9999999.99", "-9999999.99"),
    "decimal(1, 0)": ("0", "7", "-9"),
    "decimal(18, 18)": ("0.000000000000000000", "0.999999999999999999", "-0.000000000000000001"),
    "decimal(38, 10)": ("0.0000000000", "1.0000000001", "-9999999999999999999999999999.9999999999"),
    "decimal(20, 10)": ("0.0000000000", "1.0000000001", "-9999999999.9999999999"),
    "float": (0.0, 1.5, -2.0, 3.4028234663852886e38, -0.0, "nan", "inf"),
    "binary": ("", "00", "ff00", "c3a4"),
    "time": ("00:00:00", "12:30:00.000001", "23:59:59.999999"),
    "fixed[4]": ("00000000", "00ff10ee"),
    "fixed[16]": ("00" * 16, "ff" * 16),
    "uuid": ("00000000-0000-0000-0000-000000000000", "f79c3e09-677c-4bbd-a479-3f349cb785e7"),
}

# Values of the types that format version 3 has besides; they take the place of timestamps.
NANOSECOND_VALUES: dict[str, tuple[Value, ...]] = {
    "timestamp_ns": ("1970-01-01T00:00:00.000000001", "2024-02-29T12:30:00", "1969-12-31T23:59:59.999999999"),
    "timestamptz_ns": ("1970-01-01T00:00:00.000000001+00:00", "2024-06-30T22:00:00.500000000+00:00"),
}

# pyarrow writes no ORC column of these types, or reads it back as another.
NOT_IN_ORC = frozenset({"time", "uuid", "fixed[4]", "fixed[16]", "timestamptz"})

# Which types a partition transform of the Iceberg specification takes.
_DATES = frozenset({"date", "timestamp", "timestamptz"})
TRANSFORMS: dict[str, frozenset[str]] = {
    "identity": frozenset({"long", "int", "string", "date", "boolean"}),
    "bucket[4]": _DATES | {"long", "int", "string", "decimal(9, 2)"},
    "truncate[2]": frozenset({"long", "int", "string", "decimal(9, 2)"}),
    "year": _DATES,
    "month": _DATES,
    "day": _DATES,
    "hour": _DATES - {"date"},
    "void": frozenset(PRIMITIVE_VALUES),
}

# Types of which a column can have a default value, and the value.
DEFAULTS: dict[str, Value] = {"long": 7, "int": -1, "string": "by default", "boolean": True}

# What the Iceberg specification lets a column be widened from.
WIDENED_FROM = {"long": "int", "double": "float", "decimal(38, 10)": "decimal(20, 10)"}


def column_types(*, depth: int = 1, nested: bool = True) -> st.SearchStrategy[TypeSpec]:
    """Types of columns: a primitive, or a list, map or struct of types of a lower ``depth``, most of them flat.

    Field ids inside are 0: :func:`tables` gives every field an id of its own.

    Raises:
        hypothesis.errors.InvalidArgument: ``depth`` is negative.

    >>> column_types(nested=False).example() in PRIMITIVE_VALUES
    True

    """
    if depth < 0:
        raise InvalidArgument(f"depth must be 0 or more, got {depth}")
    if not nested or depth == 0:
        return st.sampled_from(tuple(PRIMITIVE_VALUES))
    # pyarrow makes no empty batch with a UUID inside another type, which sessions and empty scans need.
    flat, deep = (column_types(depth=inner).filter(_is_no_uuid) for inner in (0, depth - 1))
    return _column_types((flat, flat, flat, deep) if depth > 1 else (flat,))


# Three in five are primitives, the common ones more often. One draw settles on them, so that they are what shrinks
# arrive at.
_COMMON = ("long", "string", "int", "double", "boolean", "date", "timestamp", "decimal(9, 2)")
_TYPES = tuple(PRIMITIVE_VALUES) * 2 + _COMMON * 4 + ("list", "map", "struct") * 16


@st.composite
def _column_types(draw: st.DrawFn, inners: Sequence[st.SearchStrategy[TypeSpec]]) -> TypeSpec:
    chosen = pick(draw, _TYPES)
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
    """Values of a type; half of them null unless required. An empty or plain one takes one choice.

    A list or a map of structs is never null: PyIceberg reads it as empty (docs/FINDINGS.md).
    """
    if isinstance(type_, str):
        if type_ not in PRIMITIVE_VALUES:
            raise InvalidArgument(f"no values of type {type_!r}: it is none of {', '.join(PRIMITIVE_VALUES)}")
        known = PRIMITIVE_VALUES[type_]
        return st.sampled_from(known if required else known + (None,) * len(known))
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
    return st.lists(_values(type_, required), min_size=1, max_size=4)


def columns(
    *, names: st.SearchStrategy[str] | None = None, types: st.SearchStrategy[TypeSpec] | None = None
) -> st.SearchStrategy[ColumnSpec]:
    """A column with its pattern of one to four values; its id is 0 until :func:`tables` numbers it.

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
    max_columns: int = 4,
    rows: st.SearchStrategy[int] | None = None,
) -> st.SearchStrategy[TableSpec]:
    """Tables with one data file: its columns, rows, partition, deletes, evolution, snapshots and properties.

    ``types`` draws the types of columns, ``rows`` the number of rows in the file before deletes.

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
        return st.lists(draft, min_size=min_columns, max_size=max_columns, unique_by=_name)

    parquet = drafts(column_types(depth=3) if types is None else types)
    orc = drafts(column_types(nested=False).filter(_is_in_orc)) if types is None else parquet
    return _tables(parquet, orc, _ROWS if rows is None else rows)


# A column and what became of it since the file was written.
_Draft = tuple[ColumnSpec, str]

_EVOLUTIONS = ("none", "none", "none", "none", "renamed", "widened", "added")

# What the table had when the file was written, and has no more.
_GONE: tuple[tuple[str, ...], ...] = ((), (), (), ("column",), ("partition spec",), ("column", "partition spec"))

_ROWS = st.one_of(st.integers(0, 8), st.sampled_from((3, 5, 40, 300)))

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
    rows: st.SearchStrategy[int],
) -> TableSpec:
    wants_orc = one_in(draw, 4)
    drafts = draw(orc if wants_orc else parquet)
    next_id = _Counter(pick(draw, (1, 1, 3, 1000)), step=pick(draw, (1, 1, 7)))
    drawn = [
        _evolved(_numbered(column, next_id), evolution, is_first=position == 0)
        for position, (column, evolution) in enumerate(drafts)
    ]
    is_parquet = not (wants_orc and all(_is_in_orc(column.type) for column in drawn))
    # PyIceberg does not read a timestamp of an ORC file in a table of version 3.
    version = pick(draw, (2, 2, 1, 3) if is_parquet else (2, 2, 1))
    if version == 3 and flip(draw):
        drawn = [_defaulted(column) for column in drawn]
    if version == 3 and flip(draw):
        drawn = [_in_nanoseconds(column) for column in drawn]
    transform = pick(draw, ("identity", *TRANSFORMS))
    partition_by = _few(draw, [column.name for column in drawn if _may_partition(column, transform)], chance=3)
    drawn = [_single_valued(column) if column.name in partition_by else column for column in drawn]
    count = draw(rows)
    # Drawn also where nothing comes of it, so that shrinking to Parquet moves no later choice.
    wants_deletes, wants_small_groups, lacks_ids = one_in(draw, 3), one_in(draw, 3), one_in(draw, 6)
    # Version 1 has no deletes, and version 3 has them in deletion vectors.
    deleted = some(draw, range(min(count, 8)), 3) if count and wants_deletes and version == 2 else ()
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
    )


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
    if evolution == "renamed":
        return dataclasses.replace(column, old_name=f"old {column.name}")
    if evolution == "added" and not column.required and not is_first:
        return dataclasses.replace(column, added=True, values=())
    if evolution == "widened" and isinstance(column.type, str) and column.type in WIDENED_FROM:
        old_type = WIDENED_FROM[column.type]
        fitting = PRIMITIVE_VALUES[old_type]
        kept = tuple(value for value in column.values if value is None or value in fitting)
        return dataclasses.replace(column, old_type=old_type, values=kept or fitting[:1])
    return column


def _defaulted(column: ColumnSpec) -> ColumnSpec:
    if column.added and isinstance(column.type, str) and column.type in DEFAULTS:
        return dataclasses.replace(column, default=DEFAULTS[column.type])
    return column


def _in_nanoseconds(column: ColumnSpec) -> ColumnSpec:
    if column.type not in ("timestamp", "timestamptz") or column.old_type or column.default is not None:
        return column
    type_ = f"{column.type}_ns"
    known = NANOSECOND_VALUES[type_]
    values = (None if value is None else known[i % len(known)] for i, value in enumerate(column.values))
    return dataclasses.replace(column, type=type_, values=tuple(values))


def _few(draw: st.DrawFn, names: Sequence[str], *, chance: int) -> tuple[str, ...]:
    """One or two of the names in one draw of ``chance``, else none."""
    wanted = one_in(draw, chance)
    return some(draw, names, 2) if wanted and names else ()


def _first(pair: tuple[Value, Value]) -> Value:
    return pair[0]


def _name(draft: _Draft) -> str:
    return draft[0].name


def _is_no_uuid(type_: TypeSpec) -> bool:
    return type_ != "uuid"


def _is_in_orc(type_: TypeSpec) -> bool:
    return isinstance(type_, str) and type_ not in NOT_IN_ORC


def _may_partition(column: ColumnSpec, transform: str) -> bool:
    evolved = column.added or column.old_type is not None
    return column.type in TRANSFORMS[transform] and not evolved


def _may_identify(column: ColumnSpec) -> bool:
    return column.required and column.type in {"long", "int", "string", "date", "uuid"}


def _single_valued(column: ColumnSpec) -> ColumnSpec:
    return dataclasses.replace(column, values=column.values[:1])
