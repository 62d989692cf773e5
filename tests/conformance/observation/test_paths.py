"""Paths into a split: what is quoted in a key is no step."""

from __future__ import annotations

import pytest

from conformance.observation.paths import attribute, is_path, is_within, shared


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("split.options['a.b'].c", "split.options"),
        ("split._task.file", "split._task"),
        ("split['a.b[0]'].c", "split['a.b[0]']"),
        ("split", ""),
        ("split_id", ""),
        ("'a'", ""),
    ],
)
def test_an_attribute_is_the_first_thing_in_the_split(path: str, expected: str) -> None:
    assert attribute(path) == expected
    assert is_path(path) is bool(expected)


def test_paths_share_whole_steps() -> None:
    assert shared("split.options['a.b']", "split.options['a.c']") == "split.options"
    assert shared('split.options["it\'s"].x', 'split.options["it\'s"].y') == 'split.options["it\'s"]'
    assert shared("split.options", "split.options_of_others") == ""
    assert shared("'a'", "'a'") == ""


def test_a_path_is_within_another_by_whole_steps() -> None:
    assert is_within("split.options['a']", "split.options")
    assert not is_within("split.options_of_others", "split.options")
