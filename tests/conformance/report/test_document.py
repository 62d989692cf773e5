"""Report files: their schema, what they say of a run whole and cut short, and where they cannot be written."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from benchmarks.running import COMMAND, ONE_CLAUSE, adapter, command
from conformance.adapters.builtin.reference import ADAPTER
from conformance.judging.findings import Findings, Violation
from conformance.judging.verdicts import State, exit_code, verdicts
from conformance.observation.difference import Difference, Place, Step
from conformance.report.document import SCHEMA, Ended, document
from conformance.report.files import REPORTS, UnwritableReport, prepared, write
from conformance.report.junit import junit
from conformance.report.step_summary import annotation_lines, step_summary
from conformance.run.options import Options
from conformance.run.selection import resolve
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, SplitSpec, TableSpec

SPEC = SplitSpec(TableSpec((ColumnSpec(1, "</script><b>|`", "long", (0,)),)))
SCHEMA_ITSELF = json.loads(SCHEMA.read_text())
VALIDATOR = Draft202012Validator(SCHEMA_ITSELF)


def described(
    broken: tuple[str, ...] = (), *, ended: int = 3, errors: tuple[str, ...] = (), strict: bool = False
) -> dict[str, Any]:
    """Return the document of a run over BUILD-5 (SHOULD), ID-1 and PLAN-3, of three units of work."""
    selection = replace(
        resolve(Options(clause=("ID-1", "BUILD-5", "PLAN-3", "LIFE-1"), strict=strict)), adapter=ADAPTER
    )
    findings = Findings(examples=7)
    for clause in ("ID-1", "BUILD-5", "PLAN-3"):
        findings.met[clause, "pickle-5"] = findings.met[clause, "as built"] = 4
    for clause in broken:
        findings.broken[clause, "pickle-5"] = 1
        found = Difference(Place(Step.ARRIVE, "id", 2), "\x00 <i>a</i> ``` | 100 %", "b\nc: d, e")
        findings.violations.append(Violation(clause, ("pickle-5",), repr(SPEC), to_json(SPEC), found))
    findings.reached["table: parquet"] = 7
    complete = ended >= 3 and not errors
    judged = verdicts(selection.asked, findings, complete=complete)
    code, sentence = exit_code(selection.asked, judged, findings, complete=complete)
    return document(
        Ended(selection, judged, findings, errors, int(code), sentence, 12.3, 2, 3, ended, interrupted=ended < 3)
    )


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "none": described,
    "many": lambda: described(("ID-1", "PLAN-3", "BUILD-5")),
    "interrupted": lambda: described(("ID-1",), ended=1),
    "interrupted before any": lambda: described(ended=0),
    "error": lambda: described(errors=("Traceback \x1b[31m]]> <x>",)),
}


@pytest.mark.parametrize("case", CASES)
def test_document_follows_the_published_schema(case: str) -> None:
    Draft202012Validator.check_schema(SCHEMA_ITSELF)
    VALIDATOR.validate(CASES[case]())


def test_schema_refuses_what_it_does_not_describe() -> None:
    wrong = described()
    wrong["surprise"] = 1
    wrong["outcome"]["exit_code"] = 9
    assert len(list(VALIDATOR.iter_errors(wrong))) == 2


def test_schema_names_every_verdict() -> None:
    named = SCHEMA_ITSELF["properties"]["clauses"]["items"]["properties"]["verdict"]["enum"]
    assert set(named) == {state.value for state in State}


@pytest.mark.parametrize("case", CASES)
def test_junit_is_red_where_the_run_is(case: str) -> None:
    of_run = CASES[case]()
    suite = ElementTree.fromstring(junit(of_run))[0]
    red = list(suite.iter("failure")) + list(suite.iter("error"))
    assert bool(red) == (of_run["outcome"]["exit_code"] != 0)
    assert [case.get("name") for case in suite] == ["BUILD-5", "PLAN-3", "ID-1", "LIFE-1", "the run"]
    for kind, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(kind, "")) == len(list(suite.iter(tag)))


def test_junit_keeps_text_that_xml_cannot_hold() -> None:
    suite = ElementTree.fromstring(junit(described(("ID-1",))))
    text = next(suite.iter("failure")).text
    assert text is not None
    assert "\\x00 <i>a</i>" in text


def test_junit_calls_a_should_clause_that_binds_not_no_failure() -> None:
    suite = ElementTree.fromstring(junit(described(("BUILD-5",))))
    assert not list(suite.iter("failure"))
    skipped = next(case for case in suite.iter("testcase") if case.get("name") == "BUILD-5").find("skipped")
    assert skipped is not None
    assert str(skipped.get("message")).startswith("violated; a SHOULD clause")
    assert list(ElementTree.fromstring(junit(described(("BUILD-5",), strict=True))).iter("failure"))


def test_markdown_escapes_what_examples_hold() -> None:
    text = step_summary(described(("ID-1",)))
    assert "## ❌ reference: 1 clause violated: ID-1" in text
    assert "<i>" not in text
    assert "&lt;i&gt;a&lt;/i&gt;" in text
    fenced = re.search(r"^(`{3,})python\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL)
    assert fenced is not None
    assert "SplitSpec(" in fenced[2]


def test_incomplete_run_is_marked_in_every_report() -> None:
    of_run = CASES["interrupted"]()
    for name, render in REPORTS.items():
        assert "1 of 3 units of work ended" in render(of_run), name
    by_id = {clause["id"]: clause["verdict"] for clause in of_run["clauses"]}
    assert by_id == {"BUILD-5": "not run", "PLAN-3": "not run", "ID-1": "violates", "LIFE-1": "not run"}
    assert of_run["outcome"]["exit_code"] == 3


def test_annotations_are_one_line_each() -> None:
    lines = annotation_lines(described(("ID-1", "BUILD-5")))
    assert [line.split(" ")[0] for line in lines] == ["::warning", "::error"]
    assert all("\n" not in line for line in lines)
    assert "100 %25" in lines[1]
    assert "actual b%0Ac: d, e" in lines[1]
    assert annotation_lines(CASES["interrupted before any"]()) == [
        "::error title=conformance run incomplete::it was interrupted: 0 of 3 units of work ended"
    ]


def test_page_shows_what_examples_hold_as_text() -> None:
    page = REPORTS["html"](described(("ID-1",)))
    assert "</script><b>" not in page
    assert "&lt;i&gt;a&lt;/i&gt;" in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:,)""", page)


