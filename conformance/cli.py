"""The command ``dataloader-conformance``."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.run.installation import ShadowedPackage, check_packages
from conformance.run.options import PREFIX, options
from conformance.run.process import Ended, run_pytest

if TYPE_CHECKING:
    from conformance.versions.compatibility import Environment

__all__ = ["main"]

USAGE, SUITE_FAILED = 2, 3

_SPECS = click.option(
    "--specs", type=click.Path(path_type=Path), metavar="FILE", help="Other specs than the fixed set: JSON, one a line."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dataloader-conformance")
def main() -> None:
    """Prove that the splits of a distributed data loader survive the trip to their workers."""
    try:
        check_packages()
    except ShadowedPackage as error:
        raise click.UsageError(str(error)) from None


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a run."""
    for option in reversed(options()):
        how: dict[str, Any] = {"metavar": option.metavar, "type": option.kind, "default": option.default}
        if option.is_flag:
            how = {"is_flag": True}
        elif option.repeats:
            how |= {"multiple": True}
        elif option.default is not None:
            how |= {"show_default": True}
        command = click.option(f"--{option.dashed}", option.name, help=option.help, **how)(command)
    return command


@main.command()
@_with_options
@click.option("-n", "--processes", type=click.IntRange(0), default=0, show_default=True, help="Processes to run in.")
def run(processes: int, **given: Any) -> None:
    """Check a data loader against the contract.

    Exit codes: 0 it conforms, but for what the baseline knows; 1 a MUST clause is violated, too little was checked, or
    an entry of the baseline has to go; 2 wrong usage, or the adapter cannot be loaded or is broken; 3 the suite could
    not do its work.
    """
    arguments = [f"-n{processes}"] if processes else []
    for option in options():
        value = given[option.name]
        if option.is_flag:
            arguments += [f"{PREFIX}{option.dashed}"] if value else []
        else:
            values = value if option.repeats else [value]
            arguments += [f"{PREFIX}{option.dashed}={each}" for each in values if each is not None]
    sys.exit(exit_status(run_pytest(arguments)))


