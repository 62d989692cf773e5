"""Addresses of clusters that cannot be used."""

from __future__ import annotations

import socket

import pytest

from conformance.run import clusters
from conformance.run.clusters import ClusterUnavailable, connected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dask",
        "dask://",
        "dask://host",
        "dask://host:many",
        "dask://host:99999",
        "tcp://host:1",
        "ray://host:1/path",
    ],
)
def test_url_that_names_no_cluster(url: str) -> None:
    with (
        pytest.raises(ClusterUnavailable, match=r"--on must be dask://HOST:PORT or ray://HOST:PORT, got"),
        connected(url),
    ):
        pass


def test_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LIBRARIES", {"dask": "no_such_library"})
    with (
        pytest.raises(ClusterUnavailable, match=r"pip install 'dataloader-conformance\[dask\]'"),
        connected("dask://h:1"),
    ):
        pass


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LIBRARIES", {"dask": "json"})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterUnavailable, match=f"nobody answers at {address}"), connected(f"dask://{address}"):
            pass
