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
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from conformance.judging.findings import Findings
    from conformance.judging.verdicts import Verdict
    from conformance.run.options import Options
    from conformance.run.selection import Selection
    from conformance.run.units import Unit

__all__ = ["OUTCOME", "PREFIX", "PROPERTY", "Run"]

PACKAGE = Path(__file__).resolve().parent
PROPERTY = "conformance"
# Before the name of each option of a run; and an option of the command's own.
PREFIX = "--conformance-"
OUTCOME = f"{PREFIX}outcome"
# How long an entry that a run wrote excuses its failure.
BASELINE_DAYS = 90


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all under one prefix."""
    from conformance.run.options import options

    group = parser.getgroup("conformance", "conformance of data loader splits")
    add = group.addoption
    for option in options():
        how: dict[str, Any] = {"metavar": option.metavar, "default": option.default, "type": option.kind}
        if option.is_flag:
            how = {"action": "store_true"}
        elif option.repeats:
            how = {"metavar": option.metavar, "default": [], "action": "append"}
        add(f"{PREFIX}{option.dashed}", help=option.help.replace("%", "%%"), **how)
    add(OUTCOME, metavar="FILE", help="where to write the exit code once there is a verdict")


def pytest_configure(config: pytest.Config) -> None:
    """Settle what is checked, before anything is collected; a wrong option ends the run here."""
    if not _collects_package(config):
        return
    from conformance.installation import ShadowedPackage, check_packages

    try:
        check_packages()
    except ShadowedPackage as error:
        raise pytest.UsageError(str(error)) from None
    worker = getattr(config, "workerinput", {})
    options = _given(config)
    if worker:
        options = replace(options, seed=worker["conformance_seed"])
    else:
        _prepare_reports(options)
    run = Run(
        config,
        options=options,
        selection=_resolve(options, is_worker=bool(worker)),
        folder=Path(worker["conformance_folder"]) if worker else Path(tempfile.mkdtemp(prefix="conformance-")),
        is_worker=bool(worker),
    )
    config.pluginmanager.register(run, Run.NAME)


def _given(config: pytest.Config) -> Options:
    """Return the options of the run as they were given."""
    from conformance.run.options import Options, options

    plain = {option.name: config.getoption(f"conformance_{option.name}") for option in options()}
    given: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in plain.items()}
    return Options(**given)


def _prepare_reports(options: Options) -> None:
    from conformance.report.files import UnwritableReport, prepare

    try:
        prepare(*_reports(options))
    except UnwritableReport as error:
        raise pytest.UsageError(str(error)) from None


def _reports(options: Options) -> tuple[dict[str, Path], Path | None]:
    """Return the file of each report that is asked for, and the folder of reproducers."""
    from conformance.report.files import REPORTS

    named = {name: getattr(options, name) for name in REPORTS}
    folder = options.reproducers
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


def _resolve(options: Options, *, is_worker: bool) -> Selection:
    from conformance.adapters.loading import AdapterError, is_own
    from conformance.adapters.preflight import check_adapter
    from conformance.run.selection import UsageError, resolve

    try:
        selection = resolve(options)
        if not is_worker and not is_own(selection.adapter):
            check_adapter(selection.adapter.reference)
    except (UsageError, AdapterError) as error:
        raise pytest.UsageError(str(error)) from error
    return selection


@dataclass(eq=False)  # pytest keeps plugins in sets
class Run:
    """One run of the suite, in the controller and in each xdist worker: its selection and what it has found so far."""

    NAME: ClassVar[str] = "conformance-run"

    config: pytest.Config
    options: Options
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
        from conformance.judging.findings import Findings

        self.findings = Findings()

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The units of work that a complete run ends."""
        from conformance.run.units import units

        return units(self.selection)

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
        """Make a test of each unit of work."""
        if "unit" in metafunc.fixturenames:
            metafunc.parametrize("unit", self.units, ids=[unit.name for unit in self.units])

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Leave progress to the lines of this plugin; what is counted at the end stays pytest's."""
        if report.when == "call" and any(name == PROPERTY for name, _ in report.user_properties):
            return report.outcome, "", ""
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a unit of work found, and say how far the run is."""
        from conformance.judging.findings import Findings

        if self.is_worker:
            return
        found: list[Any] = [
            value for name, value in report.user_properties if name == PROPERTY and report.when == "call"
        ]
        for text in found:
            self.findings.add(Findings.from_json(text))
            self.ended += 1
            broken = sorted({clause for clause, _ in self.findings.broken})
            state = f"violated so far: {', '.join(broken)}" if broken else "no violation"
            unit = report.nodeid.rpartition("[")[2].removesuffix("]")
            seconds = time.monotonic() - self.started
            self._print(f"{self.ended:3}/{len(self.units)}  {seconds:5.0f} s  {unit:24} {state}")
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
        from conformance.judging.baseline import written
        from conformance.judging.verdicts import Exit, exit_code, verdicts

        if self.is_worker or self.config.getoption("collectonly"):
            return
        complete = self.ended >= len(self.units) and not self.errors
        self.verdicts = verdicts(self.selection.asked, self.findings, complete=complete)
        self.outcome = exit_code(self.selection.asked, self.verdicts, self.findings, complete=complete)
        if self.interrupted and not complete:
            self.outcome = (Exit.SUITE_FAILED, "interrupted: the suite could not do all of its work")
        if exitstatus == pytest.ExitCode.USAGE_ERROR and self.outcome[0] is Exit.CONFORMS:
            self.outcome = (Exit.USAGE, "wrong usage")
        if path := self.options.baseline_write:
            expires = datetime.date.today() + datetime.timedelta(days=BASELINE_DAYS)
            violations = [violation for verdict in self.verdicts for violation in verdict.violations]
            text = written(self.selection.adapter.name, self.findings, violations, expires)
            Path(path).write_text(text, encoding="utf-8")
        self._write_reports()
        if exitstatus != pytest.ExitCode.USAGE_ERROR:
            session.exitstatus = int(self.outcome[0])

    def _write_reports(self) -> None:
        """Write the reports that are asked for; where one can be written no more the suite has failed."""
        from conformance.judging.verdicts import Exit
        from conformance.report.document import Ended, document
        from conformance.report.files import write
        from conformance.report.step_summary import annotation_lines

        paths, reproducers = _reports(self.options)
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
            units=len(self.units),
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
