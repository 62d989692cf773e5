"""Plans that would give other rows from the split are refused, whichever construct it is; others are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext, col, lit, udf
from datafusion.plan import LogicalPlan

from reference import NoOpRegistry, PlanRefused, UDFRegistry, plans
from reference.plans import encode_plan
from reference.proof import ROWS, executed, probe_rows, with_rows

SCHEMA = pa.schema([("a", pa.int64()), ("g", pa.int64()), ("s", pa.string()), ("d", pa.timestamp("us"))])


@pytest.fixture(autouse=True)
def nothing_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof by itself: some losses would be refused by their names before it."""
    monkeypatch.setattr(plans, "lost_construct", lambda plan: None)


def session_of(config: SessionConfig | None = None) -> SessionContext:
    session = SessionContext(config)
    session.register_record_batches("t", [[pa.RecordBatch.from_pylist([], SCHEMA)]])
    return session


def keep(values: pa.Array) -> pa.Array:
    return values


def five(values: pa.Array) -> pa.Array:
    return pa.array([5] * len(values), pa.int64())


def named_f(function: Callable[[pa.Array], pa.Array]) -> Any:
    return udf(function, [pa.int64()], pa.int64(), "immutable", name="f")


class Keeps(UDFRegistry):
    def register_udfs(self, session_context: SessionContext) -> None:
        session_context.register_udf(named_f(keep))


def encoded(session: SessionContext, plan: LogicalPlan, registry: UDFRegistry | None = None) -> None:
    encode_plan(plan, session, registry or NoOpRegistry(), SCHEMA)


@pytest.mark.parametrize(
    "sql",
    ["SELECT g AS x, g AS y, count(*) AS n FROM t GROUP BY g, g", "SELECT a, g, count(*) AS n FROM t GROUP BY a, g, a"],
)
def test_plan_that_decodes_to_other_rows(sql: str) -> None:
    session = session_of()
    with pytest.raises(PlanRefused, match=r"decodes to a plan that gives other rows: \d+ rows, such as \("):
        encoded(session, session.sql(sql).logical_plan())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) AS n FROM t",
        "SELECT max(1) AS n FROM t",
        "SELECT a / g AS q FROM t",
        "SELECT CAST(s AS DATE) AS q FROM t",
        "SELECT x.a FROM t AS x JOIN t AS y ON x.a = y.g WHERE y.a IN (SELECT g FROM t)",
        "SELECT a, (SELECT max(g) FROM t) AS m FROM t ORDER BY a DESC NULLS LAST, g LIMIT 5",
        "SELECT k, count(*) AS n FROM t CROSS JOIN (VALUES (1), (NULL)) AS v(k) GROUP BY k",
        "SELECT a, sum(g) OVER (PARTITION BY s ORDER BY d, a, g) AS w FROM t",
        "SELECT a FROM t WHERE false",
        "SELECT 1 AS x",
    ],
)
def test_plan_that_survives(sql: str) -> None:
    session = session_of()
    encoded(session, session.sql(sql).logical_plan())


def test_rows_of_a_table_in_a_file_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_batches([probe_rows(SCHEMA, tame=True)]), file)
    session = SessionContext()
    session.register_parquet("t", file)
    frame = session.sql("SELECT a, count(*) AS n FROM t WHERE g > 1 GROUP BY a")
    lost = session.sql("SELECT g AS x, g AS y, count(*) AS n FROM t GROUP BY g, g").logical_plan()
    data = bytearray(file.read_bytes())
    pages = len(data) - 8 - int.from_bytes(data[-8:-4], "little")  # what stands before the footer
    data[4:pages] = bytes(pages - 4)
    file.write_bytes(data)
    with pytest.raises(Exception, match="Parquet"):
        frame.collect()
    encoded(session, frame.logical_plan())
    with pytest.raises(PlanRefused, match="its table is none in memory, and it decodes to other steps"):
        encoded(session, lost)


def test_rows_that_are_cached_are_not_the_splits() -> None:
    session = session_of()
    with pytest.raises(PlanRefused, match="which is no table of the session: it holds other rows"):
        encoded(session, session.sql("SELECT * FROM t WHERE a > 1").cache().logical_plan())


