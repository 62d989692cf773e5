from __future__ import annotations

import pytest

from conformance.run import distributions
from conformance.run.distributions import running_version


@pytest.fixture(autouse=True)
def fresh() -> None:
    running_version.cache_clear()


def owned_by(monkeypatch: pytest.MonkeyPatch, *owners: str) -> None:
    monkeypatch.setattr(distributions, "packages_distributions", lambda: {"pyiceberg": list(owners)})
    monkeypatch.setattr(distributions, "distribution_version", lambda name: f"version of {name}")


def test_the_public_package_has_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    owned_by(monkeypatch, "pyiceberg")
    assert running_version("pyiceberg") == "version of pyiceberg"


def test_a_fork_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    owned_by(monkeypatch, "li-pyiceberg")
    assert running_version("pyiceberg") == "of li-pyiceberg version of li-pyiceberg"


def test_two_distributions_of_one_package_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    owned_by(monkeypatch, "pyiceberg", "li-pyiceberg")
    said = running_version("pyiceberg")
    assert "li-pyiceberg" in said
    assert "two distributions own this package" in said


def test_what_is_not_installed_is_unknown() -> None:
    assert running_version("no_such_package") == "unknown"


def test_the_loader_is_shown_and_the_suite_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"pyiceberg": ["pyiceberg"], "loader": ["the-loader"], "reference": ["dataloader-conformance"]}
    monkeypatch.setattr(distributions, "packages_distributions", lambda: known)
    shown = distributions.packages_shown(["loader.splits", "pyiceberg", "reference", "beside_the_adapter"])
    assert shown == (*distributions.VERSIONS, "loader")
