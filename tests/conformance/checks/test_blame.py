"""A clause is blamed for what it speaks of, and its violation names what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from conformance.adapters.builtin.reference import ADAPTER, adapter_for
from conformance.checks.wire import arrived_alike
from conformance.examples.pinned import PINNED
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from fixtures.loaders.defects import restored
from reference import DataLoaderSplit

WITH_ROWS = [spec for spec in PINNED if spec.plan is None][:3]
PICKLE = TRANSPORTS[:1]


def broken(sweep: Sweep) -> set[str]:
    return {clause for clause, _ in sweep.pinned(WITH_ROWS).broken}


def test_rows_that_wobble_are_no_fault_of_later_changes(sweep_of: Callable[..., Sweep]) -> None:
    readings = count()

    def read(split: DataLoaderSplit) -> Any:
        return split.to_arrow_batch_reader() if next(readings) % 3 else iter(())

    adapter = replace(ADAPTER, read=read)
    assert broken(sweep_of(adapter, clauses=("BUILD-6", "READ-2", "READ-1"), transports=PICKLE)) == {"READ-1", "READ-2"}


class BrokenByTheFirstTrip(DataLoaderSplit):
    """Cannot be read after one trip, and can be after two."""

    def __iter__(self) -> Any:
        if self.__dict__.get("trips") == 1:
            raise RuntimeError("torn by the way")
        return super().__iter__()

    def __reduce__(self) -> Any:
        return restored, (type(self), {**self.__dict__, "trips": self.__dict__.get("trips", 0) + 1})


def test_a_second_trip_is_not_blamed_for_what_the_first_has_broken(sweep_of: Callable[..., Sweep]) -> None:
    adapter = adapter_for("torn", split=BrokenByTheFirstTrip)
    found = broken(sweep_of(adapter, clauses=("WIRE-4", "READ-1"), transports=PICKLE))
    assert found == {"READ-1"}


def test_two_configurations_are_told_by_their_property(sweep_of: Callable[..., Sweep]) -> None:
    adapter = replace(ADAPTER, file_io=lambda split: PyArrowFileIO({}))
    found = sweep_of(adapter, clauses=("IO-7",), transports=PICKLE).pinned(WITH_ROWS)
    assert found.violations[0].difference.expected == "tenant.secret = 'one tenant' in the first of two splits"
    assert found.violations[0].difference.actual == "tenant.secret = None in the first of two splits"


@pytest.mark.parametrize("held", [len, lambda: 1], ids=["by name", "by cloudpickle alone"])
def test_a_fresh_interpreter_is_not_blamed_for_what_any_round_trip_does(held: Any) -> None:
    here, there = {"FileIO mapping": "ChainMap"}, {"FileIO mapping": "dict"}
    journey: Any = SimpleNamespace(
        refusal=None,
        transports=[SimpleNamespace(name="worker", clause="WIRE-5")],
        can_carry=lambda name: True,
        arrivals={"worker": [SimpleNamespace(observation=there, hop=1)]},
        sent=here,
        split=SimpleNamespace(function=held),
        observe=lambda split, again: there if again else here,
    )
    assert list(arrived_alike(journey, "WIRE-5")) == [("worker", None)]
    journey.observe = lambda split, again: here
    [(_, found)] = arrived_alike(journey, "WIRE-5")
    assert found is not None
    assert (found.expected, found.actual) == ("'ChainMap'", "'dict'")
