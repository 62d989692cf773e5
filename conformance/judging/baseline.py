"""Baselines: known failures of a loader, each with its reason, its condition and the pinned spec that shows it.

An entry excuses the failures of its clause that its condition, its transports and its place cover. Any other failure
of the clause is a violation as ever. An entry is judged by replaying its pinned spec (for LIFE-1 its script of steps),
so that it never depends on what a run happens to draw; one that no longer fails has to go.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from conformance.checks import check_of
from conformance.checks.scan import FAMILY
from conformance.contract import clause as clause_of
from conformance.contract import nearest
from conformance.judging.conditions.holding import Judged, holding, holds
from conformance.judging.findings import Common, Findings, Violation, seen
from conformance.judging.where import ANYWHERE, Where
from conformance.observation.difference import Difference, Step
from conformance.transports.registry import transport_names
from conformance.transports.transport import AS_BUILT, DEPARTED, EXCHANGED
from strategies.serialization import from_json
from strategies.specs import ScanSpec, SplitSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["EMPTY", "Baseline", "BaselineError", "Entry", "baseline_of", "read_baseline", "written"]

# Whose the failure is: the loader's, to be repaired; a library's below the loader; as intended, and not to change.
Fault = Literal["ours", "upstream", "never"]
# The unit of work whose clauses are shown by scripts of steps, not by specs.
LIFECYCLES = "lifecycles"
# What checks name in place of a transport.
OTHER_PLACES = (AS_BUILT, "pickle", "cloudpickle", EXCHANGED, DEPARTED)


class BaselineError(Exception):
    """The baseline cannot be used; the message names the file, the line and what is wrong there."""


class Entry(BaseModel):
    """One known failure. ``spec`` is the pinned spec (JSON), or ``script`` the steps that show a failure of LIFE-1.

    ``transports`` is empty for all. ``where`` says where the difference is, as far as that is settled. ``alone`` is
    false where the spec fails in the company of others only: nothing replays that, and the entry goes when it expires.
    ``first`` and ``last`` are the entry's lines in ``file``. ``number`` stands for it in a run: entries are counted
    over all files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clause: str
    fault: Fault
    reason: str
    condition: tuple[str, ...]
    spec: str = ""
    script: str = ""
    transports: tuple[str, ...] = ()
    where: Where = ANYWHERE
    alone: bool = True
    link: str = ""
    expires: datetime.date | None = None
    file: str = ""
    first: int = 0
    last: int = 0
    number: int = 0

    @field_validator("clause")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            return clause_of(name).id
        except LookupError as error:
            raise ValueError(error.args[0]) from None

    @field_validator("reason")
    @classmethod
    def _says_why(cls, reason: str) -> str:
        if not reason.strip():
            raise ValueError("reason must say why this is known and not repaired")
        return reason

    @field_validator("transports")
    @classmethod
    def _exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        places = [*transport_names(), *OTHER_PLACES]
        for name in names:
            if name not in places:
                raise ValueError(f"there is no transport {name!r}{nearest(name, places)}")
        return names

    @model_validator(mode="after")
    def _is_shown(self) -> Entry:
        """One thing shows it, and falls under the condition."""
        scripted = LIFECYCLES in check_of(self.clause).units
        if (bool(self.script), bool(self.spec)) != (scripted, not scripted):
            shown = "script" if scripted else "spec"
            raise ValueError(f"{self.clause} is shown by a {shown}, and by nothing else")
        if self.script:
            if self.condition:
                raise ValueError(
                    "a script is a lifecycle of several splits, of which no condition can hold: leave it empty"
                )
            return self
        try:
            spec, kind = from_json(self.spec), ScanSpec if check_of(self.clause).clause.family == FAMILY else SplitSpec
            falls_under = isinstance(spec, kind) and holds(self.condition, spec)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(str(error.args[0])) from None
        if not isinstance(spec, kind):
            raise ValueError(f"spec must be the JSON of a {kind.__name__}")
        if not falls_under:
            raise ValueError(f"the pinned spec does not fall under its own condition {list(self.condition)}")
        if not self.alone and self.expires is None:
            raise ValueError("an entry that nothing replays (alone = false) needs the date on which it expires")
        return self

    @property
    def place(self) -> str:
        """Where the entry stands, as messages name it."""
        return f"{self.file}, lines {self.first}-{self.last} ({self.clause})"

    def excuses(self, clause_id: str, transport: str, spec: Judged | None, found: Difference) -> bool:
        """Return whether a failure is this known one. ``spec`` is ``None`` where nothing is known of the example."""
        return (
            clause_id == self.clause
            and (not self.transports or transport in self.transports)
            and self.where.means(found)
            and (not self.condition if spec is None else holds(self.condition, spec))
        )


