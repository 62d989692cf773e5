"""How fast something grows: the exponent of a power law."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import linear_regression

__all__ = ["exponent", "growth"]

BARS = "▁▂▃▄▅▆▇█"


def exponent(counts: Sequence[int], sizes: Sequence[float]) -> float | None:
    """Return k of ``size(n) = size(first) + c (n - first)^k``, fitted by least squares to the logarithms.

    ``None`` where fewer than two sizes are above the first.
    """
    grown = [
        (math.log(count - counts[0]), math.log(size - sizes[0]))
        for count, size in zip(counts[1:], sizes[1:], strict=True)
        if size > sizes[0]
    ]
    if len(grown) < 2:
        return None
    return linear_regression(*zip(*grown, strict=True)).slope


def growth(counts: Sequence[int], sizes: Sequence[int], unit: str = "bytes") -> str:
    """Return the sizes in words and as bars: ``"bytes: 1,000 at 1 ▁, 1,720 at 25 █; 30 more for each, to the …"``."""
    least, most = min(sizes), max(sizes)
    bars = [BARS[(len(BARS) - 1) * (size - least) // max(1, most - least)] for size in sizes]
    shown = ", ".join(f"{size:,} at {count:,} {bar}" for count, size, bar in zip(counts, sizes, bars, strict=True))
    each = (sizes[-1] - sizes[0]) / (counts[-1] - counts[0])
    power = exponent(counts, sizes)
    fitted = "" if power is None else f", to the power {power:.2f}"
    return f"{unit}: {shown}; {each:,.0f} more for each{fitted}"
