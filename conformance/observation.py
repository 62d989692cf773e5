"""What a user could notice of a split, wherever it is, as plain values; and where two observations differ."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from datafusion import SessionContext

from conformance.adapter import Adapter
from conformance.engine_events import Event, recorded
from conformance.phases import phase
from conformance.plain import (
    Raised,
    Rows,
    plain_expression,
    plain_mapping,
    plain_metadata,
    plain_rows,
    plain_schema,
    plain_task,
    qualified_name,
)
from fixtures.expected import evaluated

__all__ = [
    "ASPECTS",
    "DECIDED_BY_READER",
    "Aspect",
    "Difference",
    "Observation",
    "Question",
    "attempt",
    "difference",
    "observe",
]

Observation = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """What has to be known of the spec to look at its split: plain values, which travel to wherever the split is.

    ``calls`` holds a SQL expression over ``x`` (BIGINT), ``y`` (DOUBLE) and ``s`` (VARCHAR) for each function that a
    registry of the spec makes available. ``has_plan`` says that rows come out of the engine, ``again`` that the split
    is to be read by a second iterator at once; ``only`` names the aspects to look at, all for ``None``. ``made_from``
    is the spec (JSON) and the folder of its files, from which another interpreter can make a split of its own.
    """

    calls: tuple[str, ...] = ()
    has_plan: bool = False
    again: bool = True
    only: frozenset[str] | None = None
    made_from: tuple[str, str] | None = None


@dataclass(frozen=True)
class Aspect:
    """One thing that is observed: its name, and how to look at it."""

    name: str
    look: Callable[[Adapter, Any, Question], Any]


@dataclass(frozen=True)
class Difference:
    """Where two plain values first differ: the path, what was expected and what is there, in short."""

    path: str
    expected: str
    actual: str


@phase("observe")
def observe(adapter: Adapter, split: Any, question: Question) -> dict[str, Any]:
    """Return every aspect that the adapter can show; one that raises is recorded as :class:`Raised`."""
    chosen = (aspect for aspect in ASPECTS if question.only is None or aspect.name in question.only)
    looked = {aspect.name: attempt(aspect.look, adapter, split, question) for aspect in chosen}
    seen = {name: value for name, value in looked.items() if value is not NOT_SHOWN}
    if question.only is None or "rows" in question.only:
        seen |= _read(adapter, split, question)
    return seen


def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the function returns, or how it failed as :class:`Raised`.

    The engine's panics are no ``Exception``; only what is meant to end a process goes through.
    """
    try:
        return function(*arguments)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        return Raised.from_exception(error)


def difference(expected: Any, actual: Any, path: str = "") -> Difference | None:
    """Return the first place where two plain values differ in type or value; ``None`` where they do not."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        keys = chain(expected, (key for key in actual if key not in expected))
        pairs = ((f"{path}[{key!r}]", expected.get(key, ABSENT), actual.get(key, ABSENT)) for key in keys)
        return next(filter(None, (difference(a, b, where) for where, a, b in pairs)), None)
    if isinstance(expected, Rows) and isinstance(actual, Rows):
        return _rows_difference(expected, actual, path)
    if type(expected) is type(actual) and isinstance(expected, (list, tuple)) and len(expected) == len(actual):
        pairs = ((f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(expected, actual, strict=True)))
        return next(filter(None, (difference(a, b, where) for where, a, b in pairs)), None)
    if type(expected) is type(actual) and expected == actual:
        return None
    return Difference(path, _short(expected), _short(actual))


NOT_SHOWN = object()


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


def _rows_difference(expected: Rows, actual: Rows, path: str) -> Difference | None:
    if found := difference(expected.columns, actual.columns, f"{path}.schema"):
        return found
    if expected.rows == actual.rows:
        return None
    left, right = list(expected.rows), list(actual.rows)
    missing = _without(left, right)
    added = _without(right, left)
    return Difference(
        f"{path}.rows",
        f"{len(left)} rows" + (f", among them {missing[0]}" if missing else ""),
        f"{len(right)} rows" + (f", among them {added[0]}" if added else ""),
    )


def _without(rows: list[str], others: list[str]) -> list[str]:
    counts: dict[str, int] = {}
    for row in others:
        counts[row] = counts.get(row, 0) + 1
    left = []
    for row in rows:
        if counts.get(row, 0):
            counts[row] -= 1
        else:
            left.append(row)
    return left


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, Raised) else repr(value)
    return text if len(text) <= 300 else f"{text[:280]}… ({len(text)} characters)"


def _shown(reader: str, plain: Callable[[Any], Any]) -> Callable[[Adapter, Any, Question], Any]:
    """Return a look at one part through the adapter's reader of that name."""

    def look(adapter: Adapter, split: Any, question: Question) -> Any:
        read = getattr(adapter, reader)
        return NOT_SHOWN if read is None else plain(read(split))

    return look


def _class(adapter: Adapter, split: Any, question: Question) -> Any:
    return qualified_name(type(split))


