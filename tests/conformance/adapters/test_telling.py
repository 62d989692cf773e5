from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from conformance.adapters.telling import UNKNOWN, telling_value


def parameter(annotation: Any = inspect.Parameter.empty, default: Any = None, name: str = "p") -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (int, int),
        ("int | None", int),
        ("Optional[str]", str),
        (Mapping[str, str], dict),
        ("Mapping[str, object] | None", dict),
        ("dict[str, str]", dict),
        ("Sequence[str]", list),
        (Sequence[str], list),
        ("tuple[str, ...]", tuple),
        (bool, bool),
    ],
)
def test_the_value_is_of_the_annotated_type(annotation: Any, kind: type) -> None:
    assert type(telling_value(parameter(annotation))) is kind


@pytest.mark.parametrize("annotation", ["Client", "int | str", Callable[[], None], "dict[str, Client]", "list[int]"])
def test_nothing_is_guessed_where_the_type_does_not_say(annotation: Any) -> None:
    assert telling_value(parameter(annotation)) is UNKNOWN


@pytest.mark.parametrize("annotation", ["str", "bytes", "int"])
def test_nothing_that_is_required_is_made_up(annotation: str) -> None:
    assert telling_value(parameter(annotation, inspect.Parameter.empty)) is UNKNOWN


@pytest.mark.parametrize("name", ["snapshot_id", "branch", "mode", "table_name"])
def test_nothing_is_made_up_that_names_something(name: str) -> None:
    assert telling_value(parameter("str | None", name=name)) is UNKNOWN


@pytest.mark.parametrize("name", ["skip_rows", "offset", "limit", "first_row", "case_sensitive"])
@pytest.mark.parametrize("annotation", ["int", "bool"])
def test_nothing_is_made_up_that_changes_which_rows_are_read(name: str, annotation: str) -> None:
    assert telling_value(parameter(annotation, name=name)) is UNKNOWN


@pytest.mark.parametrize("default", [True, False, 5, 1.5, "text", {}, (), []])
def test_without_an_annotation_the_default_says_the_type_and_is_not_taken(default: Any) -> None:
    value = telling_value(parameter(default=default))
    assert type(value) is type(default)
    assert value != default


def test_without_either_nothing_is_known() -> None:
    assert telling_value(parameter()) is UNKNOWN
