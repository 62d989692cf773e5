"""Which properties hold secrets is told both ways."""

from __future__ import annotations

import pytest

from conformance.observation.secrets import SECRET_PROPERTIES, secret_names, secret_values

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


def test_an_adapter_names_more() -> None:
    assert secret_names(["tenant", "region"], more=["tenant"]) == ["tenant"]
    assert secret_values({"tenant": VALUE, "region": VALUE}, more=["tenant"]) == [VALUE]


@pytest.mark.parametrize(("value", "known"), [("x" * 5, []), ("x" * 6, ["x" * 6]), ("", []), (12345678, ["12345678"])])
def test_values_that_stand_in_any_text_are_left_out(value: object, known: list[str]) -> None:
    assert secret_values({"token": value}) == known