@pytest.mark.parametrize("value", [{"x": 1}, {"x": 1, "y": "z"}])
def test_value_that_the_worker_could_not_make(value: dict[str, Any]) -> None:
    session = session_of()
    with pytest.raises(PlanRefused, match="cannot be proven to survive"):
        encoded(session, session.table("t").select(lit(value).alias("v")).logical_plan())


@pytest.mark.parametrize(
    "computed",
    [
        "date_part('hour', to_timestamp_seconds(a))",
        "arrow_typeof(to_timestamp_millis(a))",
        # The proof has no rows that a condition like this lets through.
        "date_part('hour', to_timestamp_seconds(CASE WHEN a > 800000 THEN 0 END))",
        "date_part('hour', CAST(a AS TIMESTAMP))",
        "a + 1",
    ],
)
@pytest.mark.parametrize("zone", ["America/Denver", "UTC"])
def test_time_zone_of_the_session(computed: str, zone: str) -> None:
    """What gives the same in every zone is accepted, whatever it is called; releases differ in what that is."""
    there, in_utc = session_of(SessionConfig({"datafusion.execution.time_zone": zone})), session_of()
    plan = there.sql(f"SELECT {computed} AS x FROM t").logical_plan()
    over_rows = f"SELECT {computed} AS x FROM (VALUES (0), (50000), (900000)) AS v(a)"
    if there.sql(over_rows).to_pydict() == in_utc.sql(over_rows).to_pydict():
        encoded(there, plan)
    else:
        with pytest.raises(PlanRefused, match=r"other rows|zone of the session"):
            encoded(there, plan)


def test_function_that_is_called_is_not_the_one_that_is_registered() -> None:
    session = session_of()
    registry = Keeps()
    registry.register_udfs(session)
    frame = session.table("t")
    with pytest.raises(PlanRefused, match="gives other rows"):
        encoded(session, frame.select(named_f(five)(col("a")).alias("x")).logical_plan(), registry)
    both = frame.select(named_f(keep)(col("a")).alias("x"), named_f(five)(col("g")).alias("y"))
    with pytest.raises(PlanRefused, match="gives other rows"):
        encoded(session, both.logical_plan(), registry)
    encoded(session, frame.select(named_f(keep)(col("a")).alias("x")).logical_plan(), registry)


def test_rows_tell_columns_apart() -> None:
    wild, tame = probe_rows(SCHEMA, tame=False), probe_rows(SCHEMA, tame=True)
    assert wild.num_rows == tame.num_rows == ROWS
    assert all(column.null_count for column in wild.columns)
    assert not any(column.null_count for column in tame.columns)
    assert wild["a"] != wild["g"]
    assert {0, None} < set(wild["a"].to_pylist())
    assert min(value for value in wild["a"].to_pylist() if value is not None) < 0 < min(tame["a"].to_pylist())
    assert len(set(wild["a"].to_pylist())) < ROWS  # ties


@pytest.mark.parametrize(
    "type_",
    [
        pa.bool_(), pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(5, 2), pa.decimal128(3, 0),
        pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(4), pa.date32(), pa.time64("us"),
        pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns", "UTC"), pa.uuid(),
        pa.list_(pa.int32()), pa.large_list(pa.string()), pa.map_(pa.string(), pa.int64()),
        pa.struct([("x", pa.int64()), ("y", pa.list_(pa.date32()))]),
    ],
    ids=str,
)  # fmt: skip
def test_rows_of_every_type(type_: pa.DataType) -> None:
    for nullable in (True, False):
        rows = probe_rows(pa.schema([pa.field("c", type_, nullable)]), tame=False)
        assert rows.num_rows == ROWS
        assert (rows["c"].null_count > 0) is nullable
        assert len({repr(value) for value in rows["c"].to_pylist()}) > 1 + nullable


def test_rows_replace_those_of_the_table_and_no_others() -> None:
    session = session_of()
    rows = probe_rows(SCHEMA, tame=True)
    plan = session.sql("SELECT t.a, k FROM t CROSS JOIN (VALUES (1), (2)) AS v(k)").logical_plan()
    result = executed(session, plan, rows)
    assert len(result.rows) == 2 * ROWS
    assert not result.is_sorted
    assert executed(session, session.sql("SELECT a FROM t ORDER BY a").logical_plan(), rows).is_sorted


def test_bytes_without_a_table_stay_as_they_are() -> None:
    for data in (b"", b"no message", bytes(range(256))):
        assert with_rows(data, probe_rows(SCHEMA, tame=True)) == (data, 0)
