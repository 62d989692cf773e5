from __future__ import annotations

import copy
import hashlib
import io
import pickle
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pyiceberg
import pytest
from datafusion import SessionContext, udf
from pyiceberg import expressions
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, StringType

from reference import (
    DataLoader,
    DataLoaderSplit,
    NoOpRegistry,
    PlanRefused,
    SplitReadError,
    TableScanContext,
    UDFRegistry,
)
from reference.plans import _functions, _named_tables, empty_batch, operators, table_names
from reference.reading import scan_schema

EqualTo: Any = expressions.EqualTo  # its constructor takes more than its type says


def rows(split: DataLoaderSplit) -> list[dict[str, Any]]:
    return [row for batch in split for row in batch.to_pylist()]


def session_with(split: DataLoaderSplit, *names: str) -> SessionContext:
    session = SessionContext()
    for name in names:
        session.register_record_batches(name, [[empty_batch(scan_schema(split.scan_context))]])
    return session


def planned(split: DataLoaderSplit, sql: str, *names: str, registry: UDFRegistry | None = None) -> DataLoaderSplit:
    session = session_with(split, *(names or ("t",)))
    (registry or NoOpRegistry()).register_udfs(session)
    plan = session.sql(sql).logical_plan()
    return DataLoaderSplit(split.file_scan_task, split.scan_context, plan, session, registry)


def pickled(split: DataLoaderSplit, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(split, protocol))


@pytest.fixture
def split(table: Table, catalog: Catalog) -> DataLoaderSplit:
    """The split with five rows."""
    return max(DataLoader(catalog, "Db.t"), key=lambda split: split.file_scan_task.file.record_count)


@pytest.mark.parametrize(("plan", "session"), [(0, None), ("", None), (None, 0), (object(), None)])
def test_one_of_plan_and_session_is_refused_before_anything(plan: Any, session: Any) -> None:
    with pytest.raises(ValueError, match="plan and session_context: both or neither"):
        DataLoaderSplit(None, None, plan, session, None)  # type: ignore[arg-type]


def test_arguments_of_a_wrong_kind_are_named(split: DataLoaderSplit) -> None:
    task, context, session = split.file_scan_task, split.scan_context, SessionContext()
    frame = session.sql("SELECT 1")
    for said, arguments in {
        "^file_scan_task must be a FileScanTask of PyIceberg, not NoneType$": (None, context),
        "^scan_context must be a TableScanContext, not NoneType$": (task, None),
        "^udf_registry must have register_udfs; int has not$": (task, context, None, None, 0),
        "^plan must be a LogicalPlan of DataFusion, not DataFrame$": (task, context, frame, session),
        "^session_context must be a SessionContext, not int$": (task, context, frame.logical_plan(), 0),
    }.items():
        with pytest.raises(TypeError, match=said):
            DataLoaderSplit(*arguments)  # type: ignore[arg-type]


def test_splits_are_read_only_and_told_apart_by_identity(split: DataLoaderSplit) -> None:
    assert split != copy.copy(split)
    assert len({split, copy.copy(split)}) == 2
    with pytest.raises(AttributeError):
        split._plan = b""  # type: ignore[misc]


def test_a_split_is_shown_by_its_file_and_plan(split: DataLoaderSplit) -> None:
    path = split.file_scan_task.file.file_path
    assert repr(split) == f"DataLoaderSplit({path!r}, no plan, {split.scan_context!r})"
    made = planned(split, "SELECT id FROM t")
    assert made.plan_bytes is not None
    assert f"{path!r}, plan of {len(made.plan_bytes)} bytes, " in repr(made)


def test_a_split_without_a_plan_has_no_table_for_it(split: DataLoaderSplit) -> None:
    assert split.plan_bytes is None
    assert split.plan_table is None
    assert isinstance(split.udf_registry, NoOpRegistry)


def test_a_plan_that_scans_no_table_reads_no_file(split: DataLoaderSplit) -> None:
    made = planned(split, "SELECT 7 AS n")
    Path(split.file_scan_task.file.file_path.removeprefix("file://")).unlink()
    assert made.plan_table is None
    assert rows(made) == [{"n": 7}]