@dataclass(frozen=True)
class Baseline:
    """The entries of one file or several, in their order. ``texts`` holds each file's path and text."""

    entries: tuple[Entry, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def paths(self) -> list[str]:
        """The files, as they were given."""
        return [path for path, _ in self.texts]

    def kept_in(self, path: Path, stale: Container[int]) -> Iterator[str]:
        """Yield the text of each entry that a file written anew has to hold, but of the stale ones (their numbers).

        Where the file is one of the baseline's, these are its own entries: the others stay where they are.
        """
        same = [given for given in self.paths if Path(given).resolve() == path.resolve()] or self.paths
        lines = {given: text.splitlines() for given, text in self.texts}
        for entry in self.entries:
            if entry.file in same and entry.number not in stale:
                yield "\n".join([*lines[entry.file][entry.first - 1 : entry.last], ""])

    def excuse(self, clause_id: str, transport: str, spec: Judged | None, found: Difference) -> Entry | None:
        """Return the first entry that excuses a failure; ``None`` for a violation."""
        return next((e for e in self.entries if e.excuses(clause_id, transport, spec, found)), None)

    def covers(self, number: int, transport: str, spec: Judged | None) -> bool:
        """Return whether the entry of that number is about the transport, and about such an example."""
        entry = self.at(number)
        return transport in entry.transports and spec is not None and holds(entry.condition, spec)

    def at(self, number: int) -> Entry:
        """Return the entry of that number."""
        return next(entry for entry in self.entries if entry.number == number)

    def line(self, entry: Entry) -> str:
        """Return where an entry begins, in few words: the file is named where there are several."""
        return f"line {entry.first}" if len(self.texts) == 1 else f"{Path(entry.file).name}, line {entry.first}"


EMPTY = Baseline()


def read_baseline(*paths: Path) -> Baseline:
    """Return the baseline of these TOML files; each counts once.

    Raises:
        BaselineError: a file is missing or no TOML, an entry lacks a key or has one too many, a value is of the wrong
            kind or names what does not exist, or an entry's pinned spec does not fall under its condition.

    """
    return baseline_of({str(path): _text(path) for path in paths})


def baseline_of(texts: Mapping[str, str]) -> Baseline:
    """Return the baseline of these texts, each under the path of its file, which need not be there.

    Raises:
        BaselineError: a text is no TOML, or one of its entries cannot be used.

    """
    numbers = count(1)
    entries = [
        entry.model_copy(update={"number": next(numbers)})
        for path, text in texts.items()
        for entry in _entries(path, text)
    ]
    return Baseline(tuple(entries), tuple(texts.items()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"the baseline {str(path)!r} cannot be read: {error}") from None


def _entries(path: str, text: str) -> Iterator[Entry]:
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BaselineError(f"the baseline {path!r} cannot be read: {error}") from None
    entries = plain.get("known", [])
    if set(plain) - {"known"} or not isinstance(entries, list):
        raise BaselineError(f"the baseline {path!r} may hold only [[known]] entries, got {', '.join(plain)}")
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, 1) if re.match(r"\[\[\s*known\s*\]\]", line)]
    if len(heads) != len(entries):
        raise BaselineError(f"the baseline {path!r}: each entry must begin with a line of its own, [[known]]")
    ends = [
        _end(lines, head, following - 1) for head, following in zip(heads, [*heads[1:], len(lines) + 1], strict=True)
    ]
    for entry, head, end in zip(entries, heads, ends, strict=True):
        yield _entry(entry, path, head, end)


def _end(lines: Sequence[str], head: int, end: int) -> int:
    """Return the entry's last line: blank lines and comments before the next entry are not its own."""
    while end > head and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _entry(plain: dict[str, Any], path: str, first: int, last: int) -> Entry:
    try:
        return Entry(**{**plain, "file": path, "first": first, "last": last})
    except ValidationError as error:
        raise BaselineError(f"{path}, lines {first}-{last}: {_wrong(error.errors())}") from None