def _plan_bytes(data: Any) -> Any:
    # The digest tells bytes apart that are equal at both ends, which is all that a message can show.
    return data if data is None else (type(data).__name__, hashlib.sha256(data).hexdigest(), bytes(data))


def _tasks(tasks: Any) -> Any:
    return [plain_task(task) for task in (tasks if isinstance(tasks, (list, tuple)) else [tasks])]


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


def _read(adapter: Adapter, split: Any, question: Question) -> dict[str, Any]:
    """Read the split: its rows, what was registered meanwhile, and what an iterator begun before gives after."""
    exact = not question.has_plan
    begun: Any = attempt(_begin, adapter, split) if question.again else None
    with recorded() as events:
        rows = attempt(lambda: plain_rows(adapter.read(split), exact=exact))
    seen = {"rows": rows}
    if question.has_plan and not isinstance(rows, Raised):
        seen["registered while reading"] = registrations(event.what for event in events if event.kind == "register")
        seen["registered before SQL"] = registered_before_sql(events)
    if begun is not None:
        seen["reads again"] = begun if isinstance(begun, Raised) else attempt(_finish, *begun, exact)
    return seen


def registered_before_sql(events: Sequence[Event]) -> list[list[str]]:
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


def _begin(adapter: Adapter, split: Any) -> tuple[Iterable[Any], Any, Iterator[Any]]:
    """Return what was read, its first batch and the iterator over the others."""
    read = adapter.read(split)
    batches = iter(read)
    return read, next(batches, None), batches


def _finish(read: Iterable[Any], first: Any, batches: Iterator[Any], exact: bool) -> Rows | None:
    # Without any batch, what was read may still tell the schema.
    return plain_rows(read if first is None else chain([first], batches), exact=exact)


def registrations(labels: Iterable[str]) -> list[str]:
    """Return the order of registration, a registry that was applied several times in a row counted once."""
    order = list(labels)
    for length in range(1, len(order) // 2 + 1):
        if len(order) % length == 0 and order == order[:length] * (len(order) // length):
            return order[:length]
    return order


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


def _read_only(adapter: Adapter, split: Any, question: Question) -> Any:
    """Whether the table properties and the scan context refuse to be changed, or keep their value all the same."""
    assert adapter.table_properties is not None
    before = dict(adapter.table_properties(split))
    attempt(_set_item, adapter.table_properties(split))
    outcome = {"properties": "kept" if dict(adapter.table_properties(split)) == before else "changed"}
    if adapter.scan_context is not None:
        context = adapter.scan_context(split)
        names = [name for name in getattr(type(context), "__dataclass_fields__", ()) if not name.startswith("_")]
        for name in names or ["row_filter"]:
            outcome[f"context.{name}"] = _assigned(context, name)
    return outcome


def _set_item(properties: Any) -> None:
    properties["changed by the suite"] = "yes"


def _assigned(context: Any, name: str) -> str:
    before = getattr(context, name, ABSENT)
    result = attempt(setattr, context, name, before)
    return "kept" if isinstance(result, Raised) else "can be set"


def _read_only_or_not_shown(adapter: Adapter, split: Any, question: Question) -> Any:
    return NOT_SHOWN if adapter.table_properties is None else _read_only(adapter, split, question)


# In the order in which they are looked at; the rows come last.
ASPECTS: Sequence[Aspect] = (
    Aspect("class", _class),
    Aspect("id", _shown("split_id", lambda split_id: (type(split_id).__name__, repr(split_id)))),
    Aspect("plan bytes", _shown("plan_bytes", _plan_bytes)),
    Aspect("SQL text", _shown("transform_sql", repr)),
    Aspect("projected schema", _shown("projected_schema", plain_schema)),
    Aspect("row filter", _shown("row_filter", plain_expression)),
    Aspect("table metadata", _shown("table_metadata", plain_metadata)),
    Aspect("scan tasks", _shown("scan_tasks", _tasks)),
    Aspect("table properties", _shown("table_properties", plain_mapping)),
    Aspect("read-only", _read_only_or_not_shown),
    Aspect("FileIO class", _shown("file_io", lambda file_io: qualified_name(type(file_io)))),
    Aspect("FileIO properties", _shown("file_io", lambda file_io: plain_mapping(file_io.properties))),
    Aspect("FileIO mapping", _shown("file_io", lambda file_io: type(file_io.properties).__name__)),
    Aspect("FileIO opens", _opens),
    Aspect("registry registers", _registered_by_registry),
    Aspect("registry computes", _registry_computes),
)


# What the code decides that looks at a split: how PyIceberg and the engine show rows and metadata, which fields a class
# has and protects, what reading registers. All else is the payload's.
DECIDED_BY_READER = frozenset(
    {
        "projected schema",
        "table metadata",
        "scan tasks",
        "read-only",
        "registry computes",
        "rows",
        "reads again",
        "registered while reading",
        "registered before SQL",
    }
)


def differing(expected: Observation, actual: Observation) -> Iterator[tuple[str, Difference]]:
    """Yield (aspect, difference) for each aspect that both observations have and in which they differ."""
    for name in expected:
        if name in actual and (found := difference(expected[name], actual[name], name)):
            yield name, found
