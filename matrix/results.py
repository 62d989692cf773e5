"""Prints the results of the matrix: ``python -m matrix.results FOLDER``, where FOLDER is tox's work folder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from matrix.rows import Row, read_table, rows

__all__ = ["main", "table"]

NO_REPORT = "no result: its interpreter is missing, or it could not be installed or run"


def main(folder: Path) -> int:
    """Print a line for each row, and return 1 if no row has a result, otherwise 0.

    A row that does not conform does not count here. It has already made its own tox environment fail.
    """
    chosen = rows(read_table())
    found = {row.name: report for row in chosen if (report := _report(folder, row.name)) is not None}
    shown = table(chosen, found)
    Console(width=None if sys.stdout.isatty() else 120).print(shown)
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as summary:
            Console(file=summary, width=200).print("```text", shown, "```")
    print(f"{len(found)} of {len(chosen)} rows have a result")
    return 0 if found else 1


def table(chosen: list[Row], reports: Mapping[str, Any]) -> Shown:
    """Return a table of the rows, with the versions that were actually installed and the verdict, if there is one."""
    shown = Shown("environment", "Python", "DataFusion", "PyIceberg", "pyarrow", "result", box=None, pad_edge=False)
    for row in chosen:
        report = reports.get(row.name)
        if report is None:
            shown.add_row(row.name, *row.versions.values(), f"[red]{NO_REPORT}[/red]")
            continue
        where, outcome = report["environment"], report["outcome"]
        installed = [where["versions"][name] for name in ("datafusion", "pyiceberg", "pyarrow")]
        colour = "green" if outcome["exit_code"] == 0 else "red"
        verdict = f"[{colour}]{outcome['sentence']}[/{colour}] ({report['run']['profile']})"
        shown.add_row(row.name, where["python"], *installed, verdict)
    return shown


def _report(folder: Path, name: str) -> Any:
    path = folder / name / "tmp" / "report.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
