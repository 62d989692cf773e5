"""The whole state of a split: everything that belongs to it, by type and value, whether or not an adapter shows it.

A state is a plain value: it travels, and is compared wherever the split is. PyIceberg's objects keep caches of their
own; they are compared by what :mod:`conformance.observation.values` makes of them.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import hashlib
import pathlib
import pickle
import re
import struct
import types
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pyiceberg.expressions import BooleanExpression
from pyiceberg.io import FileIO
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import TableMetadataCommonFields

from conformance.observation.reachable import steps
from conformance.observation.values import plain_expression, plain_mapping, plain_metadata, plain_schema, plain_task

__all__ = ["Node", "State", "States", "exact_state", "state_differences", "whole_state"]

REGISTRY = "a registry"
# Longer texts of a value are cut, with a digest of the whole.
LONGEST = 200
# More parts than that are not looked at.
MOST_NODES = 50_000


@dataclass(frozen=True)
class Node:
    """One value: what it is by itself, and the numbers of the nodes that it consists of, by the step to each."""

    label: str
    parts: Mapping[str, int]


State = tuple[Node, ...]


@dataclass(frozen=True)
class States:
    """The state of a split when it was found and, after all looks at it and a reading, when it was left."""

    found: State
    left: State


_ATOMS = (
    *(str, bytes, bytearray, int, float, complex, bool, type(None)),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal),
    *(uuid.UUID, pathlib.PurePath, re.Pattern, range, slice),
)
_NAMED = (type, types.ModuleType, types.BuiltinFunctionType)
_CONTAINERS = (dict, list, tuple, deque, set, frozenset, types.MappingProxyType)
_HOLDERS = (*_CONTAINERS, types.FunctionType, types.MethodType, functools.partial)
_LIBRARY: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (FileIO, lambda io: plain_mapping(io.properties)),
    (BooleanExpression, plain_expression),
    (TableMetadataCommonFields, plain_metadata),
    (Schema, plain_schema),
    (FileScanTask, plain_task),
    (BaseModel, lambda model: model.model_dump_json()),
)


def whole_state(split: object) -> State:
    """Return the state of a split; the first node is the split itself."""
    return tuple(node for node, _ in _nodes(split, _library_value))


def exact_state(split: object) -> tuple[Any, ...]:
    """Return a key that two splits in one process share only if nothing that belongs to them tells them apart.

    Objects of libraries are looked into, caches included. What cannot be looked into is the same only if it is one
    object, as are classes: two of one name may do different things.
    """
    return tuple(
        (node.label, tuple(node.parts.items()), type(value) if _is_described(value) else _Same(value))
        for node, value in _nodes(split, lambda value: None)
    )


class _Same:
    """Equal to what holds the same object, which it keeps alive: no other gets its address."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


def state_differences(expected: State, actual: State) -> Iterator[tuple[str, str, str]]:
    """Yield (path, what is expected there, what is there instead) for each place where two states differ."""
    seen: set[tuple[int, int]] = {(0, 0)}
    pending: deque[tuple[str, int, int]] = deque([("split", 0, 0)])
    while pending:
        path, i, j = pending.popleft()
        one, other = expected[i], actual[j]
        if one.label != other.label:
            yield path, one.label, other.label
            continue
        for step in dict.fromkeys((*one.parts, *other.parts)):
            pair = one.parts.get(step), other.parts.get(step)
            if None in pair:
                left, right = (_label(nodes, n) for nodes, n in zip((expected, actual), pair, strict=True))
                yield path + step, left, right
            elif pair not in seen:
                seen.add(pair)  # type: ignore[arg-type]  # neither is None
                pending.append((path + step, *pair))  # type: ignore[arg-type]


def _label(nodes: State, number: int | None) -> str:
    return "nothing" if number is None else nodes[number].label


