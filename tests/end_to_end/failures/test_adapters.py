"""Adapters that misbehave before a split is built, secrets that they bring, and files that stand in the way."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.running import ONE_CLAUSE, adapter, command, started


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("sys.exit(0)", "SystemExit: 0"),
        ("raise SystemExit('not today')", "SystemExit: not today"),
        ("os._exit(0)", "ends its process (it ended with exit code 0) while it is imported"),
        ("os.abort()", "ends its process (it was killed by signal 6) while it is imported"),
    ],
    ids=["sys.exit", "SystemExit", "os._exit", "abort"],
)
def test_adapter_that_ends_its_process_while_it_is_imported(body: str, says: str, tmp_path: Path) -> None:
    """Exit code 2, with what it does."""
    file = adapter(tmp_path, "split_id=None", body)
    ran = command("run", "--adapter", file, cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert says in " ".join(ran.stderr.split())
    assert "INTERNAL" not in ran.stdout + ran.stderr


LAZILY = """
def __getattr__(name):
    if name != "ADAPTER":
        raise AttributeError(name)
    import my_loader
"""


@pytest.mark.parametrize(
    ("loader", "error"),
    [
        ("import no_such_dependency", "ModuleNotFoundError: No module named 'no_such_dependency'"),
        ("from pyiceberg.table import NoSuchName", "cannot import name 'NoSuchName'"),
        ("import pyiceberg\npyiceberg.no_such_name", "module 'pyiceberg' has no attribute 'no_such_name'"),
    ],
    ids=["missing", "name", "attribute"],
)
@pytest.mark.parametrize("lazily", [False, True], ids=["at import", "when asked"])
def test_loader_that_does_not_import(loader: str, error: str, lazily: bool, tmp_path: Path) -> None:
    """Exit code 2, with the loader's own error and the file in which it was raised."""
    (tmp_path / "my_loader.py").write_text(loader)
    (tmp_path / "my_adapter.py").write_text(LAZILY if lazily else "import my_loader\nADAPTER = my_loader")
    ran = command("run", "--adapter", "my_adapter.py", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert error in ran.stderr
    assert "my_loader.py" in ran.stderr
    assert "has no 'ADAPTER'" not in ran.stderr


def test_worker_that_is_no_interpreter(tmp_path: Path) -> None:
    """Exit code 2: it is no interpreter, or the suite is not installed there and how to install it."""
    ran = command(*ONE_CLAUSE, "--worker", "/bin/true", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "--worker: /bin/true is no Python interpreter with the suite" in ran.stderr
    bare = tmp_path / "bare" / "python"
    bare.parent.mkdir()
    bare.write_text(f'#!/bin/sh\nexec {sys._base_executable} -S -I "$@"\n')  # type: ignore[attr-defined]
    bare.chmod(0o755)
    for arguments in (["run", "--worker", str(bare)], ["compare", "--before", str(bare), "--after", sys.executable]):
        ran = command(*arguments, cwd=tmp_path)
        assert ran.returncode == 2, ran.stdout + ran.stderr
        assert f"the suite is not installed under {bare}: install it with" in ran.stderr
        assert "Traceback" not in ran.stderr


SECRET = "wJalrXUtnFEMI-a-real-one"
TAKES_A_SECRET = """
def file_io(split):
    io = REFERENCE.file_io(split)
    secret = os.environ.get("LOADERS_SECRET_KEY") or "from-a-file-0123"
    return type(io)({**io.properties, "s3.secret-access-key": secret})
"""


@pytest.mark.parametrize("variable", ["LOADERS_SECRET_KEY", "UNUSED"])
def test_secret_that_the_loader_takes_from_elsewhere(variable: str, tmp_path: Path) -> None:
    """It stands in no report: a digest does in its place."""
    file = adapter(tmp_path, "file_io=file_io", TAKES_A_SECRET)
    reports = ["--json", "r.json", "--junit", "r.xml", "--markdown", "r.md", "--html", "r.html"]
    ran = command(
        *("run", "--profile", "smoke", "--clause", "IO", "--adapter", file, *reports),
        *("--baseline-write", "known.toml", "--reproducers", "scripts"),
        cwd=tmp_path,
        **{variable: SECRET},
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != file and path.suffix != ".pyc"]
    texts = {"stdout": ran.stdout, "stderr": ran.stderr} | {path.name: path.read_text() for path in written}
    assert {"r.json", "r.xml", "r.md", "r.html", "known.toml"} <= texts.keys()
    secret = SECRET if variable == "LOADERS_SECRET_KEY" else "from-a-file-0123"
    assert [name for name, text in texts.items() if secret in text and not name.startswith("IO-")] == []
    assert "<secret " in json.loads(texts["r.json"])["violations"][0]["actual"]


@pytest.mark.parametrize("processes", ["0", "2"])
def test_files_named_like_modules_of_the_standard_library(processes: str, tmp_path: Path) -> None:
    """No process of a run imports them."""
    for name in ("pickle", "struct", "queue", "threading", "signal", "tempfile", "json", "types", "_weakrefset"):
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('the {name} of the user was imported')")
    ran = command("run", "--profile", "smoke", "--clause", "WIRE", "-n", processes, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "was imported" not in ran.stdout + ran.stderr


def test_two_runs_that_write_one_report(tmp_path: Path) -> None:
    """The second ends with exit code 2 and says so."""
    with started("run", "--profile", "smoke", "--json", "report.json", cwd=tmp_path) as running:
        running.until("profile")
        ran = command(*ONE_CLAUSE, "--json", "report.json", cwd=tmp_path)
        assert ran.returncode == 2
        assert "--json 'report.json' is being written by another run" in ran.stderr
        assert running.wait() == 0, running.text()
    assert json.loads((tmp_path / "report.json").read_text())["outcome"]["exit_code"] == 0


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").is_dir(), reason="everything can be written here")
def test_record_to_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """Exit code 2 and a sentence."""
    ran = command("record", "/proc/records", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "/proc/records cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_verdict_is_the_last_line(tmp_path: Path) -> None:
    """Of what a run prints, nothing contradicts it."""
    bad = adapter(tmp_path, "split_id=lambda split: str(id(split))")
    for arguments, code, last in (
        ([], 0, "reference: conforms to 1 clause"),
        (["--adapter", bad], 1, "mine: 1 clause violated: ID-1"),
    ):
        for processes in ("0", "2"):
            ran = command(*ONE_CLAUSE, *arguments, "-n", processes, cwd=tmp_path)
            assert ran.returncode == code
            assert ran.stdout.strip().splitlines()[-1].strip() == last
            assert " passed" not in ran.stdout
            assert " failed" not in ran.stdout


HANGS_OVER_ORC = """
import time

from conformance.transports import watchdog

watchdog.SECONDS = 3.0


def build(materials):
    if materials.file_scan_task.file.file_format.name == "ORC":
        time.sleep(3600)
    return REFERENCE.build(materials)
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_build_that_hangs(processes: str, tmp_path: Path) -> None:
    """Exit code 3, with the call and the example, once."""
    file = adapter(tmp_path, "build=build", HANGS_OVER_ORC)
    ran = command("run", "--clause", "ID", "--adapter", file, "-n", processes, cwd=tmp_path)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    said = " ".join((ran.stdout + ran.stderr).split())
    assert said.count("Building a split takes longer than 3 s") == 1
    assert "time.sleep(3600)" in said
    assert "of the example SplitSpec(" in said