def test_a_task_arrives_in_every_field() -> None:
    def file(version: Any, **fields: Any) -> DataFile:
        made = DataFile.from_args(
            _table_format_version=version,
            content=DataFileContent.DATA,
            file_path="s3://b/a b%20ü.parquet",
            file_format=FileFormat.PARQUET,
            partition=Record(1, None, "x"),
            record_count=3,
            file_size_in_bytes=4,
            column_sizes={1: 5},
            lower_bounds={1: b"\0"},
            split_offsets=[4, 8],
            **fields,
        )
        made.spec_id = 2
        return made

    from reference.files import flatten_task, rebuild_task

    task = FileScanTask(file(3, first_row_id=9), {file(2, equality_ids=[1])}, EqualTo("a", True))
    flat = flatten_task(task)
    task.file.column_sizes[1] = 6
    task.delete_files.clear()
    arrived = rebuild_task(pickle.loads(pickle.dumps(flat)))
    assert arrived.file.column_sizes == {1: 5}
    task.file.column_sizes[1] = 5
    assert repr(arrived.file) == repr(task.file)
    assert arrived.file._data == task.file._data
    assert [type(value) for value in arrived.file._data] == [type(value) for value in task.file._data]
    assert arrived.file.spec_id == 2
    assert [deleted.equality_ids for deleted in arrived.delete_files] == [[1]]
    assert repr(arrived.residual) == repr(task.residual)


def test_a_split_reads_the_same_after_every_transport(split: DataLoaderSplit) -> None:
    expected = split.to_arrow_batch_reader().read_all()
    assert expected.num_rows == 5
    trips: list[Callable[[Any], Any]] = [
        copy.copy,
        copy.deepcopy,
        lambda s: cloudpickle.loads(cloudpickle.dumps(s)),
    ]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        trips.append(partial(pickled, protocol=protocol))
    for trip in trips:
        arrived = trip(trip(split))
        assert arrived.to_arrow_batch_reader().read_all() == expected
        assert arrived.id == split.id == hashlib.sha256(split.file_scan_task.file.file_path.encode()).hexdigest()
        assert arrived.plan_bytes is None
        assert type(arrived.udf_registry) is NoOpRegistry
    payload = pickle.dumps(split)
    for end in range(len(payload)):
        with pytest.raises(Exception):  # noqa: B017
            pickle.loads(payload[:end])


def test_iterators_do_not_disturb_each_other(split: DataLoaderSplit) -> None:
    split = planned(split, "SELECT id + 1 AS n FROM t")
    first, second = iter(split), iter(split)
    assert next(first) == next(second)
    assert next(first, None) is next(second, None) is None
    assert [row["n"] for row in rows(split)] == [1, 2, 3, 4, 5]


def test_many_threads_dump_load_and_read_one_split(split: DataLoaderSplit) -> None:
    split = planned(split, "SELECT id + 1 AS n FROM t")
    found: list[Any] = []

    def work() -> None:
        for _ in range(5):
            found.append(rows(pickle.loads(pickle.dumps(split))))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 40
    assert all(each == found[0] for each in found)


def test_the_registry_is_applied_to_that_session_and_in_a_fresh_process(
    split: DataLoaderSplit, shared: Any, worker: Callable[..., str], tmp_path: Path
) -> None:
    registry = shared.Adders(7)
    session = session_with(split, "t")
    session.register_udf(udf(lambda x: x, [pa.int64()], pa.int64(), "immutable", "plus_number"))
    plan = session.sql('SELECT plus_number(id) AS n, "Name" FROM t ORDER BY id DESC LIMIT 2').logical_plan()
    made = DataLoaderSplit(split.file_scan_task, split.scan_context, plan, session, registry)
    assert registry.sessions.count(id(session)) == 1
    assert registry.sessions[0] == id(session)
    assert made.udf_registry is registry
    assert type(made.plan_bytes) is bytes
    del session, plan
    assert rows(made) == [{"n": 11, "Name": "n4"}, {"n": 10, "Name": "n3"}]
    (tmp_path / "payload").write_bytes(pickle.dumps(made))
    code = 'import pickle; s = pickle.load(open("payload", "rb")); print([b.to_pylist() for b in s], s.id)'
    assert worker(code) == f"{[rows(made)]} {made.id}"


