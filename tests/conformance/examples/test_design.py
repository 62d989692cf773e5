"""The design of the quick profile meets what it is there for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.alterations import ALTERATIONS, told
from benchmarks.design import features
from conformance.examples.design import designed_plans, designed_splits
from conformance.examples.example import Example
from conformance.examples.from_spec import example_of
from conformance.run.profiles import PROFILES
from fixtures.tables.warehouse import Warehouse
from strategies import to_json


def test_each_example_is_there_once_and_as_many_as_the_profile_says() -> None:
    quick = PROFILES["quick"]
    assert len(designed_splits()) == quick.shards * quick.examples
    assert len(designed_plans()) == quick.plan_shards * quick.plans
    assert all(spec.plan for spec in designed_plans())
    every = [to_json(spec) for spec in (*designed_splits(), *designed_plans())]
    assert len(set(every)) == len(every)


def test_most_pairs_of_regions_are_met() -> None:
    met = {feature for spec in designed_splits() for feature in features(spec, has_rows=True)}
    assert len([feature for feature in met if " × " in feature]) > 8_000


def test_rows_tell_nearly_every_alteration_of_a_plan(tmp_path: Path) -> None:
    warehouse, met = Warehouse(tmp_path), Counter[str]()
    for spec in designed_plans():
        example = example_of(spec, warehouse)
        if isinstance(example, Example):
            met.update(name for name, tells in told(spec, example) if tells)
    assert len({alteration.name for alteration in ALTERATIONS} - set(met)) <= 4
