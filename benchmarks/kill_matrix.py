"""The kill matrix: every seeded defect against every clause, under the examples of the quick profile.

`tox run -e proof` makes it. A defect's examples are judged one after another, the pinned ones first, in their
order, on all clauses and through all transports. The first that breaks the defect's own clause is its catch, and
counts in CPU time of the judging process, imports apart. The pinned examples are judged to their end all the same,
through one transport of each clause, which shows what other clauses break. The reference goes through the whole profile
and must break nothing: what is caught is the defect, not the suite.
"""

from __future__ import annotations

import datetime
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from itertools import groupby
from multiprocessing import util
from pathlib import Path

import click
from hypothesis.strategies import SearchStrategy
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from rich.progress import Progress

from conformance.adapter import Adapter
from conformance.checks import CHECKS
from conformance.defects import reference_of
from conformance.examples import draw
from conformance.findings import Findings
from conformance.fixed import PINNED
from conformance.lifecycle import CLAUSE as LIFE
from conformance.lifecycle import live
from conformance.loading import load_adapter
from conformance.profiles import PROFILES
from conformance.survey import History, Survey
from conformance.transports import STARTED
from conformance.transports.registry import TRANSPORTS
from fixtures.defects import DEFECTS
from fixtures.guard import Guard
from fixtures.warehouse import Warehouse
from strategies import split_specs
from strategies.specs import SplitSpec

QUICK = PROFILES["quick"]
REFERENCE = "reference"
# Enough to see which other clauses break, once a defect is caught.
ONE_OF_EACH = tuple({transport.clause: transport for transport in reversed(TRANSPORTS)}.values())
HTML, MARKDOWN = "kill_matrix.html.jinja", "kill_matrix.md.jinja"


@dataclass(frozen=True)
class Stage:
    """A part of the quick profile: what draws its specs (``None`` for the pinned ones), how many, from which seed."""

    name: str
    strategy: SearchStrategy[SplitSpec] | None = None
    count: int = 0
    seed: int = 0
    plans_only: bool = False

    def specs(self) -> list[SplitSpec]:
        """Return its specs in the order in which they are judged."""
        if self.strategy is None:
            return list(PINNED)
        found: list[SplitSpec] = []
        draw(self.strategy, self.count, self.seed, found.append)
        return found


@dataclass
class Row:
    """What became of one loader: its clause (empty for the reference), and in how many examples each clause broke.

    ``stage`` is the part of the profile that caught it, ``examples`` and ``cpu_seconds`` count up to the catch, and
    ``example``, ``expected`` and ``actual`` show it. ``error`` is a failure of the suite itself.
    """

    name: str
    clause: str
    story: str
    stage: str = ""
    examples: int = 0
    cpu_seconds: float = 0.0
    example: str = ""
    expected: str = ""
    actual: str = ""
    broken: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def others(self) -> list[str]:
        """The clauses that broke besides its own."""
        return [clause for clause in self.broken if clause != self.clause]

    @property
    def failed(self) -> str:
        """Why the row speaks against the suite; empty where it does not."""
        if self.error:
            return f"the suite failed: {self.error}"
        if self.clause and not self.stage:
            others = f"; only {', '.join(self.broken)} broke" if self.broken else ""
            return f"survives: {self.story}{others}"
        if not self.clause and self.broken:
            return f"the reference breaks {', '.join(self.broken)}: a false alarm"
        return ""


def stages() -> Iterator[Stage]:
    """Yield the parts of the quick profile in the order in which they are tried."""
    assert QUICK.seed is not None
    yield Stage("pinned")
    for shard in range(QUICK.shards):
        yield Stage(f"drawn {shard + 1}", split_specs(), QUICK.examples, QUICK.seed + shard)
    for shard in range(QUICK.plan_shards):
        yield Stage(f"plans {shard + 1}", split_specs(with_plan=True), QUICK.plans, QUICK.seed + shard, True)


def survey_of(adapter: Adapter, folder: str) -> Survey:
    """Return the survey of the adapter on all clauses that it can be judged on, through all transports."""
    checks = [check for check in CHECKS if adapter.capabilities.issuperset(check.clause.needs)]
    return Survey(adapter, TRANSPORTS, checks, Warehouse(Path(folder)))


