"""Mutants are what they say, children end as they end, and the score counts what it should."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from benchmarks import mutation
from benchmarks.forks import in_forks
from benchmarks.mutants import Mutant, mutants_of
from benchmarks.mutation import BY_TESTS, EXPLAINED, STAGES, Result, Run, all_mutants, explanations, main, summary
from benchmarks.mutation_judge import steps_of

MODULE = '''"""A module."""

__all__ = ["price"]


class Shop:
    """A shop."""

    @property
    def price(self) -> int | None:
        """Not much."""
        if self.closed:
            raise ValueError("closed")
        return 3
'''


def made(folder: Path, text: str) -> list[Mutant]:
    path = folder / "shop.py"
    path.write_text(text, "utf-8")
    return mutants_of(path)


def test_mutants_of_a_module(tmp_path: Path) -> None:
    found = {(m.operator, m.before, m.after) for m in made(tmp_path, MODULE)}
    assert found == {
        ("condition_negation", "if self.closed:", "if not (self.closed):"),
        ("statement_removal", 'raise ValueError("closed")', "pass"),
        ("arg_removal", 'raise ValueError("closed")', "raise ValueError(None)"),
        ("number", "return 3", "return 4"),
    }


def test_a_mutant_differs_in_what_it_says_alone(tmp_path: Path) -> None:
    for mutant in made(tmp_path, MODULE):
        lines = MODULE.splitlines()
        indent = re.match(" *", lines[mutant.line - 1])
        assert indent is not None
        lines[mutant.line - 1] = indent[0] + mutant.after
        assert mutant.source.splitlines() == lines
        assert mutant.function == "Shop.price"


def test_equal_changes_in_one_function_are_told_apart(tmp_path: Path) -> None:
    found = made(tmp_path, "def f(a):\n    g(a)\n    g(a)\n")
    assert len({mutant.key for mutant in found}) == len(found)
    assert {mutant.nth for mutant in found} == {1, 2}


def test_mutants_of_the_reference_have_keys_of_their_own() -> None:
    found = all_mutants(["errors", "registry"])
    assert found
    assert len({mutant.key for mutant in found}) == len(found)


def test_every_explanation_fits_a_mutant() -> None:
    explained = explanations(EXPLAINED)
    keys = {mutant.key for mutant in all_mutants({explanation.key[0] for explanation in explained})}
    assert [explanation.key for explanation in explained if explanation.key not in keys] == []


def loops() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0.05)
    while True:
        pass


def breaks_down() -> None:
    raise LookupError("why")


@pytest.mark.parametrize(
    ("task", "limit", "signalled", "value", "output"),
    [
        (lambda: ["red", "why"], 300.0, 0, ["red", "why"], ""),
        (loops, 300.0, signal.SIGPROF, None, ""),
        (breaks_down, 300.0, 0, None, "LookupError: why"),
        (lambda: os._exit(0), 300.0, 0, None, ""),
        (lambda: time.sleep(600), 0.1, signal.SIGKILL, None, ""),
    ],
)
def test_how_a_child_ended(
    task: Callable[[], object], limit: float, signalled: int, value: object, output: str
) -> None:
    (ended,) = in_forks([task], 1, limit)
    assert (ended.number, ended.signal, ended.value) == (0, signalled, value)
    assert re.search(output, ended.output, re.DOTALL)


def test_children_take_turns() -> None:
    ended = {end.number: end.value for end in in_forks([partial(int, n) for n in range(5)], 2, 60.0)}
    assert ended == {n: n for n in range(5)}


SOURCE = """import a

@first
@second
def f(x):
    if (
        x
    ):
        return g(
            x
        )
    return 0
