"""What a run is to check: adapter, profile, seed, clauses and transports, settled before anything is collected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.adapter import Adapter
from conformance.adapters.loading import AdapterError, load_adapter
from conformance.checks import Check, applicable
from conformance.contract import Clause, nearest, select
from conformance.judging.baseline import EMPTY, Baseline, BaselineError, read_baseline
from conformance.judging.verdicts import Asked
from conformance.run.options import Options
from conformance.run.profiles import Profile, profile, settled_seed
from conformance.transports.engines import WAYS, Engine, Way
from conformance.transports.other_interpreters import Interpreter, NoInterpreter, check_interpreter
from conformance.transports.registry import select_engines, select_transports
from conformance.transports.transport import Transport
from fixtures.services.stores import STORES

__all__ = ["Selection", "UsageError", "resolve"]


DEFAULTS = Options()


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
    most_unusable: int = 100
    baseline: Baseline = EMPTY
    engines: tuple[tuple[Engine, tuple[Way, ...]], ...] = ()
    engines_named: frozenset[str] = frozenset()
    stores: tuple[str, ...] = ()

    @property
    def designed(self) -> bool:
        """Whether the examples are those of the design: the seed is the profile's own."""
        return self.profile.designed and self.seed == self.profile.seed

    @property
    def transport_names(self) -> list[str]:
        """The names of the transports, and then of the engines' ways."""
        return [t.name for t in self.transports] + [way.name for _, ways in self.engines for way in ways]

    @property
    def checks(self) -> list[Check]:
        """The checks of the selected clauses for which the adapter has the capabilities."""
        ids = {clause.id for clause in self.clauses}
        return [check for check in applicable(self.adapter) if check.clause.id in ids]

    @property
    def asked(self) -> Asked:
        """What the verdicts have to answer."""
        return Asked(
            clauses=self.clauses,
            capabilities=self.adapter.capabilities,
            baseline=self.baseline,
            engines=tuple(engine.name for engine, _ in self.engines),
            by_name=self.engines_named | set(self.stores),
            through_engines=frozenset(way.clause for way in WAYS),
            transports=tuple((transport.name, transport.clause) for transport in self.transports),
            of_arrivals=frozenset(check.clause.id for check in self.checks if check.arrivals),
            require=self.require,
            most_unusable=self.most_unusable,
            strict=self.strict,
        )


def resolve(options: Options = DEFAULTS) -> Selection:
    """Return the selection that the options mean.

    Raises:
        UsageError: a name is unknown, the adapter or the baseline cannot be loaded, a number is out of range, or
            options contradict.

    """
    try:
        chosen = profile(options.profile)
        selected = select(options.clause)
        carried = (*select_transports(options.transport), *map(Interpreter, options.worker))
        started = select_engines(options.transport, every=options.engines)
    except LookupError as error:
        raise UsageError(error.args[0]) from None
    _check(options, chosen, len(selected))
    try:
        known = read_baseline(*map(Path, options.baseline))
        loaded = load_adapter(options.adapter)
    except (AdapterError, BaselineError) as error:
        raise UsageError(str(error)) from error
    return Selection(
        adapter_reference=options.adapter,
        adapter=loaded,
        profile=chosen,
        seed=settled_seed(chosen, options.seed),
        clauses=selected,
        transports=carried,
        budget=options.budget if options.budget is not None else chosen.budget,
        require=1 if options.require is None else options.require,
        strict=options.strict,
        most_unusable=options.most_unusable,
        baseline=known,
        engines=started,
        stores=tuple(dict.fromkeys(options.store)),
        engines_named=frozenset(engine.name for engine, _ in select_engines(options.transport)),
    )


def _check(options: Options, chosen: Profile, clauses: int) -> None:
    """Raise :class:`UsageError` for a value that no run can follow."""
    for name in options.store:
        if name not in STORES:
            raise UsageError(f"there is no store {name!r}{nearest(name, STORES)}")
    for python in options.worker:
        try:
            check_interpreter(python)
        except NoInterpreter as error:
            raise UsageError(f"--worker: {error}") from None
    if options.budget is not None and chosen.budget is None:
        raise UsageError(f"--budget goes with --profile soak; {chosen.name} stops after a number of examples")
    if options.budget is not None and options.budget <= 0:
        raise UsageError(f"--budget must be a positive number of seconds, got {options.budget}")
    if options.seed is not None and options.seed < 0:
        raise UsageError(f"--seed must be 0 or more, got {options.seed}")
    if not 0 <= options.most_unusable <= 100:
        raise UsageError(f"--most-unusable must be 0 to 100 (percent), got {options.most_unusable}")
    if options.require is not None and not 0 < options.require <= clauses:
        raise UsageError(f"--require must be 1 to {clauses} (the selected clauses), got {options.require}")
