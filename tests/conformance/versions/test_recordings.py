"""Recorded payloads: what is written can be read, and what is missing, damaged or wrong is a failure."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from benchmarks.running import command
from conformance.versions import recordings as recordings_module
from conformance.versions.compatibility import Environment, Outcome
from conformance.versions.recordings import Line, UnreadableRecord, UnusablePlace, private_place, read_records, specs
from tests.conformance.versions.test_upgrade_order import SPECS

RECORDINGS = Path(__file__).parents[3] / "fixtures" / "recordings"
OF_THE_REFERENCE = ("reference", "reference-2")


@pytest.fixture(scope="module")
def today() -> Environment:
    return Environment(sys.executable, "reference", private_place())


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDINGS / "reference", tmp_path / "records"))


@pytest.mark.parametrize("form", OF_THE_REFERENCE)
def test_oldest_and_newest_recording_load_and_read_the_same(form: str, today: Environment) -> None:
    """All of them: `tox run -e records`."""
    recordings = read_records(RECORDINGS / form)
    for recording in (recordings[0], recordings[-1]):
        for line in recording.lines[::3]:
            found = line.judged(today)
            assert found.outcome in (Outcome.CONFORMS, Outcome.NOT_WRITTEN), (recording.name, found)


@pytest.mark.parametrize("form", OF_THE_REFERENCE)
def test_every_recording_has_forty_payloads_and_keeps_refusals(form: str) -> None:
    for recording in read_records(RECORDINGS / form):
        assert sum(line.seen is not None for line in recording.lines) >= 40, recording.name
        assert any(line.why.startswith("refused: ") for line in recording.lines)
        assert len({line.spec for line in recording.lines}) == len(specs())


def test_place_that_others_may_write_into_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "records"
    monkeypatch.setattr(recordings_module, "PLACE", place)
    assert private_place() == place
    assert place.stat().st_mode & 0o077 == 0
    place.chmod(0o777)
    with pytest.raises(UnusablePlace, match="must be a folder of this user's"):
        private_place()
    place.rmdir()
    place.symlink_to(tmp_path)
    with pytest.raises(UnusablePlace):
        private_place()


def test_records_are_small() -> None:
    assert sum(path.stat().st_size for path in RECORDINGS.rglob("*") if path.is_file()) < 5_000_000


def test_a_payload_that_reads_otherwise_is_a_violation(today: Environment) -> None:
    line = next(line for line in read_records(RECORDINGS / "reference")[0].lines if line.seen is not None)
    assert line.seen is not None
    other = replace(line, seen={**line.seen, "id": ["str", "'another'"]})
    assert other.judged(today).outcome is Outcome.VIOLATES
    cut = Line(line.spec, line.payload[:-2], line.seen)
    assert cut.judged(today).outcome is Outcome.VIOLATES


def remove(path: Path) -> None:
    path.unlink()


def change(path: Path) -> None:
    path.write_text(path.read_text().replace("payload", "payloads", 1))


def rename(path: Path) -> None:
    path.rename(path.with_name("other.jsonl"))


@pytest.mark.parametrize(
    ("damage", "name", "says"),
    [
        (remove, "*.jsonl", "is missing: SHA256SUMS lists it"),
        (remove, "SHA256SUMS", "cannot be read, so nothing tells what should be there"),
        (remove, "expected.json", "is missing"),
        (change, "*.jsonl", "was changed after it was recorded"),
        (rename, "*.jsonl", "is missing|is not in SHA256SUMS"),
    ],
)
def test_damaged_records_are_no_pass(damage: object, name: str, says: str, copied: Path) -> None:
    assert callable(damage)
    damage(sorted(copied.glob(name))[0])
    with pytest.raises(UnreadableRecord, match=says):
        read_records(copied)


def test_recorded_and_replayed_by_command(tmp_path: Path) -> None:
    (tmp_path / "specs.jsonl").write_text("\n".join(SPECS))
    assert command("replay", ".", cwd=tmp_path).returncode == 1
    recorded = command("record", "records", "--specs", "specs.jsonl", cwd=tmp_path)
    assert recorded.returncode == 0, recorded.stderr
    replayed = command("replay", "records", cwd=tmp_path)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "conforms (2 conforms)" in " ".join(replayed.stdout.split())
    (file,) = (tmp_path / "records").glob("*.jsonl")
    file.unlink()
    missing = command("replay", "records", cwd=tmp_path)
    assert missing.returncode == 1
    assert "is missing: SHA256SUMS lists it" in missing.stderr


@pytest.mark.parametrize("text", ["", "[1]", "no JSON"])
def test_a_file_without_specs_is_wrong_usage(text: str, tmp_path: Path, command_here: Callable[..., Result]) -> None:
    (tmp_path / "specs.jsonl").write_text(text)
    ran = command_here("record", "records", "--specs", "specs.jsonl")
    assert ran.exit_code == 2
    assert "specs.jsonl" in ran.output
