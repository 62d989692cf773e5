"""pytest's loop of a run on a cluster: it sends the units of work, and reports each as if it had been done here."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from conformance.judging.findings import Findings
from conformance.run.clusters import LOSSES, Cluster, ClusterLost, UnitLost
from conformance.run.clusters.tasks import Answer, Task
from conformance.run.reported import PROPERTY, SEEN, complaint
from conformance.run.units import Unit

__all__ = ["Loop"]

# Seconds that a run waits for a worker where a cluster has none left.
WITHOUT_WORKERS_SECONDS = 60.0


@dataclass(eq=False)  # pytest keeps plugins in sets
class Loop:
    """Sends each collected unit of work to the cluster, and reports what comes back, each unit once."""

    cluster: Cluster
    task: Callable[[str], Task]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Do the tests that are no units here, and then the units on the cluster."""
        units = {item: unit.name for item in session.items if (unit := _unit(item)) is not None}
        session.items = [item for item in session.items if item not in units]
        done = yield
        if not session.config.option.collectonly:
            self._do(session, units)
        return done

    def _do(self, session: pytest.Session, units: dict[pytest.Item, str]) -> None:
        out: dict[Any, pytest.Item] = {}
        try:
            for item, name in units.items():
                out[self.cluster.send(self.task(name).to_json())] = item
            for sent in self._ended(out):
                answer = self._answer(sent)
                _report(out.pop(sent), answer)
                if answer.stops:
                    return
                if session.shouldfail:
                    raise session.Failed(session.shouldfail)
                if session.shouldstop:
                    raise session.Interrupted(session.shouldstop)
        except ClusterLost as error:
            _report(next(iter(out.values())), Answer(error=f"{error}: {len(out)} units of work were out"))
        finally:
            if out:
                self.cluster.cancel(list(out))

    def _ended(self, out: dict[Any, pytest.Item]) -> Iterator[Any]:
        """Yield each of those that are out when it has ended; the caller takes it away.

        Raises:
            ClusterLost: there is no worker any more that could do them.

        """
        seen = time.monotonic()
        while out:
            yield from (ended := self.cluster.ended(list(out)))
            if ended or self.cluster.workers()[1]:
                seen = time.monotonic()
            elif time.monotonic() - seen > WITHOUT_WORKERS_SECONDS:
                raise ClusterLost(f"the cluster at {self.cluster.address} has no worker any more")

    def _answer(self, sent: Any) -> Answer:
        try:
            return Answer.from_json(self.cluster.answer(sent))
        except ClusterLost:
            raise
        except UnitLost as error:
            return Answer(
                error=f"its process was lost each time that it was tried, at least {LOSSES} times: it may be the loader"
                f" that ends it.\nThe last time: {error}"
            )
        except Exception as error:  # of the cluster's own
            return Answer(error=f"the cluster at {self.cluster.address} failed: {type(error).__name__}: {error}")


def _unit(item: pytest.Item) -> Unit | None:
    """Return the unit of work that a test does; ``None`` for a test of somebody else's."""
    unit = getattr(item, "callspec", None) and item.callspec.params.get("unit")  # type: ignore[attr-defined]
    return unit if isinstance(unit, Unit) else None


def _report(item: pytest.Item, answer: Answer) -> None:
    """Report a unit as pytest reports a test: what was seen broken, how it went, and that it is over."""
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    findings = None if answer.findings is None else Findings.from_json(answer.findings)
    wrong = answer.error if findings is None else complaint(findings)
    found = [] if findings is None else [(PROPERTY, answer.findings)]
    seen = [(SEEN, each) for each in answer.seen]

    def report(when: Literal["setup", "call", "teardown"], properties: Sequence[Any], wrong: str = "") -> None:
        how: Literal["failed", "passed"] = "failed" if wrong else "passed"
        one = pytest.TestReport(item.nodeid, item.location, {}, how, wrong or None, when, user_properties=properties)
        hook.pytest_runtest_logreport(report=one)

    report("setup", seen)
    report("call", found, wrong)
    report("teardown", [])
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
