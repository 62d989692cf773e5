"""Every way of every engine carries the reference's splits whole, and shows what a broken loader loses there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.checks import CHECKS
from conformance.defects import reference_of
from conformance.fixed import PINNED
from conformance.loading import load_adapter
from conformance.profiles import PROFILES
from conformance.survey import Survey
from conformance.through_engines import ON_ARRIVAL, TOGETHER, error_comes_back, through_running
from conformance.transports import engines
from conformance.transports.engines import ENGINES, Engine, carried
from conformance.transports.registry import TRANSPORTS
from fixtures.defects import SHOWN_ELSEWHERE

QUICK = PROFILES["quick"]
# The engine that shows each defect, and by which ways: Spark broadcasts with plain pickle.
SHOWN_BY = {
    "counts-in-its-buffer": ("ray", {"ray-task", "ray-actor", "ray-put"}),
    "lean-under-spark": ("spark", {"spark-closure", "spark-elements"}),
}


def test_reference_conforms(engine: Engine, survey_of: Callable[..., Survey]) -> None:
    assert QUICK.seed is not None
    survey = survey_of(load_adapter("reference"), ())
    found = through_running(survey, engine.transports, QUICK.examples, QUICK.seed)
    assert found.violations == []
    # READ-3 is judged of the original alone: what arrives in another process shares nothing with it.
    judged = {check.clause.id for check in survey.checks} & ON_ARRIVAL - {"READ-3"}
    for way in engine.ways:
        met = {clause for clause, transport in found.met if transport == way}
        assert met == judged | {"READ-4", "SAFE-1"}


@pytest.fixture
def scans_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pinned splits: a defect shows on the scans that are sent besides."""
    monkeypatch.setattr("conformance.through_engines.PINNED", ())


@pytest.mark.usefixtures("scans_alone")
def test_defect_that_an_engine_shows_is_caught(engine: Engine, survey_of: Callable[..., Survey]) -> None:
    for name, (shown_by, ways) in SHOWN_BY.items():
        if shown_by == engine.name:
            survey = survey_of(load_adapter(reference_of(name)), ())
            found = through_running(survey, engine.transports, 1, 0)
            assert {transport for clause, transport in found.broken if clause == "WIRE-7"} == ways, name


@pytest.mark.usefixtures("scans_alone")
def test_loss_is_seen_by_its_clause(engine: Engine, survey_of: Callable[..., Survey]) -> None:
    found = through_running(survey_of(load_adapter(reference_of("filter-dropped")), ()), engine.transports, 1, 0)
    assert {transport for clause, transport in found.broken if clause == "CTX-1"} == set(engine.ways)


@pytest.mark.parametrize("name", ["missing-file-is-empty", "error-without-a-name"])
def test_lost_file_that_raises_no_good_error_is_seen(
    engine: Engine, name: str, survey_of: Callable[..., Survey]
) -> None:
    survey = survey_of(load_adapter(reference_of(name)), ())
    for way in engine.transports:
        assert ("READ-4", way.name) in error_comes_back(survey, way).broken


def test_error_of_a_task_comes_back(engine: Engine) -> None:
    for way in engine.ways:
        try:
            answers = carried(way, ["1", "two"], int)
        except Exception as error:
            answers = [error]
        assert "invalid literal for int() with base 10: 'two'" in str(answers[-1])
        assert carried(way, ["1", "2"], int) == [1, 2]


@pytest.mark.xdist_group("without")
@pytest.mark.parametrize("name", SHOWN_BY)
def test_defect_is_shown_by_engines_alone(name: str, survey_of: Callable[..., Survey]) -> None:
    assert name in SHOWN_ELSEWHERE
    found = survey_of(load_adapter(reference_of(name)), TRANSPORTS).pinned(PINNED)
    # Its class is not one of those that the adapter lists, as that of no defect is.
    assert {clause for clause, _ in found.broken} <= {"WIRE-12"}


@pytest.mark.xdist_group("joblib")
def test_hang_is_cut_off_and_ends_with_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(engines, "LIMIT", 2.0)
    monkeypatch.setattr(engines, "STOP_LIMIT", 2.0)
    joblib = next(engine for engine in ENGINES if engine.name == "joblib")
    with engines.running(joblib):
        with pytest.raises(TimeoutError, match="no answer in 2 s: it hangs"):
            carried("joblib", [600], time.sleep)
        with pytest.raises(TimeoutError, match="not tried: a call before hangs"):
            carried("joblib", [0], time.sleep)


def test_every_engine_is_judged_on_clauses_that_are_checked() -> None:
    assert {check.clause.id for check in CHECKS} >= ON_ARRIVAL
    assert TOGETHER <= ON_ARRIVAL
