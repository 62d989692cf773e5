"""An example can be made again with parts replaced."""

from __future__ import annotations

from conformance.examples.example import Example
from conformance.examples.from_spec import example_of
from fixtures.tables.warehouse import Warehouse
from strategies.specs import ColumnSpec, SplitSpec, TableSpec

COLUMNS = (ColumnSpec(1, "a", "long", (1,)),)


def test_another_table_has_other_snapshots(warehouse: Warehouse) -> None:
    example = example_of(SplitSpec(TableSpec(COLUMNS, snapshots=3), snapshot=1), warehouse)
    assert isinstance(example, Example)
    assert example.variant is not None
    assert example.make().snapshot_id is not None
    assert example.variant(file_name="b").snapshot_id == example.make().snapshot_id
    assert example.variant(table=TableSpec(COLUMNS)).snapshot_id is None
