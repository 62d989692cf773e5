"""The folder of a run's temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from conformance.run.folder import LOCK, LONGEST, PREFIX, remove_left, run_folder


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def left(place: Path, *, lock: bool = True) -> Path:
    """Return the folder of a run that was killed."""
    folder = place / f"{PREFIX}left"
    folder.mkdir()
    (folder / "data").write_text("")
    if lock:
        (folder / LOCK).write_text("")
    return folder


def test_folder_lives_as_long_as_the_run(place: Path) -> None:
    with run_folder() as folder:
        assert folder.parent == place
        assert folder.is_dir()
    assert list(place.iterdir()) == []


def test_folder_of_a_run_that_was_killed_is_removed_by_the_next(place: Path) -> None:
    folder = left(place)
    with run_folder():
        assert not folder.exists()


def test_what_may_be_of_a_run_that_lives_is_left_alone(place: Path) -> None:
    without_lock = left(place, lock=False)
    remove_left()
    assert without_lock.is_dir()
    (without_lock / LOCK).write_text("")
    with FileLock(without_lock / LOCK):
        remove_left()
        assert (without_lock / "data").exists()


@pytest.mark.parametrize("kind", ["file", "link", "other name"])
def test_what_is_of_no_run_is_left_alone(kind: str, place: Path, tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("")
    if kind == "file":
        (place / f"{PREFIX}file").write_text("")
    elif kind == "link":
        (place / f"{PREFIX}link").symlink_to(tmp_path)
    else:
        (place / "conformance-walk").mkdir()
        (place / "conformance-walk" / LOCK).write_text("")
    remove_left()
    assert len(list(place.iterdir())) == 1
    assert (tmp_path / LOCK).exists()


def test_folder_stands_elsewhere_where_the_path_is_too_long_for_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * LONGEST)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with run_folder() as folder:
        assert folder.parent == Path("/tmp")
    assert not folder.exists()
