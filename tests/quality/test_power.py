"""What the suite's power is compared with: each judge passes the sound loader, and catches a defect by its name."""

from __future__ import annotations

from benchmarks import power
from fixtures.loaders.defects import DEFECTS


def test_judges_pass_the_sound_loader_and_catch_a_defect() -> None:
    for judge in power.judges().values():
        assert judge(power.SOUND) == ""
    dropped = DEFECTS["filter-dropped"]
    assert power.suite(dropped) == "CTX-1"
    assert power.tests_of(power.ALTERNATIVES / "example_based.py", dropped) != ""
    assert power.tests_of(power.ALTERNATIVES / "round_trip.py", dropped) == "test_round_trip"
