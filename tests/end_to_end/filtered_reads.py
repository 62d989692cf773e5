"""What the tests of loaders with a language of their own for filters have in common."""

from __future__ import annotations

import pickle

from conformance.adapter import Adapter
from conformance.examples.example import Example
from conformance.examples.from_spec import example_of
from conformance.observation.values import in_any_layout, plain_rows
from fixtures.tables.warehouse import Warehouse
from strategies import And, ColumnSpec, FilterSpec, Not, Or, Predicate, SplitSpec, TableSpec

__all__ = ["COLUMNS", "FILTERS", "FLOATS", "NUMBERS", "TABLE", "TEXTS", "assert_reads_what_is_expected", "example"]

NUMBERS = ColumnSpec(1, "a", "long", (0, 1, 2, None))
TEXTS = ColumnSpec(2, "b", "string", ("", "ab", None))
FLOATS = ColumnSpec(3, "c", "double", (0.0, "nan", "inf", None, -1.0))
COLUMNS = (NUMBERS, TEXTS, FLOATS)
TABLE = TableSpec(COLUMNS, rows=60)
# Each operator, and all that joins them.
FILTERS: tuple[FilterSpec, ...] = (
    *(Predicate(op, "a") for op in ("is-null", "not-null")),
    *(Predicate(op, "a", (1,)) for op in ("eq", "ne", "lt", "le", "gt", "ge")),
    *(Predicate(op, "a", (1, 2)) for op in ("in", "not-in")),
    *(Predicate(op, "c") for op in ("is-nan", "not-nan")),
    *(Predicate(op, "b", ("a",)) for op in ("starts-with", "not-starts-with")),
    And(Predicate("gt", "a", (0,)), Or(Not(Predicate("in", "b", ("ab",))), Predicate("is-nan", "c"))),
)


def example(spec: SplitSpec, warehouse: Warehouse) -> Example:
    made = example_of(spec, warehouse)
    assert isinstance(made, Example)
    return made


def assert_reads_what_is_expected(adapter: Adapter, spec: SplitSpec, warehouse: Warehouse) -> None:
    made = example(spec, warehouse)
    split = pickle.loads(pickle.dumps(adapter.build(made.make())))
    assert in_any_layout(plain_rows(adapter.read(split), exact=True)) == in_any_layout(made.rows)
