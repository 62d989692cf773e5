"""PROC: the process that reads. It is a worker, so that what a loader does to it is not done to the suite."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.adapter import Adapter
from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Difference, Place, Step, difference, difference_of_rows
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.reader import CIRCUMSTANCES, LEFT
from conformance.observation.values import Rows, in_any_layout, rows_of_table
from conformance.transports.calls import READER, restart
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT
from fixtures.expected import expected_rows
from fixtures.materials import Materials
from fixtures.tables.damage import DAMAGES
from strategies.filters import is_filterable
from strategies.pairs import OF_ONE_HASH, differing_in
from strategies.specs import SplitSpec

# Seconds that a use of a small split may take: a reading that waits for one that was left waits for ever.
USE_SECONDS = 30.0
# Bytes by which a payload may grow: an id, or when it was read, and no rows.
GROWN = 256
# One in so many of its bytes may come when it is used first.
SCHEMAS_SHARE = 10


def used(journey: Journey, how: str, worker: str = "first") -> Any:
    """Return what :mod:`conformance.observation.reader` tells of this use of the split; ``None`` where it is not asked.

    Where it failed altogether, that is how. ``worker`` is the name of the worker that uses it.
    """
    if journey.refusal or not journey.can_carry("pickle-2"):
        return None
    payload = journey.unread
    if isinstance(payload, Raised) or isinstance(attempt(pickle.loads, payload), Raised):
        return None  # WIRE-1 judges what cannot be carried
    return journey.ask_worker(worker, "use", payload, how, journey.example.question, limit=USE_SECONDS)


def reads_alike(found: Any, ways: Mapping[str, object], case: str) -> Judged:
    """Yield for each way whether the rows are those that are read plainly."""
    if found is None:
        return
    if isinstance(found, Raised):
        yield AS_BUILT, Difference(Place(Step.READ, "rows", case=case), "rows", str(found))
        return
    for way in ways:
        if not isinstance(found["plainly"], Raised):
            place = Place(Step.READ, "rows", case=case, variant=way)
            yield AS_BUILT, difference(found["plainly"], found[way], place)


@verifies("PROC-1", one_in=6)
def reading_leaves_the_process_as_it_was(journey: Journey) -> Judged:
    # In a worker of its own: where others have read, what they changed is changed already.
    found = used(journey, "changed_by_reading", READER)
    if isinstance(found, Raised):
        return  # READ-1 and PLAN-5 judge what cannot be read
    if found is not None:
        what = next(iter(found), None)
        before, after = found[what] if what else ("", "")
        place = Place(Step.READ, "the process", case="by reading", variant=what or "")
        yield AS_BUILT, Difference(place, before, after) if what else None
    yield from _after_failures(journey)


FAILING = "by readings that fail"
# No format tells of less than the whole of a file what its rows are.
CUT = "cut to a half"


def _after_failures(journey: Journey) -> Judged:
    """A data file is cut after the split was built. With a plan a loader may need no row of it."""
    if journey.refusal or journey.materials.plan is not None or journey.example.elsewhere is None:
        return
    folder = journey.scratch / "failing"
    shutil.rmtree(folder, ignore_errors=True)
    materials, path = journey.example.elsewhere(folder)
    payload = attempt(lambda: pickle.dumps(journey.adapter.build(materials)))
    if isinstance(payload, Raised):
        return  # WIRE-1 judges what cannot be carried
    DAMAGES[CUT](path)
    answer = journey.read_that_should_fail("PROC-1", payload)
    if not isinstance(answer, dict) or "rows" in answer:
        return  # READ-4 judges what does not fail as it should
    found = journey.ask_worker(READER, "use", payload, "left_by_failures", journey.example.question, limit=USE_SECONDS)
    if isinstance(found, dict):
        what = next(iter(found), None)
        place = Place(Step.READ, "the process", case=FAILING, variant=what or "")
        yield AS_BUILT, Difference(place, *found[what]) if what else None


@verifies("PROC-2", one_in=6)
def can_be_read_wherever_workers_are(journey: Journey) -> Judged:
    yield from reads_alike(used(journey, "rows_in"), CIRCUMSTANCES, "in other circumstances")


@verifies("PROC-3", one_in=3)
def can_be_left(journey: Journey) -> Judged:
    found = list(reads_alike(used(journey, "rows_after_leaving", READER), LEFT, "after a reading that was left"))
    if any(broken for _, broken in found):
        restart(READER)
    yield from found


@verifies("PROC-4", one_in=6)
def payload_does_not_grow_by_use(journey: Journey) -> Judged:
    found = used(journey, "grown_by_use")
    if found is None or isinstance(found, Raised):
        return  # READ-3 and WIRE-4 judge what cannot be dumped after it was read
    unused, once, often = found
    where = Place(Step.SEND, "payload", case="after it was read")
    # Looking a column up makes PyIceberg's schema keep a table of them, which travels with it.
    grows = once > unused + GROWN + unused // SCHEMAS_SHARE or often > once + GROWN
    yield AS_BUILT, Difference(where, f"{unused} bytes", f"{once} bytes, and {often} later") if grows else None


# In what other splits that are read at the same time differ from the one that is judged.
BESIDE = ("path", "row filter", *OF_ONE_HASH, "order of columns", "what functions compute", "property")
# Fewer splits than this tell nothing.
FEWEST = 3
SIDE_BY_SIDE = "beside other splits"
# Which of the splits gave other rows.
ITSELF, WITH_ANOTHER = "of the split itself", "of the one with another "
# The worker that reads one split and nothing besides.
ALONE = "alone"


@dataclass(frozen=True)
class Neighbour:
    """One of the splits that are read together: which, by what differs from the one that is judged, and its rows."""

    which: str
    rows: Rows
    split: Any


@verifies("PROC-5", one_in=8)
def many_are_read_in_one_process(journey: Journey) -> Judged:
    """The split, and others that differ from it in one respect each, are loaded and read by one worker."""
    if journey.refusal or journey.spec is None or not journey.can_carry("pickle-2"):
        return
    if journey.spec.plan is not None and not journey.adapter.applies_transforms:
        return
    if _is_wrong_alone(journey):
        return  # READ-1, PLAN-5 and PLAN-8 judge that
    together = list(_neighbours(journey, journey.spec))
    payload = attempt(pickle.dumps, [each.split for each in together])
    if len(together) < FEWEST or isinstance(payload, Raised):
        return  # WIRE-1 judges what cannot be dumped
    question = replace(journey.example.question, in_order=False)
    found = journey.ask_worker("first", "use", payload, "rows_side_by_side", question, limit=USE_SECONDS)
    if isinstance(found, Raised):
        yield AS_BUILT, Difference(Place(Step.READ, "rows", case=SIDE_BY_SIDE), "rows", str(found))
        return
    seen = [(each, how, rows) for how, read in found.items() for each, rows in zip(together, read, strict=True)]
    wrong = next((each for each, _, rows in seen if _differs(each, rows)), None)
    if wrong is not None and not _is_right_alone(journey, wrong, question):
        return  # other clauses judge that, and of the others that are wrong nothing is known
    for each, how, rows in seen:
        yield AS_BUILT, _differs(each, rows, f"{how}, {each.which}")


def _differs(each: Neighbour, rows: Any, variant: str = "") -> Difference | None:
    return difference_of_rows(each.rows, rows, Place(Step.READ, "rows", case=SIDE_BY_SIDE, variant=variant))


def _is_right_alone(journey: Journey, each: Neighbour, question: Question) -> bool:
    """Return whether a split gives its rows in a process that has read nothing else."""
    restart(ALONE)
    found = journey.ask_worker(
        ALONE, "use", pickle.dumps([each.split]), "rows_side_by_side", question, limit=USE_SECONDS
    )
    return not isinstance(found, Raised) and all(_differs(each, rows) is None for (rows,) in found.values())


def _is_wrong_alone(journey: Journey) -> bool:
    """Return whether the split gives other rows than it should when nothing else is read, or cannot be read there."""
    seen = (observation.get("rows") for _, observation in journey.observations())
    if any(isinstance(rows, Raised) for rows in seen):
        return True
    here = journey.observe("rows")["rows"]
    if here is None:
        return bool(journey.expected_rows.rows)
    return difference(in_any_layout(journey.expected_rows), in_any_layout(here), Place(Step.READ, "rows")) is not None


def _neighbours(journey: Journey, spec: SplitSpec) -> Iterator[Neighbour]:
    """Yield the split and those beside it, as far as they can be built and the engine runs their plan."""
    variant = journey.example.variant
    assert variant is not None  # there is a spec
    others = ((respect, another(spec, respect)) for respect in BESIDE)
    named = ((_named(respect, other), other) for respect, other in others if other is not None)
    for which, each in ((ITSELF, spec), *named):
        made = attempt(_neighbour, journey.adapter, variant, which, each)
        if isinstance(made, Neighbour):
            yield made


def _named(respect: str, other: SplitSpec) -> str:
    value = f": {other.row_filter!r}" if "filter" in respect else ""
    return f"{WITH_ANOTHER}{respect}{value}"


def another(spec: SplitSpec, respect: str) -> SplitSpec | None:
    """Return a split that differs from this one in one respect; ``None`` where none can."""
    if respect == "row filter" and not any(map(is_filterable, spec.table.columns)):
        return None
    if respect == "what functions compute" and (spec.plan is None or spec.registry is None):
        return None
    other = differing_in(respect, spec)
    return None if other == spec else other


def _neighbour(adapter: Adapter, variant: Callable[..., Materials], which: str, spec: SplitSpec) -> Neighbour:
    rows = rows_of_table(expected_rows(spec), exact=spec.plan is None)
    parts = ("file_name", "row_filter", "projection", "registry", "file_io")
    return Neighbour(which, rows, adapter.build(variant(**{part: getattr(spec, part) for part in parts})))


@verifies("PROC-6", units=("memory",), journeys=False)
def reading_takes_so_much_memory(journey: Journey) -> Judged:
    """Splits of an example are too small to tell: see conformance/run/memory.py."""
    yield from ()
