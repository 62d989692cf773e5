"""Recorded tables: what their columns are, for whoever asks for some of them."""

from __future__ import annotations

from strategies.specs import ColumnSpec, HistorySpec, WrittenBySpark

__all__ = ["RECORDED", "is_recorded"]

_OF_SPARK = (
    ColumnSpec(1, "id", "long", (0, 10, 11, 19, 59)),
    ColumnSpec(2, "name", "string", ("name 0", "name 3", "name 6")),
    ColumnSpec(3, "kind", "int", (0, 1, 2)),
    ColumnSpec(4, "price", "double", (0.25, 2.5, 14.75)),
)
_EVOLVED = (
    ColumnSpec(1, "id", "long", (0, 10, 12, 29, 39)),
    ColumnSpec(2, "title", "string", ("name 0", "new", None), old_name="name"),
    ColumnSpec(3, "kind", "long", (0, 1, 2), old_type="int"),
    ColumnSpec(5, "added", "string", ("late", None), added=True),
)
# The columns of each recorded table, with values to ask for.
RECORDED = {
    "positional_deletes": _OF_SPARK,
    "deletion_vectors": _OF_SPARK,
    "orc_deletes": _OF_SPARK,
    "evolved": _EVOLVED,
}


def is_recorded(history: HistorySpec) -> bool:
    """Return whether a table is a recorded one, to which nothing can be done.

    >>> is_recorded(HistorySpec(RECORDED["evolved"], (WrittenBySpark("evolved"),)))
    True

    """
    return any(isinstance(operation, WrittenBySpark) for operation in history.operations)
