"""The kill matrix: every seeded defect against every clause, under the examples of the quick profile.

`tox run -e proof` makes it. For each defect the examples are judged one after another on all clauses and through all
transports, the pinned ones first. The defect is caught by the first example that breaks its own clause. The cost of the
catch is the CPU time of the judging process up to then, without imports. After that the remaining pinned examples are
still judged, through one transport per clause, to see which other clauses break.

The reference goes through the whole profile and must break nothing. This shows that the suite reports the defects, and
not something in all loaders.
"""

from __future__ import annotations

import datetime
import json
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from benchmarks.judging_processes import judging_processes
from conformance.adapter import Adapter
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.checks import CHECKS
from conformance.checks.scan import FAMILY
from conformance.examples.design import designed_plans, designed_scans, designed_splits
from conformance.examples.pinned import PINNED
from conformance.judging.findings import Findings
from conformance.judging.ledger import Ledger
from conformance.run.lifecycles import CLAUSE as LIFE
from conformance.run.lifecycles import live
from conformance.run.memory import CLAUSE as MEMORY
from conformance.run.memory import reading_memory
from conformance.run.profiles import PROFILES
from conformance.run.scans import THROUGH, planned
from conformance.run.search import History
from conformance.run.sweep import Sweep
from conformance.templates import template
from conformance.transports.registry import TRANSPORTS
from conformance.transports.transport import AS_BUILT
from fixtures.loaders.defects import DEFECTS
from fixtures.tables.warehouse import Warehouse
from strategies import split_specs
from strategies.specs import SplitSpec

QUICK = PROFILES["quick"]
REFERENCE = "reference"
# Once a defect is caught, these suffice to see which other clauses break.
ONE_OF_EACH = tuple({transport.clause: transport for transport in reversed(TRANSPORTS)}.values())
HTML, MARKDOWN = "kill_matrix.html.jinja", "kill_matrix.md.jinja"


@dataclass(frozen=True)
class Stage:
    """A part of the quick profile.

    Attributes:
        name: such as ``designed``.
        specs: in the order in which they are judged.
        plans_only: whether only clauses on plans are judged.

    """

    name: str
    specs: tuple[SplitSpec, ...]
    plans_only: bool = False


@dataclass
class Row:
    """The result for one loader.

    Attributes:
        name: the defect's name, or ``reference``.
        clause: the clause that the defect breaks; empty for the reference.
        story: how such a mistake is made.
        stage: the part of the profile that caught it; empty if none did.
        examples: how many examples were judged up to the catch.
        cpu_seconds: the CPU seconds up to the catch.
        alone: the part that catches it where no pinned example is judged; empty if none does.
        alone_examples: how many examples were judged up to that catch.
        example: the ``repr`` of the example that caught it.
        expected: what the clause asks for.
        actual: what the loader did.
        broken: for each clause, in how many examples it broke.
        error: a failure of the suite itself.

    """

    name: str
    clause: str
    story: str
    stage: str = ""
    examples: int = 0
    cpu_seconds: float = 0.0
    alone: str = ""
    alone_examples: int = 0
    example: str = ""
    expected: str = ""
    actual: str = ""
    broken: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def others(self) -> list[str]:
        """The clauses other than its own that broke."""
        return [clause for clause in self.broken if clause != self.clause]

    @property
    def failed(self) -> str:
        """What this row shows to be wrong with the suite; empty if nothing."""
        if self.error:
            return f"the suite failed: {self.error}"
        if self.clause and not self.stage:
            others = f"; only {', '.join(self.broken)} broke" if self.broken else ""
            return f"survives: {self.story}{others}"
        if not self.clause and self.broken:
            return f"the reference breaks {', '.join(self.broken)}: a false alarm"
        return ""


def stages() -> Iterator[Stage]:
    """Yield the parts of the quick profile in the order in which they are judged."""
    yield Stage("pinned", PINNED)
    yield from unpinned()


def unpinned() -> Iterator[Stage]:
    """Yield the parts that nobody wrote: chosen by the design among drawn ones."""
    yield Stage("designed", designed_splits())
    yield Stage("designed plans", designed_plans(), plans_only=True)


