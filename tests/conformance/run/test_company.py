"""A process that has seen no other example tells what an example breaks by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.judging.findings import Violation
from conformance.observation.difference import Difference, Place, Step
from conformance.run.company import told_alone
from conformance.run.sweep import Sweep
from strategies.serialization import to_json
from strategies.specs import Append, ColumnSpec, HistorySpec, ScanSpec, SplitSpec, TableSpec

A = ColumnSpec(1, "a", "long", (1, 2))
SPLIT = SplitSpec(TableSpec((A,), rows=2))
SCAN = ScanSpec(HistorySpec((A,), (Append(2), Append(2), Append(2))))


def violation(clause: str, spec: SplitSpec | ScanSpec) -> Violation:
    return Violation(clause, ("pickle-5",), repr(spec), to_json(spec), Difference(Place(Step.LOOK, "id"), "1", "2"))


@pytest.mark.parametrize(
    ("reference", "alone"),
    [
        ("reference", [False, False]),
        (reference_of("id-drawn-at-first-look"), [True, False]),
        (reference_of("first-task-twice"), [False, True]),
    ],
    ids=["neither by itself", "the split by itself", "the scan by itself"],
)
def test_only_what_breaks_by_itself_is_told_so(
    reference: str, alone: list[bool], sweep_of: Callable[..., Sweep]
) -> None:
    found = [violation("ID-1", SPLIT), violation("SCAN-1", SCAN)]
    assert [each.alone for each in told_alone(sweep_of(load_adapter(reference)), found)] == alone


# Some readings give no rows.
LOSES_SOME = """
import dataclasses, itertools
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE

COUNT = itertools.count(1)

def read(split):
    return iter(()) if LOST(next(COUNT)) else iter(split)

ADAPTER = dataclasses.replace(REFERENCE, name="mine", read=read)
"""


@pytest.mark.parametrize(("name", "lost"), [("not_at_the_first_try", "n % 40 == 0"), ("at_the_first_try", "n % 9 < 3")])
def test_what_shows_in_some_tries_is_told_with_their_number(
    name: str, lost: str, tmp_path: Path, sweep_of: Callable[..., Sweep]
) -> None:
    file = tmp_path / f"loses_some_{name}.py"
    file.write_text(f"LOST = lambda n: {lost}\n{LOSES_SOME}")
    (told,) = told_alone(sweep_of(load_adapter(str(file))), [violation("READ-1", SPLIT)])
    assert told.tries is not None
    broken, tries = told.tries
    assert 0 < broken < tries
    assert f"in {broken} of {tries} tries" in told.only
    assert not told.alone


def test_what_has_no_spec_stays_as_it_is(sweep_of: Callable[..., Sweep]) -> None:
    script = Violation("LIFE-1", ("as built",), "build(0)", "", Difference(Place(Step.LIVE), "1", "2"))
    assert told_alone(sweep_of(load_adapter("reference")), [script]) == [script]


@pytest.mark.parametrize(("clause", "through"), [("WIRE-5", "exchange"), ("WIRE-5", "departed"), ("PROC-6", "worker")])
def test_what_one_example_does_not_tell_stays_as_it_is(
    clause: str, through: str, sweep_of: Callable[..., Sweep]
) -> None:
    """The sound loader breaks none of them in a fresh process, where they are not judged either."""
    found = replace(violation(clause, SPLIT), transports=(through,))
    assert told_alone(sweep_of(load_adapter("reference")), [found]) == [found]
