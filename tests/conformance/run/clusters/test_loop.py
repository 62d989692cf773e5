"""The loop reports each unit once, whatever the cluster makes of it, and leaves nothing out there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.judging.findings import Findings
from conformance.run.clusters import ClusterLost, UnitLost, loop
from conformance.run.clusters.loop import Loop
from conformance.run.clusters.tasks import Answer, Task
from conformance.run.options import Options
from conformance.run.reported import PROPERTY, SEEN
from conformance.run.units import Unit

FOUND = Answer(findings=Findings(examples=1).to_json())
BROKEN = Answer(findings=Findings(examples=1, broken={("ID-1", "copy"): 1}).to_json(), seen=(("ID-1", "how"),))  # type: ignore[arg-type]


@dataclass
class Cluster:
    """Answers each unit as it is told to; what has no answer never ends."""

    answers: dict[str, Answer | Exception]
    slots: int = 2
    address: str = "host:1"
    cancelled: list[str] = field(default_factory=list)

    def workers(self) -> tuple[int, int]:
        return self.slots, self.slots

    def send(self, task: str) -> str:
        return Task.from_json(task).unit

    def ended(self, sent: Sequence[str]) -> list[str]:
        return [unit for unit in sent if unit in self.answers]

    def answer(self, sent: str) -> str:
        answer = self.answers[sent]
        if isinstance(answer, Exception):
            raise answer
        return answer.to_json()

    def cancel(self, sent: Sequence[str]) -> None:
        self.cancelled += sent


class Item:
    """A test of pytest's, a unit's or somebody else's, with the reports of it."""

    def __init__(
        self, name: str, reports: list[Any], params: dict[str, Any], raises: type[BaseException] | None
    ) -> None:
        self.nodeid, self.location, self.callspec = f"test[{name}]", ("file", 1, name), SimpleNamespace(params=params)

        def log(report: Any) -> None:
            reports.append(report)
            if raises and report.when == "call":
                raise raises

        def nothing(**_: Any) -> None:
            return None

        self.ihook = SimpleNamespace(
            pytest_runtest_logreport=lambda report: log(report),
            pytest_runtest_logstart=nothing,
            pytest_runtest_logfinish=nothing,
        )


def ran(
    cluster: Cluster, *units: str, others: Sequence[Any] = (), raises: type[BaseException] | None = None
) -> tuple[list[Any], list[Any]]:
    """Return the reports of a loop over these units, and the tests that it has left to pytest."""
    reports: list[Any] = []

    def work(place: Any) -> Findings:
        raise AssertionError("done here")

    items = [Item(name, reports, {"unit": Unit(name, work)}, raises) for name in units]
    session: Any = SimpleNamespace(
        items=[*items, *others],
        config=SimpleNamespace(option=SimpleNamespace(collectonly=False)),
        shouldfail=False,
        shouldstop=False,
    )
    make: Callable[[str], Task] = lambda unit: Task(unit, "1", Options())  # noqa: E731
    steps = Loop(cluster, make).pytest_runtestloop(session)
    next(steps)
    left = list(session.items)
    with pytest.raises(raises or StopIteration):
        steps.send(True)
    return reports, left


def calls(reports: Sequence[Any]) -> dict[str, str]:
    """Return how each unit was reported, and what for."""
    found = [report for report in reports if report.when == "call"]
    assert len(found) == len({report.nodeid for report in found}), "a unit is reported twice"
    return {report.nodeid: report.longreprtext or report.outcome for report in found}


def test_findings_are_reported_as_those_of_a_test() -> None:
    cluster = Cluster({"a": FOUND, "b": BROKEN})
    reports, _ = ran(cluster, "a", "b")
    assert calls(reports) == {"test[a]": "passed", "test[b]": "violates ID-1"}
    assert [r.when for r in reports] == ["setup", "call", "teardown"] * 2
    properties = [each for report in reports for each in report.user_properties]
    assert (SEEN, ("ID-1", "how")) in properties
    assert [value for name, value in properties if name == PROPERTY] == [FOUND.findings, BROKEN.findings]
    assert cluster.cancelled == []


def test_error_is_that_of_its_unit() -> None:
    reports, _ = ran(Cluster({"a": Answer(error="no disk"), "b": FOUND}), "a", "b")
    assert calls(reports) == {"test[a]": "no disk", "test[b]": "passed"}


def test_unit_that_is_lost_too_often_may_be_the_loader() -> None:
    reports, _ = ran(Cluster({"a": UnitLost("on there it was killed"), "b": FOUND}), "a", "b")
    assert "it may be the loader" in calls(reports)["test[a]"]
    assert "on there it was killed" in calls(reports)["test[a]"]
    assert calls(reports)["test[b]"] == "passed"


def test_failure_of_the_cluster_is_named() -> None:
    reports, _ = ran(Cluster({"a": ValueError("odd")}), "a")
    assert calls(reports) == {"test[a]": "the cluster at host:1 failed: ValueError: odd"}


def test_what_no_unit_survives_ends_the_run() -> None:
    cluster = Cluster({"b": Answer(error="the suite is missing", stops=True)})
    reports, _ = ran(cluster, "a", "b", "c")
    assert calls(reports) == {"test[b]": "the suite is missing"}
    assert cluster.cancelled == ["a", "c"]


def test_cluster_that_goes_away_ends_the_run() -> None:
    cluster = Cluster({"b": ClusterLost("it is gone")})
    reports, _ = ran(cluster, "a", "b", "c")
    assert calls(reports) == {"test[a]": "it is gone: 3 units of work were out"}
    assert cluster.cancelled == ["a", "b", "c"]


def test_cluster_without_workers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "WITHOUT_WORKERS_SECONDS", 0.1)
    reports, _ = ran(Cluster({}, slots=0), "a")
    assert "the cluster at host:1 has no worker any more" in calls(reports)["test[a]"]


def test_interrupt_cancels_what_is_out() -> None:
    cluster = Cluster({"a": FOUND})
    ran(cluster, "a", "b", raises=KeyboardInterrupt)
    assert cluster.cancelled == ["b"]


def test_tests_of_others_are_done_here() -> None:
    others = [Item("other", [], {}, None)]
    reports, left = ran(Cluster({"a": FOUND}), "a", others=others)
    assert left == others
    assert calls(reports) == {"test[a]": "passed"}