@main.command()
@click.argument("target", metavar="FILE|ID|DIR")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="The JSON report that knows the ID.")
@click.option("--adapter", help="Another adapter than the report's; for a spec `reference` unless given.")
@click.option("--clause", multiple=True, metavar="ID", help="Judge this clause or family alone; repeatable.")
def replay(target: str, report: Path | None, adapter: str | None, clause: tuple[str, ...]) -> None:
    """Run recorded violations again, or load recorded payloads.

    FILE is a JSON report or the JSON of a spec; ID is a violation's, looked up in --report or in ./conformance.json.
    DIR holds payloads that `record` wrote, maybe under another release: they are loaded here and judged by WIRE-10.
    Loading a pickle runs what it says: load only what you trust.

    Exit codes: 1 one is still violated, or a record is missing or unreadable; 0 all are fixed, all payloads load and
    read the same; 2 wrong usage, or the adapter cannot be loaded; 3 an example could not be judged.
    """
    if Path(target).is_dir():
        _replay_records(Path(target), adapter)
        return
    from conformance.adapters.loading import AdapterError, load_adapter
    from conformance.report.terminal import replayed
    from conformance.run.replay import NotReplayable, Result, read_cases
    from conformance.run.replay import replay as run_again

    try:
        cases = read_cases(target, report, clause)
        loaded = load_adapter(adapter or cases.adapter or "reference")
    except (NotReplayable, AdapterError) as error:
        raise click.UsageError(str(error)) from None
    results = set()
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        for case in cases.cases:
            ended = run_again(loaded, case, Path(folder))
            if case.id or ended.result is not Result.ERROR:  # a spec need not bear on every clause
                results.add(ended.result)
                click.echo(replayed(ended), nl=False)
    if Result.VIOLATED in results:
        sys.exit(1)
    if Result.ERROR in results or not results:
        click.echo("Not every example could be judged.", err=True)
        sys.exit(SUITE_FAILED)


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--adapter", default="reference", show_default=True, help="Name, module:attribute, or a .py file.")
@_SPECS
def record(folder: Path, adapter: str, specs: Path | None) -> None:
    """Record payloads of a fixed set of specs, with what is seen of their splits, for `replay DIR` of later releases.

    Exit codes: 0 recorded; 1 the loader writes no payload, or DIR is damaged; 2 wrong usage, or the adapter cannot be
    loaded.
    """
    from conformance.transports.transport import STARTED
    from conformance.versions.recordings import UnreadableRecord, Unrecordable
    from conformance.versions.recordings import record as write_record

    try:
        with STARTED:
            path = write_record(folder, _here(adapter), adapter, _specs(specs))
    except (Unrecordable, UnreadableRecord) as error:
        click.echo(f"Nothing is recorded: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        raise click.UsageError(f"{error.filename or folder} cannot be written: {error.strerror or error}") from None
    click.echo(f"Wrote {path}. Load it under another release: dataloader-conformance replay {folder}")


@main.command()
@click.option("--before", required=True, metavar="PYTHON", help="The interpreter with the loader as it was.")
@click.option("--after", required=True, metavar="PYTHON", help="The interpreter with the loader as it is.")
@click.option("--adapter", default="reference", show_default=True, help="Name, module:attribute, or a .py file.")
@_SPECS
def compare(before: str, after: str, adapter: str, specs: Path | None) -> None:
    """Say in which order drivers and workers may be upgraded: payloads go both ways between two environments.

    The suite is installed in both, with the loader as it was and as it is (or the same loader with other libraries).

    Exit codes: 0 any order; 1 one order alone, or none; 2 wrong usage, or the adapter cannot be loaded in one of them;
    3 nothing could be compared.
    """
    from conformance.report.compatibility import compared
    from conformance.transports.other_interpreters import NoInterpreter, check_interpreter
    from conformance.transports.transport import STARTED
    from conformance.versions.compatibility import Environment, EnvironmentFailed
    from conformance.versions.upgrade_order import Advice, advice, both_ways

    chosen = _specs(specs)
    for option, python in (("--before", before), ("--after", after)):
        try:
            check_interpreter(python)
        except NoInterpreter as error:
            raise click.UsageError(f"{option}: {error}") from None
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder, STARTED:
        old, new = (Environment(python, _located(adapter), Path(folder)) for python in (before, after))
        try:
            found = both_ways(old, new, chosen)
        except EnvironmentFailed as error:
            raise click.UsageError(str(error)) from None
    click.echo(compared(found), nl=False)
    sys.exit({Advice.ANY: 0, Advice.UNKNOWN: SUITE_FAILED}.get(advice(found), 1))


@main.command()
@click.argument("split", metavar="MODULE:CLASS")
@click.option("--output", type=click.Path(dir_okay=False), default="my_adapter.py", show_default=True, metavar="FILE")
def init(split: str, output: str) -> None:
    """Write an adapter of a loader from the class of its splits, with what its constructor shows filled in."""
    from conformance.adapters.scaffold import CannotWrite, written_adapter

    file = Path(output)
    if file.exists():
        raise click.UsageError(f"{output} exists already; choose another --output")
    try:
        text = written_adapter(split)
    except CannotWrite as error:
        raise click.UsageError(str(error)) from None
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--output {output} cannot be written: {error.strerror or error}") from None
    todo = text.count("TODO")
    click.echo(f"Wrote {output} ({todo} TODOs). Try it: dataloader-conformance run --adapter {output} --profile smoke")


@main.command(name="list")
def list_() -> None:
    """List clauses with whether a check verifies them, adapters, transports and profiles."""
    from conformance.report.listing import listing

    click.echo(listing(), nl=False)


@main.command()
@click.argument("clause")
def explain(clause: str) -> None:
    """Explain a clause, or each of a family: its sentence, level, source, what it needs, and its checks."""
    from conformance.contract import FAMILIES, select
    from conformance.contract import clause as find
    from conformance.report.listing import explanation

    try:
        found = select((clause,)) if clause in FAMILIES else [find(clause)]
    except LookupError as error:
        raise click.UsageError(error.args[0]) from None
    click.echo("\n".join(map(explanation, found)), nl=False)


def _replay_records(folder: Path, adapter: str | None) -> None:
    from conformance.report.compatibility import loaded
    from conformance.transports.transport import STARTED
    from conformance.versions.compatibility import Outcome, Passage
    from conformance.versions.recordings import UnreadableRecord, read_records

    try:
        recordings = read_records(folder)
    except UnreadableRecord as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    outcomes = set()
    with STARTED:
        for recording in recordings:
            reader = _here(adapter or recording.adapter)
            found = Passage([line.judged(reader) for line in recording.lines])
            outcomes.add(found.outcome)
            click.echo(loaded(recording.name, found), nl=False)
    if outcomes - {Outcome.CONFORMS}:
        sys.exit(1)


def _specs(file: Path | None) -> list[str]:
    from conformance.versions.recordings import SPECS, Unrecordable, specs

    try:
        return specs(file or SPECS)
    except Unrecordable as error:
        raise click.UsageError(str(error)) from None


def _here(adapter: str) -> Environment:
    """Return the environment of this process, with a loadable adapter; files go to the one place that payloads name."""
    from conformance.adapters.loading import AdapterError, load_adapter
    from conformance.versions.compatibility import Environment
    from conformance.versions.recordings import UnusablePlace, private_place

    try:
        load_adapter(adapter)
        return Environment(sys.executable, _located(adapter), private_place())
    except (AdapterError, UnusablePlace) as error:
        raise click.UsageError(str(error)) from None


def _located(adapter: str) -> str:
    """Return how an adapter is named in another process: a file by its absolute path."""
    path, dot, attribute = adapter.partition(".py")
    return f"{Path(path).resolve()}{dot}{attribute}" if dot and attribute[:1] in ("", ":") else adapter


def exit_status(ended: Ended) -> int:
    """Return the command's exit code for a run: its own four, or 3 where it came to no verdict."""
    if ended.has_verdict:
        return ended.returncode
    if ended.returncode == 4:  # pytest's own code for wrong usage
        return USAGE
    if ended.signals:
        how = f"was interrupted by {signal.Signals(ended.signals[0]).name}"
    elif ended.returncode < 0:
        how = f"was killed by {signal.Signals(-ended.returncode).name}"
    else:
        how = f"ended with exit code {ended.returncode}"
    click.echo(f"The run {how} and came to no verdict: the suite could not do its work.", err=True)
    return SUITE_FAILED