def sweep_of(adapter: Adapter, folder: str) -> Sweep:
    """Return a sweep over all clauses that the adapter supports, through all transports."""
    checks = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
    return Sweep(adapter, TRANSPORTS, checks, Warehouse(Path(folder)))


def row_of(name: str, folder: str) -> Row:
    """Return the row of a defect, or of the reference."""
    if name == REFERENCE:
        row = Row(name, "", "conforms")
        sweep = sweep_of(load_adapter(name), folder)
    else:
        row = Row(name, DEFECTS[name].clause, DEFECTS[name].story)
        sweep = sweep_of(load_adapter(reference_of(name)), folder)
    try:
        planning = row.clause.startswith(f"{FAMILY}-")
        if row.clause not in (LIFE, MEMORY) and not planning:
            _judge(row, sweep)
        if row.clause in (LIFE, ""):
            assert QUICK.seed is not None
            _search(row, "lifecycles", partial(live, sweep, QUICK.lives, QUICK.seed), AS_BUILT)
        if row.clause in (MEMORY, ""):
            _search(row, "memory", partial(reading_memory, sweep), AS_BUILT)
        if planning or row.clause == "":
            _search(row, "scans", partial(planned, sweep, designed_scans()), THROUGH)
    except Exception as error:  # an error of the suite never counts as a catch
        row.error = f"{type(error).__name__}: {error}"
    return row


def _judge(row: Row, sweep: Sweep) -> None:
    started, examples = time.process_time(), 0
    given_up: set[str] = set()
    for stage in stages():
        if row.stage:
            break
        view = sweep.of_plans() if stage.plans_only else sweep
        is_pinned = stage.specs is PINNED
        for spec in stage.specs:
            ledger, history = Ledger(given_up=given_up), History()
            judging = replace(view, transports=ONE_OF_EACH) if row.stage else view
            if is_pinned and not row.stage:
                judging.judge_pinned(spec, ledger, history)
            else:
                judging.by_few_ways(spec).judge_spec(spec, ledger, history)
            examples += 1
            row.broken.update(list(history.first))
            if row.clause in history.first and not row.stage:
                row.stage, row.examples, row.cpu_seconds = stage.name, examples, time.process_time() - started
                seen, judgement = history.first[row.clause]
                assert judgement.difference is not None
                row.example, row.expected, row.actual = (
                    repr(seen),
                    judgement.difference.expected,
                    judgement.difference.actual,
                )
                if not is_pinned:
                    _shrink(row, view, spec)
                    break
    if row.clause:
        row.alone, row.alone_examples = _caught(row.clause, unpinned(), sweep, given_up)


def _caught(clause: str, parts: Iterable[Stage], sweep: Sweep, given_up: set[str]) -> tuple[str, int]:
    """Return which part first breaks a clause and after how many examples; no part where none does."""
    examples = 0
    for stage in parts:
        view = sweep.of_plans() if stage.plans_only else sweep
        own = replace(view, checks=[check for check in view.checks if check.clause.id == clause])
        for spec in stage.specs if own.checks else ():
            history = History()
            own.by_few_ways(spec).judge_spec(spec, Ledger(given_up=given_up), history)
            examples += 1
            if clause in history.first:
                return stage.name, examples
    return "", examples


def _shrink(row: Row, sweep: Sweep, spec: SplitSpec) -> None:
    """Replace the example by the smallest one that the suite's search finds."""
    assert QUICK.seed is not None
    own = [check for check in sweep.checks if check.clause.id == row.clause]
    found = replace(sweep, checks=own).designed([spec], split_specs(large=True), QUICK.seed).violations
    smallest = min(found, key=lambda violation: len(violation.example))
    row.example = smallest.example
    row.expected, row.actual = smallest.difference.expected, smallest.difference.actual


