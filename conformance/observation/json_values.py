"""Observations as JSON values, for comparison across interpreters, releases and machines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.observation.aspects import Observation
from conformance.observation.raised import Raised
from conformance.observation.state import States
from conformance.observation.values import Rows

__all__ = ["json_of"]


def json_of(observation: Observation, folder: Path) -> dict[str, Any]:
    """Return an observation of a split, whose files are in ``folder``, as JSON values.

    What a FileIO opened is told by the file's name: its bytes depend on the release of pyarrow that wrote it. Bytes
    are told by their number, their digest stands beside them.
    """
    named = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in sorted(folder.iterdir())}
    opened = observation.get("FileIO opens")
    if isinstance(opened, Mapping):
        told = {path: named.get(content, content) for path, content in opened.items()}
        observation = {**observation, "FileIO opens": told}
    return {aspect: _json(value) for aspect, value in observation.items() if not isinstance(value, States)}


def _json(value: Any) -> Any:
    if isinstance(value, Raised):
        return {"raises": value.type, "message": value.message}
    if isinstance(value, Rows):
        return {"columns": _json(value.columns), "rows": list(value.rows)}
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return f"{len(value)} bytes" if isinstance(value, bytes) else value
