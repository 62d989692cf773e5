"""The engine in this process: whether it can run, and how a fresh session is set up."""

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
"""One to three parts, as a plan names its table: table, schema and table, or catalog, schema and table."""

_TASKS = Path("/proc/self/task")

# Seconds in which a thread has had its turn, also on a machine that has much else to do.
_NAMED_WITHIN = 1


class _Fork:
    """Whether the engine's threads lived when this process was forked: a child has none of them and hangs."""

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
    """Whether this process has threads of the engine, "tokio-rt-worker".

    A thread gives itself that name when it first runs: one that has never paused may yet do so, and is waited for.
    """
    end = time.monotonic() + _NAMED_WITHIN
    while True:
        threads = list(_threads())
        if any(status.startswith("Name:\ttokio-") for status in threads):
            return True
        if not any("\nvoluntary_ctxt_switches:\t0\n" in status for status in threads):
            return False
        if time.monotonic() > end:
            return True  # it may be one: better refused than hung
        time.sleep(0.001)


def _threads() -> Iterator[str]:
    """The kernel's status of each thread of this process, as lines of text."""
    for task in _TASKS.iterdir():
        with suppress(OSError):  # the thread has ended
            yield (task / "status").read_text()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_Fork.before, after_in_child=_Fork.in_child)


def require_engine() -> None:
    """Raise at once where DataFusion would hang (WIRE-6).

    Raises:
        EngineUnusableAfterFork: in a process forked from one in which DataFusion had started its threads.

    """
    if _Fork.inherited:
        raise EngineUnusableAfterFork(
            "DataFusion ran in the process from which this one was forked, and would hang here; "
            "start workers with spawn or forkserver"
        )
    _Fork.used = True


def fresh_session(registry: UDFRegistry) -> SessionContext:
    """A session with default settings, one partition, and the registry's functions.

    One partition: a split gives its rows in the same order each time. Splits are what runs in parallel.
    """
    session = SessionContext(SessionConfig().with_target_partitions(1))
    registry.register_udfs(session)
    return session


def register_table(session: SessionContext, name: TableName, batches: list[pa.RecordBatch]) -> None:
    """Register batches (one at least, maybe an empty one) under exactly that name, replacing what has it."""
    staged = "__batches_of_the_split__"
    session.register_record_batches(staged, [batches])
    table: Any = session.catalog().schema().table(staged)
    session.deregister_table(staged)
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
