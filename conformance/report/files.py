"""The report files: which there are, that they can be written, and writing them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conformance.report.junit import junit
from conformance.report.page import page
from conformance.report.step_summary import step_summary

__all__ = ["REPORTS", "UnwritableReport", "prepare", "write"]


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


def prepare(paths: Mapping[str, Path], reproducers: Path | None) -> None:
    """Empty each report's file and make the folder of reproducers: a run that is killed leaves no former report.

    Raises:
        UnwritableReport: one cannot be written, or two have the same file.

    """
    seen: dict[Path, str] = {}
    for name, path in paths.items():
        other = seen.setdefault(path.resolve(), name)
        if other != name:
            raise UnwritableReport(f"--{other} and --{name} name the same file {str(path)!r}")
        try:
            with path.open("a" if _is_shared(path) else "w"):
                pass
        except OSError as error:
            raise UnwritableReport(f"--{name} {str(path)!r} cannot be written: {error.strerror or error}") from None
    if reproducers is not None:
        try:
            reproducers.mkdir(parents=True, exist_ok=True)
            probe = reproducers / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            why = error.strerror or error
            raise UnwritableReport(f"--reproducers {str(reproducers)!r} cannot be written into: {why}") from None


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
