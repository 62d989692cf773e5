"""Plans as Substrait bytes: encoding, a check that the bytes decode, decoding, and which table a plan scans.

A plan may scan one table or none. It may scan the table several times, and in subqueries. The table stands for the
split's own rows. The plan may give it any name of one to three parts, which is kept exactly, with upper case, dots and
quotes. Its Arrow schema is that of the scan.

A plan that names two tables is refused, even if both names could mean the same table (``t`` and ``public.t``). So is
one whose table the session does not have: it holds rows of its own, as a cached frame does.

A plan is accepted once it is proven to survive (`reference.proof`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pyarrow as pa
from datafusion import DataFrame, SessionContext
from datafusion.plan import LogicalPlan
from datafusion.substrait import Consumer, Producer, Serde
from datafusion.user_defined import AggregateUDF, ScalarUDF, WindowUDF

from reference.engine import TableName, fresh_session, put_table, register_table, require_engine, table_of
from reference.errors import PlanRefused
from reference.proof import difference
from reference.protobuf import message
from reference.registry import UDFRegistry

T = TypeVar("T")

UNFAITHFUL: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("IGNORE NULLS, which decodes as RESPECT NULLS", re.compile(r"(?:WindowAggr|Aggregate): .*\) ?IGNORE NULLS")),
    ("FILTER on a window function, which is dropped", re.compile(r"WindowAggr: .*\) FILTER \(WHERE ")),
    ("DISTINCT in a window function, which is dropped", re.compile(r"WindowAggr: .*?(?:\[\[|, )\w+\(DISTINCT ")),
    (
        "a RANGE frame with an offset, which decodes with other bounds",
        re.compile(r"WindowAggr: .*RANGE BETWEEN (?!BOUND AND BOUND)"),
    ),
    (
        "one expression twice in GROUP BY, after which columns are taken for each other",
        re.compile(r"Aggregate: groupBy=\[\[(?:[^\[\]]*, )?([^,\[\]]+), (?:[^\[\]]*, )?\1(?:, |\]\])"),
    ),
)
"""What Substrait loses silently in DataFusion 51 to 55 (BUILD-4), told by name before the proof would find other rows.

Each entry is a reason, and a pattern that finds the construct in a line of the plan's text.
"""

_ZONED = re.compile(r'(?:AS Timestamp\(\w+, |Timestamp\w+\(-?\w+, Some\()"(?!UTC"|\+00:00")')
_BOUNDLESS = re.compile(r"UNBOUNDED (?:PRECEDING|FOLLOWING)|CURRENT ROW")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')

_OPERATIONS = """
SELECT -a, NOT b, a + a, a - a, a * a, a / a, a % a, a & a, a | a, a ^ a, a << a, a >> a, c || c,
a = a, a <> a, a < a, a <= a, a > a, a >= a, b AND b, b OR b, a BETWEEN a AND a, a IS NULL, a IS NOT NULL,
b IS TRUE, b IS FALSE, b IS UNKNOWN, b IS NOT TRUE, b IS NOT FALSE, b IS NOT UNKNOWN,
a IS DISTINCT FROM a, a IS NOT DISTINCT FROM a, c LIKE c, c ILIKE c,
c ~ c, c ~* c, c !~ c, c !~* c, c ~~ c, c ~~* c, c !~~ c, c !~~* c
FROM (VALUES (1, true, '')) AS t (a, b, c)
"""
"""Every operator that Substrait can carry."""


@dataclass(frozen=True)
class _Encoded:
    """A plan that was encoded for a split of a scan, what it was encoded from, and what came of it."""

    plan: LogicalPlan
    session_context: SessionContext
    registry: UDFRegistry
    names: set[str]
    result: tuple[bytes, TableName | None]


_ENCODED: WeakKeyDictionary[object, _Encoded] = WeakKeyDictionary()
"""By scan, for as long as the scan's context lives in this process."""


def encode_plan_of_scan(
    scan: object, plan: LogicalPlan, session_context: SessionContext, registry: UDFRegistry, table_schema: pa.Schema
) -> tuple[bytes, TableName | None]:
    """Encode a plan once for all splits of a scan that are built with it, one after another.

    What the registry's functions compute is proven for the first of them alone.

    Args:
        scan: what the splits of the scan share.
        plan: as the other arguments, those of :func:`encode_plan`, with its result and its errors.
        session_context: see there.
        registry: see there. It is asked each time what it registers.
        table_schema: see there.

    """
    known, names = _ENCODED.get(scan), registered_names(registry)
    if (
        known is not None
        and known.plan is plan
        and known.session_context is session_context
        and known.registry is registry
        and known.names == names
    ):
        return known.result
    result = encode_plan(plan, session_context, registry, table_schema)
    _ENCODED[scan] = _Encoded(plan, session_context, registry, names, result)
    return result


