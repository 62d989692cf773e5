"""The machine fails: the disk is full, the engine runs nothing, nothing travels."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from benchmarks.running import COMMAND, ONE_CLAUSE, adapter, command

# A file system of some kilobytes, in a name space of its own: it needs no rights.
ON_A_SMALL_DISK = "mount -t tmpfs -o size={size} tmpfs {folder} && exec env TMPDIR={folder} {command}"


def on_a_small_disk(size: str, disk: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = ON_A_SMALL_DISK.format(size=size, folder=disk, command=shlex.join([*COMMAND, *arguments]))
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def can_mount() -> bool:
    asked = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(
    not can_mount(), reason="no file system can be mounted here, even for this user alone"
)


@needs_mounts
@pytest.mark.parametrize("processes", ["0", "2"])
def test_disk_full_while_examples_are_made(processes: str, tmp_path: Path, temporary: Path) -> None:
    """Exit code 3: where the disk is full, and to free some space or set TMPDIR; no example is called unusable."""
    chosen = ["run", "--profile", "smoke", "--clause", "READ", "-n", processes]
    ran = on_a_small_disk("100k", temporary, tmp_path, *chosen)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "No space left on device" in ran.stdout
    assert "free some space there" in " ".join(ran.stdout.replace("│", " ").split())
    assert "conforms to" not in ran.stdout
    assert "Traceback" not in ran.stdout


FILLS_THE_DISK = """
import pathlib, tempfile
def build(materials):
    if materials.plan is not None:
        with open(pathlib.Path(tempfile.gettempdir()) / "filled", "ab") as file:
            try:
                while True:
                    file.write(bytes(1024))
                    file.flush()
            except OSError:
                pass
    return REFERENCE.build(materials)
"""


@needs_mounts
def test_disk_full_while_splits_are_read(tmp_path: Path, temporary: Path) -> None:
    """Exit code 3: what a loader raises for want of space is no violation of it."""
    file = adapter(tmp_path, "build=build", FILLS_THE_DISK)
    chosen = ["run", "--profile", "smoke", "--clause", "READ", "--adapter", file]
    ran = on_a_small_disk("2m", temporary, tmp_path, *chosen)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "free some space there" in " ".join(ran.stdout.replace("│", " ").split())


def test_folder_of_temporary_files_that_cannot_be_written(tmp_path: Path) -> None:
    """The run uses another, as Python itself does: /tmp, or the one in which it is called."""
    nowhere = tmp_path / "nowhere"
    ran = command(*ONE_CLAUSE, cwd=tmp_path, TMPDIR=str(nowhere))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not nowhere.exists()


# As a build of the engine does that lacks a part of it.
WITHOUT_WINDOWS = """
from datafusion import SessionContext
sql = SessionContext.sql
def without_windows(session, query, *arguments, **options):
    if " OVER " in query:
        raise Exception("DataFusion error: there are no window functions")
    return sql(session, query, *arguments, **options)
SessionContext.sql = without_windows
"""


@pytest.mark.parametrize(("most", "code"), [("0", 1), ("100", 0)])
def test_engine_that_cannot_run_the_examples(most: str, code: int, tmp_path: Path) -> None:
    """Exit code 1 beyond the share that `--most-unusable` allows, with how many and why."""
    file = adapter(tmp_path, "", WITHOUT_WINDOWS)
    chosen = ["--clause", "PLAN", "--transport", "pickle-5", "--most-unusable", most]
    ran = command("run", "--profile", "smoke", "--adapter", file, *chosen, cwd=tmp_path)
    assert ran.returncode == code, ran.stdout + ran.stderr
    verdict = " ".join(ran.stdout.split())
    reason = "mostly for: Exception: DataFusion error: there are no window functions"
    assert re.search(rf"the engine cannot run [1-9]\d* of \d+ examples \(\d+ %\), {reason}", verdict)
    assert ("at most 0 % may be (--most-unusable)" in verdict) is (code == 1)


# A split that holds the reference's, and all the readers of it.
HOLDS_A_SPLIT = """
class Split:
    def __init__(self, split):
        self.split = split
    def {method}(self, *_):
        raise TypeError("cannot be sent")
def build(materials):
    return Split(REFERENCE.build(materials))
def inside(reader):
    return lambda split: reader(split.split)
READERS = {{
    each.name: inside(getattr(REFERENCE, each.name))
    for each in dataclasses.fields(REFERENCE)
    if (each.metadata or each.name == "read") and getattr(REFERENCE, each.name) is not None
}}
"""
CHANGED = "**{**READERS, 'build': build, 'build_scan': None, 'build_files': None}"


def test_nothing_that_travels(tmp_path: Path) -> None:
    """Exit code 1: nothing arrived, through which transports; clauses on arrivals are not run."""
    file = adapter(tmp_path, CHANGED, HOLDS_A_SPLIT.format(method="__reduce_ex__"))
    chosen = ["--clause", "PLAN-3", "--clause", "ID-1", "--clause", "READ-1"]
    ways = ["--transport", "pickle-5", "--transport", "copy"]
    ran = command("run", "--profile", "smoke", "--adapter", file, *chosen, *ways, cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "nothing arrived through pickle-5, copy" in ran.stdout
    assert ran.stdout.count("not run  ") == 3
    assert "conforms" not in ran.stdout


def test_one_transport_through_which_nothing_travels(tmp_path: Path) -> None:
    """Exit code 1, naming the transport, though others carry all."""
    file = adapter(tmp_path, CHANGED, HOLDS_A_SPLIT.format(method="__copy__"))
    ways = ["--transport", "pickle-5", "--transport", "copy"]
    ran = command("run", "--profile", "smoke", "--adapter", file, "--clause", "ID-1", *ways, cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "nothing arrived through copy: " in ran.stdout


def test_run_leaves_nothing_in_the_folder_of_temporary_files(tmp_path: Path, temporary: Path) -> None:
    """It is as empty after a clean run as before."""
    ran = command("run", "--profile", "smoke", "--clause", "WIRE", "-n", "2", cwd=tmp_path, TMPDIR=str(temporary))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert list(temporary.iterdir()) == []
