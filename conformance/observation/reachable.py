"""What can be reached from an object, with the path to it."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

__all__ = ["reachable", "steps"]

_ATOMS = (str, bytes, int, float, complex, bool, type(None), type, types.ModuleType)
LIMIT = 200_000


def reachable(start: object) -> Iterator[tuple[str, object]]:
    """Yield (path, object) for everything that belongs to ``start``, once each, nearest first.

    Followed: attributes and slots, items of containers, closures, defaults and attributes of functions, parts of
    partials and bound methods. Not followed: classes, modules, a function's globals.
    """
    seen = {id(start)}
    pending: deque[tuple[str, object]] = deque([("split", start)])
    kept_alive: list[object] = []
    while pending and len(seen) < LIMIT:
        path, value = pending.popleft()
        yield path, value
        for step, part in steps(value):
            if not isinstance(part, _ATOMS) and id(part) not in seen:
                seen.add(id(part))
                kept_alive.append(part)  # an object made on the fly must not leave its id to another
                pending.append((path + step, part))


def steps(value: Any) -> Iterator[tuple[str, object]]:
    """Yield (step, object) for each thing that a value consists of; a path is steps in a row."""
    if isinstance(value, (dict, types.MappingProxyType)):
        for key, item in list(value.items()):
            yield f".keys()[{key!r}]", key
            yield f"[{key!r}]", item
    elif isinstance(value, (list, tuple, deque)):
        for index, item in enumerate(list(value)):
            yield f"[{index}]", item
    elif isinstance(value, (set, frozenset)):
        for item in list(value):
            yield ".pop()", item
    elif isinstance(value, functools.partial):
        yield ".func", value.func
        yield ".args", value.args
        yield ".keywords", value.keywords
    elif isinstance(value, types.BuiltinMethodType):
        yield ".__self__", value.__self__  # of a function that is no method, its module
    elif isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
        yield ".__func__", value.__func__
    elif isinstance(value, types.FunctionType):
        for index, cell in enumerate(value.__closure__ or ()):
            yield f".__closure__[{index}]", _content(cell)
        yield ".__defaults__", value.__defaults__
        yield ".__kwdefaults__", value.__kwdefaults__
    elif isinstance(value, types.GeneratorType) and value.gi_frame is not None:
        for name, item in list(value.gi_frame.f_locals.items()):
            yield f".gi_frame.f_locals[{name!r}]", item
    state = getattr(value, "__dict__", None)
    if isinstance(state, dict):
        for name, item in list(state.items()):
            yield f".{name}", item
    for class_ in type(value).__mro__:
        slots = class_.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            mangled = f"_{class_.__name__.lstrip('_')}{name}" if name.startswith("__") else name
            if isinstance(class_.__dict__.get(mangled), types.MemberDescriptorType):
                yield f".{mangled}", getattr(value, mangled, None)


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # a cell that is still empty
        return None
