"""The judge of mutants: the quick gate, one example after another, stopped at the first that breaks a clause.

There are cheap steps, one example through pickle alone, and others: an example on a worker, through every transport, a
real table, lives, a driver that has departed. Of the examples those are judged that run the line in question.
"""

from __future__ import annotations

import ast
import signal
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from coverage import Coverage

from conformance.adapter import Adapter
from conformance.checks import CHECKS
from conformance.examples import Unusable, draw, example_of
from conformance.exchange import departed
from conformance.findings import Findings
from conformance.fixed import PINNED, TABLE_CASES, TableCase, table_example
from conformance.lifecycle import live
from conformance.profiles import PROFILES
from conformance.survey import Survey, judge
from conformance.transports.registry import TRANSPORTS
from conformance.trial import complaint
from fixtures.warehouse import Warehouse
from strategies import split_specs
from strategies.specs import SplitSpec

# Clauses whose checks ask a worker, whatever the transport.
ABROAD = frozenset({"READ-4", "SAFE-1", "UDF-5", "WIRE-11", "WIRE-14"})
QUICK = PROFILES["quick"]
# CPU seconds for one step, which takes one at most: more is a loop without an end.
CHEAP_STEP_SECONDS = 40
STEP_SECONDS = 400


@dataclass(frozen=True)
class Examples:
    """The examples of the quick profile: pinned, drawn, and drawn with a plan (judged on what concerns plans)."""

    pinned: tuple[SplitSpec, ...]
    drawn: tuple[SplitSpec, ...]
    plans: tuple[SplitSpec, ...]


@dataclass(frozen=True)
class Step:
    """A part of the gate; ``run`` returns what is broken, in words, and nothing where all holds."""

    name: str
    run: Callable[[], str]


def examples() -> Examples:
    """Draw the examples of the quick profile; it takes no data loader."""
    assert QUICK.seed is not None
    drawn: list[SplitSpec] = []
    for shard in range(QUICK.shards):
        draw(split_specs(), QUICK.examples, QUICK.seed + shard, drawn.append)
    plans: list[SplitSpec] = []
    for shard in range(QUICK.plan_shards):
        draw(split_specs(with_plan=True), QUICK.plans, QUICK.seed + shard, plans.append)
    return Examples(tuple(sorted(PINNED, key=lambda spec: len(repr(spec)))), tuple(drawn), tuple(plans))


def cheap_steps(adapter: Adapter, drawn: Examples, root: Path) -> Iterator[Step]:
    """Yield the steps that take no other process."""
    pickled = _pickled(adapter, root, abroad=False)
    yield Step("trial", partial(complaint, adapter, root))
    for number, spec in enumerate(drawn.pinned):
        yield Step(f"pinned {number}", partial(_broken_by, pickled, spec))
    for number, spec in enumerate(drawn.plans):
        yield Step(f"plans {number}", partial(_broken_by, pickled.of_plans(), spec))
    for number, spec in enumerate(drawn.drawn):
        yield Step(f"drawn {number}", partial(_broken_by, pickled, spec))


def other_steps(adapter: Adapter, drawn: Examples, root: Path, names: Container[str]) -> Iterator[Step]:
    """Yield all else that the gate does; first what takes the fewest processes.

    Through all transports go the examples of the named cheap steps, which run the line in question here. A line that no
    cheap step runs is run by other processes (a forked child's) for many examples or for none: some are taken.
    """
    survey, pickled = _survey(adapter, root), _pickled(adapter, root, abroad=True)
    for number, spec in enumerate(drawn.pinned):
        yield Step(f"pinned {number}, on a worker", partial(_broken_by, pickled, spec, exhaustive=True))
    assert QUICK.seed is not None
    lives = partial(live, survey, QUICK.lives, QUICK.seed)
    yield Step("lives", lambda: _shown(lives()))
    for case in TABLE_CASES:
        yield Step(f"table {case.name}", partial(_broken_table, survey, case, root))
    chosen = [number for number in range(len(drawn.pinned)) if "" in names or f"pinned {number}" in names]
    for number in chosen or range(0, len(drawn.pinned), 5):
        example = partial(_broken_by, survey, drawn.pinned[number], exhaustive=True)
        yield Step(f"pinned {number}, all transports", example)
    yield Step("departed driver", lambda: _shown(departed(adapter, PINNED, survey.warehouse.root)))
    for number, spec in enumerate(drawn.drawn):
        if "" in names or f"drawn {number}" in names:
            yield Step(f"drawn {number}, all transports", partial(_broken_by, survey, spec))


def first_red(steps: Iterable[Step], cpu_seconds: int) -> tuple[str, str] | None:
    """Return the first step that is red, and why; ``None`` where all are green.

    A step that takes more CPU seconds than these ends this process by SIGPROF.
    """
    for step in steps:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            why = step.run()
        except Exception as error:  # the gate is red then as well
            why = f"error: {type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        if why:
            return step.name, why
    return None


def reached(steps: Callable[[], Iterator[Step]], folder: Path) -> dict[str, dict[int, list[str]]]:
    """Run all steps, and return for each module of the folder and line the steps that ran it; "" is the import, which
    making the steps brings about.

    Raises:
        RuntimeError: a step is red.

    """
    coverage = Coverage(data_file=None, include=[str(folder / "*")])
    coverage.start()
    for step in steps():
        coverage.switch_context(step.name)
        if why := step.run():
            raise RuntimeError(f"the reference itself fails at {step.name}: {why}")
    coverage.stop()
    data = coverage.get_data()
    return {Path(file).stem: data.contexts_by_lineno(file) for file in data.measured_files()}


def steps_of(source: str, line: int, lines: dict[int, list[str]]) -> set[str]:
    """Return the steps that ran the innermost statement (of a compound one its head) that holds the line."""
    spans = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None) or getattr(node, "handlers", None)
            start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            end = max(start, body[0].lineno - 1) if body else node.end_lineno or start
            if start <= line <= end:
                spans.append((end - start, start, end))
    _, start, end = min(spans, default=(0, line, line))
    return {step for number in range(start, end + 1) for step in lines.get(number, ())}


def _survey(adapter: Adapter, root: Path) -> Survey:
    checks = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
    return Survey(adapter, TRANSPORTS, checks, Warehouse(root / "drawn"))


def _pickled(adapter: Adapter, root: Path, *, abroad: bool) -> Survey:
    """Return the survey through pickle alone, of the checks that ask a worker, or of all others."""
    survey = _survey(adapter, root)
    return replace(
        survey,
        transports=[transport for transport in TRANSPORTS if transport.name == "pickle-5"],
        checks=[check for check in survey.checks if (check.clause.id in ABROAD) == abroad],
    )


def _broken_by(survey: Survey, spec: SplitSpec, *, exhaustive: bool = False) -> str:
    example = example_of(spec, survey.warehouse)
    if isinstance(example, Unusable):
        return ""
    trip = survey.taken(replace(example, exhaustive=exhaustive))
    for judgement in judge(trip, survey.checks):
        if judgement.difference is not None:
            return f"{judgement.clause}, {judgement.transport}: {judgement.difference.path}"
    return ""


def _broken_table(survey: Survey, case: TableCase, root: Path) -> str:
    return _shown(survey.fixed(table_example(case, root)))


def _shown(findings: Findings) -> str:
    return ", ".join(sorted({clause for clause, _ in findings.broken}))
