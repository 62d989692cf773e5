"""The journey of one example: its split built by the loader under test, sent through every transport, and observed."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from datafusion import SessionContext

from conformance.adapter import Adapter, NotSupported
from conformance.examples.example import Example
from conformance.observation.aspects import Observation, observe
from conformance.observation.difference import ABSENT, Difference, Place, Step, difference, differences
from conformance.observation.once import observed_once
from conformance.observation.parts import part
from conformance.observation.question import Question
from conformance.observation.raised import Died, Hung, Raised, attempt, qualified_name
from conformance.observation.recorder import Event, recorded
from conformance.observation.secrets import keep_secret, secret_values
from conformance.observation.state import State, whole_state
from conformance.observation.values import Rows, in_any_layout, plain_rows
from conformance.timing import phase
from conformance.transports.calls import CALL_SECONDS, call
from conformance.transports.transport import AS_BUILT, Arrival, Transport
from conformance.transports.watchdog import watched
from fixtures.materials import Materials
from fixtures.survival import lost_construct, survives
from strategies.specs import SplitSpec
from strategies.udfs import goes_by_name

__all__ = ["NOT_SUPPORTED", "READ_SECONDS", "EndsProcess", "Journey", "not_carried", "travel"]

# Seconds that a reading which should fail may take: of a small file that is damaged, or of few rows.
READ_SECONDS = 15.0

NOT_SUPPORTED = qualified_name(NotSupported)


class EndsProcess(Exception):
    """A check cannot tell what it is to tell, for the split ends the processes that it is sent to, or hangs in them."""


@dataclass
class Journey:
    """An example that has travelled. Checks read it; nothing in it is judged yet.

    ``split`` is the split, or how building it failed. ``build_events`` happened while it was built, ``later_events``
    while it was observed and sent. ``sent`` is what was seen of the split before it was sent; ``arrivals`` is what
    arrived, by transport, and ``left`` the state of the original before it was sent there. ``scratch`` is a folder in
    which checks may make and damage files. ``ended_processes`` says that splits before this one ended the processes
    that they were sent to.
    """

    adapter: Adapter
    example: Example
    materials: Materials
    split: Any
    build_events: Sequence[Event]
    sent: Observation
    arrivals: Mapping[str, Sequence[Arrival]] = field(default_factory=dict)
    later_events: Sequence[Event] = ()
    transports: Sequence[Transport] = ()
    left: Mapping[str, State | Raised] = field(default_factory=dict)
    scratch: Path = Path()
    ended_processes: bool = False

    @property
    def spec(self) -> SplitSpec | None:
        """The spec that was drawn; ``None`` for a real table."""
        return self.example.spec

    @property
    def refusal(self) -> Raised | None:
        """How ``build`` failed; ``None`` where it did not."""
        return self.split if isinstance(self.split, Raised) else None

    @property
    def declined(self) -> str | None:
        """Why the loader does not take such an example, where the adapter says so; ``None`` where it does."""
        refused = self.refusal
        return refused.message if refused is not None and refused.type == NOT_SUPPORTED else None

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
        batches = survives(self.materials, self.example.scanned)
        computed = plain_rows(batches, exact=False, in_order=self.example.question.in_order)
        assert computed is not None  # there is a batch
        found = difference(in_any_layout(self.expected_rows), in_any_layout(computed), Place(Step.READ, "rows"))
        if found is not None:
            raise ValueError(f"computes other rows after Substrait: {found.actual} instead of {found.expected}")

    @cached_property
    def unread(self) -> Any:
        """The payload of a split that nobody has read or looked at, or how there is none."""
        return attempt(lambda: pickle.dumps(self.adapter.build(self.example.make())))

    @cached_property
    def registration_order(self) -> list[str]:
        """The labels of the registry's functions in registration order, recorded from a registry of the suite's own."""
        registry = self.example.make().udf_registry
        if registry is None:
            return []
        with recorded() as events:
            registry.register_udfs(SessionContext())
        return [event.what for event in events if event.kind == "register"]

    def is_one_in(self, count: int, what: str = "") -> bool:
        """Whether the example is one of those, one in ``count``, on which something is judged that takes long.

        ``what`` that is, the id of a clause for instance, settles which: so that not all of it falls on the same
        examples.
        """
        if self.example.exhaustive or what in self.example.purposes:
            return True
        return zlib.crc32(f"{what}{self.example.title}".encode()) % count == 0

    def can_carry(self, transport: str) -> bool:
        """Whether the example's functions may be sent that way: by name, or by value where it carries values."""
        named = self.spec is None or goes_by_name(self.spec)
        return named or any(t.by_value for t in self.transports if t.name == transport)

    def ask_worker(self, name: str, function: str, *arguments: Any, limit: float = CALL_SECONDS) -> Any:
        """Return what a worker task returns in the worker of that name, or how it failed.

        Raises:
            EndsProcess: the worker died, and this split, or one before it, ended other processes as well. The clauses
                of the transports say so, once; what else this call was to tell is not known.

        """
        answer = call(self.adapter, name, function, *arguments, limit=limit)
        arrived = [arrival for arrivals in self.arrivals.values() for arrival in arrivals]
        if isinstance(answer, Died) and (self.ended_processes or any(arrival.died for arrival in arrived)):
            raise EndsProcess(str(answer))
        return answer

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
                    place = Place(Step.ARRIVE, aspect, arrival.hop)
                    yield from ((transport, found) for found in differences(self.sent[aspect], seen, place))

    def built(self, aspect: str, expected: Any) -> Iterator[tuple[str, Difference | None]]:
        """Yield the difference between what is expected and what the split shows before it is sent."""
        if not self.refusal and aspect in self.sent:
            where = Place(Step.LOOK, aspect)
            yield from ((AS_BUILT, found) for found in differences(expected, self.sent[aspect], where))

    def given(self, aspect: str) -> Iterator[tuple[str, Difference | None]]:
        """Yield the difference between a part that was given and what the split shows of it before it is sent."""
        yield from self.built(aspect, part(aspect).expected(self.materials))

    def carried_together(self, things: Any) -> Iterator[tuple[Transport, Any]]:
        """Yield (transport, what arrived) for each transport that can carry things in one payload, or how it failed."""
        for transport in self.transports:
            if transport.carry is not None and self.can_carry(transport.name):
                yield transport, attempt(transport.carry, things)

    def observe(self, *aspects: str, split: Any = None, again: bool = False) -> Observation:
        """Observe the original, or another split, now; where no aspect is named, all that the example is asked for."""
        only = frozenset(aspects) or self.example.question.only
        question = replace(self.example.question, only=only, again=again)
        with watched("Reading a split, or looking at it,", self.example.title):
            return observe(self.adapter, self.split if split is None else split, question)

    def read_that_should_fail(self, clause: str, payload: bytes) -> Any:
        """Return how reading a payload fails in another process, which can be cut off where it hangs.

        Asked before a split is read here of which an error is expected: who waits for another thread, which has failed,
        waits for ever.

        Raises:
            EndsProcess: it hung for this clause before in this process, and would again.

        """
        known = (self.adapter.reference, clause)
        if known in _HUNG:
            raise EndsProcess(f"reading hangs where it should fail: {clause}")
        answer = self.ask_worker("first", "read_failure", payload, limit=READ_SECONDS)
        if isinstance(answer, Hung):
            _HUNG.add(known)
        return answer


