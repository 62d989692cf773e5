"""The proof that a plan survives: before it is accepted, the decoded plan is executed beside the original.

Both are run over the same few rows, which are made to tell plans apart: they hold nulls, duplicates, ties, both signs,
zero and empty values. What the decoded plan loses then shows in the rows, whichever construct of the plan it was.

The original is bound to the table over which it was made, and the engine has no call that replaces a table. But it can
serialize the plan as it will be executed. The rows of a table in memory are a part of that, and are replaced there.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
from datafusion import SessionContext
from datafusion.plan import ExecutionPlan, LogicalPlan

from reference.protobuf import delimited, fields, message

ROWS = 24

# The fields of `PhysicalPlanNode.memory_scan` and of its message, in datafusion.proto since DataFusion 49.
_MEMORY_SCAN, _PARTITIONS, _SCHEMA = 35, 1, 2

# When each place had its own time: no zone is then a whole number of quarters of an hour from UTC.
_LONG_AGO = datetime.datetime(1850, 6, 1, 12, 30)
_DAY = datetime.date(2021, 3, 14)
_MOMENT = datetime.datetime(2021, 3, 14, 1, 30)  # some zones' clocks are put forward in the hour after
_SECOND = datetime.timedelta(seconds=1)


def probe_rows(schema: pa.Schema, *, tame: bool) -> pa.RecordBatch:
    """Return rows that tell plans apart.

    Values repeat after a number of rows that is another one for each column, so that columns differ in their nulls and
    ties.

    Args:
        schema: of the table.
        tame: without nulls, zero and negative numbers, over which some plans fail.

    """
    columns = []
    for shift, field in enumerate(schema):
        unusual, usual = _values(field.type)[:2], _values(field.type)[2:]
        nulls = [None] if field.nullable else []
        cycle = itertools.cycle(usual if tame else [*usual, *nulls, *unusual, *nulls])
        columns.append(pa.array(list(itertools.islice(cycle, shift, shift + ROWS)), field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@lru_cache(maxsize=1024)
def _values(type_: pa.DataType) -> list[Any]:
    """Return values of a type: two of the kind over which plans may fail, then others, each of them twice or once."""
    if isinstance(type_, pa.BaseExtensionType):
        return _values(type_.storage_type)
    if pa.types.is_boolean(type_):
        return [False, True, True, False, True]
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        kind = int if pa.types.is_integer(type_) else float
        other = 7 if pa.types.is_unsigned_integer(type_) else -2
        return [kind(each) for each in (0, other, 1, 3, 1, 2, 12, 5, 2)]
    if pa.types.is_decimal(type_):
        return [decimal.Decimal(each).scaleb(-min(type_.scale, 1)) for each in (0, -2, 1, 3, 1, 2, 5, 2, 4)]
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return ["", " B", "a", "A", "a longer text", "b", "a", "ab", "é", "1", "b"]
    if pa.types.is_date(type_):
        return [_LONG_AGO.date(), *(_DAY + datetime.timedelta(days) for days in (-30_000, -400, 0, 1, 0, 40, 1))]
    if pa.types.is_timestamp(type_):
        zone = None if type_.tz is None else datetime.timezone.utc
        hours = (-450_000, -1, 0, 0, 3, 1, 0, 20, 500, 1)
        moments = [_LONG_AGO, *(_MOMENT + hour * datetime.timedelta(seconds=3661) for hour in hours)]
        return [moment.replace(tzinfo=zone) for moment in moments]
    if pa.types.is_time(type_):
        return [datetime.time(0), datetime.time(23, 59), *(datetime.time(hour, 30) for hour in (1, 2, 1))]
    if pa.types.is_fixed_size_binary(type_):
        return [bytes([digit]) * type_.byte_width for digit in (0, 255, 1, 2, 1, 97)]
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_) or pa.types.is_binary_view(type_):
        return [b"", b"\xff", b"a", b"b", b"a", b"ab"]
    if pa.types.is_struct(type_):
        names = [field.name for field in type_]
        return [dict(zip(names, each, strict=True)) for each in _together(*(field.type for field in type_))]
    if pa.types.is_map(type_):
        pairs = _together(type_.key_type, type_.item_type)
        return [[], pairs[:1], pairs[2:3], pairs[1:3], pairs[2:3]]
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        values = _values(type_.value_type)
        return [[], values[:1], values[2:3], values[1:4], values[2:3]]
    return [None, None, None]


def _together(*types: pa.DataType) -> list[tuple[Any, ...]]:
    """Return values of several types, as many as there are of the type that has the fewest."""
    return list(zip(*map(_values, types), strict=False))


def with_rows(plan: bytes, rows: pa.RecordBatch) -> tuple[bytes, int]:
    """Return an execution plan over other rows of its tables in memory, and how many of these were replaced.

    Only tables with the columns of the rows are: not those that the plan itself holds, such as ``VALUES``.
    """
    parts, replaced = [], 0
    for number, whole, inside in fields(plan):
        if inside is not None:
            if number == _MEMORY_SCAN and _columns(inside) == rows.schema.names:
                whole, count = delimited(number, _scan_over(inside, rows)), 1
            else:
                below, count = with_rows(inside, rows)
                whole = delimited(number, below) if count else whole
            replaced += count
        parts.append(whole)
    return (b"".join(parts), replaced) if replaced else (plan, 0)


def _columns(scan: bytes) -> list[str]:
    """Return the names of the columns of a table in memory."""
    schemas = [inside for number, inside in message(scan) if number == _SCHEMA]
    columns = [inside for schema in schemas for number, inside in message(schema) if number == 1]
    return [inside.decode(errors="replace") for column in columns for number, inside in message(column) if number == 1]


def _scan_over(scan: bytes, rows: pa.RecordBatch) -> bytes:
    """Return a scan with these rows in its first partition and none in the others."""
    partitions = [inside for number, inside in message(scan) if number == _PARTITIONS]
    schema = next((pa.ipc.open_stream(each).schema for each in partitions if each), rows.schema)
    filled = _stream(
        pa.RecordBatch.from_arrays(
            [array.cast(field.type) for array, field in zip(rows.columns, schema, strict=True)], schema=schema
        )
    )
    empty = _stream(pa.RecordBatch.from_pylist([], schema))
    ours = [delimited(_PARTITIONS, each) for each in (filled, *[empty] * (len(partitions) - 1))]
    return b"".join([*ours, *(whole for number, whole, _ in fields(scan) if number != _PARTITIONS)])


def _stream(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def difference(
    session: SessionContext, plan: LogicalPlan, fresh: SessionContext, copy: LogicalPlan, schema: pa.Schema
) -> str | None:
    """Return how a decoded plan differs from the original, each in its own session; `None` where it does not.

    Both scan the table over which the original was made, or one that knows of itself what that one does: the engine
    plans the execution with it, for example that there are no rows.

    Args:
        session: of the original, with its settings and functions.
        plan: the original.
        fresh: a session as a worker has it.
        copy: the decoded plan.
        schema: of the table that both scan.

    """
    original, decoded = (_physical(fresh, each).display_indent() for each in (plan, copy))
    for tame in (False, True):
        rows = probe_rows(schema, tame=tame)
        try:
            before = executed(session, plan, rows)
        except NotInMemory:
            # A plan that is executed in the same steps is the same plan.
            return None if original == decoded else "its table is none in memory, and it decodes to other steps"
        except Exception as error:
            failure = error
            continue  # some plans fail over unusual values
        differs = before.difference(executed(fresh, copy, rows))
        if not differs or before.difference(executed(session, plan, rows)) is None:
            return differs
        # It gives other rows each time. The time at which it is planned stands in its steps, as a number.
        return None if _without_numbers(original) == _without_numbers(decoded) else differs
    if original == decoded:
        return None
    if not _serializes(session, plan):
        # Plans with window functions in Python, before DataFusion 54. They are taken on trust where the table in memory
        # over which they were made has no rows, and else as far as its rows tell.
        return _run(session, _physical(session, plan)).difference(_run(fresh, _physical(fresh, copy)))
    reason = f"{type(failure).__name__}: {str(failure)[:300]}"
    return f"it fails over the rows that are to tell ({reason}), and decodes to other steps"


@dataclass(frozen=True)
class Result:
    """What a plan gives over the rows: its own, in order, and whether their order is a part of the result."""

    rows: list[tuple[str, ...]]
    is_sorted: bool

    def difference(self, other: Result) -> str | None:
        """Return how another result differs; `None` where it does not."""
        if self.rows == other.rows or (not self.is_sorted and Counter(self.rows) == Counter(other.rows)):
            return None
        lost, new = Counter(self.rows) - Counter(other.rows), Counter(other.rows) - Counter(self.rows)
        if not lost and not new:
            return "it decodes to a plan that gives the same rows in another order"
        return f"it decodes to a plan that gives other rows: {_shown(new)} instead of {_shown(lost)}"


class NotInMemory(Exception):
    """The plan's table is none in memory, so that no other rows can take the place of its own."""


