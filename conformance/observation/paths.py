"""Paths into a split, as :mod:`conformance.observation.reachable` writes them: ``split.options['a'].b``."""

from __future__ import annotations

import re
from itertools import takewhile

__all__ = ["attribute", "is_path", "is_within", "shared"]

# A name, a call, or a key: what is in a key's quotes is no step.
_STEP = re.compile(r"""[.\[](?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^.\['"])*""")


def is_path(text: str) -> bool:
    """Return whether a text is a path into a split, and not a key or an index of another value."""
    return re.match(r"split[.\[]", text) is not None


def attribute(path: str) -> str:
    """Return how a path begins, up to the first thing in the split; empty for what is no path.

    >>> attribute("split.options['a.b'].c"), attribute("'a'")
    ('split.options', '')
    """
    return f"split{_steps(path)[0]}" if is_path(path) else ""


def shared(one: str, other: str) -> str:
    """Return what the beginnings of two paths share; empty where that is no more than the split.

    >>> shared("split.options['a.b']", "split.options['a.c']")
    'split.options'
    """
    if not (is_path(one) and is_path(other)):
        return ""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(_steps(one), _steps(other), strict=False))
    steps = "".join(step for step, _ in pairs)
    return f"split{steps}" if steps else ""


def is_within(path: str, whole: str) -> bool:
    """Return whether a path is another one, or leads on from there."""
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))


def _steps(path: str) -> list[str]:
    return _STEP.findall(path.removeprefix("split"))
