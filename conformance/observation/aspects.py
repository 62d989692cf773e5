"""What is looked at of a split, wherever it is: every part that the adapter shows, and what the split does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from datafusion import SessionContext

from conformance.adapter import Adapter
from conformance.observation.difference import ABSENT
from conformance.observation.parts import PARTS, Part
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt, qualified_name
from conformance.observation.recorder import Event, recorded
from conformance.observation.state import States, whole_state
from conformance.observation.values import Rows, plain_refs, plain_rows
from conformance.timing import phase
from fixtures.evaluation import evaluated

__all__ = [
    "ASPECTS",
    "DECIDED_BY_READER",
    "SCANNED_REFS",
    "STATES",
    "Aspect",
    "Observation",
    "observe",
    "registrations",
]

Observation = Mapping[str, Any]


@dataclass(frozen=True)
class Aspect:
    """One thing that is observed: its name, how to look at it, and whether the releases that look decide on it."""

    name: str
    look: Callable[[Adapter, Any, Question], Any]
    decided_by_reader: bool = False


SCANNED_REFS = "refs of the scanned snapshot"
# What an observation has besides the aspects, where everything is looked at: the split's :class:`States`.
STATES = "states"
# What a look returns where the adapter does not show what it needs.
NOT_SHOWN = object()


@phase("observe")
def observe(adapter: Adapter, split: Any, question: Question) -> dict[str, Any]:
    """Return every aspect that the adapter can show; one that raises is recorded as :class:`Raised`."""
    found = attempt(whole_state, split) if question.only is None else None
    chosen = (aspect for aspect in ASPECTS if question.only is None or aspect.name in question.only)
    looked = {aspect.name: attempt(aspect.look, adapter, split, question) for aspect in chosen}
    seen = {name: value for name, value in looked.items() if value is not NOT_SHOWN}
    if question.only is None or "rows" in question.only:
        seen |= _read(adapter, split, question)
    if found is not None and not isinstance(found, Raised):
        seen[STATES] = States(found, whole_state(split))
    return seen


def _class(adapter: Adapter, split: Any, question: Question) -> Any:
    return qualified_name(type(split))


def _shown(part: Part) -> Callable[[Adapter, Any, Question], Any]:
    """Return a look at one part through its reader."""

    def look(adapter: Adapter, split: Any, question: Question) -> Any:
        read = getattr(adapter, part.reader)
        assert part.plain is not None
        return NOT_SHOWN if read is None else part.plain(read(split))

    return look


def _scanned_refs(adapter: Adapter, split: Any, question: Question) -> Any:
    """The branches and tags of the scanned snapshot, which need not be the table's current one."""
    if adapter.table_metadata is None or adapter.snapshot_id is None:
        return NOT_SHOWN
    return plain_refs(adapter.table_metadata(split), adapter.snapshot_id(split))


def _read_only(adapter: Adapter, split: Any, question: Question) -> Any:
    """Whether the table properties and the scan context refuse to be changed, or keep their value all the same."""
    if adapter.table_properties is None:
        return NOT_SHOWN
    before = dict(adapter.table_properties(split))
    attempt(_set_item, adapter.table_properties(split))
    outcome = {"properties": "kept" if dict(adapter.table_properties(split)) == before else "changed"}
    attempt(_take_back, adapter.table_properties(split))
    if adapter.scan_context is not None:
        context = adapter.scan_context(split)
        names = [name for name in getattr(type(context), "__dataclass_fields__", ()) if not name.startswith("_")]
        for name in names or ["row_filter"]:
            outcome[f"context.{name}"] = _assigned(context, name)
    return outcome


# A table property that nobody has.
PROBE = "changed by the suite"


def _set_item(properties: Any) -> None:
    properties[PROBE] = "yes"


def _take_back(properties: Any) -> None:
    """Leave the split as it was: its properties are looked at again."""
    del properties[PROBE]


def _assigned(context: Any, name: str) -> str:
    before = getattr(context, name, ABSENT)
    result = attempt(setattr, context, name, before)
    return "kept" if isinstance(result, Raised) else "can be set"


