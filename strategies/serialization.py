"""Specs to JSON and back."""

from __future__ import annotations

import json
from typing import Any

from strategies.specs import Spec

__all__ = ["from_json", "to_json"]


def to_json(spec: Spec) -> str:
    """Return the spec as one line of JSON; equal text means the same spec, to the type of every number.

    A spec becomes ``{"ClassName": {field: value}}`` without the fields that have their default, a tuple a
    list.
    """
    return json.dumps(_plain(spec), ensure_ascii=True, allow_nan=False)


def from_json(text: str) -> Any:
    """Return the spec that :func:`to_json` wrote.

    Raises:
        ValueError: the text is no JSON, or names a class that is no spec.
        TypeError: a field is missing or unknown.

    """
    return _spec(json.loads(text))


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return {type(value).__name__: {name: _plain(field) for name, field in value.settings()}}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _spec(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_spec(item) for item in value)
    if isinstance(value, dict):
        if len(value) != 1 or (name := next(iter(value))) not in Spec.classes:
            raise ValueError(f"not a spec: expected one of {sorted(Spec.classes)}, got {sorted(value)}")
        return Spec.classes[name](**{field: _spec(item) for field, item in value[name].items()})
    return value
