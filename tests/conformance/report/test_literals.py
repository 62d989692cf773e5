"""Values in scripts: what the code of a long one gives is the value itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.report.reproducers.literals import in_short

LONG = 256
CHARACTERS = st.sampled_from("xäé'\"\\\n\0{}")
RUNS = CHARACTERS.map(lambda character: character * LONG) | st.binary(min_size=1, max_size=1).map(
    lambda byte: byte * LONG
)


# No deadline: a machine that is busy is no fault.
@settings(deadline=None, derandomize=True)
@given(st.lists(RUNS | st.text() | st.binary(), max_size=4))
def test_short_code_gives_the_same_values(values: list[str | bytes]) -> None:
    assert eval(in_short(repr(values))) == values


@pytest.mark.parametrize("value", [f"an 'x' of many: '{'x' * LONG}'", f'"{"y" * LONG}"', "z" * LONG + "."])
def test_a_run_within_another_literal_is_left_as_it_is(value: str) -> None:
    assert in_short(repr(value)) == repr(value)


def test_a_long_run_is_written_short() -> None:
    made = in_short(f"one = {'x' * LONG!r}; other = {bytes(LONG)!r}\nlast = {'ä' * LONG!r}\n")
    assert made == "one = ('x' * 256); other = (b'\\x00' * 256)\nlast = ('ä' * 256)\n"