def test_step_summary_of_github_is_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, other = tmp_path / "summary.md", tmp_path / "other.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for path in (summary, other):
        path.write_text("former\n")
        with prepared({"markdown": path}, None, {}):
            write(described(), {"markdown": path}, None)
    assert summary.read_text().startswith("former\n## ✅")
    assert other.read_text().startswith("## ✅")


def test_former_report_is_emptied_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("{}")
    with prepared({"json": path}, None, {}):
        assert path.read_text() == ""


def test_two_runs_do_not_write_one_report(tmp_path: Path) -> None:
    path, folder = tmp_path / "report.json", tmp_path / "scripts"
    with prepared({"json": path}, folder, {}):
        with (
            pytest.raises(UnwritableReport, match="is being written by another run"),
            prepared({"json": path}, None, {}),
        ):
            pass
        with pytest.raises(UnwritableReport, match=r"--reproducers .* is being written"), prepared({}, folder, {}):
            pass
    with prepared({"json": path}, folder, {}):
        pass


def test_a_baseline_to_be_written_is_tried_and_kept(tmp_path: Path) -> None:
    known, new = tmp_path / "known.toml", tmp_path / "new.toml"
    known.write_text("# as it was")
    with prepared({}, None, {"baseline-write": known}), prepared({}, None, {"baseline-write": new}):
        assert known.read_text() == "# as it was"
        assert not new.exists()
    with pytest.raises(UnwritableReport, match="--baseline-write"), prepared({}, None, {"baseline-write": tmp_path}):
        pass


def test_two_reports_in_one_file_are_refused(tmp_path: Path) -> None:
    paths = {"json": tmp_path / "x", "html": tmp_path / "x"}
    with pytest.raises(UnwritableReport, match="--json and --html name the same file"), prepared(paths, None, {}):
        pass


@pytest.mark.parametrize("option", ["--json", "--junit", "--markdown", "--html", "--reproducers"])
def test_report_that_cannot_be_written_ends_the_run_before_it_starts(option: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = command("run", option, "file/report", cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert f"{option} 'file/report' cannot be written" in ran.stderr
    assert "adapter" not in ran.stdout
    assert "Traceback" not in ran.stderr


def test_report_that_can_be_written_no_more_is_exit_code_3(tmp_path: Path) -> None:
    body = """
import shutil
def build(materials):
    shutil.rmtree("gone", ignore_errors=True)
    return REFERENCE.build(materials)
"""
    file = adapter(tmp_path, "build=build", body=body)
    (tmp_path / "gone").mkdir()
    ran = command(*ONE_CLAUSE, "--adapter", file, "--json", "gone/report.json", cwd=tmp_path)
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "a report could not be written" in ran.stdout


def reports(folder: Path) -> list[str]:
    paths = {f"--{name}": folder / f"report.{name}" for name in REPORTS}
    return [str(item) for pair in paths.items() for item in pair] + ["--reproducers", str(folder / "scripts")]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_reports_of_a_run_with_a_violation(workers: str, tmp_path: Path) -> None:
    file = adapter(tmp_path, "split_id=lambda split: str(id(split))")
    chosen = ["--adapter", file, "-n", workers]
    ran = command(*ONE_CLAUSE, *chosen, *reports(tmp_path), cwd=tmp_path, GITHUB_ACTIONS="true")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    of_run = json.loads((tmp_path / "report.json").read_text())
    VALIDATOR.validate(of_run)
    assert of_run["run"]["ended"] == of_run["run"]["units"]
    assert of_run["generated"]["reached"]["table: parquet"] > 0
    (clause,) = of_run["clauses"]
    assert clause["transports"]["pickle-5"]["broken"] > 0
    for violation in of_run["violations"]:
        assert violation["id"] in ran.stdout
        assert (tmp_path / "scripts" / f"{violation['id']}.py").read_text() == violation["reproducer"]
        for name in ("junit", "markdown", "html"):
            assert violation["id"] in (tmp_path / f"report.{name}").read_text(), name
        assert f"::error title={violation['id']} violated::" in ran.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_reports_of_an_interrupted_run(workers: str, tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "run", "--transport", "pickle-5", "--clause", "ID", "-n", workers, *reports(tmp_path)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    next(line for line in running.stdout if re.search(r"^ +\d+/\d+ .* (pinned|table-\S+) ", line))
    os.killpg(running.pid, signal.SIGINT)
    output = running.stdout.read()
    assert running.wait(timeout=60) == 3, output
    of_run = json.loads((tmp_path / "report.json").read_text())
    VALIDATOR.validate(of_run)
    assert of_run["outcome"]["complete"] is False
    assert 0 < of_run["run"]["ended"] < of_run["run"]["units"]
    assert of_run["generated"]["examples"] > 0
    assert {clause["verdict"] for clause in of_run["clauses"]} == {"not run"}
    for name in ("junit", "markdown", "html"):
        assert "it was interrupted" in (tmp_path / f"report.{name}").read_text(), name
