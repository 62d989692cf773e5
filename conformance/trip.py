"""One example on its way: a spec made real, built by the loader under test, sent through every transport, observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from datafusion import SessionContext

from conformance.adapter import Adapter
from conformance.engine_events import Event, recorded
from conformance.observation import ABSENT, Difference, Observation, Question, attempt, difference, observe
from conformance.phases import phase
from conformance.plain import Raised, Rows, in_any_layout, plain_rows
from conformance.transports import Arrival, Transport
from fixtures.materials import Materials
from fixtures.plans import empty_batch
from fixtures.survival import lost_construct, survives
from strategies.udfs import IMPORTABLE

__all__ = ["AS_BUILT", "DEPARTED", "EXCHANGED", "Example", "Judgement", "Trip", "not_carried", "take"]

# In place of a transport, for what is judged before anything was sent.
AS_BUILT = "as built"
# What came from another process of the run, and what came from a process that has ended.
EXCHANGED = "exchange"
DEPARTED = "departed"


@dataclass(frozen=True)
class Example:
    """What a trip starts from: how to make fresh materials, and the rows that must come out.

    ``title`` is shown in reports, ``spec`` the drawn spec (``None`` for a fixed table), ``likeness`` the spec that
    conditions look at, which says of a fixed table what a spec can say. ``make`` returns materials that
    nobody else holds, ``variant`` the same with fields of the spec replaced, ``elsewhere`` materials with files of
    their own in a folder and the path of the data file. ``exhaustive`` asks checks that sample to try everything.
    """

    title: str
    make: Callable[[], Materials]
    expected: pa.Table
    question: Question
    scanned: pa.Table | None = None
    spec: Any = None
    likeness: Any = None
    variant: Callable[..., Materials] | None = None
    elsewhere: Callable[[Path], tuple[Materials, Path]] | None = None
    exhaustive: bool = False

    @property
    def rows(self) -> Rows:
        """The rows that the split must give, as they are compared."""
        batches = self.expected.to_batches() or [empty_batch(self.expected.schema)]
        rows = plain_rows(batches, exact=not self.question.has_plan)
        assert rows is not None  # there is a batch
        return rows


@dataclass(frozen=True)
class Judgement:
    """A clause's verdict on one example through one transport: ``None`` where it holds, or where the entry of the
    baseline that begins in line ``known`` excuses it.
    """

    clause: str
    transport: str
    difference: Difference | None
    known: int = 0


@dataclass
class Trip:
    """An example that has travelled. Checks read it; nothing in it is judged yet."""

    adapter: Adapter
    example: Example
    materials: Materials
    split: Any
    build_events: Sequence[Event]
    sent: Observation
    arrivals: Mapping[str, Sequence[Arrival]] = field(default_factory=dict)
    later_events: Sequence[Event] = ()
    transports: Sequence[Transport] = ()
    scratch: Path = Path()

    @property
    def spec(self) -> Any:
        """The spec that was drawn; ``None`` for a fixed table."""
        return self.example.spec

    @property
    def refusal(self) -> Raised | None:
        """How ``build`` failed; ``None`` where it did not."""
        return self.split if isinstance(self.split, Raised) else None

    @property
    def expected_rows(self) -> Rows:
        """The rows that the split must give, by the suite's own computation."""
        return self.example.rows

    @property
    def scanned_rows(self) -> int:
        """How many rows the plan is applied to."""
        rows = self.example.expected if self.example.scanned is None else self.example.scanned
        return int(rows.num_rows)

    @cached_property
    def plan_survives(self) -> Raised | None:
        """``None`` where the plan survives Substrait by the suite's own trial and knowledge; else how it does not."""
        return None if self.materials.plan is None else attempt(self._survive)

    def _survive(self) -> None:
        if self.spec is not None and (lost := lost_construct(self.spec.plan)):
            raise ValueError(f"holds {lost}, which does not survive Substrait in this engine")
        computed = plain_rows(survives(self.materials, self.example.scanned), exact=False)
        assert computed is not None  # there is a batch
        found = difference(in_any_layout(self.expected_rows), in_any_layout(computed), "rows")
        if found is not None:
            raise ValueError(f"computes other rows after Substrait: {found.actual} instead of {found.expected}")

    @cached_property
    def registration_order(self) -> list[str]:
        """The labels of the registry's functions in registration order, recorded from a registry of the suite's own."""
        registry = self.example.make().udf_registry
        if registry is None:
            return []
        with recorded() as events:
            registry.register_udfs(SessionContext())
        return [event.what for event in events if event.kind == "register"]

    def can_carry(self, transport: str) -> bool:
        """Whether the example's functions may be sent that way: by name, or by value where it carries values."""
        if self.spec is None or self.spec.registry is None:
            return True
        named = all(udf.origin in IMPORTABLE for udf in self.spec.registry.udfs)
        return named or any(t.by_value for t in self.transports if t.name == transport)

    def observations(self) -> Iterator[tuple[str, Observation]]:
        """Yield (transport, observation) of the split as built and of every arrival."""
        yield AS_BUILT, self.sent
        for transport, arrivals in self.arrivals.items():
            for arrival in arrivals:
                if arrival.observation is not None:
                    yield transport, arrival.observation

    def arrives(self, aspect: str, raised: bool = True) -> Iterator[tuple[str, Difference | None]]:
        """Yield (transport, difference from what was sent) for each arrival at which the aspect was observed.

        An arrival at which looking raised is left out where ``raised`` is false.
        """
        if self.refusal or isinstance(self.sent.get(aspect, ABSENT), (type(ABSENT), Raised)):
            return
        for transport, arrivals in self.arrivals.items():
            for arrival in arrivals:
                if arrival.observation is None or aspect not in arrival.observation:
                    continue
                seen = arrival.observation[aspect]
                if raised or not isinstance(seen, Raised):
                    yield transport, difference(self.sent[aspect], seen, hop_path(aspect, arrival.hop))

    def built(self, aspect: str, expected: Any) -> Iterator[tuple[str, Difference | None]]:
        """Yield the difference between what was given and what the split shows of it before it is sent."""
        if not self.refusal and aspect in self.sent:
            yield AS_BUILT, difference(expected, self.sent[aspect], aspect)

    def observe(self, *aspects: str, split: Any = None, again: bool = False) -> Observation:
        """Observe the original, or another split, now; all aspects where none is named."""
        question = replace(self.example.question, only=frozenset(aspects) or None, again=again)
        return observe(self.adapter, self.split if split is None else split, question)


