from __future__ import annotations

import functools
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest

from conformance.observation.reachable import reachable


class Handle:
    pass


class Slotted:
    __slots__ = ("__hidden", "open")

    def __init__(self, value: object) -> None:
        self.open = None
        self.__hidden = value


class Holder:
    def __init__(self, value: object) -> None:
        self.value = value

    def method(self) -> None:
        pass


def closure(value: object) -> Callable[[], object]:
    return lambda: value


def default(value: object) -> Callable[..., object]:
    def function(inner: object = value) -> object:
        return inner

    return function


def keyword_default(value: object) -> Callable[..., object]:
    def function(*, inner: object = value) -> object:
        return inner

    return function


def generator(value: object) -> Iterator[object]:
    yield value


def attribute_of_a_function(value: object) -> Callable[..., object]:
    def function() -> None:
        pass

    function.value = value  # type: ignore[attr-defined]
    return function


@pytest.mark.parametrize(
    "hide",
    [
        Holder,
        Slotted,
        closure,
        default,
        lambda value: [(value,)],
        lambda value: {"a": value},
        lambda value: {value: 1},
        lambda value: {value},
        lambda value: functools.partial(print, value),
        lambda value: functools.partial(print, end=value),
        lambda value: Holder(value).method,
        lambda value: [value].append,
        lambda value: {"a": value}.get,
        lambda value: deque([value]),
        lambda value: MappingProxyType({"a": value}),
        generator,
        keyword_default,
        attribute_of_a_function,
        lambda value: Holder(Holder([Slotted(value)])),
    ],
)
def test_what_belongs_to_an_object_is_reached(hide: Callable[[Any], Any]) -> None:
    assert any(isinstance(value, Handle) for _, value in reachable(hide(Handle())))


KNOWN_TO_THE_MODULE = Handle()


class OfTheClass:
    known = KNOWN_TO_THE_MODULE


def uses_a_global() -> object:
    return KNOWN_TO_THE_MODULE


@pytest.mark.parametrize(
    "beside",
    [None, uses_a_global, OfTheClass, OfTheClass(), sys.modules[__name__], len, weakref.ref(KNOWN_TO_THE_MODULE)],
)
def test_what_belongs_to_others_is_not_reached(beside: object) -> None:
    assert not any(isinstance(value, Handle) for _, value in reachable(Holder(beside)))


def test_path_leads_to_the_object() -> None:
    paths = [path for path, value in reachable(Holder({"a": [Handle()]})) if isinstance(value, Handle)]
    assert paths == ["split.value['a'][0]"]


def test_cycles_end() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert len(list(reachable(loop))) == 1
