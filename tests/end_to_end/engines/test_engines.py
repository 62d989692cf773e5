"""Every way of every engine carries the reference's splits whole, and shows what a broken loader loses there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.pinned import PINNED
from conformance.run.engines import error_comes_back, through_running
from conformance.run.profiles import PROFILES
from conformance.run.sweep import Sweep
from conformance.transports import engines
from conformance.transports.engines import ENGINES, Engine, EngineHangs, sent_through
from conformance.transports.registry import TRANSPORTS
from fixtures.loaders.defects import SHOWN_ELSEWHERE

QUICK = PROFILES["quick"]
# The engine that shows each defect, and by which ways: Spark broadcasts with plain pickle.
SHOWN_BY = {
    "counts-in-its-buffer": ("ray", {"ray-task", "ray-actor", "ray-put"}),
    "lean-under-spark": ("spark", {"spark-closure", "spark-elements"}),
}


def test_reference_conforms(engine: Engine, sweep_of: Callable[..., Sweep]) -> None:
    assert QUICK.seed is not None
    sweep = sweep_of(load_adapter("reference"), ())
    found = through_running(sweep, engine.transports, QUICK.examples, QUICK.seed)
    assert found.violations == []
    # READ-3 is judged of the original alone: what arrives in another process shares nothing with it.
    judged = {check.clause.id for check in sweep.checks if check.arrivals} - {"READ-3"}
    for way in engine.ways:
        met = {clause for clause, transport in found.met if transport == way}
        assert met == judged | {"READ-4", "SAFE-1"}


@pytest.fixture
def scans_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pinned splits: a defect shows on the scans that are sent besides."""
    monkeypatch.setattr("conformance.run.engines.PINNED", ())


@pytest.mark.usefixtures("scans_alone")
def test_defect_that_an_engine_shows_is_caught(engine: Engine, sweep_of: Callable[..., Sweep]) -> None:
    for name, (shown_by, ways) in SHOWN_BY.items():
        if shown_by == engine.name:
            sweep = sweep_of(load_adapter(reference_of(name)), ())
            found = through_running(sweep, engine.transports, 1, 0)
            assert {transport for clause, transport in found.broken if clause == "WIRE-7"} == ways, name


@pytest.mark.usefixtures("scans_alone")
def test_loss_is_seen_by_its_clause(engine: Engine, sweep_of: Callable[..., Sweep]) -> None:
    found = through_running(sweep_of(load_adapter(reference_of("filter-dropped")), ()), engine.transports, 1, 0)
    assert {transport for clause, transport in found.broken if clause == "CTX-1"} == set(engine.ways)


@pytest.mark.parametrize("name", ["missing-file-is-empty", "error-without-a-name"])
def test_lost_file_that_raises_no_good_error_is_seen(engine: Engine, name: str, sweep_of: Callable[..., Sweep]) -> None:
    sweep = sweep_of(load_adapter(reference_of(name)), ())
    for way in engine.transports:
        assert ("READ-4", way.name) in error_comes_back(sweep, way).broken


def test_error_of_a_task_comes_back(engine: Engine) -> None:
    for way in engine.ways:
        try:
            answers = sent_through(way, ["1", "two"], int)
        except Exception as error:
            answers = [error]
        assert "invalid literal for int() with base 10: 'two'" in str(answers[-1])
        assert sent_through(way, ["1", "2"], int) == [1, 2]


@pytest.mark.xdist_group("without")
@pytest.mark.parametrize("name", SHOWN_BY)
def test_defect_is_shown_by_engines_alone(name: str, sweep_of: Callable[..., Sweep]) -> None:
    assert name in SHOWN_ELSEWHERE
    found = sweep_of(load_adapter(reference_of(name)), TRANSPORTS).pinned(PINNED)
    # Its class is not one of those that the adapter lists, as that of no defect is.
    assert {clause for clause, _ in found.broken} <= {"WIRE-12"}


@pytest.mark.xdist_group("joblib")
def test_hang_is_cut_off_and_ends_with_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(engines, "CARRY_SECONDS", 2.0)
    monkeypatch.setattr(engines, "STOP_SECONDS", 2.0)
    joblib = next(engine for engine in ENGINES if engine.name == "joblib")
    with engines.running(joblib):
        with pytest.raises(EngineHangs, match="no answer in 2 s: it hangs"):
            sent_through("joblib", [600], time.sleep)
        with pytest.raises(EngineHangs, match="not tried: a call before hangs"):
            sent_through("joblib", [0], time.sleep)
