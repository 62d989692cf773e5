from __future__ import annotations

import threading

import pyarrow as pa
import pytest
from datafusion import SessionContext
from datafusion.substrait import Producer, Serde

from conformance.observation.recorder import recorded
from fixtures.materials import make_materials
from fixtures.registries import make_registry
from fixtures.tables.warehouse import Warehouse
from strategies import ColumnSpec, FileIOSpec, RegistrySpec, SplitSpec, TableSpec, UdfSpec


def test_registrations_and_encodings_are_recorded_in_order_and_still_happen() -> None:
    session = SessionContext()
    session.register_record_batches("t", [[pa.record_batch({"a": [1, 2]})]])
    registry = make_registry(RegistrySpec((UdfSpec("g"), UdfSpec("total", "total"), UdfSpec("g", operand=5))))
    with recorded() as events:
        registry.register_udfs(session)
        plan = session.sql("SELECT g(a) AS b FROM t").logical_plan()
        encoded = Producer.to_substrait_plan(plan, session).encode()
        Serde.serialize_bytes("SELECT a FROM t", session)
    assert [event.kind for event in events] == ["register"] * 3 + ["sql"] + ["encode"] * 2
    assert [event.what for event in events[:3]] == ["g = add(1)", "total = total(1)", "g = add(5)"]
    assert {event.session for event in events} == {id(session)}
    assert encoded


def register(name: str = "g") -> None:
    make_registry(RegistrySpec((UdfSpec(name),))).register_udfs(SessionContext())


def test_nothing_is_recorded_after_the_end() -> None:
    with recorded() as events:
        pass
    register()
    assert events == []


def test_another_thread_is_not_recorded() -> None:
    with recorded() as events:
        thread = threading.Thread(target=register)
        thread.start()
        thread.join()
    assert events == []


def test_a_recording_inside_of_another_is_part_of_it() -> None:
    with recorded() as outer:
        register("f")
        with recorded() as inner:
            register("g")
    assert [event.what for event in outer] == ["f = add(1)", "g = add(1)"]
    assert [event.what for event in inner] == ["g = add(1)"]


def test_a_recording_goes_on_after_another_that_held_the_same() -> None:
    with recorded() as outer:
        with recorded():
            pass
        register()
    assert [event.what for event in outer] == ["g = add(1)"]


@pytest.mark.parametrize("implementation", ["pyarrow", "fsspec", "vault"])
def test_a_file_that_is_opened_is_recorded_with_its_location(implementation: str, warehouse: Warehouse) -> None:
    table = TableSpec((ColumnSpec(1, "a", "long", (1, 2)),))
    materials = make_materials(SplitSpec(table, file_io=FileIOSpec("instance", implementation)), warehouse)
    location = materials.file_scan_task.file.file_path
    with recorded() as events:
        file = materials.file_io.new_input(location)
    assert [(event.kind, event.what) for event in events] == [("open", location)]
    assert file.exists()
