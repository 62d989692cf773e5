"""Named conditions over the spec of a scan: what was done to its table, and what is asked of it.

What means the same as of a split has the same name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from conformance.judging.conditions.condition import Condition
from strategies.evolution import EVOLVING, ROW_GROUPS
from strategies.filters import OPERATORS, predicates_of
from strategies.primitives import BY_TIME
from strategies.recorded import RECORDED
from strategies.scans import NO_COLUMN
from strategies.specs import (
    AddColumn,
    And,
    Branch,
    Compact,
    DeleteEqual,
    DeletePositions,
    DeleteRows,
    DropColumn,
    ExpireSnapshots,
    MakeOptional,
    MoveFirst,
    Not,
    Operation,
    Or,
    OverwriteRows,
    PartitionBy,
    RenameColumn,
    RollBack,
    RowwiseSpec,
    ScanSpec,
    SetProperty,
    StructSpec,
    Tag,
    WidenColumn,
    WrittenBySpark,
)

__all__ = ["SCAN_CONDITIONS"]

Judge = Callable[[ScanSpec], bool]


def _done(*kinds: type[Operation]) -> Judge:
    return lambda spec: any(isinstance(done, kinds) for done in spec.history.operations)


def _is_recorded(name: str) -> Judge:
    return lambda spec: WrittenBySpark(name) in spec.history.operations


def _transforms_of_partitions(spec: ScanSpec) -> Iterator[str]:
    """Yield by which transforms the table is or was partitioned, such as ``bucket[4]``."""
    if spec.history.partition_by is not None:
        yield "identity"
    for done in spec.history.operations:
        if isinstance(done, PartitionBy) and done.name is not None:
            yield done.transform


def _partitioned_by(*transforms: str) -> Judge:
    return lambda spec: any(made.startswith(transforms) for made in _transforms_of_partitions(spec))


def _asks(operator: str) -> Judge:
    return lambda spec: any(predicate.op == operator for predicate in predicates_of(spec.row_filter))


def _transforms(judge: Callable[[RowwiseSpec], bool]) -> Judge:
    return lambda spec: spec.transformation is not None and judge(spec.transformation)


def _filters_beyond_columns(spec: ScanSpec) -> bool:
    asked = spec.columns
    return asked is not None and any(each.column not in asked for each in predicates_of(spec.row_filter))


def _has_upper_case(spec: ScanSpec) -> bool:
    return spec.registry is not None and any(udf.name != udf.name.lower() for udf in spec.registry.udfs)


# What was done to the table, by the operation.
_DONE: dict[str, tuple[type[Operation], str]] = {
    "deleted_rows": (DeleteRows, "Files were written anew without some of their rows."),
    "overwritten_rows": (OverwriteRows, "Rows were replaced by others in one commit."),
    "deleted_positions": (DeletePositions, "Rows were deleted by position, in delete files."),
    "deleted_values": (DeleteEqual, "Rows were deleted by a value, in a delete file."),
    "added_column": (AddColumn, "A column was added."),
    "dropped_column": (DropColumn, "A column was dropped."),
    "renamed_column": (RenameColumn, "A column was renamed."),
    "widened_column": (WidenColumn, "A column was given a wider type."),
    "made_optional": (MakeOptional, "A required column may hold null since."),
    "moved_column": (MoveFirst, "A column was moved to the first place."),
    "partitioned_anew": (PartitionBy, "The partition spec was changed."),
    "tagged": (Tag, "There is a tag."),
    "branched": (Branch, "There is a branch."),
    "rolled_back": (RollBack, "An older snapshot was made the current one again."),
    "compacted": (Compact, "All files were written anew."),
    "expired_snapshots": (ExpireSnapshots, "Older snapshots were removed."),
    "table_properties": (SetProperty, "A property of the table was set."),
}
_PARTITIONED = {
    "identity": (("identity",), "the values of a column"),
    "truncation": (("truncate",), "the beginnings of values"),
    "bucket": (("bucket",), "a hash"),
    "time": (BY_TIME, "year, month, day or hour"),
}

# By name: when it holds, in a sentence, and how to tell.
SCAN_CONDITIONS: dict[str, Condition[ScanSpec]] = {
    **{name: Condition(sentence, _done(kind)) for name, (kind, sentence) in _DONE.items()},
    **{
        f"written_by_spark_{name}": Condition(
            f"It is the recorded table of Spark's: {name.replace('_', ' ')}.", _is_recorded(name)
        )
        for name in RECORDED
    },
    "has_deletes": Condition(
        "Rows were deleted or overwritten, in whichever way.",
        _done(DeleteRows, OverwriteRows, DeletePositions, DeleteEqual),
    ),
    "evolved": Condition("The schema was changed.", _done(*EVOLVING)),
    "evolved_within_structs": Condition(
        "The fields of a struct were changed.",
        lambda spec: any(getattr(done, "within", None) is not None for done in spec.history.operations),
    ),
    "nested_columns": Condition(
        "A column is a list, a map or a struct.",
        lambda spec: any(isinstance(column.type, StructSpec) for column in spec.history.columns),
    ),
    "required_columns": Condition(
        "A column was required.", lambda spec: any(column.required for column in spec.history.columns)
    ),
    "sort_order": Condition("The table has a sort order.", lambda spec: spec.history.sort_by is not None),
    "partitioned": Condition("The table is or was partitioned.", _partitioned_by("")),
    **{
        f"partitioned_by_{name}": Condition(f"The table is or was partitioned by {by}.", _partitioned_by(*transforms))
        for name, (transforms, by) in _PARTITIONED.items()
    },
    "nested_namespace": Condition("The table is in a namespace within another.", lambda spec: spec.history.nested),
    "projection": Condition("Not every column is asked for.", lambda spec: spec.columns is not None),
    "nested_projection": Condition(
        "A field within a struct is asked for, and not all of the struct.",
        lambda spec: any("." in name for name in spec.columns or ()),
    ),
    "snapshot": Condition("A snapshot is asked for.", lambda spec: spec.at is not None),
    "branch_or_tag": Condition("A branch or a tag is asked for.", lambda spec: spec.ref is not None),
    "other_case": Condition("Names are asked for in another case.", lambda spec: not spec.case_sensitive),
    "row_filter": Condition("There is a row filter.", lambda spec: spec.row_filter is not None),
    "compound_filter": Condition(
        "The row filter joins or negates predicates.", lambda spec: isinstance(spec.row_filter, (And, Or, Not))
    ),
    "filter_on_no_column_read": Condition(
        "The row filter looks at a column that is not asked for.", _filters_beyond_columns
    ),
    **{
        f"filter_{operator.replace('-', '_')}": Condition(
            f"The row filter asks {operator} of a column.", _asks(operator)
        )
        for operator in OPERATORS
    },
    "plan": Condition("A transformation is asked for.", lambda spec: spec.transformation is not None),
    "no_plan": Condition("No transformation is asked for.", lambda spec: spec.transformation is None),
    "query_names_no_column": Condition(
        "The transformation selects constants alone.", _transforms(lambda made: made.select == NO_COLUMN)
    ),
    "several_row_groups": Condition(
        "Files of more than two rows have several row groups.", lambda spec: ROW_GROUPS in spec.history.properties
    ),
    "query_keeps_columns": Condition(
        "The transformation leaves out rows, and changes none.", _transforms(lambda made: made.keeps_columns)
    ),
    "query_within_query": Condition(
        "The transformation selects from another query.", _transforms(lambda made: "selected" in made.sql("t"))
    ),
    "query_with_condition": Condition(
        "The transformation has a condition.", _transforms(lambda made: bool(made.where or made.having))
    ),
    "condition_with_fraction": Condition(
        "The transformation has a condition with a number that has a fraction.",
        _transforms(lambda made: bool(re.search(r"\d\.\d", f"{made.where} {made.having}"))),
    ),
    "registry": Condition("The transformation calls a function of a registry.", lambda spec: spec.registry is not None),
    "udf_with_upper_case": Condition("The name of a function has upper case.", _has_upper_case),
}
