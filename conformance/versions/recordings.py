"""Recorded payloads: written once by a release, and loaded by every later one (WIRE-10).

A folder of records holds

- ``expected.json``: each recorded spec under its key, with what was seen of its split when it was recorded first;
- a file of JSON lines for each recording: adapter, versions and provenance first, then a line for each spec with its
  payload (zlib, base64) and the aspects in which it was seen otherwise, or the reason why there is no payload;
- ``SHA256SUMS``: all of these files. What is missing, changed or not listed is a failure.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.observation.difference import difference
from conformance.versions.compatibility import HERE, Crossing, Environment, Outcome, crossed
from strategies.serialization import from_json
from strategies.specs import SplitSpec

__all__ = [
    "SPECS",
    "Line",
    "Recording",
    "UnreadableRecord",
    "Unrecordable",
    "UnusablePlace",
    "private_place",
    "read_records",
    "record",
    "specs",
]

# Payloads name their files by path: here they are made again from their specs, on every machine. It has to be the same
# path for everyone, so it is used only while it belongs to this user: see :func:`private_place`.
PLACE = Path("/tmp/dataloader-conformance-records")
# The fixed set: specs (JSON), one a line. Lines are added, never changed.
SPECS = Path(__file__).resolve().parent / "recorded_specs.jsonl"
EXPECTED, SUMS = "expected.json", "SHA256SUMS"
FORMAT = 1


class Unrecordable(Exception):
    """There is nothing to record; the message says why."""


class UnreadableRecord(Exception):
    """A record is missing, changed, or none at all; the message names the file and says what to do."""


class UnusablePlace(Exception):
    """The folder that payloads name is not this user's own; the message says what to do."""


def private_place() -> Path:
    """Return the folder that payloads name, made if it is not there.

    Raises:
        UnusablePlace: it is a link, belongs to another user, or others may write into it: what is read there could be
            anybody's.

    """
    PLACE.mkdir(mode=0o700, exist_ok=True)
    found = PLACE.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnusablePlace(
            f"{PLACE} must be a folder of this user's into which nobody else may write, and is not. Recorded payloads"
            " name their files there: have it removed, and try again."
        )
    return PLACE


@dataclass(frozen=True)
class Line:
    """A recorded spec (JSON): its payload and what was seen of it, or the reason why there is none."""

    spec: str
    payload: bytes = b""
    seen: Mapping[str, Any] | None = None
    why: str = ""

    def judged(self, reader: Environment) -> Crossing:
        """Return what becomes of the payload where it is read today."""
        if self.seen is None:
            return Crossing(self.spec, Outcome.NOT_WRITTEN, why=self.why)
        return crossed(self.spec, self.seen, reader.read(self.spec, self.payload), lambda: reader.build(self.spec))


@dataclass(frozen=True)
class Recording:
    """One recording: the file's name, the adapter, the versions that wrote it, and its lines."""

    name: str
    adapter: str
    versions: Mapping[str, str]
    lines: tuple[Line, ...]