def test_cloudpickle_carries_a_registry_from_main(split: DataLoaderSplit, tmp_path: Path, worker: Any) -> None:
    (tmp_path / "split").write_bytes(pickle.dumps(split))
    code = """
        import pickle, cloudpickle, pyarrow as pa, pyarrow.compute as pc
        from datafusion import SessionContext, udf
        from reference import DataLoaderSplit, UDFRegistry
        from reference.reading import scan_schema
        from reference.plans import empty_batch
        class Mine(UDFRegistry):
            def register_udfs(self, session_context):
                f = udf(lambda x: pc.add(x, 5), [pa.int64()], pa.int64(), "immutable", "mine")
                session_context.register_udf(f)
        split = pickle.load(open("split", "rb"))
        session = SessionContext()
        session.register_record_batches("t", [[empty_batch(scan_schema(split.scan_context))]])
        Mine().register_udfs(session)
        plan = session.sql("SELECT mine(id) AS n FROM t").logical_plan()
        made = DataLoaderSplit(split.file_scan_task, split.scan_context, plan, session, Mine())
        open("payload", "wb").write(cloudpickle.dumps(made))
    """
    worker(code)
    assert worker('import pickle; print([b.to_pydict() for b in pickle.load(open("payload", "rb"))])') == str(
        [{"n": [5, 6, 7, 8, 9]}]
    )


@pytest.mark.parametrize(
    ("name", "parts"),
    [("t", ("t",)), ('"My ""T"".x"', ('My "T".x',)), ("public.t", ("public", "t"))],
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
        ("SELECT t.id FROM t JOIN u ON t.id = u.id", "it scans 't' and 'u'"),
        ("SELECT unnest([1, 2]) FROM t", "cannot be encoded"),
        ("EXPLAIN SELECT * FROM t", "cannot be encoded"),
        ("SELECT * FROM generate_series(1, 3)", "does not decode"),
    ],
)
def test_what_cannot_travel_is_refused_with_the_reason(split: DataLoaderSplit, sql: str, reason: str) -> None:
    with pytest.raises(PlanRefused, match=reason):
        planned(split, sql, "t", "u")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT lag(id) IGNORE NULLS OVER (ORDER BY id) AS w FROM t", "IGNORE NULLS"),
        ("SELECT first_value(id ORDER BY id) IGNORE NULLS AS w FROM t", "IGNORE NULLS"),
        ("SELECT sum(id) FILTER (WHERE id > 1) OVER (ORDER BY id) AS w FROM t", "FILTER on a window"),
        ("SELECT count(DISTINCT id) OVER () AS w FROM t", "DISTINCT in a window"),
        ("SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS w FROM t", "RANGE frame"),
        ("SELECT id FROM t WHERE id IN (SELECT count(DISTINCT id) OVER () FROM t)", "DISTINCT in a window"),
        ("SELECT date_part('hour', ts AT TIME ZONE 'Europe/Paris') AS h FROM t", "time zone other than UTC"),
        ("SELECT n FROM (SELECT id + 1 AS n FROM t) WHERE n IN (SELECT id + 1 FROM t)", "decorrelate"),
    ],
)
def test_what_substrait_loses_without_a_word_is_refused(split: DataLoaderSplit, sql: str, reason: str) -> None:
    with pytest.raises(PlanRefused, match=reason):
        planned(split, sql, "t")


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
    ],
)
def test_what_only_looks_like_a_loss_is_carried(split: DataLoaderSplit, sql: str) -> None:
    assert rows(planned(split, sql, "t"))


def test_a_function_with_upper_case_in_its_name_is_refused_where_it_is_called(split: DataLoaderSplit) -> None:
    class Upper(UDFRegistry):
        def register_udfs(self, session_context: SessionContext) -> None:
            session_context.register_udf(udf(lambda a: a, [pa.string()], pa.string(), "immutable", "Upper"))

    with pytest.raises(PlanRefused, match="'Upper'; the engine decodes names of functions in lower case"):
        planned(split, 'SELECT "Upper"("Name") AS n FROM t', registry=Upper())
    assert len(rows(planned(split, 'SELECT upper("Name") AS n FROM t', registry=Upper()))) == 5


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