def not_carried(arrival: Arrival) -> Difference | None:
    """Return the difference of an arrival that failed on the way; ``None`` for one that arrived."""
    if arrival.failure is None:
        return None
    return Difference(f"trip {arrival.hop}", "carried", str(arrival.failure))


def hangs(arrival: Arrival) -> bool:
    """Whether an arrival failed because something did not answer in time."""
    return arrival.failure is not None and arrival.failure.type.rsplit(".", 1)[-1] in ("TimeoutError", "WorkerHung")


def hop_path(aspect: str, hop: int) -> str:
    """Return the aspect's name with the trip after which it was seen."""
    return aspect if hop == 1 else f"{aspect}, after trip {hop}"


def _sent(transport: Transport, adapter: Adapter, split: Any, question: Question) -> Sequence[Arrival]:
    """Return what arrived; the first time in this process that includes the start of the processes sent to."""
    first = transport.name not in _USED
    _USED.add(transport.name)
    with phase("start processes" if first else "send"):
        return transport.send(adapter, split, question)


_USED: set[str] = set()


def take(adapter: Adapter, example: Example, transports: Sequence[Transport], scratch: Path) -> Trip:
    """Build the example's split, send it through every transport, and observe it before and wherever it arrives.

    ``scratch`` is a folder in which checks may make and damage files.
    """
    with phase("make"):
        materials = example.make()
    with recorded() as build_events, phase("build"):
        split = attempt(adapter.build, materials)
    if isinstance(split, Raised):
        return Trip(adapter, example, materials, split, build_events, {}, scratch=scratch)
    with recorded() as later_events:
        sent = observe(adapter, split, example.question)
        arrivals = {transport.name: _sent(transport, adapter, split, example.question) for transport in transports}
    return Trip(adapter, example, materials, split, build_events, sent, arrivals, later_events, transports, scratch)
