"""The command is used wrongly: each option and argument in each way in which it can be wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from benchmarks.running import command
from conformance.cli import main

HERE = f"--before {sys.executable} --after {sys.executable}"
# What is written on the command line, and what the answer says of it. The folder holds `folder/`, `file`, `broken.json`
# (no JSON), `other.json` (no report) and `my_adapter.py` (there is no `ADAPTER` in it).
CASES: dict[str, list[tuple[str, str]]] = {
    "run": [
        ("--adapter referense", "did you mean reference?"),
        ("--adapter no/such/file.py", "no/such/file.py"),
        ("--adapter no_such_module:ADAPTER", "No module named 'no_such_module'"),
        ("--adapter json:ADAPTER", "json"),
        ("--adapter my_adapter.py", "has no 'ADAPTER'"),
        ("--adapter folder", "folder"),
        ("--profile quik", "did you mean quick?"),
        ("--clause PLAM", "did you mean PLAN"),
        ("--transport pickel-5", "did you mean pickle"),
        ("--store s4", "known: azurite"),
        ("--worker no-such-python", "there is no file 'no-such-python'"),
        ("--on tcp://127.0.0.1:1", "--on must be dask://HOST:PORT or ray://HOST:PORT, got 'tcp://127.0.0.1:1'"),
        ("--on dask://127.0.0.1:1 -n 2", "--on and -n contradict"),
        ("--worker file", "--worker: file is no Python interpreter"),
        ("--seed many", "'many' is not a valid integer"),
        ("--budget 5", "--budget goes with --profile soak"),
        ("--profile soak --budget 0", "--budget"),
        ("--require many", "'many' is not a valid integer"),
        ("--require -1", "--require"),
        ("--most-unusable 101", "--most-unusable must be 0 to 100"),
        ("--baseline no/such/file", "no/such/file"),
        ("--baseline broken.json", "broken.json"),
        ("--baseline-write no/such/file", "--baseline-write 'no/such/file' cannot be written"),
        ("--json no/such/file", "--json 'no/such/file' cannot be written"),
        ("--junit folder", "--junit 'folder' cannot be written"),
        ("--markdown no/such/file", "--markdown 'no/such/file' cannot be written"),
        ("--html no/such/file", "--html 'no/such/file' cannot be written"),
        ("--reproducers file", "--reproducers 'file' cannot be written"),
        ("--processes -1", "-1 is not in the range"),
        ("-n two", "'two' is not a valid integer"),
        ("--engines=yes", "does not take a value"),
        ("--strict=yes", "does not take a value"),
        ("--no-such-option", "No such option"),
        ("surplus", "unexpected extra argument"),
    ],
    "replay": [
        ("", "Missing argument"),
        ("no-such-target", "no-such-target"),
        ("broken.json", "broken.json"),
        ("other.json", "other.json"),
        ("WIRE-1-12345678", "WIRE-1-12345678"),
        ("WIRE-1-12345678 --report no/such/file", "no/such/file"),
        ("WIRE-1-12345678 --report broken.json", "broken.json"),
        ("spec.json --adapter referense", "did you mean reference?"),
        ("spec.json --clause PLAM", "did you mean PLAN"),
    ],
    "record": [
        ("", "Missing argument"),
        ("file", "'file' is a file"),
        ("file/below", "file"),
        ("new --adapter referense", "did you mean reference?"),
        ("new --specs no/such/file", "no/such/file"),
        ("new --specs other.json", "other.json"),
    ],
    "compare": [
        ("", "Missing option '--before'"),
        ("--before file --after file", "--before: "),
        (f"--before {sys.executable} --after file", "--after: "),
        (f"{HERE} --adapter referense", "did you mean reference?"),
        (f"{HERE} --specs no/such/file", "no/such/file"),
    ],
    "init": [
        ("", "Missing argument"),
        ("no_such_module:Split --output new.py", "No module named 'no_such_module'"),
        ("json:Split --output new.py", "Split"),
        ("json --output new.py", "json"),
        ("json:dumps --output new.py", "dumps"),
        ("fractions:Fraction --output no/such/file", "no/such/file"),
        ("fractions:Fraction --output file", "file exists already"),
    ],
    "list": [("surplus", "unexpected extra argument")],
    "explain": [("", "Missing argument"), ("PLAN-77", "did you mean PLAN-")],
}


def each_parameter() -> Iterator[tuple[str, str]]:
    """Yield every option and argument of every command, as it is written."""
    for name, found in main.commands.items():
        for parameter in found.params:
            yield name, parameter.opts[0] if isinstance(parameter, click.Option) else ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder in which the command is called."""
    (tmp_path / "folder").mkdir()
    for name, text in (("file", ""), ("broken.json", "{"), ("other.json", "[]"), ("my_adapter.py", "")):
        (tmp_path / name).write_text(text)
    spec = (
        '{"SplitSpec": {"table": {"TableSpec": {"columns": [{"ColumnSpec": {"id": 1, "name": "a", "type": "long"}}]}}}}'
    )
    (tmp_path / "spec.json").write_text(spec)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        pytest.param(name, arguments, says, id=f"{name} {arguments.replace(sys.executable, 'python')}")
        for name, cases in CASES.items()
        for arguments, says in cases
    ],
)
def test_option_or_argument_that_is_wrong(name: str, arguments: str, says: str, folder: Path) -> None:
    """Exit code 2 and a sentence that names it: no traceback."""
    ran = command(name, *arguments.split(), cwd=folder)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert says in ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize(("name", "parameter"), list(each_parameter()))
def test_options_and_arguments_that_are_tried(name: str, parameter: str) -> None:
    """All that the command has."""
    assert any(parameter in ["", *arguments.split()] or f"{parameter}=" in arguments for arguments, _ in CASES[name])
