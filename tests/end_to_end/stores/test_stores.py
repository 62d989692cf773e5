"""The reference reads from every store with nothing but the split; broken loaders are seen to be broken there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks import CHECKS
from conformance.judging.findings import Findings
from conformance.run.stores import through_store
from conformance.run.sweep import Sweep
from fixtures.processes.guard import marked
from fixtures.services.faulty_proxy import Fault, faulty
from fixtures.services.stores import STORES, StoreUnavailable, started
from fixtures.tables.warehouse import Warehouse

# What each store judges, through each FileIO that PyIceberg has for it.
READS = {"IO-5", "READ-1", "READ-4"}
JUDGED = {
    "local/pyarrow": READS,
    "local/fsspec": READS,
    "seaweedfs/pyarrow": {*READS, "IO-7", "SAFE-1"},
    "seaweedfs/fsspec": {*READS, "IO-7", "SAFE-1"},
    "moto/pyarrow": {*READS, "IO-7", "SAFE-1"},
    "moto/fsspec": {*READS, "IO-7", "SAFE-1"},
    "azurite/fsspec": {*READS, "IO-7", "SAFE-1"},
    "fake-gcs/pyarrow": READS,
    "fake-gcs/fsspec": READS,
}
HAS_AZURITE = shutil.which("azurite") is not None
EACH = [
    pytest.param(name, marks=pytest.mark.skipif(name == "azurite" and not HAS_AZURITE, reason="npm install azurite"))
    for name in STORES
]


def found_by(name: str, adapter: str, folder: Path) -> Findings:
    loaded = load_adapter(adapter)
    return through_store(Sweep(loaded, (), CHECKS, Warehouse(folder / "warehouse")), name)


@pytest.mark.parametrize("name", EACH)
def test_reference_conforms(name: str, tmp_path: Path) -> None:
    found = found_by(name, "reference", tmp_path)
    assert found.not_started == {}
    assert found.violations == []
    places = {place for place in JUDGED if place.startswith(f"{name}/")}
    assert {(clause, place) for place in places for clause in JUDGED[place]} == set(found.met)


@pytest.mark.parametrize(
    ("defect", "store", "clause"),
    [
        ("one-client-for-a-bucket", "moto", "IO-7"),
        ("missing-file-is-empty", "moto", "READ-4"),
        ("error-without-a-name", "local", "READ-4"),
        ("missing-deletes-are-none", "local", "READ-4"),
        ("deletes-forgotten", "local", "READ-1"),
    ],
)
def test_broken_loader_is_caught(defect: str, store: str, clause: str, tmp_path: Path) -> None:
    found = found_by(store, reference_of(defect), tmp_path)
    assert {place for broken, place in found.broken if broken == clause} == {
        place for place in JUDGED if place.startswith(f"{store}/")
    }


@pytest.mark.parametrize("fault", Fault)
def test_fault_is_what_a_client_meets(fault: Fault) -> None:
    with started("fake-gcs") as store:
        store.put("object", b"0123456789" * 200)
        with faulty(store.endpoint, fault) as endpoint:
            url = f"{endpoint}/download/storage/v1/b/warehouse/o/tables%2Fobject?alt=media"
            if fault is Fault.SLOW:
                assert len(urllib.request.urlopen(url, timeout=30).read()) == 2000
            elif fault is Fault.BROKEN_AT_FIRST:
                for _ in range(2):
                    with pytest.raises(urllib.error.HTTPError, match="500"):
                        urllib.request.urlopen(url, timeout=30)
                assert len(urllib.request.urlopen(url, timeout=30).read()) == 2000
            else:
                with pytest.raises(Exception, match=r"50[03]|IncompleteRead|closed connection"):
                    urllib.request.urlopen(url, timeout=30).read()


@pytest.mark.parametrize("name", [each for each in EACH if each.values[0] != "local"])
def test_killed_session_leaves_no_server(name: str) -> None:
    session = (
        "import sys, time\nfrom fixtures.services.stores import started\nfrom fixtures.processes import guard\n"
        "seen = []\nmade = guard.Guard.__init__\n"
        "guard.Guard.__init__ = lambda self: (made(self), seen.append(self.mark))[0]\n"
        f"with started({name!r}): print(seen[0], flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", session], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        mark = process.stdout.readline().strip()
        assert marked(mark)
        os.kill(process.pid, signal.SIGKILL)
    from tests.fixtures.test_guard import left_after_a_while

    assert left_after_a_while(mark) == []


def test_store_that_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(StoreUnavailable, match="weed is not installed: pip install"), started("seaweedfs"):
        raise AssertionError
