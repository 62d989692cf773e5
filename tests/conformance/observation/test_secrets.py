"""Which properties hold secrets is told both ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.observation import secrets
from conformance.observation.secrets import (
    SECRET_PROPERTIES,
    hidden,
    keep_secret,
    secret_names,
    secret_values,
    shown_as,
)

VALUE = "long enough"


@pytest.mark.parametrize(
    "name", [*sorted(SECRET_PROPERTIES), "vault.secret-token", "my.password", "oauth.refresh-token", "credential-file"]
)
def test_a_secret_is_known(name: str) -> None:
    assert secret_names([name]) == [name]
    assert secret_values({name: VALUE, "s3.region": "eu-west-1"}) == [VALUE]


@pytest.mark.parametrize("name", ["s3.region", "s3.endpoint", "py-io-impl", "token.uri", "secrets.folder", "", 7, None])
def test_what_is_no_secret_is_left_alone(name: object) -> None:
    assert secret_names([name]) == []
    assert secret_values({name: VALUE}) == []


def test_a_secret_can_be_read_in_other_writing() -> None:
    assert shown_as("plain") == ["plain", "cGxhaW4="]
    assert {'a/"b+', "a/%22b%2B", "a%2F%22b%2B", 'a/\\"b+'} <= set(shown_as('a/"b+'))


def test_an_adapter_names_more() -> None:
    assert secret_names(["tenant", "region"], more=["tenant"]) == ["tenant"]
    assert secret_values({"tenant": VALUE, "region": VALUE}, more=["tenant"]) == [VALUE]


@pytest.mark.parametrize(("value", "known"), [("x" * 5, []), ("x" * 6, ["x" * 6]), ("", []), (12345678, ["12345678"])])
def test_values_that_stand_in_any_text_are_left_out(value: object, known: list[str]) -> None:
    assert secret_values({"token": value}) == known


@pytest.fixture
def _no_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep none of the secrets of these tests."""
    monkeypatch.setattr(secrets, "_KEPT", set())
    secrets._of_environment.cache_clear()
    yield
    secrets._of_environment.cache_clear()


@pytest.mark.usefixtures("_no_secrets")
def test_secrets_of_a_loader_are_hidden_and_told_apart() -> None:
    keep_secret(["first-secret", "first-secret-and-more", "second-secret"])
    text = hidden("a first-secret, first-secret-and-more, second-secret, first-secret")
    assert "secret-" not in text
    first, longer, second, again = (part.removeprefix("a ") for part in text.split(", "))
    assert first == again
    assert len({first, longer, second}) == 3


@pytest.mark.usefixtures("_no_secrets")
@pytest.mark.parametrize(
    ("variable", "is_secret"),
    [("AWS_SECRET_ACCESS_KEY", True), ("AZURE_STORAGE_KEY", True), ("GITHUB_TOKEN", True), ("LANG", False)],
)
def test_secrets_of_the_environment_are_hidden(variable: str, is_secret: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "as-it-stands-there")
    assert (hidden("x=as-it-stands-there") == "x=as-it-stands-there") is not is_secret
