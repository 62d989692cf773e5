"""The pytest plugin: options, progress, and the verdict at the end.

It acts only in a run that collects this package (``pytest --pyargs conformance``, or the command); any other run of
pytest in the same environment is left alone.
"""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from conformance.findings import Findings
    from conformance.selection import Selection
    from conformance.verdicts import Verdict

__all__ = ["PROPERTY", "Run"]

PACKAGE = Path(__file__).resolve().parent
PROPERTY = "conformance"
# How long an entry that a run wrote excuses its failure.
BASELINE_DAYS = 90


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all under one prefix."""
    group = parser.getgroup("conformance", "conformance of data loader splits")
    add = group.addoption
    add("--conformance-adapter", default="reference", metavar="NAME", help="name, module:attribute or file.py")
    add("--conformance-profile", default="quick", metavar="NAME", help="smoke, quick, thorough or soak")
    add("--conformance-clause", action="append", default=[], metavar="ID", help="clause or family; repeatable")
    add("--conformance-transport", action="append", default=[], metavar="NAME", help="transport; repeatable")
    add("--conformance-engines", action="store_true", help="send through each installed engine too")
    add("--conformance-store", action="append", default=[], metavar="NAME", help="object store; repeatable")
    add("--conformance-seed", type=int, metavar="N", help="draw other examples than the profile's")
    add("--conformance-budget", type=int, metavar="SECONDS", help="how long soak draws")
    add("--conformance-require", type=int, metavar="N", help="fewest clauses that must be checked")
    add("--conformance-worker", action="append", default=[], metavar="PYTHON", help="another interpreter; repeatable")
    add("--conformance-outcome", metavar="FILE", help="where to write the exit code once there is a verdict")
    add("--conformance-baseline", metavar="FILE", help="known failures, which do not turn the run red")
    add("--conformance-baseline-write", metavar="FILE", help="write a baseline of what this run finds")
    add("--conformance-strict", action="store_true", help="SHOULD clauses bind too")
    add("--conformance-json", metavar="FILE", help="write the report as JSON")
    add("--conformance-junit", metavar="FILE", help="write the report as JUnit XML")
    add("--conformance-markdown", metavar="FILE", help="write the report as Markdown")
    add("--conformance-html", metavar="FILE", help="write the report as one page of HTML")
    add("--conformance-reproducers", metavar="DIR", help="write a script for each violation")


def pytest_configure(config: pytest.Config) -> None:
    """Settle what is checked, before anything is collected; a wrong option ends the run here."""
    if not _collects_package(config):
        return
    from conformance.startup import ShadowedPackage, check_packages

    try:
        check_packages()
    except ShadowedPackage as error:
        raise pytest.UsageError(str(error)) from None
    worker = getattr(config, "workerinput", {})
    if not worker:
        _prepare_reports(config)
    run = Run(
        config,
        selection=_resolve(config, worker.get("conformance_seed"), is_worker=bool(worker)),
        folder=Path(worker["conformance_folder"]) if worker else Path(tempfile.mkdtemp(prefix="conformance-")),
        is_worker=bool(worker),
    )
    config.pluginmanager.register(run, Run.NAME)


def _prepare_reports(config: pytest.Config) -> None:
    from conformance.report.files import UnwritableReport, prepare

    try:
        prepare(*_reports(config))
    except UnwritableReport as error:
        raise pytest.UsageError(str(error)) from None


def _reports(config: pytest.Config) -> tuple[dict[str, Path], Path | None]:
    """Return the file of each report that is asked for, and the folder of reproducers."""
    from conformance.report.files import REPORTS

    named = {name: config.getoption(f"conformance_{name}") for name in REPORTS}
    folder = config.getoption("conformance_reproducers")
    return {name: Path(path) for name, path in named.items() if path}, Path(folder) if folder else None


def _collects_package(config: pytest.Config) -> bool:
    if config.getoption("help", False) or config.getoption("version", False):
        return False
    for argument in config.args:
        path = argument.split("::")[0]
        if config.getoption("pyargs") and path.split(".")[0] == PACKAGE.name and not Path(path).exists():
            return True
        if Path(path).resolve().is_relative_to(PACKAGE):
            return True
    return False


def _resolve(config: pytest.Config, seed: int | None, *, is_worker: bool) -> Selection:
    from conformance.loading import AdapterError
    from conformance.selection import UsageError, resolve
    from conformance.trial import check_adapter

    option = config.getoption
    try:
        selection = resolve(
            adapter=option("conformance_adapter"),
            profile_name=option("conformance_profile"),
            clauses=option("conformance_clause"),
            transports=option("conformance_transport"),
            engines=option("conformance_engines"),
            stores=option("conformance_store"),
            pythons=option("conformance_worker"),
            seed=option("conformance_seed") if seed is None else seed,
            budget=option("conformance_budget"),
            require=option("conformance_require"),
            strict=option("conformance_strict"),
            baseline=option("conformance_baseline"),
        )
        if not is_worker and not selection.adapter_reference.startswith(("reference", "conformance.defects:")):
            check_adapter(selection.adapter.reference)
    except (UsageError, AdapterError) as error:
        raise pytest.UsageError(str(error)) from error
    return selection


@dataclass(eq=False)  # pytest keeps plugins in sets
class Run:
    """One run of the suite, in the controller and in each xdist worker: its selection and what it has found so far."""

    NAME: ClassVar[str] = "conformance-run"

    config: pytest.Config
    selection: Selection
    folder: Path
    is_worker: bool
    findings: Findings = field(init=False)
    ended: int = 0
    errors: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    outcome: tuple[int, str] = (3, "the run was interrupted")
    interrupted: bool = False
    former_handler: Any = None
    annotations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing found."""
        from conformance.findings import Findings

        self.findings = Findings()

    @property
    def units(self) -> int:
        """The number of units of work that a complete run ends."""
        from conformance.fixed import units_of

        selection = self.selection
        ordinary = units_of(selection.profile) if selection.transports else 0
        asked_for = len(selection.engines) + len(selection.stores) + len(selection.baseline.entries)
        return ordinary + asked_for

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give an xdist worker the seed and the folder of this run."""
        node.workerinput["conformance_seed"] = self.selection.seed
        node.workerinput["conformance_folder"] = str(self.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Show what is tested, before anything else is printed."""
        from conformance.report.terminal import header

        if not self.is_worker:
            in_main_thread = threading.current_thread() is threading.main_thread()
            if in_main_thread and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                self.former_handler = signal.signal(signal.SIGINT, self._interrupt)
            self._print(header(self.selection, getattr(self.config.option, "numprocesses", None) or 0))

    def _interrupt(self, *_: Any) -> None:
        self.interrupted = True
        raise KeyboardInterrupt

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a unit of work of each shard."""
        profile, seed = self.selection.profile, self.selection.seed
        for argument, shards, count in (
            ("examples", profile.shards, profile.examples),
            ("plans", profile.plan_shards, profile.plans),
        ):
            if argument in metafunc.fixturenames:
                units = [(count, seed + shard) for shard in range(shards)]
                names = [f"{argument}-{shard + 1}-of-{shards}" for shard in range(shards)]
                metafunc.parametrize((argument, "seed"), units, ids=names)
        if "engine" in metafunc.fixturenames:
            engines = self.selection.engines
            metafunc.parametrize(("engine", "ways"), engines, ids=[engine.name for engine, _ in engines])
        if "store" in metafunc.fixturenames:
            metafunc.parametrize("store", self.selection.stores)
        if "entry" in metafunc.fixturenames:
            entries = self.selection.baseline.entries
            names = [f"known-{entry.clause}-line-{entry.first}" for entry in entries]
            metafunc.parametrize("entry", entries, ids=names)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Leave progress to the lines of this plugin; what is counted at the end stays pytest's."""
        if report.when == "call" and any(name == PROPERTY for name, _ in report.user_properties):
            return report.outcome, "", ""
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a unit of work found, and say how far the run is."""
        from conformance.findings import Findings

        if self.is_worker:
            return
        found: list[Any] = [
            value for name, value in report.user_properties if name == PROPERTY and report.when == "call"
        ]
        for plain in found:
            self.findings.add(Findings.from_plain(plain))
            self.ended += 1
            broken = sorted({clause for clause, _ in self.findings.broken})
            state = f"violated so far: {', '.join(broken)}" if broken else "no violation"
            unit = report.nodeid.rsplit("[", 1)[-1].rstrip("]").rsplit("::", 1)[-1]
            seconds = time.monotonic() - self.started
            self._print(f"{self.ended:3}/{self.units}  {seconds:5.0f} s  {unit:24} {state}")
        if report.failed and not found:
            self.errors.append(f"{report.nodeid}\n{report.longreprtext}")
        if self.interrupted:  # once more: a callback of the engine, or a finalizer, may have swallowed the first
            raise KeyboardInterrupt

    def pytest_terminal_summary(self) -> None:
        """Print the verdicts."""
        from conformance.report.terminal import summary

        if self.is_worker or self.config.getoption("collectonly"):
            return
        seconds = time.monotonic() - self.started
        self._print(summary(self.selection, self.verdicts, self.findings, self.errors, seconds, self.outcome[1]))
        for line in self.annotations:
            self._print(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn findings into verdicts and these into the exit code."""
        from conformance.baseline import written
        from conformance.verdicts import Exit, exit_code, verdicts

        if self.is_worker or self.config.getoption("collectonly"):
            return
        complete = self.ended >= self.units and not self.errors
        self.verdicts = verdicts(self.selection, self.findings, complete=complete)
        self.outcome = exit_code(self.selection, self.verdicts, self.findings, complete=complete)
        if self.interrupted and not complete:
            self.outcome = (Exit.SUITE_FAILED, "interrupted: the suite could not do all of its work")
        if exitstatus == pytest.ExitCode.USAGE_ERROR and self.outcome[0] is Exit.CONFORMS:
            self.outcome = (Exit.USAGE, "wrong usage")
        if path := self.config.getoption("conformance_baseline_write"):
            expires = datetime.date.today() + datetime.timedelta(days=BASELINE_DAYS)
            violations = [violation for verdict in self.verdicts for violation in verdict.violations]
            text = written(self.selection.adapter.name, self.findings, violations, expires)
            Path(path).write_text(text, encoding="utf-8")
        self._write_reports()
        if exitstatus != pytest.ExitCode.USAGE_ERROR:
            session.exitstatus = int(self.outcome[0])

    def _write_reports(self) -> None:
        """Write the reports that are asked for; where one can be written no more the suite has failed."""
        from conformance.report.document import Ended, document
        from conformance.report.files import write
        from conformance.report.step_summary import annotation_lines
        from conformance.verdicts import Exit

        paths, reproducers = _reports(self.config)
        annotated = os.environ.get("GITHUB_ACTIONS") == "true"
        if not (paths or reproducers or annotated):
            return
        ended = Ended(
            selection=self.selection,
            verdicts=self.verdicts,
            findings=self.findings,
            errors=self.errors,
            exit_code=int(self.outcome[0]),
            sentence=self.outcome[1],
            seconds=time.monotonic() - self.started,
            workers=getattr(self.config.option, "numprocesses", None) or 0,
            units=self.units,
            ended=self.ended,
            interrupted=self.interrupted,
        )
        try:
            described = document(ended)
            write(described, paths, reproducers)
            self.annotations = annotation_lines(described) if annotated else []
        except Exception:  # whatever it is: no report, no pass
            self.errors.append(f"a report cannot be written\n{traceback.format_exc()}")
            self.outcome = (Exit.SUITE_FAILED, "a report could not be written: see the error above")

    def pytest_unconfigure(self) -> None:
        """Remove the run's files, and write down that there is a verdict."""
        if (outcome := self.config.getoption("conformance_outcome")) and not self.is_worker and self.verdicts:
            Path(outcome).write_text(str(int(self.outcome[0])))
        if self.former_handler is not None:
            signal.signal(signal.SIGINT, self.former_handler)
        if not self.is_worker:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _print(self, text: str) -> None:
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        terminal.ensure_newline()
        for line in text.splitlines():
            terminal.write_line(line)
        terminal.flush()  # through a pipe too, progress is seen while it is made