"""


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        (1, {""}),
        (3, {""}),
        (5, {""}),
        (6, {"one", "two"}),
        (7, {"one", "two"}),
        (9, {"one"}),
        (10, {"one"}),
        (12, {"two"}),
    ],
)
def test_steps_that_run_a_line(line: int, steps: set[str]) -> None:
    lines = {1: [""], 3: [""], 4: [""], 5: [""], 7: ["one", "two"], 9: ["one"], 12: ["two"]}
    assert steps_of(SOURCE, line, lines) == steps


def result(outcome: str, module: str = "split", number: int = 0) -> Result:
    return Result(Mutant(module, "f", "number", f"return {number}", "return 9", 1, 7, "source"), outcome)


def test_score_is_of_what_is_not_explained() -> None:
    rows = [result("killed", "a"), result("timeout"), result("explained"), result("survived"), result("killed")]
    rows[-1].step = BY_TESTS
    figures = summary(rows)
    assert list(figures) == ["a", "split", "all"]
    assert figures["a"]["score"] == 100.0
    assert figures["split"] == {
        "mutants": 4,
        "killed by the gate": 1,
        "of these by time": 1,
        "killed by own tests": 1,
        "explained": 1,
        "survived": 1,
        "score": 66.7,
        "score of the gate": 33.3,
    }
    assert figures["all"]["score"] == 75.0
    assert summary([result("explained")])["all"]["score"] is None


ENTRY = '[[survivor]]\nmodule = "m"\nfunction = "f"\nbefore = "a"\nafter = ["b", "c"]\nwhy = "w"\n'


def test_explanations_are_read(tmp_path: Path) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text(ENTRY, "utf-8")
    assert [explanation.key for explanation in explanations(path)] == [("m", "f", "a", "b", 1), ("m", "f", "a", "c", 1)]


@pytest.mark.parametrize(
    ("text", "message"), [(ENTRY.replace("why", "because"), "has no 'why'"), (ENTRY + ENTRY, "explained twice")]
)
def test_bad_explanations_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(click.UsageError, match=message):
        explanations(path)


MUTANTS = [Mutant("split", "f", "number", f"return {n}", "return 9", 1, 7, "") for n in range(20)]


@pytest.mark.parametrize(
    ("outcomes", "explained", "code", "says"),
    [
        (["killed"] * 20, [], 0, "'score': 100.0"),
        (["killed"] * 19 + [""], [19], 0, "'explained': 1"),
        (["killed"] * 19 + ["survived"], [], 1, "survives: ('split', 'f', 'return 19'"),
        (["killed"] * 20, [21], 1, "fits no mutant"),
        ([""] * 20, range(20), 1, "below 95%"),
    ],
)
def test_when_the_run_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outcomes: list[str], explained: list[int], code: int, says: str
) -> None:
    def judge(run: Run, stages: object) -> None:
        for row, outcome in zip(run.results.values(), outcomes, strict=True):
            row.outcome = row.outcome or outcome

    survivors = tmp_path / "survivors.toml"
    survivors.write_text(
        "\n".join(
            f'[[survivor]]\nmodule = "split"\nfunction = "f"\nbefore = "return {n}"\nafter = "return 9"\nwhy = "w"'
            for n in explained
        ),
        "utf-8",
    )
    monkeypatch.setattr(mutation, "all_mutants", lambda modules: MUTANTS)
    monkeypatch.setattr(mutation, "EXPLAINED", survivors)
    monkeypatch.setattr(Run, "judge", judge)
    ended = CliRunner().invoke(main, ["--json", str(tmp_path / "m.json")])
    assert ended.exit_code == code, ended.output
    assert says in ended.output
    assert len(json.loads((tmp_path / "m.json").read_text("utf-8"))["results"]) == 20


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [("killed", 1, "explained, and dies"), ("survived", 0, "'explained': 1"), ("", 0, "'explained': 0")],
)
def test_an_explanation_is_wrong_where_its_mutant_dies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outcome: str, code: int, says: str
) -> None:
    """And not where no stage that was asked for judges it."""

    def judge(run: Run, stages: object) -> None:
        for row in run.results.values():
            row.outcome = outcome if row.mutant.before == "return 19" else "killed"

    survivors = tmp_path / "survivors.toml"
    survivors.write_text(
        '[[survivor]]\nmodule = "split"\nfunction = "f"\nbefore = "return 19"\nafter = "return 9"\nwhy = "w"', "utf-8"
    )
    monkeypatch.setattr(mutation, "all_mutants", lambda modules: MUTANTS)
    monkeypatch.setattr(mutation, "EXPLAINED", survivors)
    monkeypatch.setattr(Run, "judge", judge)
    ended = CliRunner().invoke(main, ["--explained", "--stage", "gate", "--json", str(tmp_path / "m.json")])
    assert ended.exit_code == code, ended.output
    assert says in ended.output


@pytest.mark.parametrize(("suite", "passed"), [("the same", 2), ("another", 0)])
def test_a_run_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suite: str, passed: int) -> None:
    """But begins anew with what lives where the suite has changed."""
    monkeypatch.setattr(mutation, "all_mutants", lambda modules: MUTANTS)
    monkeypatch.setattr(mutation, "digest", lambda: "the same")
    monkeypatch.setattr(Run, "judge", lambda run, stages: None)
    path = tmp_path / "m.json"
    assert CliRunner().invoke(main, ["--json", str(path)]).exit_code == 1
    written = json.loads(path.read_text("utf-8"))
    written["digest"] = suite
    written["results"][0] |= {"outcome": "killed", "passed": 1}
    written["results"][1] |= {"outcome": "survived", "passed": 2}
    path.write_text(json.dumps(written), "utf-8")
    assert CliRunner().invoke(main, ["--json", str(path), "--resume"]).exit_code == 1
    rows = json.loads(path.read_text("utf-8"))["results"]
    assert [(row["outcome"], row["passed"]) for row in rows[:3]] == [("killed", 0), ("", passed), ("", 0)]


@pytest.mark.parametrize(
    ("stages", "stages_seen", "survived"),
    [(STAGES, [(0, 18), (1, 13), (2, 9)], 5), (("pinned", "gate"), [(0, 18), (2, 14)], 10)],
)
def test_stages_take_what_the_ones_before_have_left(
    stages: tuple[str, ...],
    stages_seen: list[tuple[int, int]],
    survived: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    seen: list[tuple[int, int]] = []

    def stage(run: Run, number: int, red: object, keys: list[object]) -> None:
        seen.append((number, len(keys)))
        for key in keys[:5]:
            run.results[key].outcome = "killed"  # type: ignore[index]

    for name in ("_measure", "_require_green"):
        monkeypatch.setattr(Run, name, lambda *_: None)
    monkeypatch.setattr(Run, "_stage", stage)
    noted: list[Result] = []
    run = Run(MUTANTS, 1, tmp_path, noted.append)
    first, second, *_ = run.results.values()
    first.passed, second.passed = 2, 3
    run.judge(stages)
    assert seen == stages_seen
    assert [(row.outcome, row.passed) for row in noted] == [("survived", 3)] * survived
    assert [row.outcome for row in run.results.values()].count("killed") == 5 * len(seen)


JUDGED = """
import json, sys
from functools import partial
from pathlib import Path
from benchmarks.forks import in_forks
from benchmarks.mutants import Mutant
from benchmarks.mutation import judged
from benchmarks.mutation_judge import Examples, cheap_steps, first_red
from conformance.adapters.loading import load_adapter
from conformance.adapters.preflight import SIMPLEST

