"""Plans that travel, plans that are refused, and why; the split's own columns are `id`, `Name`, `ts` and `part`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from datafusion import Accumulator, SessionContext, udaf, udf, udwf
from datafusion.user_defined import WindowEvaluator

from reference import (
    DataLoaderSplit,
    EngineUnusableAfterFork,
    NoOpRegistry,
    PlanRefused,
    UDFRegistry,
    embedded_catalog,
    plans,
)
from reference.engine import _Fork
from reference.plans import (
    _functions,
    _named_tables,
    decode_plan,
    encode_plan,
    operators,
    registered_names,
    table_names,
)
from reference.protobuf import message
from reference.reading import scan_schema
from tests.reference.samples import planned, rows, session_with, small_table, split_of


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> DataLoaderSplit:
    """One for all tests: they make other splits from it."""
    catalog = embedded_catalog(tmp_path_factory.mktemp("warehouse"))
    small_table(catalog)
    return split_of(catalog)


@pytest.mark.parametrize(
    ("name", "parts"), [("t", ("t",)), ('"My ""T"".x"', ('My "T".x',)), ("public.t", ("public", "t"))]
)
def test_a_plan_may_scan_one_table_under_any_name(split: DataLoaderSplit, name: str, parts: tuple[str, ...]) -> None:
    made = planned(split, f"SELECT count(*) AS n FROM {name} WHERE id IN (SELECT id FROM {name} WHERE id < 4)", name)
    assert made.plan_bytes is not None
    assert made.plan_table == parts
    assert table_names(made.plan_bytes) == set(_named_tables(made.plan_bytes)) == {parts}
    assert rows(made) == [{"n": 4}]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "SELECT t.id FROM t JOIN u ON t.id = u.id",
            r"may scan one table, the split's own data; it scans 't' and 'u'$",
        ),
        ("SELECT t.id FROM t JOIN public.t AS u ON t.id = u.id", r"may .*; it scans 'public.t' and 't'$"),
        ("SELECT unnest([1, 2]) FROM t", r"cannot be encoded: \w+: .*[Uu]nnest"),
        ("EXPLAIN SELECT * FROM t", r"cannot be encoded: \w+: .*Explain"),
        ("SELECT * FROM generate_series(1, 3)", r"scans 'generate_series\(\)', which is no table of the session"),
        (
            "SELECT n FROM (SELECT id + 1 AS n FROM t) WHERE n IN (SELECT id + 1 FROM t)",
            r"does not decode .*: \w+: .*decorrelate",
        ),
    ],
)
def test_what_cannot_travel_is_refused_with_the_reason(split: DataLoaderSplit, sql: str, reason: str) -> None:
    with pytest.raises(PlanRefused, match=f"^the plan {reason}"):
        planned(split, sql, "t", "u")


NULLS = "IGNORE NULLS, which decodes as RESPECT NULLS"
FILTER = "FILTER on a window function, which is dropped"
DISTINCT = "DISTINCT in a window function, which is dropped"
RANGE = "a RANGE frame with an offset, which decodes with other bounds"
ZONE = "a time zone other than UTC, which decodes as UTC"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT lag(id) IGNORE NULLS OVER (ORDER BY id) AS w FROM t", NULLS),
        ("SELECT first_value(id ORDER BY id) IGNORE NULLS AS w FROM t", NULLS),
        ("SELECT sum(id) FILTER (WHERE id > 1) OVER (ORDER BY id) AS w FROM t", FILTER),
        ("SELECT count(DISTINCT id) OVER () AS w FROM t", DISTINCT),
        ("SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS w FROM t", RANGE),
        ("SELECT id FROM t WHERE id IN (SELECT count(DISTINCT id) OVER () FROM t)", DISTINCT),
        ("SELECT date_part('hour', ts AT TIME ZONE 'Europe/Paris') AS h FROM t", ZONE),
        # One quotation mark in a name, and another below: what stands between them is no text.
        ('SELECT lag(id) IGNORE NULLS OVER (ORDER BY id) AS "x""y" FROM t WHERE "Name" <> \'x\'', NULLS),
    ],
)
def test_what_substrait_loses_without_a_word_is_refused(split: DataLoaderSplit, sql: str, reason: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        planned(split, sql, "t")
    assert str(refused.value) == f"the plan holds what does not survive in this engine: {reason}"


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT id AS "FILTER (WHERE", \'x) IGNORE NULLS OVER\' AS "RANGE BETWEEN 1 PRECEDING" FROM t',
        "SELECT count(DISTINCT id) FILTER (WHERE id > 1) AS c FROM t",
        "SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS w FROM t",
        "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) AS w FROM t",
        "SELECT first_value(id) RESPECT NULLS OVER (ORDER BY id) AS w FROM t",
        "SELECT ts, CAST(ts AS TIMESTAMP) AS u FROM t",
        "SELECT sum(n) OVER () AS w FROM (SELECT sum(DISTINCT id) AS n FROM t)",
        "SELECT sum(CASE WHEN \"Name\" = 'x) IGNORE NULLS' THEN 1 ELSE id END) AS c FROM t",
    ],
)
def test_what_only_looks_like_a_loss_is_carried(split: DataLoaderSplit, sql: str) -> None:
    assert rows(planned(split, sql, "t"))


class Largest(Accumulator):
    """The largest value that it was given."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, *values: pa.Array) -> None:
        self.value = max([self.value, *values[0].to_pylist()])

    def merge(self, states: list[pa.Array]) -> None:
        self.update(states[0])

    def state(self) -> list[pa.Scalar]:
        return [self.evaluate()]

    def evaluate(self) -> pa.Scalar:
        return pa.scalar(self.value)


