"""Which FileIO properties hold secrets (SAFE-1). An adapter may extend the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["SECRET_PROPERTIES", "SECRET_WORDS", "secret_names", "secret_values"]

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
