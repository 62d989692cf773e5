"""READ: reading."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Generator, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from conformance.checks.check import Judged, verifies
from conformance.checks.plan import rows_as_expected
from conformance.observation.difference import Difference, Place, Step, difference, differing
from conformance.observation.raised import Hung, Raised, attempt
from conformance.observation.reachable import reachable
from conformance.observation.values import Rows, in_any_layout, plain_rows
from conformance.transports.calls import restart
from conformance.transports.journey import NOT_SUPPORTED, Journey
from conformance.transports.transport import AS_BUILT
from fixtures.file_ios import VAULT_TIMES_OUT
from fixtures.tables.damage import DAMAGES
from strategies.specs import ColumnSpec, FileIOSpec, RegistrySpec, SqlPlanSpec, TableSpec, UdfSpec

CONTAINERS = (list, dict, set, bytearray)


@verifies("READ-1", arrivals=True, units=("stores",))
def rows_arrive(journey: Journey) -> Judged:
    """Judged on splits without a plan: PLAN-5 judges the others."""
    if journey.materials.plan is None and not journey.refusal:
        yield from rows_as_expected(journey)
        yield from journey.arrives("rows")


@verifies("READ-2", arrivals=True)
def can_be_read_again(journey: Journey) -> Judged:
    if journey.refusal:
        return
    for transport, observation in journey.observations():
        step = Step.READ if transport == AS_BUILT else Step.ARRIVE
        rows, again = observation.get("rows"), observation.get("reads again")
        if "reads again" not in observation or isinstance(rows, Raised):
            continue  # READ-1 and PLAN-5 judge what cannot be read at all
        yield transport, difference(rows, again, Place(step, "reads again"))


@verifies("READ-3", arrivals=True)
def sending_leaves_the_original(journey: Journey) -> Judged:
    """The original after all trips is as before; what arrives shares nothing public or changing."""
    if journey.refusal:
        return
    changed = next(differing(journey.sent, journey.observe(), Place(Step.LOOK, case="after sending")), None)
    yield AS_BUILT, changed and changed[1]
    own = {id(value) for _, value in reachable(journey.split) if isinstance(value, CONTAINERS)}
    for transport, arrivals in journey.arrivals.items():
        copy = arrivals[0].split if arrivals else None
        if copy is None or transport == "copy":
            continue
        shared = [(path, value) for path, value in reachable(copy) if id(value) in own]
        public = next((path for path, _ in shared if "._" not in path), None)
        where = Place(Step.ARRIVE, "reachable", 1, "shared with the original")
        if public:
            yield transport, Difference(replace(where, variant=public), "its own", "the same object as the original's")
        else:
            yield transport, None
        if shared:
            before = [repr(value) for _, value in shared]
            journey.observe("rows", split=copy)
            for (path, value), text in zip(shared, before, strict=True):
                if repr(value) != text:
                    changing = "shared with the original, and changed by reading"
                    yield transport, Difference(replace(where, variant=path), "its own", changing)


@verifies("READ-4", units=("engines", "stores"))
def lost_file_raises_and_is_named(journey: Journey) -> Judged:
    """The data file is removed, cut or replaced after the split was built, and read on a worker; a few ways for a drawn
    example, all for a pinned one. With a plan a loader may need no row at all, so only splits without one are judged.
    """
    if (
        journey.refusal
        or journey.materials.plan is not None
        or journey.example.elsewhere is None
        or not journey.can_carry("pickle-2")
    ):
        return
    if (yield from _lost_delete_file(journey)) or (yield from _times_out(journey)):
        return  # it hangs: each other way would be waited for as long
    ways = list(DAMAGES.items())
    if not journey.example.exhaustive:
        offset = len(journey.example.title) % len(ways)
        ways = [ways[offset], ways[(offset + 3) % len(ways)]]
    for way, damage in ways:
        folder = journey.scratch / "damaged"
        shutil.rmtree(folder, ignore_errors=True)
        materials, path = journey.example.elsewhere(folder)
        split = attempt(journey.adapter.build, materials)
        payload = attempt(pickle.dumps, split)
        if isinstance(payload, Raised):
            continue  # WIRE-1 judges that
        damage(path)
        answer = journey.read_that_should_fail("READ-4", payload)
        where = Place(Step.READ, case="the file", variant=way)
        if _none_to_lose(journey, answer):
            continue
        found = _as_it_should_fail(answer, materials.file_scan_task.file.file_path, where)
        if isinstance(answer, Hung):
            yield AS_BUILT, found
            return
        if found is not None and isinstance(answer, dict) and "rows" in answer:
            restart("first")
            answer = journey.read_that_should_fail("READ-4", payload)
            if isinstance(answer, dict) and "rows" not in answer:  # it raises where no other reading has failed before
                found = replace(found, place=replace(where, case="the file, after another reading has failed"))
        yield AS_BUILT, found


# What is found of a way in which a file is lost, and at the end whether reading hangs.
Ending = Generator[tuple[str, Difference | None], None, bool]


def _times_out(journey: Journey) -> Ending:
    """Read from a store that does not answer in time."""
    assert journey.example.variant is not None  # there are files of its own elsewhere
    file_io = FileIOSpec("instance", "vault", properties=((VAULT_TIMES_OUT, "yes"),))
    given = journey.example.variant(file_io=file_io)
    payload = attempt(lambda: pickle.dumps(journey.adapter.build(given)))
    if isinstance(payload, Raised):
        return False
    answer = journey.read_that_should_fail("READ-4", payload)
    where = Place(Step.READ, case="of a store", variant="that does not answer in time")
    if isinstance(answer, Hung):
        yield AS_BUILT, Difference(where, "raises", str(answer))
        return True
    silent = isinstance(answer, dict) and "rows" in answer and not _none_to_lose(journey, answer)
    yield AS_BUILT, Difference(where, "raises", f"{answer['rows']} rows") if silent else None
    return False


def _lost_delete_file(journey: Journey) -> Ending:
    """Read with a delete file removed: the rows that it deletes must not come back.

    A loader may have read it when the split was built: then the rows are right.
    """
    assert journey.example.elsewhere is not None
    folder = journey.scratch / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    materials, _ = journey.example.elsewhere(folder)
    if (file := next(iter(materials.file_scan_task.delete_files), None)) is None:
        return False
    payload = attempt(lambda: pickle.dumps(journey.adapter.build(materials)))
    if isinstance(payload, Raised):
        return False
    (folder / Path(file.file_path.removeprefix("vault://").replace("%25", "%"))).unlink()
    answer = journey.read_that_should_fail("READ-4", payload)
    where = Place(Step.READ, case="a delete file", variant="removed")
    right, rows = len(journey.example.rows.rows), answer.get("rows") if isinstance(answer, dict) else None
    found = None if rows == right else _as_it_should_fail(answer, file.file_path, where)
    if found is not None and rows is not None:
        found = replace(found, expected=f"an error, or the {right} rows that are not deleted")
    yield AS_BUILT, found
    return isinstance(answer, Hung)


def _none_to_lose(journey: Journey, answer: Any) -> bool:
    """Return whether the reading gave no row of a split that has none: no file need be opened for it.

    The metadata of a file tell that it has no records, and the bounds of its columns that none passes the filter.
    """
    return isinstance(answer, dict) and answer.get("rows") == len(journey.example.rows.rows) == 0


@verifies("READ-6", arrivals=True, one_in=8)  # it makes a table and a plan of its own
def error_of_a_function_is_raised(journey: Journey) -> Judged:
    """A split of three rows, over whose second a function fails: with an error, and with what ends iterators."""
    if journey.materials.plan is None or journey.example.variant is None or not journey.adapter.applies_transforms:
        return
    for behaviour, how in FAILURES.items():
        split = attempt(journey.adapter.build, journey.example.variant(**failing(behaviour)))
        if isinstance(split, Raised):
            continue  # BUILD-4 judges what may be refused
        where = Place(Step.READ, "rows", case=FAILED, variant=how)
        payload = attempt(pickle.dumps, split)
        if isinstance(payload, bytes) and isinstance(hung := journey.read_that_should_fail("READ-6", payload), Hung):
            yield AS_BUILT, Difference(where, "an error", str(hung))
            return
        yield AS_BUILT, _silence(journey, split, where)
        for transport, arrived in journey.carried_together(split):
            if not isinstance(arrived, Raised):
                yield transport.name, _silence(journey, arrived, where)


FAILED = "of a plan whose function fails"
FAILURES = {"fail": "", "stop": "by StopIteration"}
# The number over which the function fails: none that a loader would try it with.
FAILS_AT = 918_273_645


def failing(behaviour: str) -> dict[str, Any]:
    """Return what is given, besides what an example is, for a plan whose function fails over one of three rows."""
    return {
        "table": TableSpec((ColumnSpec(1, "a", "long", (1, FAILS_AT, 3)),), rows=3),
        "row_filter": None,
        "projection": None,
        "plan": SqlPlanSpec('SELECT f("a") AS x FROM "t"'),
        "registry": RegistrySpec((UdfSpec("f", behaviour, FAILS_AT),)),
    }


def _silence(journey: Journey, split: Any, where: Place) -> Difference | None:
    """Return the difference of a reading that ends as if nothing had happened."""
    rows = journey.observe("rows", split=split)["rows"]
    if isinstance(rows, Raised):
        return None
    count = 0 if rows is None else len(rows.rows)
    return Difference(where, "an error", f"{count} rows and no error")


# Several files in one split.
ORDER = "of three files"


@verifies("READ-5", together=True)
def several_files_are_read(journey: Journey) -> Judged:
    """One split of the file and of two more with the same rows, in both orders; and one of no file."""
    build, variant = journey.adapter.build_files, journey.example.variant
    if (
        journey.refusal
        or journey.materials.plan is not None
        or build is None
        or variant is None
        or journey.spec is None
    ):
        return
    name = journey.spec.file_name
    given = [journey.example.make(), *(variant(file_name=f"{name} {i}") for i in (2, 3))]
    tasks = [materials.file_scan_task for materials in given]
    wanted = replace(journey.expected_rows, rows=tuple(sorted(journey.expected_rows.rows * len(tasks))))
    for how, order in (("in their order", tasks), ("in reverse", tasks[::-1])):
        split = attempt(build, journey.materials, order)
        if isinstance(split, Raised):
            yield AS_BUILT, Difference(Place(Step.BUILD, case=ORDER, variant=how), "a split", str(split))
            continue
        rows = journey.observe("rows", split=split)["rows"]
        if wanted.rows or rows is not None:
            found = difference(
                in_any_layout(wanted), in_any_layout(rows), Place(Step.READ, "rows", case=ORDER, variant=how)
            )
            yield AS_BUILT, found
        for transport, arrived in journey.carried_together(split):
            if not isinstance(arrived, Raised):  # the WIRE clauses judge what cannot be carried
                there = journey.observe("rows", split=arrived)["rows"]
                yield transport.name, difference(rows, there, Place(Step.ARRIVE, "rows", 1, ORDER, how))
    none = attempt(build, journey.materials, [])
    if isinstance(none, Raised) and none.type == NOT_SUPPORTED:
        return
    refused = isinstance(none, Raised) and none.type == "builtins.ValueError"
    yield (
        AS_BUILT,
        None if refused else Difference(Place(Step.BUILD, case="of no file"), "raises ValueError", str(none)[:200]),
    )


@verifies("READ-7", together=True, one_in=6)
def rows_keep_their_order(journey: Journey) -> Judged:
    """What was read first gives the order; a loader that reads from a position on is asked for several of them."""
    question = journey.example.question
    if journey.refusal or (question.has_plan and not question.in_order):
        return
    first = attempt(_in_order, journey, journey.split)
    if isinstance(first, Raised):
        return  # READ-1 judges what cannot be read
    where = Place(Step.READ, "rows", case=THEIR_ORDER)
    yield AS_BUILT, difference(first, attempt(_in_order, journey, journey.split), where)
    yield from _from_each_position(journey, journey.split, first, AS_BUILT)
    for transport, arrived in journey.carried_together(journey.split):
        if not isinstance(arrived, Raised):
            there = attempt(_in_order, journey, arrived)
            yield transport.name, difference(first, there, replace(where, step=Step.ARRIVE, hop=1))
    for transport, arrived in islice(journey.carried_together(journey.split), 1):
        if not isinstance(arrived, Raised):
            yield from _from_each_position(journey, arrived, first, transport.name)


THEIR_ORDER = "in their order"


def _in_order(journey: Journey, split: Any, position: int | None = None) -> tuple[str, ...]:
    """Return the rows of a split in their order; those that follow a position, where one is given."""
    read, read_from = journey.adapter.read, journey.adapter.read_from
    assert position is None or read_from is not None
    batches = read(split) if position is None or read_from is None else read_from(split, position)
    rows = plain_rows(batches, exact=not journey.example.question.has_plan, in_order=True)
    return () if rows is None else rows.rows


def _from_each_position(journey: Journey, split: Any, rows: tuple[str, ...], transport: str) -> Judged:
    """Read from the beginning, after the first row, in the middle, and at the end."""
    if journey.adapter.read_from is None:
        return
    for position in sorted({0, 1, len(rows) // 2, len(rows)} & set(range(len(rows) + 1))):
        seen = attempt(_in_order, journey, split, position)
        if isinstance(seen, Raised) and seen.type == NOT_SUPPORTED:
            return
        where = Place(Step.READ, "rows", case="from a position on", variant=f"after {position} of {len(rows)}")
        yield transport, difference(rows[position:], seen, where)


@verifies("READ-8", together=True)
def number_of_rows_is_true(journey: Journey) -> Judged:
    count = journey.adapter.row_count
    assert count is not None
    if journey.refusal or (journey.example.question.has_plan and not journey.adapter.applies_transforms):
        return
    rows = len(journey.expected_rows.rows)
    if (said := attempt(count, journey.split)) is not None:
        yield AS_BUILT, difference(rows, said, Place(Step.LOOK, ROW_COUNT))
    for transport, arrived in journey.carried_together(journey.split):
        there = arrived if isinstance(arrived, Raised) else attempt(count, arrived)
        if there is not None:
            yield transport.name, difference(rows, there, Place(Step.ARRIVE, ROW_COUNT, 1))


ROW_COUNT = "number of rows"


@verifies("READ-9", together=True, one_in=3)
def ways_to_read_agree(journey: Journey) -> Judged:
    """As built, and from the first payload."""
    if journey.refusal:
        return
    yield from _ways_agree(journey, journey.split, AS_BUILT, Place(Step.READ, "rows", case=OTHERWISE))
    for transport, arrived in islice(journey.carried_together(journey.split), 1):
        if not isinstance(arrived, Raised):
            yield from _ways_agree(journey, arrived, transport.name, Place(Step.ARRIVE, "rows", 1, OTHERWISE))


OTHERWISE = "read in another way"


def _ways_agree(journey: Journey, split: Any, transport: str, where: Place) -> Judged:
    """Compare what each way gives with what ``read`` does; a way without a batch need not tell its schema."""
    others = journey.adapter.other_readings
    assert others is not None
    first = attempt(lambda: _told(journey, journey.adapter.read(split)))
    if isinstance(first, Raised):
        return  # READ-1 judges what cannot be read
    ways = attempt(others, split)
    if isinstance(ways, Raised):
        yield transport, Difference(where, "the ways to read", str(ways))
        return
    for name, batches in ways.items():
        seen = attempt(_told, journey, batches)
        if (first is None or seen is None) and not any(each and each.rows for each in (first, seen)):
            continue
        yield transport, difference(first, seen, replace(where, variant=name))


def _told(journey: Journey, batches: Iterable[Any]) -> Rows | None:
    """Return the rows of a reading; of its columns names and types, for the engine is of two minds about nulls."""
    rows = plain_rows(batches, exact=not journey.example.question.has_plan)
    return rows and replace(rows, columns=tuple((name, type_, True) for name, type_, _ in rows.columns))


def _as_it_should_fail(answer: Any, path: str, where: Place) -> Difference | None:
    if isinstance(answer, Raised):  # the process ended, hangs, or raised what is no Exception
        return Difference(replace(where, part="ending"), "raises", str(answer))
    if "rows" in answer:
        return Difference(where, "raises", f"{answer['rows']} rows")
    raised, sent_back = answer["raised"], answer["sent back"]
    if path not in raised.message:
        return Difference(replace(where, part="error"), f"an error that names {path}", str(raised))
    return difference(raised, sent_back, replace(where, part="error, after a round trip"))