class Same(WindowEvaluator):
    def evaluate_all(self, values: list[pa.Array], num_rows: int) -> pa.Array:
        return values[0]


class Capitals(UDFRegistry):
    """A function of each kind, and of such a name as an engine might show oddly."""

    def register_udfs(self, session_context: SessionContext) -> None:
        assert session_context.catalog().names()
        number = pa.int64()
        session_context.register_udf(udf(lambda a: a, [number], number, "immutable", "Scalar(x)"))
        session_context.register_udaf(udaf(Largest, [number], number, [number], "immutable", "Largest"))
        session_context.register_udwf(udwf(Same, number, number, "immutable", "Same"))


def test_functions_of_all_kinds_are_known_by_name() -> None:
    assert registered_names(Capitals()) == {"Scalar(x)", "Largest", "Same"}


@pytest.mark.parametrize(
    ("name", "call"), [("Scalar(x)", '"Scalar(x)"(id)'), ("Largest", '"Largest"(id)'), ("Same", '"Same"(id) OVER ()')]
)
def test_a_function_with_upper_case_in_its_name_is_refused_where_it_is_called(
    split: DataLoaderSplit, name: str, call: str
) -> None:
    with pytest.raises(PlanRefused) as refused:
        planned(split, f"SELECT {call} AS n FROM t", registry=Capitals())
    assert str(refused.value) == f"the plan calls {name!r}; the engine decodes names of functions in lower case"
    named = f"SELECT max(id) AS n FROM t WHERE \"Name\" <> '{call}'"
    assert rows(planned(split, named, registry=Capitals())) == [{"n": 4}]


def test_rows_have_the_schema_that_the_plan_computes(split: DataLoaderSplit) -> None:
    coerced = "SELECT CASE id WHEN 1 THEN TRY_CAST(1 AS TINYINT) ELSE id + 1000 END AS c FROM t"
    reader = planned(split, coerced).to_arrow_batch_reader()
    assert reader.schema.types == [pa.int64()]
    assert max(reader.read_all()["c"].to_pylist()) == 1004


def test_a_plan_over_other_columns_than_the_scans_is_refused(split: DataLoaderSplit) -> None:
    session = SessionContext()
    session.from_pydict({"else": [1]}, name="t")
    with pytest.raises(PlanRefused, match="does not decode"):
        DataLoaderSplit(
            split.file_scan_task, split.scan_context, session.sql("SELECT * FROM t").logical_plan(), session
        )


def test_a_function_that_the_registry_lacks_is_refused(split: DataLoaderSplit, shared: Any) -> None:
    session = session_with(split, "t")
    shared.Adders(1).register_udfs(session)
    plan = session.sql("SELECT plus_number(id) FROM t").logical_plan()
    with pytest.raises(PlanRefused, match="plus_number"):
        DataLoaderSplit(split.file_scan_task, split.scan_context, plan, session)


@pytest.mark.parametrize(
    "query", ["SELECT random() AS r FROM t", "SELECT id FROM t WHERE now() > CAST('2020-01-01' AS TIMESTAMP)"]
)
def test_what_each_reading_computes_otherwise_is_refused(split: DataLoaderSplit, query: str) -> None:
    session = session_with(split, "t")
    with pytest.raises(PlanRefused, match="second reading"):
        DataLoaderSplit(split.file_scan_task, split.scan_context, session.sql(query).logical_plan(), session)


def test_a_column_may_be_called_like_such_a_function(split: DataLoaderSplit) -> None:
    session = session_with(split, "t")
    plan = session.sql('SELECT id AS "random()" FROM t').logical_plan()
    DataLoaderSplit(split.file_scan_task, split.scan_context, plan, session)