def executed(session: SessionContext, plan: LogicalPlan, rows: pa.RecordBatch) -> Result:
    """Return what a plan gives over other rows than those of its table.

    Raises:
        NotInMemory: it would read the files of its table.
        Exception: the engine's own, where it fails over these rows.

    """
    physical = _physical(session, plan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what replaces these calls is not in DataFusion 54
        data, replaced = with_rows(physical.to_proto(), rows)
        if not replaced and not _is_without_table(physical):
            raise NotInMemory("its table is none in memory")
        return _run(session, ExecutionPlan.from_proto(session, data) if replaced else physical)


def _is_without_table(physical: ExecutionPlan) -> bool:
    """Return whether a plan reads nothing but what it holds itself, such as ``VALUES`` or a count that is known."""
    if children := physical.children():
        return all(map(_is_without_table, children))
    return physical.display().startswith(("PlaceholderRowExec", "EmptyExec", "DataSourceExec: partitions="))


def _serializes(session: SessionContext, plan: LogicalPlan) -> bool:
    """Return whether the engine can execute what it has serialized of a plan, over the same rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # see above
        try:
            _run(session, ExecutionPlan.from_proto(session, _physical(session, plan).to_proto()))
        except Exception:
            return False
    return True


def _run(session: SessionContext, physical: ExecutionPlan) -> Result:
    streams = [session.execute(physical, number) for number in range(physical.partition_count)]
    rows = [row for stream in streams for batch in stream for row in _plain(batch.to_pyarrow())]
    return Result(rows, physical.display().startswith("Sort"))


def _plain(batch: pa.RecordBatch) -> list[tuple[str, ...]]:
    """Return the rows of a batch; values of time by their number, for Python knows no nanoseconds."""
    columns = [column.view("int64") if _has_nanoseconds(column.type) else column for column in batch.columns]
    if not columns:
        return [()] * batch.num_rows
    return list(zip(*([repr(value) for value in column.to_pylist()] for column in columns), strict=True))


def _has_nanoseconds(type_: pa.DataType) -> bool:
    temporal = pa.types.is_timestamp(type_) or pa.types.is_duration(type_) or pa.types.is_time64(type_)
    return bool(temporal and type_.unit == "ns")


def _shown(rows: Counter[tuple[str, ...]]) -> str:
    first = ", ".join(next(iter(rows), ()))
    return f"{sum(rows.values())} rows, such as ({first})" if rows else "none"


def _without_numbers(steps: str) -> str:
    return re.sub(r"\d+", "0", steps)


def _physical(session: SessionContext, plan: LogicalPlan) -> ExecutionPlan:
    return session.create_dataframe_from_logical_plan(plan).execution_plan()
