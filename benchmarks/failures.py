"""Prints what the suite answers when things fail: `python -m benchmarks.failures > docs/failures.md`.

The table is made of the tests in ``tests/end_to_end/failures``: a row for each, with its name as what was tried and its
docstring as the answer. The figures below it are those of ``python -m benchmarks.kills --json benchmarks/kills.json``.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from conformance.templates import template

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests" / "end_to_end" / "failures"
FIGURES = Path(__file__).with_name("kills.json")


def tried(file: Path) -> dict[str, Any]:
    """Return what a file of tests is about, and for each test what it tries and what it says is the answer."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    rows = [{"tried": what(node.name), "answer": one_line(ast.get_docstring(node))} for node in functions]
    return {"says": one_line(ast.get_docstring(module)), "rows": rows}


def what(name: str) -> str:
    """Return the name of a test in words."""
    return name.removeprefix("test_").replace("_", " ").capitalize()


def one_line(text: str | None) -> str:
    """Return a docstring as a line of a table."""
    assert text, "a test without a docstring says no answer"
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def page() -> str:
    """Return the page."""
    groups = [tried(file) for file in sorted(TESTS.glob("test_*.py"))]
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    return template(__file__, "failures.md.jinja").render(groups=groups, figures=figures)


if __name__ == "__main__":
    print(page(), end="")