def specs(path: Path = SPECS) -> list[str]:
    """Return the specs of a file of JSON lines, the fixed set unless told otherwise, as JSON.

    Raises:
        Unrecordable: the file cannot be read, or a line of it is no split spec.

    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        wrong = [number for number, line in enumerate(lines, 1) if not isinstance(from_json(line), SplitSpec)]
    except (OSError, TypeError, ValueError) as error:
        raise Unrecordable(f"{path} does not hold specs, as JSON lines: {error}") from None
    if wrong or not lines:
        raise Unrecordable(f"{path} must hold a SplitSpec a line" + (f", and line {wrong[0]} is none" if wrong else ""))
    return lines


def record(folder: Path, writer: Environment, adapter: str, chosen: Sequence[str]) -> Path:
    """Write a recording of the chosen specs (JSON) by an environment into a folder of records; return its file.

    ``adapter`` is how the user named the adapter: the environment may know it by a path of this machine.

    Raises:
        Unrecordable: not one payload is written. What comes back wrong already here is noted, and is none.
        UnreadableRecord: the folder holds records that are damaged.
        EnvironmentFailed: the environment cannot be used.
        OSError: the folder cannot be written into.

    """
    folder.mkdir(parents=True, exist_ok=True)
    expected = _expected(folder) if (folder / SUMS).exists() else {}
    versions = writer.versions()
    header = {
        "format": FORMAT,
        "adapter": adapter,
        "versions": versions,
        "made by": f"dataloader-conformance record --adapter {adapter}",
        "made on": datetime.date.today().isoformat(),
        "files below": str(writer.root),
    }
    lines = [json.dumps(header)]
    for spec in chosen:
        written = writer.write(spec)
        lines.append(json.dumps(_described(spec, written, expected)))
    if not any(entry["seen"] for entry in expected.values()):
        raise Unrecordable(f"{adapter} writes no payload of these specs; the last line: {lines[-1][:300]}")
    left_out = ("cloudpickle", "dataloader-conformance")
    parts = (f"{name}{version}" for name, version in versions.items() if name not in left_out)
    path = folder / f"{Path(adapter).stem.replace(':', '-')}-{'-'.join(parts)}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / EXPECTED).write_text(_pretty(expected), encoding="utf-8")
    sums = "".join(f"{_digest(file)}  {file.name}\n" for file in sorted([folder / EXPECTED, *folder.glob("*.jsonl")]))
    (folder / SUMS).write_text(sums, encoding="utf-8")
    return path


def read_records(folder: Path) -> list[Recording]:
    """Return all recordings of a folder.

    Raises:
        UnreadableRecord: one is missing, damaged, not listed or of another format, or there is none.

    """
    expected = _expected(folder)
    recordings = [_recording(path, expected) for path in sorted(folder.glob("*.jsonl"))]
    if not recordings:
        raise UnreadableRecord(f"{folder} holds no recording: `dataloader-conformance record {folder}` makes one")
    return recordings


def _described(spec: str, written: Mapping[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return the line of a spec, and enter in ``expected`` what has not been seen before."""
    key = hashlib.sha256(spec.encode()).hexdigest()[:12]
    entry = expected.setdefault(key, {"spec": json.loads(spec), "seen": None})
    if "payload" not in written:
        kind, why = next(iter(written.items()))
        return {"spec": key, kind: why}
    seen = json.loads(json.dumps(written["seen"]))
    if entry["seen"] is None:
        entry["seen"] = seen
    first = entry["seen"]
    other = {name: value for name, value in seen.items() if name not in first or difference(first[name], value, HERE)}
    lacking = [name for name in first if name not in seen]
    payload = base64.b64encode(zlib.compress(written["payload"], 9)).decode()
    return {"spec": key, "payload": payload, "seen otherwise": other, "not seen": lacking}


def _expected(folder: Path) -> dict[str, Any]:
    """Return what was seen of each spec, once all files of the folder are as they were written."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise UnreadableRecord(
            f"{folder / SUMS} cannot be read, so nothing tells what should be there: {error}"
        ) from None
    for name in sorted({*listed, *(path.name for path in folder.glob("*.jsonl"))}):
        path = folder / name
        if name not in listed:
            raise UnreadableRecord(f"{path} is not in {SUMS}: record it anew, or remove it")
        if not path.is_file():
            raise UnreadableRecord(f"{path} is missing: {SUMS} lists it")
        if _digest(path) != listed[name]:
            raise UnreadableRecord(f"{path} was changed after it was recorded: its digest is not that in {SUMS}")
    found: dict[str, Any] = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    return found


def _recording(path: Path, expected: Mapping[str, Any]) -> Recording:
    try:
        header, *lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        if header["format"] != FORMAT:
            raise UnreadableRecord(f"{path} has format {header['format']}, and this release reads {FORMAT}")
        read = tuple(_lines(lines, expected))
        return Recording(path.name, header["adapter"], header["versions"], read)
    except (KeyError, ValueError, TypeError, zlib.error) as error:
        raise UnreadableRecord(f"{path} is no recording: {error!r}") from None


def _lines(lines: Iterable[Mapping[str, Any]], expected: Mapping[str, Any]) -> Iterator[Line]:
    for line in lines:
        entry = expected[line["spec"]]
        spec = json.dumps(entry["spec"])
        if "payload" not in line:
            kind = next(kind for kind in ("refused", "impossible", "broken") if kind in line)
            yield Line(spec, why=f"{kind}: {line[kind]}")
            continue
        seen = {**entry["seen"], **line["seen otherwise"]}
        payload = zlib.decompress(base64.b64decode(line["payload"], validate=True))
        yield Line(spec, payload, {name: value for name, value in seen.items() if name not in line["not seen"]})


def _pretty(expected: Mapping[str, Any]) -> str:
    """Return the specs in the order in which they were recorded, one aspect a line."""
    entries = []
    for key, entry in expected.items():
        seen = "null"
        if entry["seen"] is not None:
            aspects = (f"   {json.dumps(name)}: {json.dumps(value)}" for name, value in entry["seen"].items())
            seen = "{\n" + ",\n".join(aspects) + "}"
        entries.append(f' "{key}": {{\n  "spec": {json.dumps(entry["spec"])},\n  "seen": {seen}}}')
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
