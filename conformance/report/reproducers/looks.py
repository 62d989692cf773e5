"""What a reproducer looks at: functions whose source is written into scripts, so they use no part of the suite but
functions whose source can be written out as well.

``loader`` holds the adapter's readers. A look returns plain values, which travel back from wherever the split is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from datafusion import SessionContext
from datafusion.substrait import Producer

from conformance.observation.aspects import registrations
from conformance.observation.parts import plain_class
from fixtures.evaluation import evaluated

__all__ = [
    "GIVEN",
    "LOOKS",
    "attempt",
    "compared",
    "look_io_connection",
    "look_itself",
    "look_read_twice",
    "recorded",
    "registered_by",
    "rows",
    "shown",
]


def attempt(function: Any, *arguments: Any) -> Any:
    """Return what the function returns, or the error that it raises."""
    try:
        return function(*arguments)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the engine's panics are no Exception
        return error


def shown(value: Any) -> str:
    """Return a value, or an error with its type, as text."""
    if isinstance(value, BaseException):
        return f"raises {type(value).__name__}: {value}"
    return value if isinstance(value, str) else repr(value)


def compared(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Return the two, of mappings only the items that differ."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = [key for key in {**expected, **actual} if expected.get(key) != actual.get(key)]
        if keys:
            return {k: expected[k] for k in keys if k in expected}, {k: actual[k] for k in keys if k in actual}
    return expected, actual


@contextmanager
def recorded() -> Iterator[list[tuple[str, str, int]]]:
    """Write down what sessions register, encode and are asked: (what happens, of what, the session's id)."""
    events: list[tuple[str, str, int]] = []
    registering_methods = ("register_udf", "register_udaf", "register_udwf")
    methods = {name: getattr(SessionContext, name) for name in (*registering_methods, "sql", "sql_with_options")}
    producer: Any = Producer
    encode = producer.to_substrait_plan

    def registering(original: Any) -> Any:
        def register(session: Any, function: Any) -> Any:
            events.append(("register", getattr(function, "label", str(function)), id(session)))
            return original(session, function)

        return register

    def encoding(plan: Any, session: Any) -> Any:
        events.append(("encode", type(plan).__name__, id(session)))
        return encode(plan, session)

    def asking(original: Any) -> Any:
        def query(session: Any, text: str, *arguments: Any, **options: Any) -> Any:
            events.append(("sql", text, id(session)))
            return original(session, text, *arguments, **options)

        return query

    for name, original in methods.items():
        setattr(SessionContext, name, registering(original) if name in registering_methods else asking(original))
    producer.to_substrait_plan = staticmethod(encoding)
    try:
        yield events
    finally:
        producer.to_substrait_plan = staticmethod(encode)
        for name, original in methods.items():
            setattr(SessionContext, name, original)


def rows(batches: Iterable[pa.RecordBatch], in_order: bool = False) -> Any:
    """Return columns and rows as texts, the rows sorted unless asked for in order; floats keep 12 digits.

    Without any batch, a reader still tells the columns; else they are not known.
    """
    received = list(batches)
    schema = received[0].schema if received else getattr(batches, "schema", None)
    columns = None if schema is None else [f"{f.name}: {str(f.type).replace('large_', '')}" for f in schema]
    values = [
        [f"{v:.12g}" if isinstance(v, float) else repr(v) for v in row]
        for batch in received
        for row in (zip(*map(_listed, batch.columns), strict=True) if batch.num_columns else [()] * batch.num_rows)
    ]
    return (columns, values if in_order else sorted(values))


def _listed(column: pa.Array) -> list[Any]:
    """Return the values; counts of nanoseconds as numbers, for Python's times hold none."""
    counts = getattr(column.type, "unit", "") == "ns"
    values: list[Any] = (column.view(pa.int64()) if counts else column).to_pylist()
    return values


def look_class(loader: Any, split: Any) -> Any:
    return plain_class(split)


def look_rows(loader: Any, split: Any) -> Any:
    return rows(loader.read(split))


def look_rows_in_order(loader: Any, split: Any) -> Any:
    return rows(loader.read(split), True)


def look_read_only(loader: Any, split: Any) -> Any:
    """Whether the table properties, and the fields of the scan context, refuse to be changed."""
    before = dict(loader.table_properties(split))

    def set_one() -> None:
        loader.table_properties(split)["changed"] = "yes"

    attempt(set_one)
    outcome = {"properties": "kept" if dict(loader.table_properties(split)) == before else "changed"}
    if loader.scan_context is not None:
        context = loader.scan_context(split)
        names = [name for name in getattr(type(context), "__dataclass_fields__", ()) if not name.startswith("_")]
        for name in names or ["row_filter"]:
            failed = attempt(setattr, context, name, getattr(context, name, None))
            outcome[f"context.{name}"] = "kept" if isinstance(failed, BaseException) else "can be set"
    return outcome


def look_io_scope(loader: Any, split: Any) -> Any:
    return getattr(loader.file_io(split), "scope", None)


def look_row_count(loader: Any, split: Any) -> Any:
    return loader.row_count(split)


def look_each_way(loader: Any, split: Any) -> Any:
    ways = {"read": loader.read(split), **loader.other_readings(split)}
    return {name: shown(attempt(told, batches)) for name, batches in ways.items()}


def told(batches: Iterable[pa.RecordBatch]) -> list[str]:
    """Names and types of the columns, and the values of each row in any order; nothing where there is no row."""
    found: list[str] = []
    for batch in batches:
        columns = [f"{field.name}: {field.type}" for field in batch.schema]
        found += [repr(dict(zip(columns, row.values(), strict=True))) for row in batch.to_pylist()]
    return sorted(found)


def look_io_connection(loader: Any, split: Any) -> Any:
    return getattr(loader.file_io(split), "connection", None)


def look_io_opens(loader: Any, split: Any) -> Any:
    """Digest of each file of the split as its FileIO opens it."""
    file_io, tasks, opened = loader.file_io(split), loader.scan_tasks(split), {}
    for task in tasks if isinstance(tasks, (list, tuple)) else [tasks]:
        for file in (task.file, *task.delete_files):
            opened[file.file_path] = shown(attempt(content_digest, file_io, file.file_path))
    return opened


def content_digest(file_io: Any, location: str) -> str:
    with file_io.new_input(location).open() as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def look_registers(loader: Any, split: Any) -> Any:
    return registered_by(loader.udf_registry(split))


def registered_by(registry: Any) -> list[str]:
    """Return what a registry registers, in order."""
    if registry is None:
        return []
    with recorded() as events:
        registry.register_udfs(SessionContext())
    return [what for kind, what, _ in events if kind == "register"]


def look_computes(loader: Any, split: Any, calls: Any) -> Any:
    return computed_by(loader.udf_registry(split), calls)


def computed_by(registry: Any, calls: Any) -> dict[str, str]:
    """Return what each call of a function computes once the registry is applied."""
    session = SessionContext()
    if registry is not None:
        registry.register_udfs(session)
    return {call: shown(attempt(evaluated, session, call)) for call in calls}


def look_registered_while_reading(loader: Any, split: Any) -> Any:
    with recorded() as events:
        list(loader.read(split))
    return registrations(what for kind, what, _ in events if kind == "register")


def look_read_twice(loader: Any, split: Any) -> Any:
    """Rows of one iterator, and of another that began before it and went on after it."""
    begun = iter(loader.read(split))
    first = [batch for batch in [next(begun, None)] if batch is not None]
    whole = rows(loader.read(split))
    return whole, rows([*first, *begun])


def look_itself(loader: Any, split: Any) -> Any:
    return split


def look_registered_before_sql(loader: Any, split: Any) -> Any:
    """What was registered on each session before it was given its first query."""
    with recorded() as events:
        list(loader.read(split))
    registered: dict[int, list[str]] = {}
    found: dict[int, list[str]] = {}
    for kind, what, session in events:
        if kind == "register":
            registered.setdefault(session, []).append(what)
        elif kind == "sql" and not what.lstrip().upper().startswith(("CREATE ", "DROP ", "SET ")):
            found.setdefault(session, registrations(registered.get(session, [])))
    return sorted(found.values())


# What is looked at beside the parts that an adapter shows, by the name that an observation gives to it.
LOOKS: dict[str, Callable[..., Any]] = {
    "class": look_class,
    "read-only": look_read_only,
    "FileIO opens": look_io_opens,
    "registry registers": look_registers,
    "registry computes": look_computes,
    "registered while reading": look_registered_while_reading,
    "registered before SQL": look_registered_before_sql,
    "reads again": look_read_twice,
    "rows": look_rows,
    "rows in order": look_rows_in_order,
}


def given_registers(materials: Any) -> Any:
    return registered_by(materials.udf_registry)


def given_order(materials: Any) -> Any:
    return registrations(registered_by(materials.udf_registry))


def given_computes(materials: Any, calls: Any) -> Any:
    return computed_by(materials.udf_registry, calls)


# What is expected of a split that was built and not sent, from what it was built from; parts know that by themselves.
GIVEN: dict[str, Callable[..., Any]] = {
    "registry registers": given_registers,
    "registered while reading": given_order,
    "registry computes": given_computes,
}
