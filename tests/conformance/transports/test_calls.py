"""Calls to workers."""

from __future__ import annotations

import os

import pytest

from conformance.transports.calls import READER, restart, worker


def test_the_reader_starts_anew_without_what_was_changed_here_since(
    monkeypatch: pytest.MonkeyPatch, ended: None
) -> None:
    """Reading here may have changed the environment: the worker that looks for changes must not have them."""
    reader = worker(READER)
    assert reader.call("os:getenv", "CHANGED_BY_A_LOADER") is None
    monkeypatch.setenv("CHANGED_BY_A_LOADER", "secret")
    assert os.environ["CHANGED_BY_A_LOADER"]
    restart(READER)
    assert worker(READER).call("os:getenv", "CHANGED_BY_A_LOADER") is None
