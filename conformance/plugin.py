"""The pytest plugin: options, progress, and the verdict at the end.

It acts only in a run that collects this package (``pytest --pyargs conformance``, or the command); any other run of
pytest in the same environment is left alone.
"""

from __future__ import annotations

import datetime
import os
import signal
import threading
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.run.options import OUTCOME, PREFIX

if TYPE_CHECKING:
    from conformance.judging.findings import Findings
    from conformance.judging.verdicts import Verdict
    from conformance.run.options import Options
    from conformance.run.selection import Selection
    from conformance.run.units import Unit

__all__ = ["Run"]

PACKAGE = Path(__file__).resolve().parent
UNITS = PACKAGE / "collected" / "test_units.py"
# Seconds that workers of an interrupted run may take to end by themselves.
WORKERS_SECONDS = 2
# What ends a run; it then says what it knows.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
    add(OUTCOME, metavar="FILE", help="where to write that the run has started, and its exit code")


def pytest_configure(config: pytest.Config) -> None:
    """Settle what is checked, before anything is collected; a wrong option ends the run here."""
    if not _collects_package(config):
        return
    from conformance.run.installation import ShadowedPackage, check_packages
    from conformance.run.profiles import profile, settled_seed

    worker = getattr(config, "workerinput", {})
    options = _given(config)
    try:
        check_packages()
        seed = worker["conformance_seed"] if worker else settled_seed(profile(options.profile), options.seed)
    except ShadowedPackage as error:
        raise pytest.UsageError(str(error)) from None
    except LookupError as error:
        raise pytest.UsageError(error.args[0]) from None
    options = replace(options, seed=seed)
    stack = ExitStack()
    config.add_cleanup(stack.close)
    if not worker:
        _prepare_reports(options, stack)
        if not config.getoption("collectonly") and all(_is_ours(config, argument) for argument in config.args):
            # There is one verdict, and nothing of pytest's own is to stand after it.
            config.option.verbose = -2
    if options.on and config.getoption("numprocesses", None):
        raise pytest.UsageError("--on and -n contradict: the cluster says how many units of work are done at a time")
    if not worker:
        _check_adapter(options.adapter)
    folder = Path(worker["conformance_folder"]) if worker else _own_folder(stack)
    run = Run(config, options=options, folder=folder, is_worker=bool(worker))
    if worker or not run.processes:
        run.settle()
    if options.on and not config.getoption("collectonly"):
        _use_cluster(run, options.on, stack)
    config.pluginmanager.register(run, Run.NAME)


def _own_folder(stack: ExitStack) -> Path:
    """Return the folder of this run, and see to it that no process of the run outlives it."""
    from conformance.run.folder import run_folder
    from fixtures.processes.guard import MARK, Guard

    folder = stack.enter_context(run_folder())
    if MARK not in os.environ:  # the command has a guard already
        stack.enter_context(stack.enter_context(Guard()).marking())
    return folder


def _use_cluster(run: Run, url: str, stack: ExitStack) -> None:
    """Have the run's units of work done by the cluster of that URL."""
    from conformance.run.clusters import ClusterUnavailable, connected
    from conformance.run.clusters.loop import Loop
    from conformance.run.clusters.tasks import tasks

    try:
        cluster = stack.enter_context(connected(url))
    except ClusterUnavailable as error:
        raise pytest.UsageError(str(error)) from None
    workers, slots = cluster.workers()
    plural = "" if workers == 1 else "s"
    run.cluster, run.processes = f"{url}: {workers} worker{plural}, slots for units of work: {slots}", slots
    run.config.pluginmanager.register(Loop(cluster, tasks(run.options, run.selection, slots)), "conformance-cluster")


def _given(config: pytest.Config) -> Options:
    """Return the options of the run as they were given."""
    from conformance.run.options import Options, options

    plain = {option.name: config.getoption(f"conformance_{option.name}") for option in options()}
    given: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in plain.items()}
    return Options(**given)


def _prepare_reports(options: Options, stack: ExitStack) -> None:
    from conformance.report.files import UnwritableReport, prepared

    paths, reproducers = _reports(options)
    baseline = {"baseline-write": Path(options.baseline_write)} if options.baseline_write else {}
    try:
        stack.enter_context(prepared(paths, reproducers, baseline))
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
    return any(_is_ours(config, argument) for argument in config.args)


