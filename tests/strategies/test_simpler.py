"""A split without one of its parts is a split that can be made."""

from __future__ import annotations

from pathlib import Path

from conformance.examples.drawing import draw
from conformance.examples.from_spec import example_of
from conformance.run.search import reduced
from fixtures.tables.warehouse import Warehouse
from strategies import ColumnSpec, SplitSpec, TableSpec, split_specs
from strategies.simpler import simpler


def test_simpler_splits_can_be_made(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)

    def each(spec: SplitSpec) -> None:
        found = list(simpler(spec))
        assert spec not in found
        for smaller in found:
            assert len(repr(smaller)) < len(repr(spec)) or smaller.table.rows < spec.table.rows
            example_of(smaller, warehouse)  # raises where the suite cannot make it

    draw(split_specs(), 40, 3, each)


def test_a_file_that_lacks_its_partition_keeps_a_column() -> None:
    columns = (ColumnSpec(1, "a", "long", (1,)), ColumnSpec(2, "b", "long", (2,)))
    spec = SplitSpec(TableSpec(columns, rows=1, partition_by=("a",), partition_in_file=False))
    assert all(smaller.table.partition_in_file or smaller.table.columns == columns for smaller in simpler(spec))


def test_what_does_not_matter_is_left_out() -> None:
    def breaks(spec: SplitSpec) -> bool:
        return spec.table.tag is not None

    drawn: list[SplitSpec] = []
    draw(split_specs(), 60, 3, drawn.append)
    tagged = [spec for spec in drawn if breaks(spec)]
    assert tagged
    for spec in tagged:
        small = reduced(spec, breaks)
        assert breaks(small)
        assert {small.plan, small.registry, small.row_filter, small.projection} == {None}
        assert len(small.table.columns) == 1 or small.table.partition_by
        assert small.table.rows <= 1