def _wrong(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return what pydantic says of an entry, with the key, the value and what would be right."""
    if missing := [str(error["loc"][-1]) for error in errors if error["type"] == "missing"]:
        return f"an entry needs {', '.join(missing)}"
    found = errors[0]
    name = ".".join(map(str, found["loc"]))
    if found["type"] == "tuple_type":
        return f"{name} must be a list, got {found['input']!r}"
    if found["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = Entry.model_fields if len(found["loc"]) == 1 else Where.__dataclass_fields__
        return f"there is no key {name!r}{nearest(str(found['loc'][-1]), known)}"
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    return f"{name}: {found['msg'][:1].lower()}{found['msg'][1:]}, got {found['input']!r}"


def written(
    adapter: str,
    findings: Findings,
    violations: Sequence[Violation],
    expires: datetime.date,
    before: Sequence[str] = (),
) -> str:
    """Return the text of a baseline that excuses these violations, and as little else as the run gives reason to.

    ``before`` are the texts of entries that stay as they are.

    A clause that is broken at several places (a step, a part, a case), or by errors and without, gets an entry for
    each. Its condition is every condition that held for all examples that broke the clause there, except those that
    held for each example of the run. ``where`` is what the places of these differences have in common. What only a real
    table shows has no spec to pin, hence no entry.
    """
    parts = [f"# Known failures of {adapter}: dataloader-conformance run --baseline THIS-FILE\n"]
    parts += before
    told: list[_Known] = []
    in_company = {violation.clause for violation in violations if not violation.alone}
    for violation in violations:
        for known in _known_by(violation, findings, alone=violation.clause not in in_company):
            if any(known.is_excused_by(other) for other in told):
                continue
            told.append(known)
            if known.common.spec or known.script:
                parts.append(_written_entry(known, findings, expires))
            else:
                parts.append(f"# {violation.clause}: shown only by a real table, which cannot be pinned.\n")
    return "\n".join(parts)


@dataclass(frozen=True)
class _Known:
    """What an entry is written of. ``transports`` is empty for all."""

    clause: str
    transports: tuple[str, ...]
    common: Common
    script: str = ""
    alone: bool = True

    def is_excused_by(self, other: _Known) -> bool:
        """Return whether the entry of another excuses this too, but for conditions."""
        through = not other.transports or (bool(self.transports) and set(self.transports) <= set(other.transports))
        return self.clause == other.clause and through and self.common.where.is_alike(other.common.where)


def _known_by(violation: Violation, findings: Findings, *, alone: bool) -> Iterator[_Known]:
    """Yield what is known by a violation: of its own place, then of others at which its transports break the clause.

    What shows in company depends on what else a run does before: through which transport, in which item, and under
    which conditions is left open.
    """
    for known in _known_at_each_place(violation, findings):
        if alone:
            yield known
        else:
            where = Where(known.common.where.step, known.common.where.part)
            common = replace(known.common, conditions=frozenset(), where=where)
            yield replace(known, transports=(), common=common, alone=False)


def _known_at_each_place(violation: Violation, findings: Findings) -> Iterator[_Known]:
    found = violation.difference
    spec = from_json(violation.spec) if violation.spec else None
    holds_there = holding(spec) if isinstance(spec, Judged) else frozenset[str]()
    own = Common(holds_there, Where.of(found), violation.spec, seen(found))
    others: list[Common] = []
    for transport in violation.transports:
        for common in findings.common[violation.clause, transport]:
            if common.where.is_alike(own.where) or found.place.step is Step.LIVE:
                own = replace(own.also(common), spec=own.spec, seen=own.seen)
                continue
            alike = next((number for number, each in enumerate(others) if each.where.is_alike(common.where)), None)
            if alike is None:
                others.append(common)
            else:
                others[alike] = others[alike].also(common)
    script = violation.example if found.place.step is Step.LIVE else ""
    yield _Known(violation.clause, violation.transports, own, script)
    # Which of the transports show it at other places is not tried: the example there is not the smallest.
    yield from (_Known(violation.clause, (), common) for common in others)


def _written_entry(known: _Known, findings: Findings, expires: datetime.date) -> str:
    common = known.common
    kind = type(from_json(common.spec)).__name__ if common.spec else ""
    conditions = [name for name in sorted(common.conditions) if name not in findings.everywhere(kind)]
    shown = f"spec = '''{common.spec}'''" if common.spec else f"script = '''\n{known.script}\n'''"
    fault, *others = get_args(Fault)
    lines = [
        "[[known]]",
        f"clause = {json.dumps(known.clause)}",
        f"transports = {json.dumps(list(known.transports))}",
        f"where = {_written_where(common.where)}",
        f"condition = {json.dumps(conditions)}",
        *([] if known.alone else ["alone = false  # seen in company only, or not each time: nothing replays it"]),
        f'fault = "{fault}"  # or {", ".join(others)}',
        f"reason = {json.dumps(f'not explained yet: {common.seen}')}",
        'link = ""',
        f"expires = {expires.isoformat()}",
        shown,
        "",
    ]
    return "\n".join(lines)


def _written_where(where: Where) -> str:
    """Return the settled fields as a table of TOML; that there is no part, no case or no error is settled too."""
    values = {name: getattr(where, name) for name in Where.__dataclass_fields__}
    named: dict[str, Any] = {n: value.value if isinstance(value, Step) else value for n, value in values.items()}
    settled = {
        name: list(value) if name == "within" else value
        for name, value in named.items()
        if value or value is False or (value == "" and name in ("part", "case"))
    }
    return f"{{ {', '.join(f'{name} = {json.dumps(value)}' for name, value in settled.items())} }}"
