"""Baselines: known failures of a loader, each with its reason, its condition and the pinned spec that shows it.

An entry excuses the failures of its clause that its condition, its transports and its place cover. Any other failure
of the clause is a violation as ever. An entry is judged by replaying its pinned spec (for LIFE-1 its script of steps),
so that it never depends on what a run happens to draw; one that no longer fails has to go.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.conditions import CONDITIONS, holding, holds
from conformance.contract import clause as clause_of
from conformance.contract import nearest
from conformance.findings import Findings, Violation, common_start
from conformance.observation import Difference
from conformance.transports.registry import transport_names
from conformance.trip import AS_BUILT, DEPARTED, EXCHANGED
from strategies.serialization import from_json
from strategies.specs import SplitSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["EMPTY", "FAULTS", "Baseline", "BaselineError", "Entry", "read_baseline", "written"]

FAULTS = {
    "ours": "the loader's, to be repaired",
    "upstream": "a library's below the loader",
    "never": "as intended, and not to change",
}
# What checks name in place of a transport.
OTHER_PLACES = (AS_BUILT, "pickle", "cloudpickle", EXCHANGED, DEPARTED)
REQUIRED = ("clause", "fault", "reason", "condition")
SHOWN_BY = ("spec", "script")
OPTIONAL = (*SHOWN_BY, "transports", "where", "link", "expires")
# Judged on lives, which are shown by scripts.
SCRIPTED = "LIFE-1"


class BaselineError(Exception):
    """The baseline cannot be used; the message names the file, the line and what is wrong there."""


@dataclass(frozen=True)
class Entry:
    """One known failure. ``spec`` is the pinned spec (JSON), or ``script`` the steps that show a failure of LIFE-1;
    ``first`` and ``last`` are the entry's lines in the file.

    ``transports`` is empty for all; ``where`` is how the path of the difference begins, empty for any.
    """

    clause: str
    fault: str
    reason: str
    condition: tuple[str, ...]
    spec: str = ""
    script: str = ""
    transports: tuple[str, ...] = ()
    where: str = ""
    link: str = ""
    expires: datetime.date | None = None
    first: int = 0
    last: int = 0

    def excuses(self, clause_id: str, transport: str, spec: SplitSpec | None, found: Difference) -> bool:
        """Return whether a failure is this known one. ``spec`` is ``None`` where nothing is known of the example."""
        return (
            clause_id == self.clause
            and (not self.transports or transport in self.transports)
            and found.path.startswith(self.where)
            and (not self.condition if spec is None else holds(self.condition, spec))
        )


@dataclass(frozen=True)
class Baseline:
    """The entries of a file, in its order."""

    path: str = ""
    entries: tuple[Entry, ...] = ()

    def excuse(self, clause_id: str, transport: str, spec: SplitSpec | None, found: Difference) -> Entry | None:
        """Return the first entry that excuses a failure; ``None`` for a violation."""
        return next((e for e in self.entries if e.excuses(clause_id, transport, spec, found)), None)

    def at(self, line: int) -> Entry:
        """Return the entry that begins in that line."""
        return next(entry for entry in self.entries if entry.first == line)

    def place(self, entry: Entry) -> str:
        """Return where an entry stands, as messages name it."""
        return f"{self.path}, lines {entry.first}-{entry.last} ({entry.clause})"


EMPTY = Baseline()


def read_baseline(path: Path) -> Baseline:
    """Return the baseline of a TOML file.

    Raises:
        BaselineError: the file is missing or no TOML, an entry lacks a key or has one too many, a value is of the wrong
            kind or names what does not exist, or an entry's pinned spec does not fall under its condition.

    """
    try:
        text = path.read_text(encoding="utf-8")
        plain = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BaselineError(f"the baseline {str(path)!r} cannot be read: {error}") from None
    entries = plain.get("known", [])
    if set(plain) - {"known"} or not isinstance(entries, list):
        raise BaselineError(f"the baseline {str(path)!r} may hold [[known]] entries alone, got {', '.join(plain)}")
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, 1) if re.match(r"\[\[\s*known\s*\]\]", line)]
    if len(heads) != len(entries):
        raise BaselineError(f"the baseline {str(path)!r}: each entry must begin with a line of its own, [[known]]")
    ends = [
        _end(lines, head, following - 1) for head, following in zip(heads, [*heads[1:], len(lines) + 1], strict=True)
    ]
    return Baseline(
        str(path),
        tuple(_entry(entry, str(path), head, end) for entry, head, end in zip(entries, heads, ends, strict=True)),
    )


def _end(lines: Sequence[str], head: int, end: int) -> int:
    """Return the entry's last line: blank lines and comments before the next entry are not its own."""
    while end > head and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _entry(plain: dict[str, Any], path: str, first: int, last: int) -> Entry:
    def wrong(what: str) -> BaselineError:
        return BaselineError(f"{path}, lines {first}-{last}: {what}")

    if missing := [key for key in REQUIRED if key not in plain]:
        raise wrong(f"an entry needs {', '.join(missing)}")
    scripted = plain["clause"] == SCRIPTED
    if ("script" in plain, "spec" in plain) != (scripted, not scripted):
        raise wrong(f"{plain['clause']} is shown by a {'script' if scripted else 'spec'}, and by nothing else")
    if scripted and plain["condition"]:
        raise wrong(f"{SCRIPTED} is judged on lives of several splits, of which no condition can hold: leave it empty")
    if unknown := sorted(set(plain) - {*REQUIRED, *OPTIONAL}):
        raise wrong(f"there is no key {unknown[0]!r}{nearest(unknown[0], (*REQUIRED, *OPTIONAL))}")
    for key, value in plain.items():
        kind: Any = {"condition": list, "transports": list, "expires": datetime.date}.get(key, str)
        if not isinstance(value, kind) or (kind is list and not all(isinstance(item, str) for item in value)):
            expected = "a list of names" if kind is list else f"a {kind.__name__}"
            raise wrong(f"{key} must be {expected}, got {value!r}")
    try:
        clause_id = clause_of(plain["clause"]).id
        spec = None if scripted else from_json(plain["spec"])
        falls_under = holds(tuple(plain["condition"]), spec) if isinstance(spec, SplitSpec) else True
    except (LookupError, ValueError, TypeError) as error:
        raise wrong(str(error.args[0])) from None
    if not (scripted or isinstance(spec, SplitSpec)):
        raise wrong("spec must be the JSON of a SplitSpec")
    if not falls_under:
        raise wrong(f"the pinned spec does not fall under its own condition {plain['condition']}")
    if plain["fault"] not in FAULTS:
        raise wrong(f"fault must be {', '.join(FAULTS)}, got {plain['fault']!r}")
    if not plain["reason"].strip():
        raise wrong("reason must say why this is known and not repaired")
    places = [*transport_names(), *OTHER_PLACES]
    for name in plain.get("transports", []):
        if name not in places:
            raise wrong(f"there is no transport {name!r}{nearest(name, places)}")
    return Entry(
        clause_id,
        plain["fault"],
        plain["reason"],
        tuple(plain["condition"]),
        plain.get("spec", ""),
        plain.get("script", ""),
        tuple(plain.get("transports", ())),
        plain.get("where", ""),
        plain.get("link", ""),
        plain.get("expires"),
        first,
        last,
    )


