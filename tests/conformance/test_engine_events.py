from __future__ import annotations

import pyarrow as pa
from datafusion import SessionContext
from datafusion.substrait import Producer, Serde

from conformance.engine_events import recorded
from fixtures.registries import make_registry
from strategies import RegistrySpec, UdfSpec


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


def test_nothing_is_recorded_after_the_end() -> None:
    with recorded() as events:
        pass
    make_registry(RegistrySpec((UdfSpec("g"),))).register_udfs(SessionContext())
    assert events == []
