"""Primitive column types: all that the suite knows of each, in one row.

Strategies of tables, filters and plans, regions, and the fixtures that make columns real read the row. A type is added
by a row in :data:`PRIMITIVES`; where its values are written in a way that no other type's are, also by a reader of that
notation in ``fixtures.tables.schemas``. What becomes of it in Iceberg follows from its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from strategies.specs import Value

__all__ = ["PRIMITIVES", "TRANSFORMS", "Notation", "Primitive", "family", "primitive"]

# How the plain values of a type are written in a spec: as the Python values that they stand for, or as text.
Notation = Literal["plain", "float", "decimal", "date", "time", "timestamp", "nanoseconds", "uuid", "hexadecimal"]

# The partition transforms that are drawn, as the Iceberg specification writes them, in the order of their drawing.
TRANSFORMS = ("identity", "bucket[4]", "truncate[2]", "year", "month", "day", "hour", "void")

# Those of them that cut times.
BY_TIME = ("year", "month", "day", "hour")

_NUMBER = ("identity", "bucket[4]", "truncate[2]", "void")
_DATE = ("bucket[4]", "year", "month", "day", "void")
_TIMESTAMP = (*_DATE, "hour")


@dataclass(frozen=True)
class Primitive:
    """What the suite knows of a primitive type.

    ``name`` is the type's name in the Iceberg specification. ``values`` are those that tell implementations apart:
    plain ones first (they are what shrinks remain at), then signs, extremes of the type, empty and long ones, and those
    not equal to themselves or to their negation. ``notation`` says how they are written.

    How it is drawn:

    - ``is_common``: more often than others.
    - ``is_inside``: also as the type of an element, a value of a map or a field of a struct.
    - ``is_in_orc``: pyarrow writes ORC columns of it, and reads them back as the same type.
    - ``beyond_nanoseconds``: values that no count of nanoseconds holds. ORC files of pyarrow's lack them, plans do too.
    - ``replaces``: it is not drawn, but takes the place of this type in tables of format version 3, which alone have
      it.
    - ``is_identifier``: the table may name such columns as identifier fields.
    - ``transforms``: which of :data:`TRANSFORMS` take it.
    - ``default``: what rows that are older than the column may hold in it; ``None`` where no default is drawn.
    - ``widened_from``: the type from which the Iceberg specification lets a column be widened to this one.

    How it is filtered:

    - ``is_filtered``: a filter may name such a column at all.
    - ``literal``: whether PyIceberg makes a literal from the ``text`` of the spec or from the Python ``value``.
      ``None`` means no comparisons: PyIceberg has no literal, or pyarrow no comparison.
    - ``is_floating``: it has NaN and a negative zero.
    - ``has_prefixes``: a filter may ask for values that start with a text.
    - ``too_wide``: values that PyIceberg wrongly holds to be beyond the type, where a column was widened from it.
    - ``has_bounds``: a data file has a lower and an upper bound of it that the values alone tell.

    How plans use it:

    - ``kind``: the kind of text in :mod:`strategies.grammar` that a column is; empty where it is none.
    - ``term``: the SQL of that kind, with ``{}`` for the column's quoted name.
    - ``is_sorted_by``: a plan may be sorted by it, in one order for all engines.

    ``regions`` names the values that are regions of their own.
    """

    name: str
    values: tuple[Value, ...]
    notation: Notation = "plain"
    is_common: bool = False
    is_inside: bool = True
    is_in_orc: bool = True
    beyond_nanoseconds: tuple[Value, ...] = ()
    replaces: str | None = None
    is_identifier: bool = False
    transforms: tuple[str, ...] = ("void",)
    default: Value = None
    widened_from: str | None = None
    is_filtered: bool = True
    literal: Literal["text", "value"] | None = None
    is_floating: bool = False
    has_prefixes: bool = False
    too_wide: tuple[Value, ...] = ()
    has_bounds: bool = False
    kind: str = ""
    term: str = "{}"
    is_sorted_by: bool = False
    regions: tuple[tuple[str, Value], ...] = ()


_ROWS = (
    Primitive(
        "long",
        (0, 1, 2, -1, -2, 40, 9007199254740993, 9223372036854775807, -9223372036854775808),
        is_common=True,
        is_identifier=True,
        transforms=_NUMBER,
        default=7,
        widened_from="int",
        literal="value",
        has_bounds=True,
        kind="number",
        is_sorted_by=True,
        regions=(("the highest long", 9223372036854775807), ("a long that no double holds", 9007199254740993)),
    ),
    Primitive(
        "string",
        (
            "",
            "a",
            "b",
            "A",
            "ab",
            "abc",
            "B",
            "ä",
            "a b",
            "%",
            "x" * 300,
            "日本",
            "line\nbreak",
            "it's",
            'a "b"',
            "a\\b",
            "a\0b",
            " a ",
            "e\u0301",
            "\U0001f600",
            "null",
        ),
        is_common=True,
        is_identifier=True,
        transforms=_NUMBER,
        default="by default",
        literal="value",
        has_prefixes=True,
        kind="text",
        is_sorted_by=True,
        regions=(
            ("a text with a NUL", "a\0b"),
            ("a text within spaces", " a "),
            ("a text that has a shorter form", "e\u0301"),
            ("a text beyond the basic plane", "\U0001f600"),
            ("a text that is called null", "null"),
        ),
    ),
    Primitive(
        "int",
        (0, 1, 2, -1, -2, 2147483647, -2147483648),
        is_common=True,
        is_identifier=True,
        transforms=_NUMBER,
        default=-1,
        literal="value",
        has_bounds=True,
        kind="number",
        term="CAST({} AS BIGINT)",
        is_sorted_by=True,
    ),
    Primitive(
        "double",
        (0.0, 1.5, 2.0, -1.0, 1e308, 5e-324, -0.0, "nan", "inf", "-inf"),
        "float",
        is_common=True,
        default=1.5,
        widened_from="float",
        literal="value",
        is_floating=True,
        kind="float",
        regions=(("NaN", "nan"), ("infinity", "inf")),
    ),
    Primitive(
        "boolean",
        (False, True),
        is_common=True,
        transforms=("identity", "void"),
        default=True,
        literal="value",
        has_bounds=True,
        kind="condition",
        is_sorted_by=True,
    ),
    Primitive(
        "date",
        ("1970-01-01", "2024-02-29", "1969-12-31", "2024-03-05", "0001-01-01", "9999-12-31", "1500-03-01"),
        "date",
        is_common=True,
        is_identifier=True,
        transforms=("identity", *_DATE),
        default="2024-02-29",
        literal="text",
        has_bounds=True,
        kind="date",
        is_sorted_by=True,
        regions=(
            ("a leap day", "2024-02-29"),
            ("the last year", "9999-12-31"),
            ("a date before the calendar of today", "1500-03-01"),
        ),
    ),
    Primitive(
        "timestamp",
        (
            "1970-01-01T00:00:00",
            "2024-02-29T12:30:00.000001",
            "1969-12-31T23:59:59.999999",
            "2024-03-01T12:15:00",
            "2024-02-29T01:45:10",
            *("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"),
        ),
        "timestamp",
        beyond_nanoseconds=("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"),
        regions=(("a timestamp that no count of nanoseconds holds", "9999-12-31T23:59:59.999999"),),
        is_common=True,
        transforms=_TIMESTAMP,
        default="1969-12-31T23:59:59.999999",
        literal="text",
        kind="timestamp",
        is_sorted_by=True,
    ),
    Primitive(
        "timestamptz",
        (
            "1970-01-01T00:00:00+00:00",
            "2024-06-30T22:00:00.500000+00:00",
            "1900-01-01T00:00:00+00:00",
            "2024-03-31T01:30:00+00:00",
            "2024-10-27T00:45:10+00:00",
            *("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"),
        ),
        "timestamp",
        beyond_nanoseconds=("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"),
        is_in_orc=False,
        transforms=_TIMESTAMP,
        default="2024-06-30T22:00:00.500000+00:00",
        literal="text",
        kind="timestamptz",
    ),
    Primitive(
        "decimal(9, 2)",
        ("0.00", "1.25", "-0.01", "9999999.99", "-9999999.99"),
        "decimal",
        is_common=True,
        transforms=("bucket[4]", "truncate[2]", "void"),
        default="-0.01",
        literal="text",
        kind="decimal",
        is_sorted_by=True,
    ),
    Primitive("decimal(1, 0)", ("0", "7", "-9"), "decimal", literal="text"),
    Primitive(
        "decimal(18, 18)",
        ("0.000000000000000000", "0.999999999999999999", "-0.000000000000000001"),
        "decimal",
        literal="text",
    ),
    Primitive(
        "decimal(38, 10)",
        ("0.0000000000", "1.0000000001", "-9999999999999999999999999999.9999999999"),
        "decimal",
        widened_from="decimal(20, 10)",
        literal="text",
    ),
    Primitive(
        "decimal(20, 10)",
        ("0.0000000000", "1.0000000001", "-9999999999.9999999999"),
        "decimal",
        literal="text",
        kind="decimal",
    ),
    Primitive(
        "float",
        (0.0, 1.5, -2.0, 3.4028234663852886e38, -0.0, "nan", "inf"),
        "float",
        literal="value",
        is_floating=True,
        too_wide=("inf", "-inf"),
        kind="float",
        term="CAST({} AS DOUBLE)",
        regions=(("NaN", "nan"), ("infinity", "inf")),
    ),
    Primitive("binary", ("", "00", "ff00", "c3a4"), "hexadecimal", default="ff00", has_bounds=True, kind="bytes"),
    # The second of these, divided by a million and multiplied again as a float, is a bit less than it was.
    Primitive(
        "time",
        ("00:00:00", "18:30:00.000001", "23:59:59.999999"),
        "time",
        default="18:30:00.000001",
        is_in_orc=False,
        kind="time",
        regions=(("a time that no fraction of seconds holds", "18:30:00.000001"),),
    ),
    Primitive(
        "fixed[4]", ("00000000", "00ff10ee"), "hexadecimal", is_in_orc=False, kind="bytes", term="CAST({} AS BYTEA)"
    ),
    Primitive("fixed[16]", ("00" * 16, "ff" * 16), "hexadecimal", is_in_orc=False),
    # pyarrow makes no empty batch with a UUID inside another type, which sessions and empty scans need.
    Primitive(
        "uuid",
        ("00000000-0000-0000-0000-000000000000", "f79c3e09-677c-4bbd-a479-3f349cb785e7"),
        "uuid",
        is_inside=False,
        is_in_orc=False,
        is_identifier=True,
        default="f79c3e09-677c-4bbd-a479-3f349cb785e7",
    ),
    # PyIceberg has no literals of nanoseconds, and reads no timestamps of ORC files in tables of version 3.
    Primitive(
        "timestamp_ns",
        ("1970-01-01T00:00:00.000000001", "2024-02-29T12:30:00", "1969-12-31T23:59:59.999999999"),
        "nanoseconds",
        is_in_orc=False,
        replaces="timestamp",
        transforms=(),
        is_filtered=False,
    ),
    Primitive(
        "timestamptz_ns",
        ("1970-01-01T00:00:00.000000001+00:00", "2024-06-30T22:00:00.500000000+00:00"),
        "nanoseconds",
        is_in_orc=False,
        replaces="timestamptz",
        transforms=(),
        is_filtered=False,
    ),
)

PRIMITIVES: dict[str, Primitive] = {row.name: row for row in _ROWS}
"""The rows by name, in the order in which types are drawn: the first is what shrinks arrive at."""


def family(name: str) -> str:
    """Return the name of a type without its parameters.

    >>> family("decimal(9, 2)"), family("fixed[4]"), family("long")
    ('decimal', 'fixed', 'long')
    """
    return name.partition("(")[0].partition("[")[0]


def primitive(name: str) -> Primitive:
    """Return the row of a type, which may have other parameters than those that are drawn: ``"decimal(15, 2)"``.

    Such a type has no values, and no kind in the grammar, whose productions were tried with the drawn ones alone.

    Raises:
        ValueError: no row is of that type.

    >>> primitive("decimal(15, 2)").notation
    'decimal'

    """
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    for row in PRIMITIVES.values():
        if family(row.name) == family(name):
            return replace(row, name=name, values=(), kind="", widened_from=None)
    raise ValueError(f"no primitive type {name!r}: it is none of {', '.join(PRIMITIVES)}")