def written(adapter: str, findings: Findings, violations: Sequence[Violation], expires: datetime.date) -> str:
    """Return the text of a baseline that excuses these violations, and as little else as the run gives reason to.

    The condition of an entry is every condition that held for the smallest example and for all other examples that
    broke the clause through its transports, but for those that held for each example of the run. ``where`` is what the
    paths of those differences begin with. A violation that only a fixed table shows has no spec to pin: no entry.
    """
    parts = [f"# Known failures of {adapter}: dataloader-conformance run --baseline THIS-FILE\n"]
    for violation in violations:
        if violation.clause == SCRIPTED:
            # The numbers of splits and steps differ from life to life.
            where, names = re.split(r"\d", violation.difference.path)[0], []
            shown = f"script = '''\n{violation.example}\n'''"
        elif not violation.spec:
            parts.append(f"# {violation.clause}: shown by a fixed table alone, which cannot be pinned.\n")
            continue
        else:
            seen = [findings.common[violation.clause, transport] for transport in violation.transports]
            spec = from_json(violation.spec)
            common = holding(spec).intersection(*(conditions for conditions, _ in seen)) - findings.everywhere
            where = functools.reduce(common_start, (path for _, path in seen), violation.difference.path)
            names = [name for name in CONDITIONS if name in common]
            shown = f"spec = '''{violation.spec}'''"
        parts.append(
            "\n".join(
                [
                    "[[known]]",
                    f"clause = {json.dumps(violation.clause)}",
                    f"transports = {json.dumps(list(violation.transports))}",
                    f"where = {json.dumps(where)}",
                    f"condition = {json.dumps(names)}",
                    'fault = "ours"  # or upstream, never',
                    f"reason = {json.dumps(_seen(violation.difference))}",
                    'link = ""',
                    f"expires = {expires.isoformat()}",
                    shown,
                    "",
                ]
            )
        )
    return "\n".join(parts)


def _seen(found: Difference) -> str:
    return f"not explained yet: expected {_brief(found.expected)}, got {_brief(found.actual)}"


def _brief(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"
