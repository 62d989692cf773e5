"""What a run is to check: adapter, profile, seed, clauses and transports, settled before anything is collected."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.adapter import Adapter
from conformance.baseline import EMPTY, Baseline, BaselineError, read_baseline
from conformance.checks import CHECKS, Check
from conformance.contract import Clause, nearest, select
from conformance.loading import AdapterError, load_adapter
from conformance.profiles import Profile, profile
from conformance.transports import Transport
from conformance.transports.engines import Engine, Way
from conformance.transports.interpreters import Interpreter
from conformance.transports.registry import select_engines, select_transports
from fixtures.stores import STORES

__all__ = ["Selection", "UsageError", "resolve"]


class UsageError(Exception):
    """The options cannot be followed; the message says which value is wrong and what would be right."""


@dataclass(frozen=True)
class Selection:
    """A run's options, resolved. ``adapter_reference`` is how the adapter was named, for workers to load it again.

    ``engines`` are those that the run starts, each with its ways; ``engines_named`` of them were asked for by name, and
    the run fails where one of these does not run; the same for ``stores``.
    """

    adapter_reference: str
    adapter: Adapter
    profile: Profile
    seed: int
    clauses: tuple[Clause, ...]
    transports: tuple[Transport, ...]
    budget: int | None
    require: int
    strict: bool
    baseline: Baseline = EMPTY
    engines: tuple[tuple[Engine, tuple[Way, ...]], ...] = ()
    engines_named: frozenset[str] = frozenset()
    stores: tuple[str, ...] = ()

    @property
    def transport_names(self) -> list[str]:
        """The names of the transports, and then of the engines' ways."""
        return [t.name for t in self.transports] + [way.name for _, ways in self.engines for way in ways]

    @property
    def checks(self) -> list[Check]:
        """The checks of the selected clauses for which the adapter has the capabilities."""
        ids = {clause.id for clause in self.clauses}
        capabilities = self.adapter.capabilities
        return [check for check in CHECKS if check.clause.id in ids and capabilities.issuperset(check.clause.needs)]


def resolve(
    *,
    adapter: str = "reference",
    profile_name: str = "quick",
    clauses: Sequence[str] = (),
    transports: Sequence[str] = (),
    pythons: Sequence[str] = (),
    seed: int | None = None,
    budget: int | None = None,
    require: int | None = None,
    strict: bool = False,
    baseline: str | None = None,
    engines: bool = False,
    stores: Sequence[str] = (),
) -> Selection:
    """Return the selection that the options mean.

    Raises:
        UsageError: a name is unknown, the adapter or the baseline cannot be loaded, a number is out of range, or
            options contradict.

    """
    try:
        chosen = profile(profile_name)
        selected = select(tuple(clauses))
        carried = (*select_transports(transports), *map(Interpreter, pythons))
        started = select_engines(transports, every=engines)
    except LookupError as error:
        raise UsageError(error.args[0]) from None
    for name in stores:
        if name not in STORES:
            raise UsageError(f"there is no store {name!r}{nearest(name, STORES)}")
    for python in pythons:
        if not Path(python).is_file():
            raise UsageError(f"--worker must be the path of an interpreter, and there is no file {python!r}")
    if budget is not None and chosen.budget is None:
        raise UsageError(f"--budget goes with --profile soak; {chosen.name} stops after a number of examples")
    if budget is not None and budget <= 0:
        raise UsageError(f"--budget must be a positive number of seconds, got {budget}")
    if seed is not None and seed < 0:
        raise UsageError(f"--seed must be 0 or more, got {seed}")
    if require is not None and not 0 < require <= len(selected):
        raise UsageError(f"--require must be 1 to {len(selected)} (the selected clauses), got {require}")
    try:
        known = EMPTY if baseline is None else read_baseline(Path(baseline))
        loaded = load_adapter(adapter)
    except (AdapterError, BaselineError) as error:
        raise UsageError(str(error)) from error
    if seed is None:
        seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(2**32)
    return Selection(
        adapter_reference=adapter,
        adapter=loaded,
        profile=chosen,
        seed=seed,
        clauses=selected,
        transports=carried,
        budget=budget if budget is not None else chosen.budget,
        require=1 if require is None else require,
        strict=strict,
        baseline=known,
        engines=started,
        stores=tuple(dict.fromkeys(stores)),
        engines_named=frozenset(engine.name for engine, _ in select_engines(transports)),
    )
