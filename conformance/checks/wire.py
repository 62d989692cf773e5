"""WIRE: the transports themselves."""

from __future__ import annotations

import copy
import io
import pickle
from dataclasses import replace
from types import ModuleType
from typing import Any

import cloudpickle

from conformance.checks.check import Judged, verifies
from conformance.checks.growth import growth
from conformance.observation.difference import Difference, Place, Step, difference, differing
from conformance.observation.raised import Raised, attempt
from conformance.transports.calls import LIMITED
from conformance.transports.journey import Journey, not_carried
from conformance.transports.transport import AS_BUILT
from fixtures.tables.history import with_history


def arrives_at_all(journey: Journey, clause_id: str) -> Judged:
    """Yield, for each transport of the clause, whether the split could be carried there at all."""
    if journey.refusal:
        return
    for transport in journey.transports:
        if transport.clause == clause_id and journey.can_carry(transport.name):
            first = journey.arrivals[transport.name][0]
            yield transport.name, not_carried(first)


@verifies("WIRE-1")
def pickle_carries(journey: Journey) -> Judged:
    yield from arrives_at_all(journey, "WIRE-1")


@verifies("WIRE-2")
def cloudpickle_carries(journey: Journey) -> Judged:
    yield from arrives_at_all(journey, "WIRE-2")


@verifies("WIRE-3")
def copies_are_made(journey: Journey) -> Judged:
    yield from arrives_at_all(journey, "WIRE-3")


@verifies("WIRE-4", arrivals=True)
def second_trip_changes_nothing(journey: Journey) -> Judged:
    if journey.refusal:
        return
    for transport, arrivals in journey.arrivals.items():
        later = [arrival for arrival in arrivals if arrival.hop > 1]
        if arrivals[0].observation is None:
            continue
        for arrival in later:
            if arrival.died:
                continue  # the clauses of the transports say so
            if arrival.observation is None:
                yield transport, not_carried(arrival)
                continue
            where = Place(Step.ARRIVE, hop=arrival.hop, case="against the first trip")
            # What raised already after the first is judged by the clause that speaks of it.
            first = {name: seen for name, seen in arrivals[0].observation.items() if not isinstance(seen, Raised)}
            changed = next(differing(first, arrival.observation, where), None)
            yield transport, changed and changed[1]


@verifies("WIRE-5", units=("departed",))
def fresh_interpreter_changes_nothing(journey: Journey) -> Judged:
    yield from arrived_alike(journey, "WIRE-5")


@verifies("WIRE-6")
def processes_change_nothing(journey: Journey) -> Judged:
    """Under fork, what raises at once is as good as what works; what does not answer is not."""
    yield from arrived_alike(journey, "WIRE-6")


@verifies("WIRE-7", arrivals=True)
def engines_change_nothing(journey: Journey) -> Judged:
    """Judged where an engine was asked for (``--engines``, ``--transport ray``)."""
    yield from arrived_alike(journey, "WIRE-7")


@verifies("WIRE-8")
def threads_change_nothing(journey: Journey) -> Judged:
    yield from arrived_alike(journey, "WIRE-8")


def arrived_alike(journey: Journey, clause_id: str) -> Judged:
    """Yield, for each transport of the clause, what differs there and not after a round trip in this process."""
    if journey.refusal:
        return
    for transport in journey.transports:
        if transport.clause != clause_id or not journey.can_carry(transport.name):
            continue
        for arrival in journey.arrivals[transport.name]:
            if arrival.observation is None:
                yield transport.name, not_carried(arrival)
                continue
            where = Place(Step.ARRIVE, hop=arrival.hop)
            changed = list(differing(journey.sent, arrival.observation, where))
            if changed:
                here = attempt(dumped_and_loaded, journey.split)
                if isinstance(here, Raised):  # what has no importable name
                    here = attempt(dumped_and_loaded, journey.split, cloudpickle)
                seen_here = {} if isinstance(here, Raised) else journey.observe(split=here, again=True)
                known = dict(differing(journey.sent, seen_here, where))
                changed = [(aspect, found) for aspect, found in changed if aspect not in known]
            yield transport.name, changed[0][1] if changed else None