def _is_ours(config: pytest.Config, argument: str) -> bool:
    path = argument.split("::")[0]
    named = config.getoption("pyargs") and path.split(".")[0] == PACKAGE.name and not Path(path).exists()
    return bool(named) or Path(path).resolve().is_relative_to(PACKAGE)


def _check_adapter(reference: str) -> None:
    """Try an adapter that is not the suite's own, before anything imports it: that may end the process that does it."""
    from conformance.adapters.loading import AdapterError, is_own

    if is_own(reference):
        return
    from conformance.adapters.preflight import check_adapter
    from conformance.observation.secrets import hidden

    try:
        check_adapter(reference)
    except AdapterError as error:
        raise pytest.UsageError(hidden(str(error))) from error


@dataclass(eq=False)  # pytest keeps plugins in sets
class Run:
    """One run of the suite, in the controller and in each xdist worker: its selection and what it has found so far.

    ``processes`` is how many do its units of work, 0 for this one alone; ``cluster`` says where they are, if not here.
    """

    NAME: ClassVar[str] = "conformance-run"

    config: pytest.Config
    options: Options
    folder: Path
    is_worker: bool
    processes: int = field(init=False)
    cluster: str = field(default="", init=False)
    ended: int = 0
    failed: dict[str, list[str]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    outcome: tuple[int, str] = (3, "the run was interrupted")
    interrupted: bool = False
    former_handlers: dict[signal.Signals, Any] = field(default_factory=dict)
    annotations: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Look up how many processes there are."""
        self.processes = getattr(self.config.option, "numprocesses", None) or 0

    @property
    def errors(self) -> list[str]:
        """The errors of the suite, each once, after the units of work in which it came."""
        return [f"{', '.join(units)}:\n{text}" for text, units in self.failed.items()]

    @cached_property
    def findings(self) -> Findings:
        """What was found so far."""
        from conformance.judging.findings import Findings

        return Findings()

    @cached_property
    def selection(self) -> Selection:
        """What is checked, as the options say it; loads the adapter."""
        from conformance.observation.secrets import hidden
        from conformance.run.selection import UsageError, resolve

        try:
            return resolve(self.options)
        except UsageError as error:
            raise pytest.UsageError(hidden(str(error))) from error

    def settle(self) -> None:
        """Settle what is checked; a wrong option ends the run here."""
        _ = self.selection

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The units of work that a complete run ends."""
        from conformance.run.units import units

        return units(self.selection)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give an xdist worker the seed and the folder of this run."""
        node.workerinput["conformance_seed"] = self.options.seed
        node.workerinput["conformance_folder"] = str(self.folder)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Take signals, and write down that the run has started."""
        if not self.is_worker:
            if threading.current_thread() is threading.main_thread():
                for number in SIGNALS:
                    if signal.getsignal(number) is not signal.SIG_IGN:
                        self.former_handlers[number] = signal.signal(number, self._interrupt)
            self._write_outcome("started")
            # Of processes that start and end the run says itself what matters.
            self.config.pluginmanager.unregister(name="terminaldistreporter")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Show what is tested, before anything else is printed.

        The processes of the run have started by now: they import what they need while this one does.
        """
        from conformance.report.terminal import header

        if not self.is_worker:
            try:
                self.settle()
            except pytest.UsageError:
                self._end_workers_soon()
                raise
            self._print(header(self.selection, self.processes, self.cluster))

    def _interrupt(self, *_: Any) -> None:
        self.interrupted = True
        self._end_workers_soon()
        raise KeyboardInterrupt

    def _end_workers_soon(self) -> None:
        """Else xdist waits ten seconds for workers that are busy, which is longer than an interrupted run may speak."""
        if nodes := getattr(self.config.pluginmanager.getplugin("dsession"), "nodemanager", None):
            nodes.EXIT_TIMEOUT = WORKERS_SECONDS

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each unit of work."""
        if "unit" in metafunc.fixturenames:
            metafunc.parametrize("unit", self.units, ids=[unit.name for unit in self.units])

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Leave progress to the lines of this plugin; what is counted at the end stays pytest's."""
        is_unit = (self.config.rootpath / report.fspath).resolve() == UNITS
        return (report.outcome, "", "") if is_unit and (report.when == "call" or report.failed) else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what a unit of work found, and say how far the run is."""
        from conformance.judging.findings import Findings
        from conformance.observation.secrets import hidden
        from conformance.report.terminal import seen_broken
        from conformance.run.reported import PROPERTY, SEEN
        from conformance.transports.watchdog import told_in

        if self.is_worker:
            return
        seen: list[Any] = [value for name, value in report.user_properties if name == SEEN]
        for clause, text in seen:
            if clause not in self.told:
                self.told.add(clause)
                self.say_at_once(seen_broken(clause, text, time.monotonic() - self.started))
        found: list[Any] = [
            value for name, value in report.user_properties if name == PROPERTY and report.when == "call"
        ]
        for text in found:
            of_unit = Findings.from_json(text)
            self.findings.add(of_unit)
            self.ended += 1
            broken = sorted({clause for clause, _ in self.findings.broken})
            unit = report.nodeid.rpartition("[")[2].removesuffix("]")
            nothing = "still so" if unit.startswith("known-") and not of_unit.stale else "no violation"
            state = f"violated so far: {', '.join(broken)}" if broken else nothing
            seconds = time.monotonic() - self.started
            self._print(f"{self.ended:3}/{len(self.units)}  {seconds:5.0f} s  {unit:24} {state}")
        if report.failed and not found:
            unit = report.nodeid.rpartition("[")[2].removesuffix("]")
            # Of a process that ended itself pytest knows only that it did.
            self.failed.setdefault(hidden(told_in(self.folder) or report.longreprtext), []).append(unit)
        if self.interrupted:  # once more: a callback of the engine, or a finalizer, may have swallowed the first
            raise KeyboardInterrupt

    def _print_verdicts(self) -> None:
        from conformance.report.terminal import summary

        seconds = time.monotonic() - self.started
        for line in self.annotations:
            self._print(line)
        self._print(summary(self.selection, self.verdicts, self.findings, self.errors, seconds, self.outcome[1]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn findings into verdicts and these into the exit code."""
        from conformance.judging.baseline import written
        from conformance.judging.verdicts import Exit, exit_code, verdicts

        if self.is_worker or self.config.getoption("collectonly") or "selection" not in vars(self):
            return  # without a selection there was a wrong option, and nothing was done
        complete = self.ended >= len(self.units) and not self.failed
        self.verdicts = verdicts(self.selection.asked, self.findings, complete=complete)
        self.outcome = exit_code(self.selection.asked, self.verdicts, self.findings, complete=complete)
        if self.interrupted and not complete:
            self.outcome = (Exit.SUITE_FAILED, "interrupted: the suite could not do all of its work")
        if exitstatus == pytest.ExitCode.USAGE_ERROR and self.outcome[0] is Exit.CONFORMS:
            self.outcome = (Exit.USAGE, "wrong usage")
        if path := self.options.baseline_write:
            expires = datetime.date.today() + datetime.timedelta(days=BASELINE_DAYS)
            violations = [violation for verdict in self.verdicts for violation in verdict.violations]
            before = list(self.selection.baseline.kept_in(Path(path), self.findings.stale))
            text = written(self.selection.adapter.name, self.findings, violations, expires, before)
            Path(path).write_text(text, encoding="utf-8")
        self._write_reports()
        if exitstatus != pytest.ExitCode.USAGE_ERROR:
            session.exitstatus = int(self.outcome[0])

    def _write_reports(self) -> None:
        """Write the reports that are asked for; where one can be written no more the suite has failed."""
        from conformance.judging.verdicts import Exit
        from conformance.observation.secrets import hidden
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
            workers=self.processes,
            units=len(self.units),
            ended=self.ended,
            interrupted=self.interrupted,
        )
        try:
            described = document(ended)
            write(described, paths, reproducers)
            self.annotations = annotation_lines(described) if annotated else []
        except Exception:  # whatever it is: no report, no pass
            self.failed[hidden(traceback.format_exc())] = ["a report cannot be written"]
            self.outcome = (Exit.SUITE_FAILED, "a report could not be written: see the error above")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Print the verdicts, after whatever pytest has to say, and write down that there are some."""
        if self.verdicts:
            self._print_verdicts()
            self._write_outcome(str(int(self.outcome[0])))
        for number, handler in self.former_handlers.items():
            signal.signal(number, handler)

    def _write_outcome(self, text: str) -> None:
        if outcome := self.config.getoption("conformance_outcome"):
            Path(outcome).write_text(text)

    def say_at_once(self, text: str) -> None:
        """Print while a unit of work is done, when pytest keeps what is printed for itself."""
        with self.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            self._print(text)

    def _print(self, text: str) -> None:
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        terminal.ensure_newline()
        for line in text.splitlines():
            terminal.write_line(line)
        terminal.flush()  # through a pipe too, progress is seen while it is made
