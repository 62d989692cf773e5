"""The options of a run, each declared once: the command and the pytest plugin both derive theirs from here."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["OUTCOME", "PREFIX", "Option", "Options", "options"]

# Before the name of each option where pytest takes it; and one of the plugin's own: the file to write into that the run
# has started, and then its exit code.
PREFIX = "--conformance-"
OUTCOME = f"{PREFIX}outcome"


@dataclass(frozen=True)
class Option:
    """One option: what it takes (``None`` for a flag), its help, its type, and whether it may be given repeatedly."""

    name: str
    metavar: str | None
    help: str
    kind: type
    default: Any

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return bool(self.default is False)

    @property
    def repeats(self) -> bool:
        """Whether each value is one more of several."""
        return bool(self.default == ())

    @property
    def dashed(self) -> str:
        """The name as it is written on the command line, without the dashes before it."""
        return self.name.replace("_", "-")


def _option(default: Any, metavar: str | None, text: str, kind: type = str) -> Any:
    return field(default=default, metadata={"metavar": metavar, "help": text, "kind": kind})


@dataclass(frozen=True)
class Options:
    """What a run was asked for, as it was given."""

    adapter: str = _option("reference", "NAME", "The loader's adapter: name, module:attribute, or a .py file.")
    profile: str = _option("quick", "NAME", "smoke, quick, thorough or soak.")
    clause: tuple[str, ...] = _option((), "ID", "Check only this clause or family; repeatable.")
    transport: tuple[str, ...] = _option((), "NAME", "Send only through this transport; repeatable.")
    engines: bool = _option(False, None, "Send through each installed engine too (Ray, Spark, Dask, …).")
    store: tuple[str, ...] = _option((), "NAME", "Read from this object store too; repeatable.")
    worker: tuple[str, ...] = _option((), "PYTHON", "Send to this other interpreter too; repeatable.")
    on: str | None = _option(None, "URL", "Do the work on this cluster: dask://HOST:PORT, or ray://HOST:PORT.")
    seed: int | None = _option(None, "N", "Draw other examples than the profile's.", int)
    budget: int | None = _option(None, "SECONDS", "How long the profile soak draws.", int)
    require: int | None = _option(None, "N", "Fail if fewer clauses than this are checked.", int)
    most_unusable: int = _option(10, "PERCENT", "Fail if the engine cannot run more of the examples.", int)
    baseline: tuple[str, ...] = _option((), "FILE", "Known failures (TOML), which do not turn it red; repeatable.")
    baseline_write: str | None = _option(None, "FILE", "Write a baseline of what this run finds, and --baseline knows.")
    strict: bool = _option(False, None, "A violated SHOULD clause fails the run too.")
    json: str | None = _option(None, "FILE", "Write the report as JSON, for `replay` and other programs.")
    junit: str | None = _option(None, "FILE", "Write the report as JUnit XML, a test case for each clause.")
    markdown: str | None = _option(None, "FILE", "Write the report as Markdown; $GITHUB_STEP_SUMMARY is appended to.")
    html: str | None = _option(None, "FILE", "Write the report as one self-contained page.")
    reproducers: str | None = _option(None, "DIR", "Write a script for each violation that runs without the suite.")


def options() -> tuple[Option, ...]:
    """Return all options of a run."""
    return tuple(
        Option(each.name, each.metadata["metavar"], each.metadata["help"], each.metadata["kind"], each.default)
        for each in fields(Options)
    )