def dumped_and_loaded(split: Any, pickler: ModuleType = pickle) -> Any:
    """Return the split after a round trip through pickle or cloudpickle in this process."""
    return pickler.loads(pickler.dumps(split))


@verifies("WIRE-9", one_in=3)
def payload_does_not_grow(journey: Journey) -> Judged:
    """The payload of one split, without a plan, of tables with ever more snapshots and of scans with ever more splits.

    Less than a byte for each is no growth: numbers get more digits.
    """
    if journey.refusal:
        return
    given = replace(journey.materials, plan=None, session_context=None, udf_registry=None)

    def with_snapshots(count: int) -> bytes:
        metadata = with_history(given.table_metadata, count)
        return pickle.dumps(journey.adapter.build(replace(given, table_metadata=metadata)), pickle.HIGHEST_PROTOCOL)

    def with_siblings(count: int) -> bytes:
        assert journey.adapter.build_scan is not None
        files = [replace(given, file_scan_task=dumped_and_loaded(given.file_scan_task)) for _ in range(count)]
        return pickle.dumps(journey.adapter.build_scan(files)[0], pickle.HIGHEST_PROTOCOL)

    growing = {SNAPSHOTS: with_snapshots}
    if journey.adapter.build_scan is not None:
        growing[SIBLINGS] = with_siblings
    for what, payload in growing.items():
        payloads = [attempt(payload, count) for count in GROWING]
        sizes = [len(dumped) for dumped in payloads if isinstance(dumped, bytes)]
        if len(sizes) < len(GROWING):
            continue  # other clauses judge what cannot be built or dumped
        bound = sizes[0] + GROWING[-1]
        found = Difference(
            Place(Step.SEND, "payload", case="by the number of", variant=what),
            f"at most {bound:,} bytes at any number",
            growth(GROWING, sizes),
        )
        yield AS_BUILT, found if sizes[-1] > bound else None


# So many snapshots, or splits, for each payload.
GROWING = (1, 5, 25)
SNAPSHOTS, SIBLINGS = "snapshots of the table", "splits of the scan"


@verifies("WIRE-10")
def other_interpreter_changes_nothing(journey: Journey) -> Judged:
    """Judged where another interpreter was given (``--worker``): payloads of this one are loaded and read there."""
    yield from arrived_alike(journey, "WIRE-10")


