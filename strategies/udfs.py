"""Sets of user-defined functions and the registries that register them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import one_in, pick
from strategies.sizes import whole
from strategies.specs import RegistrySpec, SplitSpec, UdfSpec

__all__ = [
    "BEHAVIOURS",
    "BUILT_INS",
    "FAILING",
    "IMPORTABLE",
    "ORIGINS",
    "REGISTRY_KINDS",
    "UDF_NAMES",
    "goes_by_name",
    "registries",
    "udfs",
]

# behaviour: (kind, Arrow type of the argument, Arrow type of the result)
BEHAVIOURS: dict[str, tuple[str, str, str]] = {
    "add": ("scalar", "int64", "int64"),
    "mask": ("scalar", "string", "string"),
    "scale": ("scalar", "float64", "float64"),
    "total": ("aggregate", "int64", "int64"),
    "count_in": ("window", "int64", "int64"),
}
# As above; drawn by no strategy, for a plan that calls it gives no rows.
FAILING: dict[str, tuple[str, str, str]] = {"fail": ("scalar", "int64", "int64"), "stop": ("scalar", "int64", "int64")}
ORIGINS = ("module", "method", "closure", "lambda", "main")
# Those that are known by a name that can be imported.
IMPORTABLE = ("module", "method")
REGISTRY_KINDS = (
    *("plain", "falsy", "stateful", "slots", "reversed", "false"),
    *("late", "caching", "interned", "by value", "self-copying"),
)

# "Upper" on purpose: Substrait loses the case of a name, so no plan that calls it survives (BUILD-4).
UDF_NAMES = ("f", "g", "mask_it", "Upper", "fün", "two words", "abs")
# Those of them that the engine has functions of its own for.
BUILT_INS = frozenset({"abs"})


def udfs(
    *,
    names: Sequence[str] = UDF_NAMES,
    behaviours: Sequence[str] = tuple(BEHAVIOURS),
    origins: Sequence[str] = IMPORTABLE,
) -> st.SearchStrategy[UdfSpec]:
    """Functions of any name, behaviour and origin.

    Raises:
        hypothesis.errors.InvalidArgument: an option is empty, or a behaviour or an origin is unknown.

    >>> udfs(behaviours=["mask"]).example().behaviour
    'mask'

    """
    if not names:
        raise InvalidArgument("names must hold at least one name")
    return st.builds(
        UdfSpec,
        name=st.sampled_from(tuple(names)),
        behaviour=st.sampled_from(_known("behaviours", behaviours, tuple(BEHAVIOURS))),
        operand=st.integers(1, 9),
        origin=st.sampled_from(_known("origins", origins, ORIGINS)),
        volatility=st.sampled_from(("immutable", "immutable", "stable", "volatile")),
    )


def registries(
    *, max_udfs: int = 6, kinds: Sequence[str] = REGISTRY_KINDS, origins: Sequence[str] = IMPORTABLE
) -> st.SearchStrategy[RegistrySpec]:
    """Registries of up to ``max_udfs`` functions; names may come twice, the last registered then wins.

    Raises:
        hypothesis.errors.InvalidArgument: ``max_udfs`` is negative, or a kind or an origin is unknown.

    >>> len(registries(max_udfs=2).example().udfs) <= 2
    True

    """
    if max_udfs < 0:
        raise InvalidArgument(f"max_udfs must be 0 or more, got {max_udfs}")
    functions = st.lists(udfs(origins=origins), max_size=max_udfs)
    return _registries(functions, max_udfs, _known("kinds", kinds, REGISTRY_KINDS))


@st.composite
def _registries(
    draw: st.DrawFn, functions: st.SearchStrategy[list[UdfSpec]], max_udfs: int, kinds: tuple[str, ...]
) -> RegistrySpec:
    drawn = draw(functions)
    if drawn and len(drawn) < max_udfs and one_in(draw, 3):
        first = drawn[0]
        drawn.append(dataclasses.replace(first, operand=first.operand + 10))
    return RegistrySpec(tuple(drawn), pick(draw, kinds))


def _known(option: str, chosen: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    if not chosen or set(chosen) - set(known):
        raise InvalidArgument(f"{option} must be among {', '.join(known)}, got {list(chosen)}")
    return tuple(chosen)


def goes_by_name(spec: SplitSpec) -> bool:
    """Whether pickle can carry the spec's functions: each has a name that can be imported."""
    registry = whole(spec.registry)
    return registry is None or all(udf.origin in IMPORTABLE for udf in registry.udfs)
