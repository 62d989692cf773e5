"""DataFusion in this process: whether it can run here, and how a new session is set up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
from datafusion import SessionConfig, SessionContext
from datafusion.catalog import Catalog, Schema
from pyiceberg.utils.concurrent import ExecutorFactory

from reference.errors import EngineUnusableAfterFork
from reference.registry import UDFRegistry

TableName = tuple[str, ...]
"""The parts of a table's name in a plan: (table), (schema, table) or (catalog, schema, table)."""

_TASKS = Path("/proc/self/task")

# Seconds within which a new thread has run at least once, even on a busy machine.
_NAMED_WITHIN = 1


class _Fork:
    """Whether the engine had started its threads when this process was forked.

    A forked child does not inherit threads. The engine would wait for them forever.
    """

    used = False
    inherited = False
    threads = False

    @classmethod
    def before(cls) -> None:
        cls.threads = _engine_has_threads() if _TASKS.is_dir() else cls.used

    @classmethod
    def in_child(cls) -> None:
        cls.inherited = cls.inherited or cls.threads
        ExecutorFactory._instance = None  # its threads stayed behind; PyIceberg 0.10 would wait for them


def _engine_has_threads() -> bool:
    """Return whether this process has threads of the engine, which are named "tokio-rt-worker".

    A thread sets its name when it first runs. A thread that has never paused may not have got that far, so this waits
    for it, for `_NAMED_WITHIN` seconds at most.
    """
    end = time.monotonic() + _NAMED_WITHIN
    while True:
        threads = list(_threads())
        if any(status.startswith("Name:\ttokio-") for status in threads):
            return True
        if not any("\nvoluntary_ctxt_switches:\t0\n" in status for status in threads):
            return False
        if time.monotonic() > end:
            return True  # an unnamed thread may be one: refusing is better than hanging
        time.sleep(0.001)


def _threads() -> Iterator[str]:
    """Yield the text of ``/proc/self/task/*/status`` for each thread of this process."""
    for task in _TASKS.iterdir():
        with suppress(OSError):  # the thread has ended
            yield (task / "status").read_text()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_Fork.before, after_in_child=_Fork.in_child)


def require_engine() -> None:
    """Raise an error if DataFusion would hang in this process (WIRE-6).

    Raises:
        EngineUnusableAfterFork: this process was forked from one in which DataFusion had started its threads.

    """
    if _Fork.inherited:
        raise EngineUnusableAfterFork(
            "DataFusion ran in the process from which this one was forked, and would hang here; "
            "start workers with spawn or forkserver"
        )
    _Fork.used = True


def fresh_session(registry: UDFRegistry) -> SessionContext:
    """Return a session with default settings, one partition, and the registry's functions.

    With one partition a split returns its rows in the same order each time. Nothing is lost by that: different splits
    run in parallel.
    """
    session = SessionContext(SessionConfig().with_target_partitions(1))
    registry.register_udfs(session)
    return session


def register_table(session: SessionContext, name: TableName, batches: list[pa.RecordBatch]) -> None:
    """Register batches as a table of exactly that name, in place of any table that has the name.

    At least one batch is needed; it may have no rows. A catalog or schema that does not exist is created.
    """
    staged = "__batches_of_the_split__"
    session.register_record_batches(staged, [batches])
    table: Any = session.catalog().schema().table(staged)
    session.deregister_table(staged)
    put_table(session, name, table)


def table_of(session: SessionContext, name: TableName) -> Any | None:
    """Return the table that a session has under exactly that name, or `None`."""
    *path, last = name
    try:
        schema = session.catalog(path[0] if len(path) == 2 else "datafusion").schema(path[-1] if path else "public")
        return schema.table(last) if last in schema.names() else None
    except KeyError:
        return None


def put_table(session: SessionContext, name: TableName, table: Any) -> None:
    """Put a table of another session, or of another name, under exactly that name."""
    *path, last = name
    schema_name = path[-1] if path else "public"
    catalog_name = path[0] if len(path) == 2 else "datafusion"
    try:
        catalog = session.catalog(catalog_name)
    except KeyError:
        session.register_catalog_provider(catalog_name, Catalog.memory_catalog())
        catalog = session.catalog(catalog_name)
    if schema_name not in catalog.names():
        catalog.register_schema(schema_name, Schema.memory_schema())
    schema = catalog.schema(schema_name)
    if last in schema.names():
        schema.deregister_table(last)
    schema.register_table(last, table)