@verifies("WIRE-11", one_in=3)
def damaged_payload_does_no_harm(journey: Journey) -> Judged:
    """Cut at every length (some, for drawn examples) it raises; with bytes flipped, on a worker with limits, it ends.

    Nothing in pickle notices a flipped byte: a split with another path or literal may come of it, and that is no break.
    """
    payload = attempt(pickle.dumps, journey.split, pickle.HIGHEST_PROTOCOL)
    if journey.refusal or isinstance(payload, Raised):
        return
    step = 1 if journey.example.exhaustive else max(1, len(payload) // 40)
    loaded = next((n for n in range(0, len(payload), step) if not _raises(payload[:n])), None)
    cut = Place(Step.SEND, "payload", case="cut short")
    yield AS_BUILT, None if loaded is None else Difference(cut, "raises", f"a split, of the first {loaded} bytes")
    if not journey.is_one_in(FLIPPED_ONE_IN):
        return  # the worker with limits is started for this alone
    places = range(0, len(payload), 1 if journey.example.exhaustive else max(1, len(payload) // 60))
    flips = [(place, 1 << (place % 8)) for place in places]
    outcome = journey.ask_worker(LIMITED, "load_flipped", payload, flips, limit=FLIP_SECONDS)
    flipped = Place(Step.SEND, "payload", case="with a byte flipped")
    yield AS_BUILT, Difference(flipped, "loads or raises", str(outcome)) if isinstance(outcome, Raised) else None


# Of drawn examples, bytes are flipped in one of so many.
FLIPPED_ONE_IN = 48
# Seconds for loading a few thousand damaged payloads.
FLIP_SECONDS = 60.0


def _raises(payload: bytes) -> bool:
    return isinstance(attempt(pickle.loads, payload), Raised)


# Modules that hold no code of the loader or of its user: pickle's own, and plain values of the standard library.
PLAIN_MODULES = frozenset(
    {"array", "builtins", "copyreg", "_codecs", "collections", "datetime", "decimal", "uuid", "functools", "pathlib"}
)


@verifies("WIRE-12")
def payload_names_known_modules(journey: Journey) -> Judged:
    """Allowed are the adapter's modules, pickle's own, and those of the registry's and the FileIO's classes."""
    if journey.refusal or not journey.adapter.modules or not journey.can_carry("pickle-2"):
        return
    payload = attempt(pickle.dumps, journey.split)
    if isinstance(payload, Raised):
        return
    user = {type(journey.materials.file_io).__module__}
    if journey.materials.udf_registry is not None:
        user |= {module for module, _ in _globals(pickle.dumps(journey.materials.udf_registry))}
    for module, name in sorted(_globals(payload)):
        ours = any(module == own or module.startswith(f"{own}.") for own in journey.adapter.modules)
        if not ours and module not in PLAIN_MODULES | user:
            yield (
                AS_BUILT,
                Difference(
                    Place(Step.SEND, "globals of the payload"),
                    f"of {', '.join(journey.adapter.modules)}",
                    f"{module}.{name}",
                ),
            )
            return
    yield AS_BUILT, None


class Naming(pickle.Unpickler):
    """Loads a payload and writes down the globals that it names."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(io.BytesIO(payload))
        self.named: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.named.add((module, name))
        return super().find_class(module, name)


def _globals(payload: bytes) -> set[tuple[str, str]]:
    unpickler = Naming(payload)
    attempt(unpickler.load)
    return unpickler.named


@verifies("WIRE-13", one_in=2)
def subclass_arrives_as_itself(journey: Journey) -> Judged:
    """The split and the scan context, each made one of a subclass with a field of its own."""
    if journey.refusal or not journey.can_carry("pickle-2"):
        return
    parts = {"split": attempt(journey.adapter.build, journey.example.make())}
    if journey.adapter.scan_context is not None:
        parts["scan context"] = attempt(journey.adapter.scan_context, parts["split"])
    for what, part in parts.items():
        if isinstance(part, Raised):
            continue
        ways = (("pickle", dumped_and_loaded), ("copy", copy.copy), ("deepcopy", copy.deepcopy))
        carrying = [(name, carry) for name, carry in ways if not isinstance(attempt(carry, part), Raised)]
        if isinstance(attempt(_subclassed, part), Raised):
            continue  # a class that cannot be subclassed this way promises nothing about subclasses
        for name, carry in carrying:  # the other WIRE clauses judge what cannot be carried at all
            arrived = attempt(carry, part)
            where = Place(Step.ARRIVE, f"class and own field of the {what}", 1, "by", name)
            if isinstance(arrived, Raised):
                yield AS_BUILT, Difference(where, "carried", str(arrived))
            else:
                seen = (type(arrived).__name__, getattr(arrived, "own_field", None))
                yield AS_BUILT, difference((type(part).__name__, OWN_FIELD), seen, where)


OWN_FIELD = ("own", 1)


def _subclassed(part: Any) -> None:
    """Turn an object into one of a subclass, importable from this module, with a field of its own."""
    class_ = type(part)
    name = f"Own{class_.__qualname__.replace('.', '_')}"
    globals().setdefault(name, type(name, (class_,), {"__module__": __name__}))
    if globals()[name].__bases__ != (class_,):
        globals()[name] = type(name, (class_,), {"__module__": __name__})
    object.__setattr__(part, "__class__", globals()[name])
    object.__setattr__(part, "own_field", OWN_FIELD)


@verifies("WIRE-14", one_in=2)
def second_load_does_nothing_else(journey: Journey) -> Judged:
    payload = attempt(pickle.dumps, journey.split)
    if journey.refusal or isinstance(payload, Raised):
        return
    done = journey.ask_worker("first", "second_load", payload)
    if isinstance(done, list):
        yield (
            AS_BUILT,
            Difference(Place(Step.SEND, case="a second load on a worker"), "nothing but the split", done[0])
            if done
            else None,
        )
