"""What a scan is said to have is what it has: each feature stands beside the scan that lacks nothing but that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.examples.scan_features import ASKED, features
from strategies.evolution import ROW_GROUPS
from strategies.specs import (
    Append,
    ColumnSpec,
    Compact,
    DeleteEqual,
    DeletePositions,
    HistorySpec,
    PartitionBy,
    Predicate,
    RowwiseSpec,
    ScanSpec,
    StructSpec,
    Tag,
)

NUMBERS = ColumnSpec(1, "a", "long", (1, 2, 3, -1))
WITH_NULL = replace(NUMBERS, values=(1, 2, None))
FIELDS = tuple(ColumnSpec(id_, name, "long") for id_, name in ((3, "x"), (4, "y"), (5, "z")))
STRUCT = ColumnSpec(2, "s", StructSpec(FIELDS), ((1, 2, 3), None))
TEXTS = ColumnSpec(1, "t", "string", ("ab", "b"))


PAIRS = HistorySpec((NUMBERS, ColumnSpec(2, "b", "long", (5, 6, 7, 8))))
ZEROS = ColumnSpec(1, "a", "double", (0.0, 1.5, -1.0, 2.0))


def of(column: ColumnSpec, *operations: object, **asked: object) -> ScanSpec:
    """Return a scan of a table of that column, to which this was done."""
    return ScanSpec(HistorySpec((column,), operations), **asked)  # type: ignore[arg-type]  # of any kind


def filtered(op: str, value: int) -> Predicate:
    return Predicate(op, "a", (value,))


TRUNCATED = (Append(4), PartitionBy("a", "truncate[2]"), Append(4))
IN_BUCKETS = (Append(4), PartitionBy("a", "bucket[4]"), Append(4))
# As Iceberg's specification computes hashes, 5 and 3 have one of four, 5 and 1 have two.
ONE_HASH, TWO_HASHES = (replace(NUMBERS, values=(5, value)) for value in (3, 1))
GROUPS = HistorySpec((replace(NUMBERS, values=(1, 3, 2, 4)),), (Append(4),), properties=(ROW_GROUPS,))
BETWEEN = ScanSpec(GROUPS, row_filter=filtered("eq", 2))
LIKE = RowwiseSpec("1 AS one", "\"t\" LIKE 'a_%'")


@pytest.mark.parametrize(
    ("feature", "has", "lacks"),
    [
        ("a field of a struct", of(STRUCT, Append(2), columns=("s.x",)), of(STRUCT, Append(2), columns=("s",))),
        (
            "two fields of a struct of three",
            of(STRUCT, Append(2), columns=("s.x", "s.z")),
            of(STRUCT, Append(2), columns=("s.x",)),
        ),
        (
            "a snapshot before rows of its files were deleted",
            of(NUMBERS, Append(4), DeletePositions(1), at=0),
            of(NUMBERS, Append(4), Compact(), DeletePositions(1), at=0),
        ),
        (
            "a tag before rows of its files were deleted",
            of(NUMBERS, Append(4), Tag("t"), DeletePositions(1), ref="t"),
            of(NUMBERS, Append(4), DeletePositions(1), Tag("t"), ref="t"),
        ),
        (
            "rows deleted by a value beside nulls",
            of(WITH_NULL, Append(3), DeleteEqual("a", 2)),
            of(NUMBERS, Append(3), DeleteEqual("a", 2)),
        ),
        (
            "rows deleted by the values of two columns in another order than the table's",
            ScanSpec(replace(PAIRS, operations=(Append(4), DeleteEqual("b", 5, (("a", 1),))))),
            ScanSpec(replace(PAIRS, operations=(Append(4), DeleteEqual("a", 1, (("b", 5),))))),
        ),
        (
            "filter of a zero that has another sign",
            of(ZEROS, Append(4), row_filter=Predicate("eq", "a", (-0.0,))),
            of(ZEROS, Append(4), row_filter=Predicate("ge", "a", (-0.0,))),
        ),
        (
            "filter of a negative number in partitions by truncation",
            of(NUMBERS, *TRUNCATED, row_filter=filtered("eq", -1)),
            of(NUMBERS, *TRUNCATED, row_filter=filtered("eq", 3)),
        ),
        (
            "filter ne of a value in whose bucket are others",
            of(ONE_HASH, *IN_BUCKETS, row_filter=filtered("ne", 5)),
            of(TWO_HASHES, *IN_BUCKETS, row_filter=filtered("ne", 5)),
        ),
        (
            "filter of a value between those of an earlier row group",
            BETWEEN,
            replace(BETWEEN, row_filter=filtered("eq", 3)),
        ),
    ],
)
def test_feature_is_that_of_the_scan(feature: str, has: ScanSpec, lacks: ScanSpec) -> None:
    named = f"untransformed: {feature}"
    assert named in ASKED
    assert named in features(has)
    assert named not in features(lacks)


def test_a_pattern_counts_where_its_wildcard_selects() -> None:
    named = "where LIKE with any character before the rest"
    assert named in ASKED
    assert named in features(of(TEXTS, Append(2), transformation=LIKE))
    assert named not in features(of(replace(TEXTS, values=("a_", "b")), Append(2), transformation=LIKE))
