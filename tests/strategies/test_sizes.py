"""Large things are written short in specs, are made whole before anything is made of them, and get smaller again."""

from __future__ import annotations

import pytest

from conformance.examples.drawing import draw
from conformance.examples.from_spec import Unusable, example_of
from fixtures.tables.warehouse import Warehouse
from strategies import (
    ColumnSpec,
    FileIOSpec,
    Numbered,
    Predicate,
    RegistrySpec,
    Repeated,
    SplitSpec,
    TableSpec,
    UdfSpec,
    from_json,
    split_specs,
    to_json,
    whole,
)
from strategies.regions import regions
from strategies.simpler import simpler
from strategies.sizes import sizes_in

COLUMN = ColumnSpec(1, "a", "string", (Repeated("x", 5000), "b"), doc=Repeated("d", 256))  # type: ignore[arg-type]  # until it is whole
LARGE = SplitSpec(
    TableSpec((COLUMN,), rows=2),
    Predicate("in", "a", ("b", Numbered("text {}", 3))),
    registry=RegistrySpec((UdfSpec("f"), Numbered(UdfSpec("f{}"), 2))),  # type: ignore[arg-type]  # until it is whole
    file_io=FileIOSpec(properties=(("a", 1), Numbered(("key {}", "value {}"), 2))),  # type: ignore[arg-type]  # until it is whole
)


def test_what_is_written_short_is_written_out() -> None:
    made = whole(LARGE)
    assert made.table.columns[0].values == ("x" * 5000, "b")
    assert made.table.columns[0].doc == "d" * 256
    assert made.row_filter == Predicate("in", "a", ("b", "text 0", "text 1", "text 2"))
    assert made.registry is not None
    assert [udf.name for udf in made.registry.udfs] == ["f", "f0", "f1"]
    assert made.file_io.properties == (("a", 1), ("key 0", "value 0"), ("key 1", "value 1"))


def test_what_holds_nothing_large_stays_the_same_object() -> None:
    plain = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1,)),)))
    assert whole(plain) is plain
    made = whole(LARGE)
    assert whole(made) is made


def test_numbers_are_counted_from_the_first() -> None:
    counted: tuple[object, ...] = (7, Numbered(100, 3))
    assert whole(counted) == (7, 100, 101, 102)


def test_what_is_written_short_goes_to_json_and_back() -> None:
    assert from_json(to_json(LARGE)) == LARGE
    assert len(to_json(LARGE)) < 1000


def test_sizes_are_told() -> None:
    assert sorted(sizes_in(LARGE)) == [2, 2, 3, 256, 5000]
    told = set(regions(LARGE))
    assert {"size: a value", "size: a value, 4,096 or more", "size: a set in a filter", "size: many functions"} <= told
    assert not any(region.startswith("FileIO: property 'key") for region in told)


@pytest.mark.parametrize("part", ["value", "doc", "set", "functions", "properties"])
def test_what_is_large_is_left_out_where_a_split_is_made_smaller(part: str) -> None:
    def is_smaller(spec: SplitSpec) -> bool:
        return {
            "value": Repeated("x", 5000) not in spec.table.columns[0].values,
            "doc": spec.table.columns[0].doc is None,
            "set": spec.row_filter is None,
            "functions": spec.registry is None or len(spec.registry.udfs) == 1,
            "properties": spec.file_io == FileIOSpec(),
        }[part]

    assert any(map(is_smaller, simpler(LARGE)))


def test_large_splits_are_drawn_and_can_be_made(tmp_path_factory: pytest.TempPathFactory) -> None:
    met: set[str] = set()
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"))

    def judge(spec: SplitSpec) -> None:
        sizes = {region for region in regions(spec) if region.startswith("size: ")}
        if sizes - met:
            example = example_of(spec, warehouse)
            assert not isinstance(example, Unusable)
            assert example.drawn == spec
            assert example.spec == whole(spec)
            assert len(example.title) < 4000
            met.update(sizes)

    draw(split_specs(large=True), 800, 3, judge)
    assert len(met) >= 8, met


def test_by_default_nothing_is_large() -> None:
    drawn: list[SplitSpec] = []
    draw(split_specs(), 200, 3, drawn.append)
    assert not [spec for spec in drawn if any(sizes_in(spec))]
