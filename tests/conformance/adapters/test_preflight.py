"""A broken adapter is told apart from a loader that violates the contract: exit 2, and what its author can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.adapters.loading import AdapterError
from conformance.adapters.preflight import check_adapter

ADAPTER = """
import dataclasses, os, sys, threading, time
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE

def build(materials):
    {body}

ADAPTER = dataclasses.replace(REFERENCE, name="mine", build=build)
"""
BUILDS = "return REFERENCE.build(materials)"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise KeyError('tenant')", "its `build` fails on the simplest split"),
        ("raise KeyError('tenant')", "KeyError: 'tenant'"),
        ("return None", "its `build` returns None: it must return the split"),
        ("time.sleep(600)", "hangs: building and reading the simplest split took more than 6 s"),
        (f"print('x' * 3_000_000); {BUILDS}", "prints 3,0"),
        ("sys.exit(0)", "ends its process (it ended with exit code 0)"),
        ("os._exit(0)", "ends its process (it ended with exit code 0)"),
        (f"os.chdir('/'); {BUILDS}", "its `build` changes the working directory"),
        (f"threading.Timer(600, print).start(); {BUILDS}", "leaves a thread running (Thread-"),
        ("return object()", "its `read` fails"),
        ("return sorted(\n        key = ...\n    )", "still passes `...` for key (line 7)"),
    ],
)
def test_broken_adapter_is_named_with_what_to_change(body: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "my_adapter.py"
    file.write_text(ADAPTER.format(body=body))
    with pytest.raises(AdapterError) as error:
        check_adapter(f"{file}:ADAPTER", limit=6 if "sleep" in body else 15)
    assert says in str(error.value)
    assert "my_adapter.py" in str(error.value)


def test_splits_that_are_not_iterable_need_a_read(tmp_path: Path) -> None:
    file = tmp_path / "my_adapter.py"
    file.write_text(
        "from conformance.adapter import Adapter\nADAPTER = Adapter('mine', build=lambda materials: object())"
    )
    with pytest.raises(AdapterError, match="give Adapter one, a function that returns the record batches"):
        check_adapter(f"{file}:ADAPTER")


def test_whole_adapter_passes(tmp_path: Path) -> None:
    file = tmp_path / "my_adapter.py"
    file.write_text(ADAPTER.format(body=BUILDS))
    check_adapter(f"{file}:ADAPTER")