@pytest.mark.parametrize(
    ("step", "said"), [("table_names", "cannot be searched for its tables"), ("optimized", "cannot be planned")]
)
@pytest.mark.parametrize(("length", "shown"), [(500, f"'{'x' * 498}'"), (501, f"'{'x' * 499} ...")])
def test_a_failure_of_the_engine_is_a_refusal_that_quotes_some_of_it(
    split: DataLoaderSplit, step: str, said: str, length: int, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x" * (length - 2))  # in quotation marks

    monkeypatch.setattr(plans, step, fail)
    with pytest.raises(PlanRefused) as refused:
        planned(split, "SELECT id FROM t")
    assert str(refused.value) == f"the plan {said}: KeyError: {shown}"


def test_a_plan_that_decodes_to_other_columns_is_refused(
    split: DataLoaderSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = SessionContext().sql("SELECT 1 AS a, true AS b")
    monkeypatch.setattr(plans, "decode_plan", lambda *arguments: frame)
    with pytest.raises(PlanRefused, match=r"^the plan decodes to columns a: int64, b: bool, not id: int64, c: double$"):
        planned(split, "SELECT id, 1.5 AS c FROM t")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_process_is_no_refusal(split: DataLoaderSplit, error: type[BaseException]) -> None:
    class Ending(UDFRegistry):
        calls = 0

        def register_udfs(self, session_context: SessionContext) -> None:
            self.calls += 1
            if self.calls == 4:  # the sessions of the driver, of its names, of the caller here, then of the decoding
                raise error

    with pytest.raises(error):
        planned(split, "SELECT id FROM t", registry=Ending())


def test_where_the_engine_would_hang_nothing_is_tried(split: DataLoaderSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(split, "SELECT id FROM t")
    session = SessionContext()
    plan = session.sql("SELECT 1").logical_plan()
    monkeypatch.setattr(_Fork, "inherited", True)
    monkeypatch.setattr(plans, "lost_construct", None)
    with pytest.raises(EngineUnusableAfterFork):
        encode_plan(plan, session, NoOpRegistry(), scan_schema(split.scan_context))
    assert made.plan_bytes is not None
    with pytest.raises(EngineUnusableAfterFork):
        decode_plan(made.plan_bytes, NoOpRegistry(), ("t",), [])


@pytest.mark.parametrize(
    ("operator", "operation", "types"),
    [
        ("add", "id + 1", [pa.int64()] * 2),
        ("negate", "-id", [pa.int64()]),
        ("bitwise_shift_left", "id << 1", [pa.int64()] * 2),
        ("regex_match", "\"Name\" ~ '.'", [pa.string()] * 2),
    ],
)
def test_a_function_that_would_replace_an_operator_is_refused(
    split: DataLoaderSplit, operator: str, operation: str, types: list[pa.DataType]
) -> None:
    class Registry(UDFRegistry):
        def register_udfs(self, session_context: SessionContext) -> None:
            session_context.register_udf(udf(lambda *a: a[0], types, types[0], "immutable", operator))

    with pytest.raises(PlanRefused, match=f"'{operator}', which would replace the operator"):
        planned(split, f"SELECT {operation} AS n FROM t", registry=Registry())
    assert len(rows(planned(split, "SELECT id * 2 AS n FROM t", registry=Registry()))) == 5


@pytest.mark.parametrize(
    "operation",
    [
        *(f"id {symbol} 2" for symbol in ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "=", "<>", "<", "<=")),
        *(f"id {symbol} 2" for symbol in (">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM", "BETWEEN 1 AND")),
        *(f"(id > 1) IS {truth}" for truth in ("NULL", "NOT NULL", "TRUE", "FALSE", "UNKNOWN")),
        *(f"(id > 1) IS NOT {truth}" for truth in ("TRUE", "FALSE", "UNKNOWN")),
        *(f"\"Name\" {symbol} 'a'" for symbol in ("LIKE", "ILIKE", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*")),
        "-id",
        "NOT (id > 1 AND id > 2 OR id > 3)",
        "\"Name\" || 'a'",
    ],
)
def test_every_operator_is_known_by_the_name_that_substrait_gives_it(split: DataLoaderSplit, operation: str) -> None:
    data = planned(split, f"SELECT {operation} AS n FROM t").plan_bytes
    assert data is not None
    declared = _functions(data)
    assert declared
    assert declared <= operators()


def test_a_plan_without_rows_still_has_its_schema(split: DataLoaderSplit) -> None:
    reader = planned(split, 'SELECT id, upper("Name") AS u FROM t WHERE id > 99').to_arrow_batch_reader()
    assert reader.schema.names == ["id", "u"]
    assert reader.read_all().num_rows == 0


def varint(number: int) -> bytes:
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def part(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def test_a_protobuf_message_gives_its_length_delimited_fields() -> None:
    parts = [
        varint(1 << 3) + varint(300),
        part(2, b"ab"),
        varint(3 << 3 | 1) + b"\xff" * 8,
        part(1000, b"c" * 200),
        varint(4 << 3 | 5) + b"\xff" * 4,
        part(5, b"d" * 70_000),
    ]
    found = [(2, b"ab"), (1000, b"c" * 200), (5, b"d" * 70_000)]
    assert message(b"".join(parts)) == found
    assert message(b"") == []
    for number, last in enumerate(parts):
        before = b"".join(parts[:number])
        for end in (1, len(last) // 2, len(last) - 1):
            assert message(before + last[:end]) == []
    assert message(part(2, b"ab") + varint(3 << 3 | 6) + bytes(4)) == []