SCHEMA = Schema(NestedField(1, "a", LongType(), required=False), NestedField(2, "b", StringType(), required=False))


def hand_made(folder: Path, file_format: FileFormat, values: list[int], deleted: list[int]) -> DataLoaderSplit:
    """A split over a hand-made file, read by name, with a file of deleted positions."""
    path = folder / f"data.{file_format.value.lower()}"
    data = pa.table({"a": pa.array(values, pa.int64()), "b": pa.array([str(v) for v in values], pa.string())})
    if file_format == FileFormat.ORC:
        pyarrow.orc.write_table(data, path)
    else:
        pq.write_table(data, path)
    deletes = set()
    if deleted:
        pq.write_table(pa.table({"file_path": [str(path)] * len(deleted), "pos": deleted}), folder / "deletes.parquet")
        deletes.add(data_file(folder / "deletes.parquet", FileFormat.PARQUET, DataFileContent.POSITION_DELETES))
    catalog_table = hand_made_table(folder)
    context = TableScanContext(catalog_table.metadata, PyArrowFileIO({"s3.access-key-id": "data."}), SCHEMA)
    return DataLoaderSplit(FileScanTask(data_file(path, file_format, DataFileContent.DATA), deletes), context)


def hand_made_table(folder: Path) -> Table:
    from pyiceberg.table.name_mapping import create_mapping_from_schema

    from reference import embedded_catalog

    catalog = embedded_catalog(folder / "warehouse")
    catalog.create_namespace("n")
    mapping = create_mapping_from_schema(SCHEMA).model_dump_json()
    return catalog.create_table("n.t", SCHEMA, properties={"schema.name-mapping.default": mapping})


def data_file(path: Path, file_format: FileFormat, content: DataFileContent) -> DataFile:
    made = DataFile.from_args(
        content=content,
        file_path=str(path),
        file_format=file_format,
        partition=Record(),
        record_count=1,
        file_size_in_bytes=path.stat().st_size,
    )
    made.spec_id = 0
    return made


FORMATS = [FileFormat.PARQUET]
if not pyiceberg.__version__.startswith("0.10."):  # it reads no ORC
    FORMATS.append(FileFormat.ORC)


@pytest.mark.parametrize("file_format", FORMATS)
def test_deletes_and_empty_files_read_with_one_schema(tmp_path: Path, file_format: FileFormat) -> None:
    schemas = []
    for name, values, deleted, expected in (
        ("some", [1, 2, 3], [1], [1, 3]),
        ("none", [], [], []),
        ("gone", [1], [0], []),
    ):
        (tmp_path / name).mkdir()
        split = pickle.loads(pickle.dumps(hand_made(tmp_path / name, file_format, values, deleted)))
        assert [row["a"] for row in rows(split)] == expected
        schemas.append(split.to_arrow_batch_reader().schema)
        schemas += [batch.schema for batch in split]
    assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)


@pytest.mark.parametrize("damage", ["gone", "short"])
@pytest.mark.parametrize("name", ["data.parquet", "deletes.parquet"])
def test_an_unreadable_file_is_named_by_an_error_that_can_be_sent(tmp_path: Path, name: str, damage: str) -> None:
    split = hand_made(tmp_path, FileFormat.PARQUET, list(range(1000)), [1])
    path = tmp_path / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SplitReadError, match=name) as caught:
        rows(split)
    for error in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(error) is SplitReadError
        assert (error.path, error.reason, str(error)) == (str(path), caught.value.reason, str(caught.value))
        assert isinstance(error, OSError)
    assert "data." not in caught.value.reason  # it is the value of a property here
    if damage == "short":
        assert caught.value.__cause__ is not None


def test_out_of_band_buffers(split: DataLoaderSplit) -> None:
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO(pickle.dumps(split, 5, buffer_callback=buffers.append))
    assert rows(pickle.load(stream, buffers=buffers)) == rows(split)
