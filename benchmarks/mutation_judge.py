"""Judges a mutant by the quick gate, one example after another, up to the first that breaks a clause.

The gate is divided into steps. A cheap step judges one example through pickle in this process. The other steps judge an
example on a worker or through every transport, a real table, lifecycles, or splits whose driver has ended. Only those
examples are judged that run the changed line.
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
from conformance.adapters.preflight import complaint
from conformance.checks import CHECKS
from conformance.examples.design import designed_plans, designed_scans, designed_splits
from conformance.examples.from_spec import Unusable, example_of
from conformance.examples.pinned import PINNED
from conformance.examples.real_tables import TABLE_CASES, TableCase, table_example
from conformance.judging.findings import Findings
from conformance.judging.judgement import judge
from conformance.run.lifecycles import live
from conformance.run.other_processes import departed
from conformance.run.profiles import PROFILES
from conformance.run.scans import judged_until_broken
from conformance.run.sweep import Sweep
from conformance.transports.registry import TRANSPORTS
from fixtures.tables.warehouse import Warehouse
from strategies.specs import SplitSpec

# Clauses whose checks use a worker process with any transport.
ABROAD = frozenset({"READ-4", "SAFE-1", "UDF-5", "WIRE-11", "WIRE-14"})
QUICK = PROFILES["quick"]
# CPU seconds for one step. A cheap step takes at most one; more means an endless loop.
CHEAP_STEP_SECONDS = 40
STEP_SECONDS = 400


@dataclass(frozen=True)
class Examples:
    """The examples of the quick profile: pinned, drawn, and drawn with a plan (judged only on clauses on plans)."""

    pinned: tuple[SplitSpec, ...]
    drawn: tuple[SplitSpec, ...]
    plans: tuple[SplitSpec, ...]


@dataclass(frozen=True)
class Step:
    """A part of the gate. ``run`` returns what is broken as text, or an empty string."""

    name: str
    run: Callable[[], str]


def examples() -> Examples:
    """Return the examples of the quick profile. This needs no data loader."""
    return Examples(tuple(sorted(PINNED, key=lambda spec: len(repr(spec)))), designed_splits(), designed_plans())


def cheap_steps(adapter: Adapter, drawn: Examples, root: Path) -> Iterator[Step]:
    """Yield the steps that need no other process."""
    pickled = _pickled(adapter, root, abroad=False)
    yield Step("trial", partial(complaint, adapter, root))
    for number, spec in enumerate(drawn.pinned):
        yield Step(f"pinned {number}", partial(_broken_by, pickled, spec))
    for number, spec in enumerate(drawn.plans):
        yield Step(f"plans {number}", partial(_broken_by, pickled.of_plans(), spec))
    for number, spec in enumerate(drawn.drawn):
        yield Step(f"drawn {number}", partial(_broken_by, pickled, spec))


def other_steps(adapter: Adapter, drawn: Examples, root: Path, names: Container[str]) -> Iterator[Step]:
    """Yield the other steps of the gate, starting with those that need the fewest processes.

    ``names`` are the cheap steps that run the changed line. Their examples go through all transports. If there are
    none, the line runs only in planning, or in other processes (such as a forked child), usually for many examples or
    for none. Then every fifth pinned example is taken.
    """
    sweep, pickled = _survey(adapter, root), _pickled(adapter, root, abroad=True)
    yield Step("scans", lambda: _shown(judged_until_broken(sweep, designed_scans(), shrink=False)))
    for number, spec in enumerate(drawn.pinned):
        yield Step(f"pinned {number}, on a worker", partial(_broken_by, pickled, spec, exhaustive=True))
    assert QUICK.seed is not None
    lives = partial(live, sweep, QUICK.lives, QUICK.seed)
    yield Step("lives", lambda: _shown(lives()))
    for case in TABLE_CASES:
        yield Step(f"table {case.name}", partial(_broken_table, sweep, case, root))
    chosen = [number for number in range(len(drawn.pinned)) if "" in names or f"pinned {number}" in names]
    for number in chosen or range(0, len(drawn.pinned), 5):
        example = partial(_broken_by, sweep, drawn.pinned[number], exhaustive=True)
        yield Step(f"pinned {number}, all transports", example)
    yield Step("departed driver", lambda: _shown(departed(adapter, PINNED, sweep.warehouse.root)))
    for number, spec in enumerate(drawn.drawn):
        if "" in names or f"drawn {number}" in names:
            yield Step(f"drawn {number}, all transports", partial(_broken_by, sweep, spec))


def first_red(steps: Iterable[Step], cpu_seconds: int) -> tuple[str, str] | None:
    """Return the first step that is red, and why, or ``None`` if all are green.

    If a step takes more than ``cpu_seconds``, SIGPROF ends this process.
    """
    for step in steps:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            why = step.run()
        except Exception as error:  # an error makes the gate red as well
            why = f"error: {type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_PROF, 0)
        if why:
            return step.name, why
    return None


def reached(steps: Callable[[], Iterator[Step]], folder: Path) -> dict[str, dict[int, list[str]]]:
    """Run all steps, and return for each module in the folder, and each line, the names of the steps that ran it.

    The name "" stands for the import of the module, which creating the steps causes.

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
    """Return the steps that ran the innermost statement with that line (of a compound statement, its head)."""
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


def _survey(adapter: Adapter, root: Path) -> Sweep:
    checks = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
    return Sweep(adapter, TRANSPORTS, checks, Warehouse(root / "drawn"))


def _pickled(adapter: Adapter, root: Path, *, abroad: bool) -> Sweep:
    """Return the sweep through pickle only, of the checks that use a worker (``abroad``) or of all others."""
    sweep = _survey(adapter, root)
    return replace(
        sweep,
        transports=[transport for transport in TRANSPORTS if transport.name == "pickle-5"],
        checks=[check for check in sweep.checks if (check.clause.id in ABROAD) == abroad],
    )


def _broken_by(sweep: Sweep, spec: SplitSpec, *, exhaustive: bool = False) -> str:
    example = example_of(spec, sweep.warehouse)
    if isinstance(example, Unusable):
        return ""
    journey = sweep.travelled(replace(example, exhaustive=exhaustive))
    for judgement in judge(journey, sweep.checks):
        if judgement.difference is not None:
            return f"{judgement.clause}, {judgement.transport}: {judgement.difference.place}"
    return ""


def _broken_table(sweep: Sweep, case: TableCase, root: Path) -> str:
    return _shown(sweep.real_table(table_example(case, root)))


def _shown(findings: Findings) -> str:
    return ", ".join(sorted({clause for clause, _ in findings.broken}))