# Functions of the engine that give times in the time zone of the session, in some versions.
IN_THE_ZONE = frozenset(f"to_timestamp{unit}" for unit in ("", "_seconds", "_millis", "_micros", "_nanos"))

# Functions of the engine that take from the clock or at random: each reading would give other rows (PLAN-9).
UNSETTLED = frozenset({"now", "current_date", "current_time", "random", "uuid"})


def encode_plan(
    plan: LogicalPlan, session_context: SessionContext, registry: UDFRegistry, table_schema: pa.Schema
) -> tuple[bytes, TableName | None]:
    """Encode a plan, and check that it decodes in a session with only the registry and the split's table (BUILD-4).

    Args:
        plan: the plan to encode.
        session_context: the session in which the plan was made, with the registry's functions registered.
        registry: the functions that the plan may call.
        table_schema: the Arrow schema of the split's table.

    Returns:
        the Substrait bytes, and the name of the table that the plan scans (`None` if it scans none).

    Raises:
        PlanRefused: the plan does not survive, or scans two tables. The message gives the reason.
        EngineUnusableAfterFork: this process was forked from one in which the engine had run.

    """
    require_engine()
    if reason := lost_construct(plan):
        raise PlanRefused(f"the plan holds what does not survive in this engine: {reason}")
    data = _attempt("cannot be encoded", lambda: bytes(Producer.to_substrait_plan(plan, session_context).encode()))
    names = _attempt("cannot be searched for its tables", lambda: table_names(data))
    if len(names) > 1:
        shown = " and ".join(repr(".".join(name)) for name in sorted(names))
        raise PlanRefused(f"the plan may scan one table, the split's own data; it scans {shown}")
    table = next(iter(names), None)
    registered = registered_names(registry)
    if unsettled := sorted(UNSETTLED & _functions(data) - registered):
        raise PlanRefused(f"the plan calls {unsettled[0]}(): a second reading would give other rows than the first")
    for zoned in sorted(IN_THE_ZONE & _functions(data) - registered):
        if zone := _zone(session_context, zoned):
            raise PlanRefused(
                f"the plan calls {zoned}(), which gives times in the zone of the session, {zone}; a worker's has none"
            )
    if mixed := sorted(name for name in registered if name != name.lower() and _calls(plan, name)):
        raise PlanRefused(f"the plan calls {mixed[0]!r}; the engine decodes names of functions in lower case")
    if replaced := sorted(operators() & _functions(data) & registered):
        raise PlanRefused(f"the registry has a function {replaced[0]!r}, which would replace the operator")
    before: pa.Schema = _attempt("cannot be planned", lambda: optimized(session_context, plan).schema())
    source = None if table is None else table_of(session_context, table)
    if table is not None and source is None:
        raise PlanRefused(f"the plan scans {'.'.join(table)!r}, which is no table of the session: it holds other rows")
    after: pa.Schema = _attempt(
        "does not decode in a fresh session with the registry's functions and the split's table",
        lambda: decode_plan(data, registry, table, [empty_batch(table_schema)]).schema(),
    )
    if (before.names, before.types) != (after.names, after.types):
        raise PlanRefused(f"the plan decodes to columns {_shown(after)}, not {_shown(before)}")

    def prove() -> str | None:
        fresh = fresh_session(registry)
        if table is not None:
            put_table(fresh, table, source)
        copy = Consumer.from_substrait_plan(fresh, Serde.deserialize_bytes(data))
        return difference(session_context, plan, fresh, copy, table_schema)

    if lost := _attempt("cannot be proven to survive", prove):
        raise PlanRefused(f"the plan does not survive: {lost}")
    return data, table


@cache
def operators() -> frozenset[str]:
    """Return the function names by which Substrait refers to operators in this version of the engine.

    When a plan is decoded, a UDF with such a name replaces the operator.
    """
    session = SessionContext()
    frame = session.sql(_OPERATIONS)
    return frozenset(_functions(bytes(Producer.to_substrait_plan(frame.logical_plan(), session).encode())))


def lost_construct(plan: LogicalPlan) -> str | None:
    """Return what the plan contains that Substrait would lose silently, or `None` if nothing is known."""
    for line in plan.display_indent().split("\n"):
        if _ZONED.search(line):
            return "a time zone other than UTC, which decodes as UTC"
        # Quoted strings and names may contain any of the words that the patterns look for.
        shown = _BOUNDLESS.sub("BOUND", _QUOTED.sub("", line))
        for reason, pattern in UNFAITHFUL:
            if pattern.search(shown):
                return reason
    return None


