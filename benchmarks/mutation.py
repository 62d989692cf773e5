"""Mutation testing of the reference data loader: does the quick gate notice small changes to its source?

`tox run -e mutation` runs it. Each mutant is a copy of `reference/` with one change, in a separate folder that comes
first in `sys.path`. It is judged in a forked child of a process that has imported everything but the reference.

A mutant survives if the gate stays green. Then either a check has a gap, or `mutation_survivors.toml` explains why no
user could notice the change. Explained mutants are not judged again. An explanation that fits no mutant is an error.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from benchmarks.forks import in_forks
from benchmarks.mutants import KEY, Key, Mutant, mutants_of
from benchmarks.mutation_judge import (
    CHEAP_STEP_SECONDS,
    STEP_SECONDS,
    Examples,
    Step,
    cheap_steps,
    examples,
    first_red,
    other_steps,
    reached,
    steps_of,
)
from conformance.adapters.loading import AdapterError, load_adapter
from conformance.transports.transport import STARTED

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reference"
EXPLAINED = Path(__file__).with_name("mutation_survivors.toml")
TESTS = ROOT / "tests" / "reference"
# The reference's own tests of each module. They run if the gate is green, and what they kill is counted separately.
OWN_TESTS = {
    "context": ("test_context.py", "test_filters.py"),
    "engine": ("test_engine.py", "test_fork.py"),
    "errors": ("test_reading.py",),
    "files": ("test_files.py", "test_reading.py"),
    "filters": ("test_filters.py",),
    "loader": ("test_loader.py",),
    "plans": ("test_plans.py",),
    "reading": ("test_reading.py",),
    "split": ("test_split.py", "test_plans.py"),
}
BY_TESTS = "own tests"
STAGES = ("pinned", "tests", "gate")
GOAL = 0.95
# About this many pinned examples are judged first, and kill most mutants. The rest are judged by all examples later.
SOME = 40
MEMORY_BYTES = 16 << 30
# CPU seconds for the own tests of a module. They take at most fifteen; more means an endless loop.
TESTS_SECONDS = 60
# By the clock. An endless loop is ended earlier, by its CPU time.
HANG_SECONDS = 1800.0

Reach = dict[str, dict[str, list[str]]]
"""For each module and line number, the names of the cheap steps that run the line."""

Judge = Callable[[Key], "tuple[str, str] | None"]


@dataclass
class Result:
    """The result for one mutant.

    Attributes:
        mutant: the mutant.
        outcome: ``killed``, ``timeout`` (which counts as killed), ``survived`` or ``explained``; empty before that.
        step: the step that killed it.
        why: how that step failed, or the explanation of an explained mutant.
        steps: how many cheap steps of the gate run its line.
        seconds: how long it was judged, by the clock.
        passed: how many stages it has survived.

    """

    mutant: Mutant
    outcome: str = ""
    step: str = ""
    why: str = ""
    steps: int = 0
    seconds: float = 0.0
    passed: int = 0

    def row(self) -> dict[str, Any]:
        """Return the result as JSON values, without the source."""
        own = asdict(self)
        mutant: dict[str, Any] = own.pop("mutant")
        del mutant["source"]
        return mutant | own


@dataclass(frozen=True)
class Explanation:
    """The key of a mutant that survives, and why it is equivalent to the original."""

    key: Key
    why: str


def explanations(path: Path) -> list[Explanation]:
    """Return the explanations in a file.

    Raises:
        click.UsageError: an entry lacks a part, or two explain the same mutant.

    """
    found = []
    for entry in tomllib.loads(path.read_text("utf-8")).get("survivor", []):
        try:
            for after in [entry["after"]] if isinstance(entry["after"], str) else entry["after"]:
                key = (entry["module"], entry.get("function", ""), entry["before"], after, entry.get("nth", 1))
                found.append(Explanation(key, entry["why"]))
        except KeyError as missing:
            raise click.UsageError(f"{path.name}: an entry has no {missing}: {entry}") from None
    keys = [explanation.key for explanation in found]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise click.UsageError(f"{path.name}: {twice[0]} is explained twice")
    return found


def all_mutants(modules: Iterable[str] = ()) -> list[Mutant]:
    """Return the mutants of these modules of the reference, or of all modules if none is named."""
    paths = sorted(REFERENCE.glob("*.py"))
    return [mutant for path in paths if not modules or path.stem in modules for mutant in mutants_of(path)]


class Run:
    """Judges mutants stage by stage: the cheap steps of the gate for all, and later stages for those that survive.

    ``note`` is called for each mutant after each stage.
    """

    def __init__(self, mutants: list[Mutant], processes: int, root: Path, note: Callable[[Result], None]) -> None:
        self.results = {mutant.key: Result(mutant) for mutant in mutants}
        self._processes, self._root, self._note = processes, root, note
        shutil.copytree(REFERENCE, root / "reference", ignore=shutil.ignore_patterns("__pycache__"))
        self._examples = examples()
        self.reach: Reach = {}

    def settle(self, key: Key, outcome: str, why: str, step: str = "") -> None:
        """Set the outcome of a mutant without judging it."""
        result = self.results[key]
        result.outcome, result.why, result.step = outcome, why, step

    def judge(self, stages: Collection[str] = STAGES) -> None:
        """Judge the mutants that have no outcome yet, in these stages.

        The stages are: some of the pinned examples through pickle, the reference's own tests, and the whole gate.
        A mutant that none of the given stages judges keeps an empty outcome.

        Raises:
            RuntimeError: the unchanged reference is not green.

        """
        self._measure()
        for number, (name, red) in enumerate(zip(STAGES, (self._pinned, self._tests, self._others), strict=True)):
            if name not in stages:
                continue
            left = [result for result in self.results.values() if result.outcome == "" and result.passed <= number]
            keys = [result.mutant.key for result in left]
            if red == self._tests:
                self._require_green(red, {OWN_TESTS[key[0]]: key for key in keys}.values())
            if red == self._others:
                widest = sorted(keys, key=lambda key: self.results[key].steps)[-1:]
                self._require_green(red, widest)
            self._stage(number, red, keys)
            for result in left:
                result.passed = number + 1
        for result in self.results.values():
            if result.outcome == "":
                result.outcome = "survived"
                self._note(result)

    def _measure(self) -> None:
        """Find out which cheap steps run which lines."""
        if not self.reach:
            (ended,) = in_forks([partial(_reach, self._examples, self._root)], 1, HANG_SECONDS)
            if ended.value is None:
                raise RuntimeError(f"the gate is not green, or broke down, on the reference itself: {ended.output}")
            self.reach = ended.value
        for key, result in self.results.items():
            result.steps = len(self._steps_of(key))

    def _steps_of(self, key: Key) -> set[str]:
        mutant = self.results[key].mutant
        source = (self._root / "reference" / f"{mutant.module}.py").read_text("utf-8")
        lines = {int(line): steps for line, steps in self.reach.get(mutant.module, {}).items()}
        return steps_of(source, mutant.line, lines)

    def _require_green(self, red: Judge, keys: Iterable[Key]) -> None:
        """Judge the unchanged reference. If it were red, every mutant would count as killed."""
        text = (self._root / "reference" / "errors.py").read_text("utf-8")
        unchanged = Mutant("errors", "", "", "", "", 1, 1, text)
        tasks = [partial(judged, unchanged, self._root / "reference", partial(red, key)) for key in keys]
        for ended in in_forks(tasks, self._processes, HANG_SECONDS):
            if ended.value != []:
                raise RuntimeError(f"the reference itself is not green: {ended}")

    def _stage(self, number: int, red: Judge, keys: list[Key]) -> None:
        original = self._root / "reference"
        tasks = (partial(judged, self.results[key].mutant, original, partial(red, key)) for key in keys)
        for ended in in_forks(tasks, self._processes, HANG_SECONDS):
            result = self.results[keys[ended.number]]
            result.seconds += ended.seconds
            if ended.signal:
                result.outcome = "timeout" if ended.signal in (signal.SIGPROF, signal.SIGKILL) else "killed"
                result.step, result.why = "", f"ended by {signal.Signals(ended.signal).name}"
            elif ended.value != []:
                result.outcome = "killed"
                result.step, result.why = ended.value or ("", f"the process ended: {ended.output[-200:]}")
            else:
                result.passed = number + 1
            self._note(result)

    def _pinned(self, key: Key) -> tuple[str, str] | None:
        trial, *pinned = self._cheap(key, ("trial", "pinned"))
        return first_red([trial, *pinned[:: 1 + len(pinned) // SOME]], CHEAP_STEP_SECONDS)

    def _others(self, key: Key) -> tuple[str, str] | None:
        cheap = self._cheap(key, ("pinned", "plans", "drawn"))
        steps = other_steps(load_adapter("reference"), self._examples, self._root, self._steps_of(key))
        return first_red(cheap, CHEAP_STEP_SECONDS) or first_red(steps, STEP_SECONDS)

    def _cheap(self, key: Key, kinds: tuple[str, ...]) -> list[Step]:
        """Return the cheap steps that run the changed line."""
        names = self._steps_of(key) | {"trial"}
        steps = cheap_steps(load_adapter("reference"), self._examples, self._root)
        return [step for step in steps if step.name.startswith(kinds) and ("" in names or step.name in names)]

    def _tests(self, key: Key) -> tuple[str, str] | None:
        failed = Failures()
        paths = [str(TESTS / name) for name in OWN_TESTS[key[0]]]
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}"]
        signal.setitimer(signal.ITIMER_PROF, TESTS_SECONDS)
        code = pytest.main([*options, *paths], [failed])
        signal.setitimer(signal.ITIMER_PROF, 0)
        if code == pytest.ExitCode.OK:
            return None
        return BY_TESTS, failed.first or f"pytest ends with {code}"


def judged(mutant: Mutant, original: Path, red: Callable[[], tuple[str, str] | None]) -> tuple[str, str] | list[str]:
    """Return (step, reason) of what is red for a mutant, or an empty list.

    It changes this process for good, and the process must not have imported the reference before.
    """
    with tempfile.TemporaryDirectory() as tree:
        package = Path(tree, "reference")
        shutil.copytree(original, package)
        (package / f"{mutant.module}.py").write_text(mutant.source, "utf-8")
        sys.path.insert(0, tree)
        os.environ["PYTHONPATH"] = tree
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        try:
            return red() or []
        except AdapterError as error:
            return "import", str(error).strip().splitlines()[-1]
        finally:
            STARTED.close()


def _reach(drawn: Examples, root: Path) -> Any:
    try:
        return reached(lambda: cheap_steps(load_adapter("reference"), drawn, root), REFERENCE)
    finally:
        STARTED.close()


class Failures:
    """A pytest plugin that keeps the name of the first failure."""

    first = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Record a failed test, or a test module that cannot be imported."""
        if report.failed and not self.first:
            self.first = report.nodeid

    pytest_collectreport = pytest_runtest_logreport