def _opens(adapter: Adapter, split: Any, question: Question) -> Any:
    """Digest of each data and delete file as the split's FileIO opens it."""
    if adapter.file_io is None or adapter.scan_tasks is None:
        return NOT_SHOWN
    file_io, tasks = adapter.file_io(split), adapter.scan_tasks(split)
    opened = {}
    for task in tasks if isinstance(tasks, (list, tuple)) else [tasks]:
        for file in (task.file, *task.delete_files):
            opened[file.file_path] = attempt(_content_digest, file_io, file.file_path)
    return opened


def _content_digest(file_io: Any, location: str) -> str:
    with file_io.new_input(location).open() as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _registered_by_registry(adapter: Adapter, split: Any, question: Question) -> Any:
    if adapter.udf_registry is None:
        return NOT_SHOWN
    registry = adapter.udf_registry(split)
    if registry is None:
        return []
    with recorded() as events:
        registry.register_udfs(SessionContext())
    return [event.what for event in events if event.kind == "register"]


def _registry_computes(adapter: Adapter, split: Any, question: Question) -> Any:
    """What each function of the split's registry computes in a fresh session."""
    if adapter.udf_registry is None or not question.calls:
        return NOT_SHOWN
    registry = adapter.udf_registry(split)
    session = SessionContext()
    if registry is not None:
        registry.register_udfs(session)
    return {call: attempt(evaluated, session, call) for call in question.calls}


# In the order in which they are looked at. Reading comes last and gives several aspects at once.
ASPECTS: Sequence[Aspect] = (
    Aspect("class", _class),
    *(Aspect(part.name, _shown(part), part.decided_by_reader) for part in PARTS if part.plain is not None),
    Aspect(SCANNED_REFS, _scanned_refs, decided_by_reader=True),
    Aspect("read-only", _read_only, decided_by_reader=True),
    Aspect("FileIO opens", _opens),
    Aspect("registry registers", _registered_by_registry),
    Aspect("registry computes", _registry_computes, decided_by_reader=True),
)
FROM_READING = ("rows", "reads again", "registered while reading", "registered before SQL")
DECIDED_BY_READER = frozenset({*FROM_READING, *(aspect.name for aspect in ASPECTS if aspect.decided_by_reader)})


def _read(adapter: Adapter, split: Any, question: Question) -> dict[str, Any]:
    """Read the split: its rows, what was registered meanwhile, and what an iterator begun before gives after."""
    plain = partial(plain_rows, exact=not question.has_plan, in_order=question.in_order)
    begun: Any = attempt(_begin, adapter, split) if question.again else None
    with recorded() as events:
        rows = attempt(lambda: plain(adapter.read(split)))
    seen = {"rows": rows}
    if question.has_plan and not isinstance(rows, Raised):
        seen["registered while reading"] = registrations(event.what for event in events if event.kind == "register")
        seen["registered before SQL"] = _registered_before_sql(events)
    if begun is not None:
        seen["reads again"] = begun if isinstance(begun, Raised) else attempt(_finish, *begun, plain)
    return seen


def _begin(adapter: Adapter, split: Any) -> tuple[Iterable[Any], Any, Iterator[Any]]:
    """Return what was read, its first batch and the iterator over the others."""
    read = adapter.read(split)
    batches = iter(read)
    return read, next(batches, None), batches


def _finish(
    read: Iterable[Any], first: Any, batches: Iterator[Any], plain: Callable[[Iterable[Any]], Rows | None]
) -> Rows | None:
    # Without any batch, what was read may still tell the schema.
    return plain(read if first is None else chain([first], batches))


def _registered_before_sql(events: Sequence[Event]) -> list[list[str]]:
    """Return what had been registered on a session when it was first given a query, for each such session, once each.

    Statements that define something (``CREATE SCHEMA``) are no queries.
    """
    registered: dict[int | None, list[str]] = {}
    found: dict[int | None, list[str]] = {}
    for event in events:
        if event.kind == "register":
            registered.setdefault(event.session, []).append(event.what)
        elif event.kind == "sql" and not event.what.lstrip().upper().startswith(("CREATE ", "DROP ", "SET ")):
            found.setdefault(event.session, registrations(registered.get(event.session, [])))
    return sorted({tuple(order): order for order in found.values()}.values())


def registrations(labels: Iterable[str]) -> list[str]:
    """Return the order of registration; a registry that was applied several times in a row counts once."""
    order = list(labels)
    for length in range(1, len(order) // 2 + 1):
        if len(order) % length == 0 and order == order[:length] * (len(order) // length):
            return order[:length]
    return order
