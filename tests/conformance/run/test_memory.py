"""What reading takes in memory is measured on two sizes of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters.builtin.reference import ADAPTER
from conformance.adapters.loading import load_adapter
from conformance.observation.raised import Died, Hung, Raised
from conformance.run import memory
from conformance.run.memory import memory_taken
from fixtures.tables.warehouse import Warehouse

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")


def test_reference_takes_what_it_declares(tmp_path: Path) -> None:
    assert [found for _, found in memory_taken(load_adapter("reference"), Warehouse(tmp_path))] == [None]


@pytest.mark.parametrize("end", [Hung.after(300), Died.of("signal SIGKILL")])
def test_who_does_not_read_to_the_end_does_not_pass(
    end: Raised, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "answer", lambda *asked, **options: end)
    [(_, found)] = memory_taken(load_adapter("reference"), Warehouse(tmp_path))
    assert found is not None
    assert found.actual == str(end)


def test_less_is_declared_than_is_taken(tmp_path: Path) -> None:
    modest = replace(load_adapter("reference"), memory_factor=0.1)
    [(_, found)] = memory_taken(modest, Warehouse(tmp_path))
    assert found is not None
    assert found.expected == "at most 0.1 bytes for each byte of rows"
    assert "more of rows" in found.actual
    assert ADAPTER.memory_factor == 4