def _search(row: Row, stage: str, findings_of: Callable[[], Findings], transport: str) -> None:
    """Judge a loader by what is drawn, and nothing that is pinned."""
    started = time.process_time()
    findings = findings_of()
    row.broken.update({clause for clause, _ in findings.broken})
    for violation in findings.violated(row.clause):
        row.stage, row.examples = stage, findings.met[row.clause, transport] or findings.met[row.clause, AS_BUILT]
        row.cpu_seconds = time.process_time() - started
        row.alone, row.alone_examples = row.stage, row.examples
        row.example, row.expected, row.actual = (
            violation.example,
            violation.difference.expected,
            violation.difference.actual,
        )


def rows_of(names: list[str], processes: int) -> Iterator[Row]:
    """Yield the rows of these loaders as they are ready, judged in parallel in this many processes."""
    with tempfile.TemporaryDirectory() as folder, judging_processes(processes) as pool:
        pending = {pool.submit(row_of, name, folder): name for name in names}
        for future in as_completed(pending):
            yield future.result()


def summary(rows: list[Row]) -> dict[str, object]:
    """Return the totals: defects, how many are caught and by which part, and the median and highest cost of a catch."""
    defects = [row for row in rows if row.clause]
    caught = [row for row in defects if row.stage]
    costs = [row.cpu_seconds for row in caught]
    return {
        "defects": len(defects),
        "caught": len(caught),
        "clauses": len({row.clause for row in caught}),
        "median CPU seconds": round(statistics.median(costs), 2) if costs else None,
        "most CPU seconds": round(max(costs), 1) if costs else None,
        "caught by": dict(Counter(row.stage.split()[0] for row in caught).most_common()),
        "caught without pinned examples": sum(bool(row.alone) for row in defects),
    }


def page(rows: list[Row], name: str = HTML) -> str:
    """Return the results as a page: a self-contained heat map in HTML, or a table in Markdown."""
    clauses = list(dict.fromkeys(check.clause.id for check in CHECKS))
    defects = [row for row in rows if row.clause]
    families = groupby(
        sorted(defects, key=lambda row: clauses.index(row.clause)), key=lambda row: row.clause.split("-")[0]
    )
    return template(__file__, name, escaped=name == HTML).render(
        clauses=clauses,
        families=[(family, list(members)) for family, members in families],
        summary=summary(rows),
        day=datetime.date.today().isoformat(),
        python=platform.python_version(),
    )


@click.command()
@click.option("--defect", "names", multiple=True, help="Only this defect; repeatable.")
@click.option("-n", "processes", default=2, show_default=True, help="Processes.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), default=Path("proof.json"), show_default=True)
@click.option("--html", "html_path", type=click.Path(path_type=Path), default=Path("proof.html"), show_default=True)
@click.option(
    "--markdown", "markdown_path", type=click.Path(path_type=Path), help="Also write a table in Markdown to this file."
)
def main(names: tuple[str, ...], processes: int, json_path: Path, html_path: Path, markdown_path: Path | None) -> None:
    """Judge every seeded defect on every clause. Exit with 1 if one survives, or the reference breaks a clause."""
    if unknown := sorted(set(names) - set(DEFECTS) - {REFERENCE}):
        raise click.UsageError(f"no defect {', '.join(unknown)}")
    console = Console()
    rows = []
    chosen = list(names) or [REFERENCE, *DEFECTS]
    with Progress(console=console) as progress:
        task = progress.add_task("defects", total=len(chosen))
        for row in rows_of(chosen, processes):
            rows.append(row)
            ended = row.failed or f"{row.stage or 'conforms'}, {row.examples} examples, {row.cpu_seconds:.1f} s"
            progress.console.print(f"{row.clause:8} {row.name:34} {ended}", markup=False, highlight=False)
            progress.advance(task)
    rows.sort(key=lambda row: chosen.index(row.name))
    figures = summary(rows)
    json_path.write_text(json.dumps({"summary": figures, "rows": [vars(row) for row in rows]}, indent=1), "utf-8")
    html_path.write_text(page(rows), "utf-8")
    if markdown_path is not None:
        markdown_path.write_text(page(rows, MARKDOWN), "utf-8")
    for name, value in figures.items():
        console.print(f"{name}: {value}", highlight=False)
    failures = [f"{row.clause} {row.name}: {row.failed}" for row in rows if row.failed]
    for failure in failures:
        console.print(failure, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
