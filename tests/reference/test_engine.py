"""Sessions of the loader's own, and the tables in them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from datafusion import SessionContext, udf

from reference import EngineUnusableAfterFork, NoOpRegistry, UDFRegistry, engine
from reference.engine import _Fork, fresh_session, register_table, require_engine

NAMES = [("t",), ('My "T".x',), ("s", "t"), ("S", "T"), ("c", "s", "t"), ("C", "public", "t")]


def batch(*values: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"a": list(values)})


def values(session: SessionContext, *name: str) -> list[int]:
    quoted = ".".join('"{}"'.format(part.replace('"', '""')) for part in name)
    return [value for part in session.sql(f"SELECT a FROM {quoted}").collect() for value in part["a"].to_pylist()]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_its_name_to_the_letter(name: tuple[str, ...]) -> None:
    session = SessionContext()
    register_table(session, name, [batch(1), batch(2, 3)])
    assert values(session, *name) == [1, 2, 3]
    register_table(session, name, [batch(4)])
    assert values(session, *name) == [4]


def test_tables_stand_beside_each_other() -> None:
    session = SessionContext()
    for number, name in enumerate(NAMES):
        register_table(session, name, [batch(number)])
    assert [values(session, *name) for name in NAMES] == [[number] for number in range(len(NAMES))]
    assert session.catalog().names() == {"public", "s", "S"}
    assert session.catalog().schema().names() == {"t", 'My "T".x'}
    assert session.catalog("c").names() == {"s"}
    assert session.catalog("C").names() == {"public"}


def test_a_fresh_session_has_the_functions_and_one_partition() -> None:
    class Registry(UDFRegistry):
        def register_udfs(self, session_context: SessionContext) -> None:
            session_context.register_udf(udf(lambda a: a, [pa.int64()], pa.int64(), "immutable", "mine"))

    session = fresh_session(Registry())
    register_table(session, ("t",), [batch(1, 2)])
    assert session.sql("SELECT mine(a), count(*) FROM t GROUP BY 1").execution_plan().partition_count == 1
    with pytest.raises(Exception, match="mine"):
        fresh_session(NoOpRegistry()).sql("SELECT mine(1)")


def test_the_engine_is_refused_where_it_would_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    require_engine()
    monkeypatch.setattr(_Fork, "inherited", True)
    with pytest.raises(EngineUnusableAfterFork, match=r"would hang here; start workers with spawn or forkserver$"):
        require_engine()


class Tasks:
    """Threads as the kernel shows them, in a folder that is looked at instead of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def show(self, number: int, name: str, pauses: int) -> None:
        (self.folder / str(number)).mkdir(exist_ok=True)
        counts = f"voluntary_ctxt_switches:\t{pauses}\nnonvoluntary_ctxt_switches:\t0\n"
        (self.folder / str(number) / "status").write_text(f"Name:\t{name}\nState:\tS (sleeping)\n{counts}")


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tasks:
    shown = Tasks(tmp_path)
    shown.show(1, "python", 10)
    monkeypatch.setattr(engine, "_TASKS", tmp_path)
    return shown


@pytest.mark.parametrize(
    ("name", "found"), [("tokio-rt-worker", True), ("jemalloc_bg_thd", False), ("my-tokio-", False)]
)
def test_threads_of_the_engine_are_known_by_name(tasks: Tasks, name: str, found: bool) -> None:
    tasks.show(2, name, 3)
    tasks.show(3, "jemalloc_bg_thd", 1)
    assert engine._engine_has_threads() is found


def test_a_thread_that_ends_while_it_is_looked_at_is_none(tasks: Tasks) -> None:
    (tasks.folder / "2").mkdir()
    assert engine._engine_has_threads() is False
    tasks.show(3, "tokio-rt-worker", 1)
    assert engine._engine_has_threads() is True


@pytest.mark.parametrize(("name", "found"), [("tokio-rt-worker", True), ("another", False)])
def test_a_thread_that_has_no_name_yet_is_waited_for(
    tasks: Tasks, name: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            tasks.show(2, name, 1)

    tasks.show(2, "python", 0)
    monkeypatch.setattr(engine, "time", SimpleNamespace(sleep=wait, monotonic=lambda: 0.0))
    assert engine._engine_has_threads() is found
    assert waits == [0.001] * 3


def test_a_thread_that_never_pauses_may_be_the_engines(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.5, 100.9, 101.0, 101.1])
    monkeypatch.setattr(engine, "time", SimpleNamespace(sleep=lambda seconds: None, monotonic=clock.__next__))
    tasks.show(2, "python", 0)
    assert engine._engine_has_threads() is True
    assert list(clock) == []
