"""The matrix of versions: what is generated follows from the table, and nothing that did not run looks green."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conformance.versions.compatibility import Crossing, Outcome, Passage
from conformance.versions.recordings import read_records
from matrix import results, skew
from matrix.generate import BEGIN, CONSTRAINTS, END, TOX, constraints_header, environments
from matrix.rows import LOWEST, NEWEST, ROOT, read_table, rows

TABLE = read_table()
ROWS = rows(TABLE)


def test_every_pair_that_can_be_installed_together_appears() -> None:
    covered = set().union(*(row.pairs for row in ROWS))
    assert covered == TABLE.pairs()
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert ROWS[0].versions == {axis: values[0] for axis, values in TABLE.axes.items()}
    assert ROWS[1].versions == {axis: values[-1] for axis, values in TABLE.axes.items()}
    impossible = frozenset({("python", "3.13"), ("pyiceberg", "0.10.0")})
    assert impossible not in TABLE.pairs()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_constraints_pin_what_the_row_says(row: object) -> None:
    assert isinstance(row, type(ROWS[0]))
    text = (CONSTRAINTS / f"{row.name}.txt").read_text()
    assert text.startswith(constraints_header(row))
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", text, re.M))
    assert len(pins) == len(text.splitlines()) - 1, "a line is no pin"
    assert {name: pins[name] for name in ("datafusion", "pyiceberg")}.items() <= dict(row.versions).items()
    assert (pins["pyarrow"] == "18.0.0") == (row.versions["pyarrow"] == LOWEST)


def test_no_other_file_pins() -> None:
    assert {path.stem for path in CONSTRAINTS.iterdir()} == {row.name for row in ROWS}


def test_environments_are_those_of_the_table() -> None:
    written = BEGIN + TOX.read_text().split(BEGIN)[1].split(END)[0] + END
    assert written == environments(ROWS), "run `tox run -e versions`"


def test_every_row_has_a_recording() -> None:
    recorded = [recording.versions for recording in read_records(ROOT / "fixtures" / "recordings" / "reference")]
    missing = [row.name for row in ROWS if not any(is_of(versions, dict(row.versions)) for versions in recorded)]
    assert not missing, "record them: dataloader-conformance record fixtures/recordings/reference"


def is_of(versions: object, row: dict[str, str]) -> bool:
    assert isinstance(versions, dict)
    same = all(versions[name] == row[name] for name in ("datafusion", "pyiceberg"))
    python = str(versions["python"]).startswith(f"{row['python']}.")
    return same and python and (versions["pyarrow"] == "18.0.0") == (row["pyarrow"] == LOWEST)


def test_rows_without_a_result_are_shown_and_an_empty_table_fails(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "matrix.results", str(tmp_path)]
    empty = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert empty.returncode == 1
    assert f"0 of {len(ROWS)} rows have a result" in empty.stdout
    report = {
        "environment": {"python": "3.10.13", "versions": {"datafusion": "51", "pyiceberg": "0.10", "pyarrow": "18"}},
        "outcome": {"exit_code": 1, "sentence": "1 clause violated: ID-1"},
        "run": {"profile": "quick"},
    }
    folder = tmp_path / ROWS[0].name / "tmp"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report))
    one = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 clause violated: ID-1 (quick)" in one.stdout
    assert one.stdout.count("interpreter is missing") == len(ROWS) - 1
    assert results.table(ROWS, {}).row_count == len(ROWS)


def test_each_two_versions_of_an_axis_meet() -> None:
    taken = skew.meeting(ROWS)
    assert taken[:2] == ROWS[:2]
    for axis, values in TABLE.axes.items():
        assert {row.versions[axis] for row in taken} == set(values)


def test_pairs_are_told_apart() -> None:
    found = {
        ("a", "b"): Passage([Crossing("{}", Outcome.CONFORMS), Crossing("{}", Outcome.NOT_WRITTEN)]),
        ("b", "a"): Passage([Crossing("{}", Outcome.CONFORMS), Crossing("{}", Outcome.VIOLATES)]),
        ("a", "c"): Passage([Crossing("{}", Outcome.REFUSES)]),
    }
    cells = {pair: skew.cell(*pair, found) for pair in (*found, ("c", "a"), ("a", "a"))}
    assert cells == {
        ("a", "b"): "[green]conforms 1/1[/green]",
        ("b", "a"): "[red]violates WIRE-10 1/2[/red]",
        ("a", "c"): "[yellow]refuses clearly 1/1[/yellow]",
        ("c", "a"): "[red]not tried[/red]",
        ("a", "a"): "",
    }


def test_the_workflow_runs_environments_that_exist() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "versions.yml").read_text())["jobs"]
    named = list(jobs["ends"]["strategy"]["matrix"]["environment"])
    named += [word for command in jobs["all"]["strategy"]["matrix"]["command"] for word in command.split()[1:]]
    known = {row.name for row in ROWS} | {"matrix"} | set(re.findall(r"^\[testenv:([\w-]+)\]", TOX.read_text(), re.M))
    assert set(named) <= known
    assert {f"py310-{LOWEST}", f"py313-{NEWEST}", "matrix", "skew", "records"} <= set(named)
