"""Growth: what the exponent says of series that are known, and of those that do not grow."""

from __future__ import annotations

import pytest

from conformance.checks.growth import exponent, growth

COUNTS = (1, 5, 25, 125)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_of_a_power(power: float) -> None:
    assert exponent(COUNTS, [1000 + 30 * (count - 1) ** power for count in COUNTS]) == pytest.approx(power)


def test_what_stays_has_no_exponent() -> None:
    assert exponent(COUNTS, [1000, 1000, 1000, 1000]) is None
    assert exponent(COUNTS, [1000, 998, 1000, 1001]) is None


def test_growth_in_words() -> None:
    said = growth((1, 5, 25), [1000, 1120, 1720])
    assert said == "bytes: 1,000 at 1 ▁, 1,120 at 5 ▂, 1,720 at 25 █; 30 more for each, to the power 1.00"
    assert growth((1, 5), [1000, 1000]) == "bytes: 1,000 at 1 ▁, 1,000 at 5 ▁; 0 more for each"