def summary(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """Return the counts by module and in total. The score is the percentage of those not explained that is killed."""
    counts: dict[str, Counter[str]] = {}
    for result in results:
        by_tests = result.outcome == "killed" and result.step == BY_TESTS
        for name in (result.mutant.module, "all"):
            counts.setdefault(name, Counter())[BY_TESTS if by_tests else result.outcome] += 1
    return {name: _figures(counter) for name, counter in sorted(counts.items(), key=lambda item: item[0] == "all")}


def _figures(counter: Counter[str]) -> dict[str, Any]:
    by_gate = counter["killed"] + counter["timeout"]
    of = by_gate + counter[BY_TESTS] + counter["survived"]
    return {
        "mutants": counter.total(),
        "killed by the gate": by_gate,
        "of these by time": counter["timeout"],
        "killed by own tests": counter[BY_TESTS],
        "explained": counter["explained"],
        "survived": counter["survived"],
        "score": round(100 * (of - counter["survived"]) / of, 1) if of else None,
        "score of the gate": round(100 * by_gate / of, 1) if of else None,
    }


@click.command()
@click.option("--module", "modules", multiple=True, help="Only this module of the reference; repeatable.")
@click.option("--sample", type=click.IntRange(1), help="Only this many, drawn at random, the same ones each time.")
@click.option("-n", "processes", default=2, show_default=True, help="Processes.")
@click.option(
    "--explained", is_flag=True, help="Judge explained mutants too. If one is killed, its explanation is wrong."
)
@click.option("--stage", "stages", type=click.Choice(STAGES), multiple=True, help="Only this stage; repeatable.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), default=Path("mutation.json"), show_default=True)
@click.option("--resume", is_flag=True, help="Continue the run that wrote the JSON file.")
def main(
    modules: tuple[str, ...],
    sample: int | None,
    processes: int,
    explained: bool,
    stages: tuple[str, ...],
    json_path: Path,
    resume: bool,
) -> None:
    """Judge every mutant. Exit with 1 if one survives unexplained, or the score is below the goal."""
    # SystemExit unwinds the stack, which ends the children too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(highlight=False, soft_wrap=True)
    digest()  # cached here, from the sources as they are now
    mutants = all_mutants(modules)
    if missing := sorted(set(modules) - {mutant.module for mutant in mutants}):
        raise click.UsageError(f"no mutants of {', '.join(missing)}")
    reasons = explanations(EXPLAINED)
    keys = {mutant.key for mutant in mutants}
    stale = [e for e in reasons if e.key not in keys and (not modules or e.key[0] in modules)]
    if sample is not None:
        mutants = random.Random(sample).sample(mutants, min(sample, len(mutants)))
        keys = {mutant.key for mutant in mutants}
    with tempfile.TemporaryDirectory() as folder:
        done = Counter[str]()

        def note(result: Result) -> None:
            write(json_path, run.results.values(), run.reach)
            if not result.outcome:
                return
            done[result.outcome] += 1
            mutant = result.mutant
            where = f"{mutant.module}.{mutant.function}:{mutant.line}"
            console.print(
                f"{sum(done.values())}/{len(mutants)} {result.outcome} {where} {mutant.operator}: {mutant.before!r} -> "
                f"{mutant.after!r} {result.step} {result.why[:100]}",
                markup=False,
            )

        run = Run(mutants, processes, Path(folder), note)
        if resume and json_path.exists():
            earlier = json.loads(json_path.read_text("utf-8"))
            same = earlier["digest"] == digest()
            run.reach = earlier["reach"] if same else {}
            for row in earlier["results"]:
                key = tuple(row[name] for name in KEY)
                if key in keys and row["outcome"] in ("killed", "timeout"):
                    run.settle(key, row["outcome"], row["why"], row["step"])
                elif key in keys and same:
                    run.results[key].passed = row["passed"]
        for explanation in () if explained else reasons:
            if explanation.key in keys:
                run.settle(explanation.key, "explained", explanation.why)
        run.judge(stages or STAGES)
        results = list(run.results.values())
    why = {explanation.key: explanation.why for explanation in reasons}
    wrong = []
    for result in results if explained else ():
        if result.mutant.key in why and result.outcome == "survived":
            result.outcome, result.why = "explained", why[result.mutant.key]
        elif result.mutant.key in why and result.outcome:  # if a stage has judged it
            wrong.append(result)
    write(json_path, results, run.reach)
    figures = summary(results)
    for name, row in figures.items():
        console.print(name, row)
    failures = [f"an explanation fits no mutant: {explanation.key}" for explanation in stale]
    failures += [f"explained, and dies at {result.step} ({result.why}): {result.mutant.key}" for result in wrong]
    failures += [f"survives: {result.mutant.key}" for result in results if result.outcome == "survived"]
    if (figures["all"]["score"] or 0) < 100 * GOAL:
        failures.append(f"the score {figures['all']['score']} is below {GOAL:.0%}")
    for failure in failures:
        console.print(failure, markup=False)
    sys.exit(1 if failures else 0)


def write(path: Path, results: Iterable[Result], reach: Reach) -> None:
    """Write the results with the date, the counts and what `--resume` needs."""
    rows = list(results)
    document = {
        "date": datetime.date.today().isoformat(),
        "summary": summary(rows),
        "results": [result.row() for result in rows],
        "digest": digest(),
        "reach": reach,
    }
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=1), "utf-8")
    unfinished.replace(path)


@cache
def digest() -> str:
    """Return a digest of all sources that affect which examples run which lines: reference and suite."""
    packages = ("reference", "strategies", "fixtures", "conformance")
    files = [file for package in packages for file in sorted((ROOT / package).rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    main()
