"""Examples: drawn specs, pinned specs and fixed tables, made ready for a trip.

How specs are drawn is settled here alone: from a seed, without Hypothesis's constants (it harvests them from the source
files of the loader under test, so that an edit there would change every example), without a database, without a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

from conformance.observation import Question
from conformance.phases import phase
from conformance.trip import Example
from fixtures.expected import expected_rows, scanned_rows
from fixtures.materials import Materials, make_materials
from fixtures.warehouse import Warehouse, unreadable
from strategies.plans import callable_udfs, quoted
from strategies.serialization import to_json
from strategies.specs import RegistrySpec, SplitSpec

__all__ = ["Unusable", "draw", "example_of", "minimal"]

BACKEND = "dataloader-conformance"
_ARGUMENTS = {"add": "x", "scale": "y", "mask": "s", "total": "x", "count_in": "x"}


class SeedOnlyProvider(HypothesisProvider):
    """Draws from the seed alone: never from constants that Hypothesis finds in local source files."""

    def _maybe_draw_constant(self, *arguments: Any, **options: Any) -> None:
        return None


AVAILABLE_PROVIDERS[BACKEND] = SeedOnlyProvider


@dataclass(frozen=True)
class Unusable:
    """Why a drawn spec proves nothing: the engine cannot plan or run it on the driver, before any loader has it."""

    reason: str


def draw(strategy: SearchStrategy[Any], count: int, seed_: int, use: Callable[[Any], None]) -> None:
    """Call ``use`` with ``count`` specs drawn from the seed, the simplest first."""
    _run(strategy, count, seed_, use, (Phase.generate,))


def minimal(strategy: SearchStrategy[Any], count: int, seed_: int, breaks: Callable[[Any], bool]) -> Any | None:
    """Return the smallest spec found for which ``breaks`` is true: drawn as :func:`draw` does, then shrunk.

    Returns ``None`` where none of the ``count`` drawn specs breaks.
    """
    found: list[Any] = []

    def use(spec: Any) -> None:
        if breaks(spec):
            found.append(spec)
            raise _Broken

    try:
        _run(strategy, count, seed_, use, (Phase.generate, Phase.shrink))
    except _Broken:
        return found[-1]
    return None


class _Broken(Exception):
    """Tells Hypothesis that a spec is of interest."""


@phase("draw")
def _run(
    strategy: SearchStrategy[Any],
    count: int,
    seed_: int,
    use: Callable[[Any], None],
    phases: tuple[Phase, ...],
) -> None:
    @seed(seed_)
    @settings(
        backend=BACKEND,
        max_examples=count,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(spec: Any) -> None:
        use(spec)

    each()


def example_of(spec: SplitSpec, warehouse: Warehouse) -> Example | Unusable:
    """Return the example of a spec, or why it is unusable.

    What it must give is computed here, before the loader under test has seen anything of it.
    """
    if why := unreadable(spec.table):
        return Unusable(why)
    try:
        make_materials(spec, warehouse)
        scanned = scanned_rows(spec)
        expected = expected_rows(spec)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the engine's panics are no Exception
        return Unusable(f"{type(error).__name__}: {error}")

    def variant(file_io_properties: Any = None, **changes: Any) -> Materials:
        if file_io_properties is not None:
            changes["file_io"] = replace(spec.file_io, properties=file_io_properties)
        return make_materials(replace(spec, **changes), warehouse)

    def elsewhere(folder: Path) -> tuple[Materials, Path]:
        other = Warehouse(folder)
        return make_materials(spec, other), other.data_file(spec.table, spec.file_name)

    return Example(
        title=repr(spec),
        make=partial(make_materials, spec, warehouse),
        expected=expected,
        question=Question(
            calls_of(spec.registry), spec.plan is not None, made_from=(to_json(spec), str(warehouse.root))
        ),
        scanned=scanned,
        spec=spec,
        likeness=spec,
        variant=variant,
        elsewhere=elsewhere,
    )


def calls_of(registry: RegistrySpec | None) -> tuple[str, ...]:
    """Return a SQL call of each function that a name in the registry stands for."""
    calls = []
    for name, behaviour in callable_udfs(registry):
        over = " OVER ()" if behaviour == "count_in" else ""
        calls.append(f"{quoted(name)}({_ARGUMENTS[behaviour]}){over}")
    return tuple(calls)
