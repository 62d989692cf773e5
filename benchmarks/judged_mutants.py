"""Judges mutants of a loader by the examples of the quick gate: run in its interpreter.

`python -m benchmarks.judged_mutants ADAPTER BASELINE ROOT PROCESSES < MUTANTS` reads a line of JSON for each: the file
below ROOT, the folder in which the loader's package is, and the source that stands in its place. For each mutant it
prints a line of JSON as it is ready: its number, the clauses that broke or how the process ended, and the seconds.
:mod:`benchmarks.foreign_mutation` asks it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from benchmarks.forks import in_forks
from conformance.adapters.loading import AdapterError, load_adapter
from conformance.examples.design import designed_scans, designed_splits
from conformance.examples.pinned import PINNED
from conformance.judging.baseline import read_baseline
from conformance.judging.findings import Findings
from conformance.judging.ledger import Ledger
from conformance.run.lifecycles import live
from conformance.run.options import Options
from conformance.run.profiles import PROFILES
from conformance.run.scans import planned
from conformance.run.search import History
from conformance.run.selection import resolve
from conformance.run.sweep import Sweep
from conformance.transports.transport import STARTED
from fixtures.tables.warehouse import Warehouse
from strategies.specs import SplitSpec

# Not through a forked child: it may hang, which is waited for.
TRANSPORTS = ("pickle-2", "pickle-5", "cloudpickle", "copy", "deepcopy", "threads", "worker")
HANG_SECONDS = 300.0
SCANS_AT_ONCE = 8
QUICK = PROFILES["quick"]


def red(adapter: str, baseline: str, source_root: Path, file: str, source: str) -> list[str]:
    """Return the clauses that the first broken part of the gate breaks; empty where all of it is green.

    It changes this process for good, and the process must not have imported the loader before.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        shutil.copytree(source_root, tree, ignore=shutil.ignore_patterns("__pycache__"))
        (tree / file).write_text(source, encoding="utf-8")
        sys.path.insert(0, str(tree))
        os.environ["PYTHONPATH"] = os.pathsep.join([str(tree), os.environ.get("PYTHONPATH", "")])
        sys.dont_write_bytecode = True
        try:
            load_adapter(adapter)
        except AdapterError as error:
            return [f"import: {str(error).strip().splitlines()[-1]}"]
        selection = resolve(Options(adapter=adapter, transport=TRANSPORTS))
        warehouse, known = Warehouse(Path(folder, "drawn")), read_baseline(Path(baseline))
        with STARTED:
            sweep = Sweep(selection.adapter, selection.transports, selection.checks, warehouse, baseline=known)
            return next(_broken(sweep), [])


def _broken(sweep: Sweep) -> Iterator[list[str]]:
    """Yield what each part of the gate breaks, those that break nothing left out."""
    for findings in _parts(sweep):
        if findings.broken:
            yield sorted({clause for clause, _ in findings.broken})


def _parts(sweep: Sweep) -> Iterator[Findings]:
    ledger = Ledger(sweep.baseline)
    for spec in PINNED:
        sweep.judge_pinned(spec, ledger, History())
        yield ledger.findings
    scans = designed_scans()
    for first in range(0, len(scans), SCANS_AT_ONCE):
        yield planned(sweep, scans[first : first + SCANS_AT_ONCE])
    for spec in designed_splits():
        yield _of_design(sweep, spec)
    assert QUICK.seed is not None
    yield live(sweep, QUICK.lives, QUICK.seed)


def _of_design(sweep: Sweep, spec: SplitSpec) -> Findings:
    ledger = Ledger(sweep.baseline)
    sweep.by_few_ways(spec).judge_spec(spec, ledger, History())
    return ledger.findings


@click.command()
@click.argument("adapter")
@click.argument("baseline")
@click.argument("root", type=click.Path(path_type=Path))
@click.argument("processes", type=int)
def main(adapter: str, baseline: str, root: Path, processes: int) -> None:
    """Judge the mutants on standard input."""
    mutants = [json.loads(line) for line in sys.stdin]
    tasks = [partial(red, adapter, baseline, root, each["file"], each["source"]) for each in mutants]
    for ended in in_forks(tasks, processes, HANG_SECONDS):
        failed = f"ended by signal {ended.signal}" if ended.signal else f"failed: {ended.output[-300:]}"
        why = ended.value if ended.value is not None else [failed]
        click.echo(json.dumps([ended.number, why, ended.seconds]))


if __name__ == "__main__":
    main()