def _nodes(start: object, library_value: Callable[[Any], str | None]) -> list[tuple[Node, object]]:
    """Return everything that belongs to ``start`` with its node, nearest first."""
    values: list[Any] = [start]
    numbers: dict[Any, int] = {id(start): 0}
    found: list[tuple[Node, object]] = []
    while len(found) < len(values):
        value = values[len(found)]
        parts: dict[str, int] = {}
        label = library_value(value)
        if label is None:
            label = _described(value)
            for step, part in () if _ends(value.__class__) else steps(value):
                # Which equal atoms are one object is settled by the interpreter.
                class_: Any = type(part)
                key = (class_, repr(part)) if _is_atom(class_) else id(part)
                if (number := numbers.get(key)) is None:
                    if len(values) >= MOST_NODES:
                        continue
                    number = numbers[key] = len(values)
                    values.append(part)  # and kept alive: its address stays its own
                parts[step] = number
        found.append((Node(label, parts), value))
    return found


def _library_value(value: Any) -> str | None:
    plain = _plain_of(value.__class__)
    return None if plain is None else _text(type(value), repr(plain(value)))


@cache
def _plain_of(class_: type) -> Callable[[Any], Any] | None:
    if hasattr(class_, "register_udfs"):  # a user's registry, which has its own way to travel: UDF-2 and UDF-3 judge it
        return lambda registry: REGISTRY
    return next((plain for base, plain in _LIBRARY if issubclass(class_, base)), None)


@cache
def _is_atom(class_: type) -> bool:
    return issubclass(class_, _ATOMS)


@cache
def _ends(class_: type) -> bool:
    """Whether the parts of such values are not gone into: the label says what they are."""
    return issubclass(class_, (*_ATOMS, *_NAMED, set, frozenset))


def _described(value: Any) -> str:
    """Return what a value is by itself, without its parts."""
    class_: Any = type(value)
    if _is_atom(class_):
        return _text(class_, repr(value))
    if isinstance(value, enum.Enum):
        return _text(class_, value.name)
    if issubclass(class_, _NAMED):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', ''))}"
    if issubclass(class_, (set, frozenset)):
        return _text(class_, repr(sorted(map(repr, value))) if _is_described(value) else "")
    if issubclass(class_, types.FunctionType):
        return _text(class_, f"{value.__module__}.{value.__qualname__}")
    if _has_own_parts(class_):
        return _text(class_, "")
    pickled = _pickled(value)
    return _text(class_, "" if pickled is None else hashlib.sha256(pickled).hexdigest()[:16])


def _is_described(value: Any) -> bool:
    """Whether the label and the parts of a value say all of it."""
    class_: Any = type(value)
    if _is_atom(class_) or isinstance(value, enum.Enum):
        return True
    if issubclass(class_, (set, frozenset)):
        return not any(" at 0x" in repr(item) for item in value)
    if issubclass(class_, (*_NAMED, types.FunctionType)):
        return False
    return _has_own_parts(class_) or _pickled(value) is not None


@cache
def _has_own_parts(class_: type) -> bool:
    """Whether its parts are all that there is of a value: no class in C but the usual ones has a share in it.

    An instance is as large as its base's and its attributes need; what makes it larger is seen from C alone.
    """
    while class_ is not object and class_ not in _HOLDERS:
        base = class_.__base__
        assert base is not None  # only object has none
        slots = sum(isinstance(value, types.MemberDescriptorType) for value in vars(class_).values())
        known = slots + ("__dict__" in vars(class_)) + ("__weakref__" in vars(class_))
        if class_.__basicsize__ - base.__basicsize__ > known * _POINTER:
            return False
        class_ = base
    return True


_POINTER = struct.calcsize("P")


def _pickled(value: object) -> bytes | None:
    """Return the payload of a value that only C code can look into; ``None`` where it has none."""
    try:
        return pickle.dumps(value, 5)
    except Exception:
        return None


def _text(class_: type, text: str) -> str:
    name = class_.__qualname__ if class_.__module__ == "builtins" else f"{class_.__module__}.{class_.__qualname__}"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:16]})"
    return f"{name} {text}".rstrip()
