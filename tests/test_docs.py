"""Every snippet of the pages is executed, or parsed and its commands checked."""

from __future__ import annotations

import configparser
import re
import shlex
import sys
import types
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from conformance.cli import main
from conformance.judging.baseline import read_baseline

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
SNIPPETS = [
    pytest.param(language, text, id=f"{page.name}-{number}-{language or 'text'}")
    for page in PAGES
    for number, (language, text) in enumerate(re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.M | re.S), 1)
    if language != "mermaid"  # the picture of the imports: see test_architecture
]
# What a shell snippet may call besides the command itself.
OTHER_COMMANDS = {".", "bash", "lint-imports", "mypy", "pip", "pytest", "python", "ruff", "tox"}


@pytest.mark.parametrize(("language", "text"), SNIPPETS)
def test_snippet(language: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if language == "python":
        run_python(text, monkeypatch)
    elif language == "toml":
        (tmp_path / "baseline.toml").write_text(text)
        assert read_baseline(tmp_path / "baseline.toml").entries
    else:
        {"sh": shell, "ini": ini, "yaml": workflow, "text": report}[language](text)


def run_python(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Execute it, with the reference loader as the user's and a `build` of the user's."""
    import reference

    loader = types.ModuleType("my_loader")
    vars(loader).update(Split=reference.DataLoaderSplit, ScanContext=reference.TableScanContext)
    vars(loader).update(Loader=reference.DataLoader)
    monkeypatch.setitem(sys.modules, "my_loader", loader)
    names: dict[str, Any] = {"build": lambda materials: None}
    exec(compile(text, "snippet", "exec"), names)
    if "Adapter(" in text:
        assert "ADAPTER" in names
    for name, test in list(names.items()):
        if name.startswith("test_"):
            test()


def shell(text: str) -> None:
    for line in text.replace("\\\n", " ").splitlines():
        for command in re.split(r"\s*&&\s*", line.split(" #")[0].strip()):
            if command and not command.startswith("#"):
                checked(shlex.split(command))


def checked(words: list[str]) -> None:
    """Check a command line: ours is parsed with all its options, of others the name is known."""
    if words[0] != "dataloader-conformance":
        assert words[0] in OTHER_COMMANDS, words
        return
    assert isinstance(main, click.Group)
    command = main.commands[words[1]]
    with command.make_context(words[1], words[2:]) as context:
        assert context.params


def ini(text: str) -> None:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string(text)
    for section in parsed.sections():
        assert section.startswith("testenv:")
        for line in parsed[section]["commands"].split("\n"):
            checked([word for word in shlex.split(line) if word != "{posargs}"])


def workflow(text: str) -> None:
    parsed = yaml.safe_load(text)
    jobs = parsed["jobs"].values() if isinstance(parsed, dict) else [{"steps": parsed}]  # a whole one, or its steps
    for job in jobs:
        commands = [step["run"] for step in job["steps"] if "run" in step]
        assert any(command.startswith("dataloader-conformance run") for command in commands)
        for command in commands:
            shell(command)


def report(text: str) -> None:
    """The sentence of the clause in a report is that of the contract, as far as it is shown."""
    from conformance.contract import clause

    clause_id = re.search(r"([A-Z]+-\d+) \(MUST\) violated", text)
    assert clause_id is not None
    shown = " ".join(re.findall(r"^│ (.*?) *│$", text, re.M)).split("[…]")[0].strip()
    assert clause(clause_id.group(1)).statement.startswith(shown)
