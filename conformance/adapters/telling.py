"""Values for parameters of a loader's constructors that the suite does not know: such as show when they get lost.

A value must not be the default, or its loss would go unseen.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

__all__ = ["UNKNOWN", "plain_type", "telling_value"]

UNKNOWN: Any = object()
_VALUES: tuple[tuple[str, Any], ...] = (
    ("int", 1_021),
    ("float", 1_021.5),
    ("str", "conformance"),
    ("bytes", b"conformance"),
    ("dict", {"conformance": "value"}),
    ("list", ["conformance"]),
    ("tuple", ("conformance",)),
)
CHOSEN = re.compile(
    r"(^|_)(id|ref|branch|tag|name|path|location|ur[il]|mode|kind|type|format|level|key|version|identifier)$"
)
# What changes which rows are read is none either.
ROWS = re.compile(r"(^|_)(skip|offset|start|stop|end|limit|first|last|case)(_|$)")
_ALIASES = {"mapping": "dict", "mutablemapping": "dict", "sequence": "list", "iterable": "list"}


def plain_type(parameter: inspect.Parameter) -> str | None:
    """Return which plain type a parameter takes: by its annotation, else by its default; ``None`` where unknown.

    Of ``str | None`` it is ``str``. What may be of several plain types, or holds items that are not, is unknown.
    """
    annotation = parameter.annotation
    if annotation is parameter.empty:
        name = type(parameter.default).__name__
        return name if name in {"bool", *dict(_VALUES)} else None
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:typing|collections\.abc|t)\.", "", text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1", text).replace(" ", "")
    found = {part for part in _alternatives(text) if part != "None"}
    if len(found) != 1:
        return None
    outer, _, inner = found.pop().lower().partition("[")
    outer = _ALIASES.get(outer, outer)
    items = set(re.findall(r"\w+", inner)) - {"str", "object", "any"}
    return outer if outer in {"bool", *dict(_VALUES)} and not items else None


def telling_value(parameter: inspect.Parameter) -> Any:
    """Return a value for a parameter that is not its default; ``UNKNOWN`` where its type does not say which.

    Nor can what is required be made up, which a split mostly consists of (metadata as text, a header); a number or a
    text that names something (a snapshot, a branch, a mode); what changes which rows are read (an offset, a limit).
    """
    if parameter.default is parameter.empty or ROWS.search(parameter.name):
        return UNKNOWN
    name = plain_type(parameter)
    if name in ("int", "str") and CHOSEN.search(parameter.name):
        return UNKNOWN
    if name == "bool":
        return parameter.default is not True
    return dict(_VALUES).get(name or "", UNKNOWN)


def _alternatives(text: str) -> list[str]:
    """Return the parts of ``A | B``, not those within brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
