"""How specs are drawn, settled here and nowhere else.

Which specs a run draws depends on the seed only: not on constants that Hypothesis harvests from local source files (an
edit of the loader under test would change every example), not on a database, not on a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, __version__, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

from conformance.timing import phase

__all__ = ["BACKEND", "draw", "minimal"]

BACKEND = "dataloader-conformance"


class SeedOnlyProvider(HypothesisProvider):
    """Draws from the seed alone: never from constants that Hypothesis finds in local source files."""

    def _maybe_draw_constant(self, *arguments: Any, **options: Any) -> None:
        return None


def use_seed_only(provider: type) -> None:
    """Make :class:`SeedOnlyProvider` the backend of that name.

    Hypothesis has no public way to turn harvested constants off. The method that does it is its own, and a release may
    rename it. Then nothing would be overridden, and a run would quietly depend on the source files around it.

    Raises:
        ImportError: this release of Hypothesis has no such method.

    """
    if not hasattr(provider, SeedOnlyProvider._maybe_draw_constant.__name__):
        raise ImportError(
            f"hypothesis {__version__} draws in a way that this release of dataloader-conformance does not know:"
            " install an older Hypothesis, or a newer dataloader-conformance"
        )
    AVAILABLE_PROVIDERS[BACKEND] = SeedOnlyProvider


use_seed_only(HypothesisProvider)


def draw(strategy: SearchStrategy[Any], count: int, seed_: int, use: Callable[[Any], None]) -> None:
    """Call ``use`` with ``count`` specs drawn from the seed, the simplest first.

    Raises:
        Exception: what ``use`` raises, as it is. Hypothesis would take it for a failing example and run it again.

    """
    failed: list[Exception] = []

    def used(spec: Any) -> None:
        try:
            if not failed:
                use(spec)
        except Exception as error:
            failed.append(error)

    _run(strategy, count, seed_, used, (Phase.generate,))
    if failed:
        raise failed[0]


def minimal(strategy: SearchStrategy[Any], count: int, seed_: int, breaks: Callable[[Any], bool]) -> Any | None:
    """Return the smallest spec found for which ``breaks`` is true: drawn as :func:`draw` does, then shrunk.

    Returns ``None`` where none of the ``count`` drawn specs breaks.

    Raises:
        Exception: what ``breaks`` raises, as it is.

    """
    found: list[Any] = []
    failed: list[Exception] = []

    def use(spec: Any) -> None:
        try:
            if failed or not breaks(spec):
                return
        except Exception as error:
            failed.append(error)
            return
        found.append(spec)
        raise _Broken

    with suppress(_Broken, Flaky):  # flaky: it broke, and then something failed
        _run(strategy, count, seed_, use, (Phase.generate, Phase.shrink))
    if failed:
        raise failed[0]
    return found[-1] if found else None


class _Broken(Exception):
    """Tells Hypothesis that a spec is of interest."""


@phase("draw")
def _run(
    strategy: SearchStrategy[Any], count: int, seed_: int, use: Callable[[Any], None], phases: tuple[Phase, ...]
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
