"""Stores are chosen by name; one that is missing is not run, and red."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.adapters.loading import load_adapter
from conformance.checks import CHECKS
from conformance.judging.findings import Findings
from conformance.judging.verdicts import Exit, exit_code, verdicts
from conformance.run.options import Options
from conformance.run.selection import UsageError, resolve
from conformance.run.stores import through_store
from conformance.run.sweep import Sweep
from fixtures.services import stores
from fixtures.services.stores import StoreUnavailable
from fixtures.tables.warehouse import Warehouse


def test_unknown_store_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="there is no store 'moot'; did you mean moto"):
        resolve(Options(store=("moot",)))


def test_store_that_does_not_run_is_red() -> None:
    selection = resolve(Options(store=("moto", "moto")))
    assert selection.stores == ("moto",)
    found = Findings(not_started={"moto": "moto is not installed"})
    found.met["ID-1", "pickle-5"] = 1
    code, sentence = exit_code(selection.asked, verdicts(selection.asked, found), found)
    assert code is Exit.SUITE_FAILED
    assert sentence == "asked for by name and not run: moto is not installed"


def test_missing_store_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(folder: Path) -> stores.Store:
        raise StoreUnavailable("moto is not installed")

    monkeypatch.setitem(stores.STORES, "moto", missing)
    sweep = Sweep(load_adapter("reference"), (), CHECKS, Warehouse(tmp_path))
    found = through_store(sweep, "moto")
    assert found.not_started == {"moto": "moto is not installed"}
    assert not found.met


def test_folder_named_by_its_url_is_read(tmp_path: Path) -> None:
    sweep = Sweep(load_adapter("pyiceberg"), (), CHECKS, Warehouse(tmp_path))
    found = through_store(sweep, "local")
    assert {("READ-1", "local/pyarrow"), ("IO-5", "local/pyarrow"), ("READ-4", "local/pyarrow")} <= set(found.met)
    assert {clause for clause, _ in found.broken} <= {"READ-4"}  # PyIceberg's errors need not name the file
