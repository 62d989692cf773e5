"""A clause is blamed for what it speaks of, and its violation names what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from conformance.adapters.builtin.reference import ADAPTER, adapter_for
from conformance.adapters.loading import load_adapter
from conformance.examples.pinned import PINNED
from conformance.run.sweep import Sweep
from conformance.transports.in_process import IN_PROCESS
from conformance.transports.registry import TRANSPORTS
from fixtures.loaders.defects import restored
from reference import DataLoaderSplit
from strategies.specs import FileIOSpec, RegistrySpec, SplitSpec, UdfSpec

WITH_ROWS = [spec for spec in PINNED if spec.plan is None][:3]
PICKLE = TRANSPORTS[:1]


def broken(sweep: Sweep, *splits: SplitSpec) -> set[str]:
    return {clause for clause, _ in sweep.pinned(splits or WITH_ROWS).broken}


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


GENERATIONS = Path(__file__).parents[1] / "adapters" / "builtin" / "openhouse_generations.py"
WORKERS = tuple(transport for transport in TRANSPORTS if transport.clause == "WIRE-5")


@pytest.mark.parametrize("origin", ["module", "lambda"])
def test_a_fresh_interpreter_is_not_blamed_for_what_any_round_trip_does(
    origin: str, sweep_of: Callable[..., Sweep]
) -> None:
    # This loader keeps the mapping of properties as it is given, and sends a plain one.
    adapter = load_adapter(f"{GENERATIONS}:SQL")
    registry = RegistrySpec((UdfSpec("f", origin=origin),))
    split = replace(WITH_ROWS[0], registry=registry, file_io=FileIOSpec(mapping="chain"))
    assert broken(sweep_of(adapter, clauses=("WIRE-3",), transports=IN_PROCESS), split) == {"WIRE-3"}
    assert broken(sweep_of(adapter, clauses=("WIRE-5",), transports=WORKERS), split) == set()
