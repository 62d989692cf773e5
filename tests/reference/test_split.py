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
import pytest
from datafusion import SessionContext, udf

from reference import DataLoaderSplit, NoOpRegistry
from tests.reference.samples import planned, rows, session_with


def pickled(split: DataLoaderSplit, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(split, protocol))


@pytest.mark.parametrize(("plan", "session"), [(0, None), ("", None), (None, 0), (object(), None)])
def test_one_of_plan_and_session_is_refused_before_anything(plan: Any, session: Any) -> None:
    with pytest.raises(ValueError, match="plan and session_context: both or neither"):
        DataLoaderSplit(None, None, plan, session, None)  # type: ignore[arg-type]


def test_arguments_of_a_wrong_kind_are_named(split: DataLoaderSplit) -> None:
    task, context, session = split.file_scan_task, split.scan_context, SessionContext()
    frame = session.sql("SELECT 1")
    for said, arguments in {
        "^file_scan_task must be a FileScanTask of PyIceberg, not NoneType$": (None, context),
        "^scan_context must be a TableScanContext, not int$": (task, 7),
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


def test_a_split_reads_the_same_after_every_transport(split: DataLoaderSplit) -> None:
    expected = split.to_arrow_batch_reader().read_all()
    assert expected.num_rows == 5
    trips: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda s: cloudpickle.loads(cloudpickle.dumps(s))]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        trips.append(partial(pickled, protocol=protocol))
    for journey in trips:
        arrived = journey(journey(split))
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


def test_out_of_band_buffers(split: DataLoaderSplit) -> None:
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO(pickle.dumps(split, 5, buffer_callback=buffers.append))
    assert rows(pickle.load(stream, buffers=buffers)) == rows(split)