def row_of(name: str, folder: str) -> Row:
    """Return what becomes of a defect, or of the reference."""
    if name == REFERENCE:
        row = Row(name, "", "conforms")
        survey = survey_of(load_adapter(name), folder)
    else:
        row = Row(name, DEFECTS[name].clause, DEFECTS[name].story)
        survey = survey_of(load_adapter(reference_of(name)), folder)
    try:
        if row.clause != LIFE:
            _judge(row, survey)
        if row.clause in (LIFE, ""):
            _live(row, survey)
    except Exception as error:  # no catch, whatever it is
        row.error = f"{type(error).__name__}: {error}"
    return row


def _judge(row: Row, survey: Survey) -> None:
    started, examples = time.process_time(), 0
    hung: set[str] = set()
    for stage in stages():
        if row.stage:
            return
        view = survey.of_plans() if stage.plans_only else survey
        for spec in stage.specs():
            findings, history = Findings(hung=hung), History()
            judging = replace(view, transports=ONE_OF_EACH) if row.stage else view
            judging.judge_spec(spec, findings, history, exhaustive=stage.strategy is None and not row.stage)
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
                if stage.strategy is not None:
                    _shrink(row, view, stage)
                    break


def _shrink(row: Row, survey: Survey, stage: Stage) -> None:
    """Take the smallest example that the suite's own search finds in place of the one that was drawn."""
    assert stage.strategy is not None
    own = [check for check in survey.checks if check.clause.id == row.clause]
    found = replace(survey, checks=own).drawn(stage.strategy, stage.count, stage.seed).violations
    smallest = min(found, key=lambda violation: len(violation.example))
    row.example = smallest.example
    row.expected, row.actual = smallest.difference.expected, smallest.difference.actual


def _live(row: Row, survey: Survey) -> None:
    assert QUICK.seed is not None
    started = time.process_time()
    findings = live(survey, QUICK.lives, QUICK.seed)
    row.broken.update({clause for clause, _ in findings.broken})
    for violation in findings.violations:
        row.stage, row.examples = "lifecycles", findings.met[LIFE, "as built"]
        row.cpu_seconds = time.process_time() - started
        row.example, row.expected, row.actual = (
            violation.example,
            violation.difference.expected,
            violation.difference.actual,
        )


def end_with_what_it_started() -> None:
    """End what transports have started before this process waits for its children, which is before ``atexit``."""
    util.Finalize(None, STARTED.close, exitpriority=100)


def rows_of(names: list[str], processes: int) -> Iterator[Row]:
    """Yield the rows of these loaders as they end, each judged in one of so many processes."""
    with (
        Guard() as guard,  # ends them also where this process is killed
        guard.marking(),
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), end_with_what_it_started) as pool,
    ):
        pending = {pool.submit(row_of, name, folder): name for name in names}
        for future in as_completed(pending):
            yield future.result()


def summary(rows: list[Row]) -> dict[str, object]:
    """Return the figures: defects, caught, median and greatest cost of a catch, and what the pinned examples miss."""
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
    }


def page(rows: list[Row], template: str = HTML) -> str:
    """Return the results as a page: the heat map in HTML that needs nothing else, or the table in Markdown."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=template == HTML,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    clauses = list(dict.fromkeys(check.clause.id for check in CHECKS))
    defects = [row for row in rows if row.clause]
    families = groupby(
        sorted(defects, key=lambda row: clauses.index(row.clause)), key=lambda row: row.clause.split("-")[0]
    )
    return environment.get_template(template).render(
        clauses=clauses,
        families=[(family, list(members)) for family, members in families],
        summary=summary(rows),
        day=datetime.date.today().isoformat(),
        python=platform.python_version(),
    )


@click.command()
@click.option("--defect", "names", multiple=True, help="Only this one; repeatable.")
@click.option("-n", "processes", default=2, show_default=True, help="Processes.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), default=Path("proof.json"), show_default=True)
@click.option("--html", "html_path", type=click.Path(path_type=Path), default=Path("proof.html"), show_default=True)
@click.option("--markdown", "markdown_path", type=click.Path(path_type=Path), help="Also as a table.")
def main(names: tuple[str, ...], processes: int, json_path: Path, html_path: Path, markdown_path: Path | None) -> None:
    """Judge every seeded defect on every clause; exit 1 where one survives, or the reference breaks a clause."""
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