original, root = Path("reference").resolve(), Path(sys.argv[1])

def red(seconds=8):
    return first_red(cheap_steps(load_adapter("reference"), Examples((SIMPLEST,), (), ()), root), seconds)

source = (original / "split.py").read_text("utf-8")
sources = [
    source,
    source.replace("hashlib.sha256(", "str.__add__('x', "),
    source.replace("return rebuild_task(self._task)", "return None"),
    source.replace("import hashlib", "import no_such_module"),
    source.replace("return self._plan", "while True: pass", 1),
]
tasks = [partial(judged, Mutant("split", "", "", "", "", 1, 1, text), original, red) for text in sources]
print(json.dumps({ended.number: [ended.value, ended.signal] for ended in in_forks(tasks, 2, 300.0)}))
"""


def test_what_the_judge_says(tmp_path: Path) -> None:
    """In a process of its own: the judge forks from one that has not imported the reference."""
    ended = subprocess.run(
        [sys.executable, "-c", JUDGED, str(tmp_path)],
        cwd=Path(mutation.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(ended.stdout)
    assert said["0"] == [[], 0]
    assert said["1"][0][0] in ("trial", "pinned 0")
    assert said["2"][0][0] in ("trial", "pinned 0")
    assert said["3"][0] == ["import", "ModuleNotFoundError: No module named 'no_such_module'"]
    assert said["4"] == [None, signal.SIGPROF]