# The loaders, and clauses, for which a reading that should fail hung in this process.
_HUNG: set[tuple[str, str]] = set()


def not_carried(arrival: Arrival) -> Difference | None:
    """Return the difference of an arrival that failed on the way; ``None`` for one that arrived."""
    if arrival.failure is None:
        return None
    return Difference(Place(Step.SEND, hop=arrival.hop), "carried", str(arrival.failure))


def travel(adapter: Adapter, example: Example, transports: Sequence[Transport], scratch: Path) -> Journey:
    """Build the example's split, send it through every transport, and observe it before and wherever it arrives."""
    with phase("make"):
        materials = example.make()
    with recorded() as build_events, phase("build"), watched("Building a split", example.title):
        split = attempt(adapter.build, materials)
    if isinstance(split, Raised):
        return Journey(adapter, example, materials, split, build_events, {}, scratch=scratch)
    with recorded() as later_events:
        with watched("Reading a split, or looking at it,", example.title):
            sent = observe(adapter, split, example.question)
        left: dict[str, State | Raised] = {}
        arrivals: dict[str, Sequence[Arrival]] = {}
        with nullcontext() if example.exhaustive else observed_once(zlib.crc32(example.title.encode())):
            for transport in transports:
                left[transport.name] = attempt(whole_state, split)
                arrivals[transport.name] = _sent(transport, adapter, split, example.question)
    # Not before: the readers that it asks may make what the split then keeps.
    keep_secret(_taken_from_elsewhere(adapter, split, materials))
    travelled = Journey(adapter, example, materials, split, build_events, sent, arrivals, later_events, transports)
    return replace(travelled, left=left, scratch=scratch)


def _sent(transport: Transport, adapter: Adapter, split: Any, question: Question) -> Sequence[Arrival]:
    """Return what arrived; the first time in this process that includes the start of the processes sent to."""
    first = transport.name not in _USED
    _USED.add(transport.name)
    with phase("start processes" if first else "send"):
        return transport.send(adapter, split, question)


_USED: set[str] = set()


def _taken_from_elsewhere(adapter: Adapter, split: Any, materials: Materials) -> list[str]:
    """Return the secrets in the properties of the split's FileIO that it was not given."""
    if adapter.file_io is None:
        return []
    found = attempt(lambda: dict(adapter.file_io(split).properties))  # type: ignore[misc]  # it is there
    if isinstance(found, Raised):
        return []
    given = {str(value) for value in materials.file_io_properties.values()}
    return [secret for secret in secret_values(found, adapter.secret_properties) if secret not in given]
