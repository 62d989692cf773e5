"""Every transport carries a split whole, and shows where one does not arrive."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.examples.pinned import PINNED
from conformance.observation.difference import Place, Step, differing
from conformance.observation.question import Question
from conformance.observation.raised import Raised
from conformance.run.other_processes import departed, exchanged
from conformance.transports import processes as pools
from conformance.transports.journey import travel
from conformance.transports.other_interpreters import Interpreter
from conformance.transports.processes import PROCESSES, packed
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import Arrival, Transport
from fixtures.loaders.defects.wire import PLANS
from fixtures.tables.warehouse import Warehouse
from strategies import ColumnSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

TABLE = TableSpec((ColumnSpec(1, "a", "long", (1, 2)),), rows=3)
PLAIN = SplitSpec(TABLE)
PLANNED = SplitSpec(TABLE, plan=SqlPlanSpec("SELECT f(a) AS c FROM t"), registry=RegistrySpec((UdfSpec("f"),)))

ALL = (*TRANSPORTS, Interpreter(sys.executable))


def example(spec: SplitSpec, warehouse: Warehouse) -> Example:
    made = example_of(spec, warehouse)
    assert not isinstance(made, Unusable)
    return made


def arrivals(
    name: str, transport: Transport, spec: SplitSpec, warehouse: Warehouse, folder: Path
) -> tuple[dict[str, object], list[Arrival]]:
    journey = travel(load_adapter(name), example(spec, warehouse), [transport], folder)
    return dict(journey.sent), list(journey.arrivals[transport.name])


@pytest.mark.parametrize("spec", [PLAIN, PLANNED], ids=["plain", "planned"])
@pytest.mark.parametrize("transport", ALL, ids=[t.name.split("/")[0] for t in ALL])
def test_split_of_the_reference_arrives(
    transport: Transport, spec: SplitSpec, warehouse: Warehouse, tmp_path: Path
) -> None:
    sent, arrived = arrivals("reference", transport, spec, warehouse, tmp_path)
    assert arrived
    for arrival in arrived:
        assert arrival.failure is None
        assert arrival.observation is not None
        assert list(differing(sent, arrival.observation, Place(Step.ARRIVE))) == []
    if transport.name not in ("fork", "threads"):
        assert [arrival.hop for arrival in arrived] in ([1, 2], [1, 2, 4])


# A forked child inherits what was never dumped, and a shallow copy shares the context: nothing is lost there.
DUMPING = [transport for transport in ALL if transport.name not in ("fork", "copy")]


@pytest.mark.parametrize("transport", DUMPING, ids=[t.name.split("/")[0] for t in DUMPING])
def test_filter_that_is_lost_is_seen_to_be_lost(transport: Transport, warehouse: Warehouse, tmp_path: Path) -> None:
    spec = SplitSpec(TABLE, Predicate("gt", "a", (1,)))
    sent, arrived = arrivals(reference_of("filter-dropped"), transport, spec, warehouse, tmp_path)
    assert arrived[0].observation is not None
    assert {"row filter", "rows"} <= {name for name, _ in differing(sent, arrived[0].observation, Place(Step.ARRIVE))}


@pytest.mark.parametrize("transport", PROCESSES[:-1], ids=lambda transport: transport.name)
def test_pool_says_why_a_split_cannot_be_loaded_and_goes_on(
    transport: Transport, warehouse: Warehouse, tmp_path: Path
) -> None:
    for _ in range(2):
        _, arrived = arrivals(reference_of("class-seen-by-the-driver"), transport, PLAIN, warehouse, tmp_path)
        assert arrived == [Arrival(1, None, Raised("builtins.KeyError", "'ClassSeenByTheDriver'"))]
    _, arrived = arrivals("reference", transport, PLAIN, warehouse, tmp_path)
    assert [arrival.failure for arrival in arrived] == [None, None]


def test_what_cannot_be_loaded_on_its_way_back_arrives_as_why() -> None:
    arrived = pickle.loads(pickle.dumps(packed(Unloadable())))
    assert arrived == Raised("builtins.RuntimeError", "lost on the way")


def test_what_can_be_neither_dumped_nor_shown_goes_back_as_why() -> None:
    """The process of a pool would end over it, and nobody would hear."""
    why = Raised("builtins.RuntimeError", "stuck")
    seen, returned = pools._observed("reference", Stuck(), Question())
    assert seen
    assert returned == why
    for transport in PROCESSES[:-1]:
        assert transport.send(load_adapter("reference"), Stuck(), Question()) == (Arrival(1, None, why),)


class Stuck:
    def __reduce__(self) -> Any:
        raise RuntimeError("stuck")

    def __repr__(self) -> str:
        raise RuntimeError("stuck")


class Unloadable:
    def __reduce__(self) -> Any:
        return lost, ()


def lost() -> None:
    raise RuntimeError("lost on the way")


@pytest.mark.parametrize("name", ["plan-kept-by-id", "class-seen-by-the-driver"])
def test_what_only_the_driver_knows_is_missed_when_it_has_ended(name: str, warehouse: Warehouse) -> None:
    findings = departed(load_adapter(reference_of(name)), [PLANNED], warehouse.root)
    assert findings.broken["WIRE-5", "departed"] == 1
    assert "KeyError" in findings.violations[0].difference.actual


def test_splits_outlive_their_driver(warehouse: Warehouse) -> None:
    findings = departed(load_adapter("reference"), PINNED, warehouse.root)
    assert findings.met["WIRE-5", "departed"] >= 4
    assert not findings.broken


def test_splits_are_exchanged_with_a_process_that_lives_on(warehouse: Warehouse) -> None:
    findings = exchanged(load_adapter("reference"), [PLAIN, PLANNED], warehouse.root)
    assert findings.met["WIRE-5", "exchange"] == 2
    assert not findings.broken


def test_payload_of_another_process_that_does_not_arrive_is_a_violation(warehouse: Warehouse) -> None:
    PLANS.clear()  # as they are not there in another process
    spec = SplitSpec(TABLE, plan=SqlPlanSpec("SELECT a FROM t"))
    findings = exchanged(load_adapter(reference_of("plan-kept-by-id")), [spec], warehouse.root)
    assert [violation.clause for violation in findings.violations] == ["WIRE-5"]
    assert "SELECT a FROM t" in findings.violations[0].example


def test_split_that_cannot_be_dumped_is_not_exchanged(warehouse: Warehouse) -> None:
    registry = RegistrySpec((UdfSpec("f", origin="closure"),))
    findings = exchanged(load_adapter("reference"), [SplitSpec(TABLE, registry=registry)], warehouse.root)
    assert not findings.met


def test_missing_interpreter_is_a_failure_that_names_it(warehouse: Warehouse, tmp_path: Path) -> None:
    _, arrived = arrivals("reference", Interpreter("no-such-python"), PLAIN, warehouse, tmp_path)
    assert arrived == [
        Arrival(1, None, Raised("builtins.FileNotFoundError", "there is no interpreter at no-such-python"))
    ]


def test_same_units_are_collected_under_any_hash_seed() -> None:
    collecting = [
        subprocess.Popen(
            [
                sys.executable,
                *["-m", "pytest", "--pyargs", "conformance", "--collect-only", "-q", "-p", "no:cacheprovider"],
            ],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "1")
    ]
    first, second = (running.communicate()[0].split("\n\n")[0] for running in collecting)
    assert "test_unit[examples-1-of-8]" in first
    assert first == second
