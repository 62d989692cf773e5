"""What is sent to a cluster for one unit of work, and what comes back. Both travel as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from typing import Any

from conformance.adapters.loading import adapter_file
from conformance.run.options import Options
from conformance.run.selection import Selection

__all__ = ["Answer", "Task", "tasks"]

# Options that concern the driver alone: where to, and what is written there.
DRIVERS = ("on", "baseline_write", "json", "junit", "markdown", "html", "reproducers")


@dataclass(frozen=True)
class Task:
    """One unit of work by its name, with all that a worker needs to do it.

    ``version`` is the driver's version of the suite. ``options`` are the run's with its settled seed, and without what
    concerns the driver alone. ``adapter`` is the text of the adapter's file, ``None`` where the adapter is installed.
    ``baselines`` are (path, text) of the run's baselines: the paths are the driver's. ``processes`` is the number of
    units that the cluster does at a time. ``host`` is the worker's, which adds it.
    """

    unit: str
    version: str
    options: Options
    adapter: str | None = None
    baselines: tuple[tuple[str, str], ...] = ()
    processes: int = 1
    host: str = ""

    def to_json(self) -> str:
        """Return the task in one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Return what :meth:`to_json` wrote."""
        plain: dict[str, Any] = json.loads(text)
        # JSON has no tuples.
        given: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in plain["options"].items()}
        baselines = tuple((path, text) for path, text in plain["baselines"])
        return cls(**plain | {"options": Options(**given), "baselines": baselines})


@dataclass(frozen=True)
class Answer:
    """What became of a unit: its findings as JSON, or else the error for which the suite could not do it.

    ``seen`` are (clause, how it was first seen broken). ``stops`` is true where no other unit can be done either.
    """

    findings: str | None = None
    error: str = ""
    seen: tuple[tuple[str, str], ...] = ()
    stops: bool = False

    def to_json(self) -> str:
        """Return the answer in one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """Return what :meth:`to_json` wrote."""
        plain: dict[str, Any] = json.loads(text)
        return cls(**plain | {"seen": tuple((clause, how) for clause, how in plain.get("seen", ()))})


def tasks(options: Options, selection: Selection, processes: int) -> Callable[[str], Task]:
    """Return what makes the task of each unit of this run, by the unit's name."""
    plain: dict[str, Any] = {each.name: each.default for each in fields(Options) if each.name in DRIVERS}
    in_file = adapter_file(options.adapter)
    common = Task(
        unit="",
        version=version("dataloader-conformance"),
        options=replace(options, **plain, seed=selection.seed, baseline=()),
        adapter=None if in_file is None else in_file[0].read_text(encoding="utf-8"),
        baselines=selection.baseline.texts,
        processes=processes,
    )
    return lambda unit: replace(common, unit=unit)