def decode_plan(
    data: bytes, registry: UDFRegistry, table: TableName | None, batches: list[pa.RecordBatch]
) -> DataFrame:
    """Decode and optimize a plan in a new session: first the functions, then the table, then the plan (PLAN-5).

    Args:
        data: Substrait bytes.
        registry: its functions are registered once, on the new session.
        table: the table's name in the plan, or `None` if the plan scans none.
        batches: the table's rows, in at least one batch (it may have no rows).

    Raises:
        EngineUnusableAfterFork: this process was forked from one in which the engine had run.

    """
    require_engine()
    session = fresh_session(registry)
    if table is not None:
        register_table(session, table, batches)
    return optimized(session, Consumer.from_substrait_plan(session, Serde.deserialize_bytes(data)))


def optimized(session: SessionContext, plan: LogicalPlan) -> DataFrame:
    """Return the plan as the engine will execute it.

    Only the optimized plan has the schema of the result, and shows whether the plan can be executed. Optimizing calls
    immutable functions whose arguments are constants.
    """
    frame = session.create_dataframe_from_logical_plan(plan)
    return session.create_dataframe_from_logical_plan(frame.optimized_logical_plan())


class _Names(SessionContext):
    """A session that records the names under which functions are registered."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def register_udf(self, udf: ScalarUDF) -> None:
        self.names.add(_name(udf))

    def register_udaf(self, udaf: AggregateUDF) -> None:
        self.names.add(_name(udaf))

    def register_udwf(self, udwf: WindowUDF) -> None:
        self.names.add(_name(udwf))


def _name(function: ScalarUDF | AggregateUDF | WindowUDF) -> str:
    return repr(function).partition("(")[2][:-1]  # "ScalarUDF(name)": DataFusion 51 shows the name nowhere else


def registered_names(registry: UDFRegistry) -> set[str]:
    """Return the exact names of the functions that the registry registers."""
    session = _Names()
    registry.register_udfs(session)
    return session.names


def table_names(data: bytes) -> set[TableName]:
    """Return the names of all tables that a plan in Substrait bytes scans, in subqueries too."""
    plan = Serde.deserialize_bytes(data)
    if not hasattr(plan, "to_json"):  # DataFusion 51
        return set(_named_tables(data))
    names = set()
    todo: list[Any] = [json.loads(plan.to_json())]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if "namedTable" in node:
                names.add(tuple(node["namedTable"]["names"]))
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return names


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch without rows."""
    return pa.RecordBatch.from_pylist([], schema)


def _attempt(failure: str, step: Callable[[], T]) -> T:
    try:
        return step()
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of the engine is not an Exception
        text = str(error)
        reason = text if len(text) <= 500 else text[:500] + " ..."  # the engine may quote the whole plan
        raise PlanRefused(f"the plan {failure}: {type(error).__name__}: {reason}") from error


def _functions(data: bytes) -> set[str]:
    """Return the function and operator names that a plan declares, in Plan.extensions.extension_function.name."""
    declared = [part for field, part in message(data) if field == 2]
    functions = [part for item in declared for field, part in message(item) if field == 3]
    return {part.decode() for item in functions for field, part in message(item) if field == 3}


def _zone(session: SessionContext, function: str) -> str | None:
    """Return the time zone of a session as one of its functions sees it; `None` for none, and for UTC.

    The session has no call that tells it. A plan says little of it either: the zone is in types within it alone.
    """
    [batch] = session.sql(f"SELECT arrow_typeof({function}(0))").collect()
    found = re.search(r'"(.+)"', str(batch.column(0)[0]))
    return None if found is None or found[1] in ("UTC", "+00:00") else found[1]


def _calls(plan: LogicalPlan, name: str) -> bool:
    """Return whether the plan calls a function of exactly that name."""
    return re.search(rf"(?<!\w){re.escape(name)}\(", _QUOTED.sub("", plan.display_indent())) is not None


def _shown(schema: pa.Schema) -> str:
    return ", ".join(f"{column.name}: {column.type}" for column in schema)


def _named_tables(data: bytes) -> Iterator[TableName]:
    """Search protobuf bytes for read relations, without knowing the messages around them.

    A read relation has its base schema in field 2, and in field 7 its table: a message that has only names, in
    field 1. Another message may happen to look like that. It adds a name, so the plan is refused. It is never read
    wrongly.
    """
    todo = [data]
    while todo:
        fields = message(todo.pop())
        found = {number: message(part) for number, part in fields if number in (2, 7)}
        if 2 in found and found.get(7) and all(number == 1 for number, _ in found[7]):
            yield tuple(part.decode() for _, part in found[7])
        todo.extend(part for _, part in fields)
