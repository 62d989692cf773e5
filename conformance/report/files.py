"""The report files: which there are, that they can be written, and writing them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from conformance.report.junit import junit
from conformance.report.page import page
from conformance.report.step_summary import step_summary

__all__ = ["REPORTS", "UnwritableReport", "prepared", "write"]


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


# Each report by the name of its option.
REPORTS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "json": _json,
    "junit": junit,
    "markdown": step_summary,
    "html": page,
}


class UnwritableReport(Exception):
    """A report cannot be written where it was asked for; the message says why."""


@contextmanager
def prepared(paths: Mapping[str, Path], reproducers: Path | None, kept: Mapping[str, Path]) -> Iterator[None]:
    """Empty each report's file and make the folder of reproducers: a run that is killed leaves no former report.

    ``kept`` are files that are written at the end, and keep till then what they hold. Until the end of the block no
    other run can prepare the same.

    Raises:
        UnwritableReport: one cannot be written, two have the same file, or another run is about to write it.

    """
    seen: dict[Path, str] = {}
    with ExitStack() as stack:
        for name, path in {**paths, **kept}.items():
            other = seen.setdefault(path.resolve(), name)
            if other != name:
                raise UnwritableReport(f"--{other} and --{name} name the same file {str(path)!r}")
            try:
                is_new = not path.exists()
                with path.open("a"):
                    pass
                if name in kept:
                    if is_new:
                        path.unlink()
                elif not _is_shared(path):
                    _lock(name, path, stack)
                    path.write_text("")
            except OSError as error:
                raise UnwritableReport(f"--{name} {str(path)!r} cannot be written: {error.strerror or error}") from None
        if reproducers is not None:
            try:
                reproducers.mkdir(parents=True, exist_ok=True)
                probe = reproducers / ".writable"
                probe.touch()
                probe.unlink()
                _lock("reproducers", reproducers, stack)
            except OSError as error:
                why = error.strerror or error
                raise UnwritableReport(f"--reproducers {str(reproducers)!r} cannot be written into: {why}") from None
        yield


def _lock(name: str, path: Path, stack: ExitStack) -> None:
    """Lock a file or a folder for this run. The operating system gives the lock back when its process ends."""
    descriptor = os.open(path, os.O_RDONLY)
    stack.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UnwritableReport(
            f"--{name} {str(path)!r} is being written by another run: give each run a path of its own"
        ) from None


def write(document: dict[str, Any], paths: Mapping[str, Path], reproducers: Path | None) -> None:
    """Write each report, and each violation's script under its id.

    Raises:
        OSError: a file can be written no more.

    """
    for name, path in paths.items():
        # What an example holds need not be valid Unicode.
        with path.open("a" if _is_shared(path) else "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(REPORTS[name](document))
    if reproducers is not None:
        for violation in document["violations"]:
            script = reproducers / f"{violation['id']}.py"
            script.write_text(violation["reproducer"], encoding="utf-8", errors="backslashreplace")


def _is_shared(path: Path) -> bool:
    """Whether a step of GitHub Actions collects its summary in the file, others' lines among ours."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    return bool(summary) and path.resolve() == Path(str(summary)).resolve()
