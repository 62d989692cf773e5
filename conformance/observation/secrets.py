"""Which FileIO properties hold secrets (SAFE-1). An adapter may extend the list."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

__all__ = ["SECRET_PROPERTIES", "SECRET_WORDS", "hidden", "keep_secret", "secret_names", "secret_values", "shown_as"]

# Properties that PyIceberg documents as credentials.
SECRET_PROPERTIES = frozenset(
    {
        "token",
        "credential",
        "s3.access-key-id",
        "s3.secret-access-key",
        "s3.session-token",
        "client.access-key-id",
        "client.secret-access-key",
        "client.session-token",
        "adls.account-key",
        "adls.connection-string",
        "adls.sas-token",
        "adls.client-secret",
        "gcs.oauth2.token",
        "hf.token",
    }
)
# Any other property is secret whose last part holds one of these words.
SECRET_WORDS = ("secret", "password", "token", "credential")

# A shorter value stands in any text by chance.
SHORTEST = 6


def secret_names(names: Iterable[Any], more: Iterable[str] = ()) -> list[str]:
    """Return those of the names that a secret property bears, and those named by ``more``."""
    secret = SECRET_PROPERTIES | set(more)
    return [n for n in names if n in secret or any(word in str(n).rsplit(".", 1)[-1] for word in SECRET_WORDS)]


def secret_values(properties: Mapping[Any, Any], more: Iterable[str] = ()) -> list[str]:
    """Return the values of the secret properties, and of those named by ``more``, but for values too short to tell."""
    names = secret_names(properties, more)
    return [str(properties[name]) for name in names if len(str(properties[name])) >= SHORTEST]


def shown_as(secret: str) -> list[str]:
    """Return the texts in which a secret can be read: as it is, as in an address, in JSON, or in base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    return list(dict.fromkeys([secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1], encoded]))


# Environment variables are named otherwise than properties: AWS_ACCESS_KEY_ID, AZURE_STORAGE_KEY, GITHUB_TOKEN.
VARIABLE_WORDS = (*SECRET_WORDS, "access_key", "account_key", "api_key", "private_key", "storage_key")
_KEPT: set[str] = set()


def keep_secret(values: Iterable[str]) -> None:
    """Hide these values from now on: secrets that the suite did not draw, but a loader took from somewhere."""
    _KEPT.update(values)


def hidden(text: str) -> str:
    """Return the text with the real secrets in it replaced: those of the environment, and those to be kept secret.

    A digest stands in place of each, so that two can be told apart.
    """
    for secret in sorted(_KEPT | _of_environment(), key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, f"<secret {hashlib.sha256(secret.encode()).hexdigest()[:8]}>")
    return text


@cache
def _of_environment() -> frozenset[str]:
    return frozenset(
        value
        for name, value in os.environ.items()
        if len(value) >= SHORTEST and any(word in name.lower() for word in VARIABLE_WORDS)
    )
