"""Pairs of splits that differ in one respect, or in none: different things stay different, and same things the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from strategies.drawing import pick
from strategies.filters import is_filterable
from strategies.specs import PairSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, UdfSpec
from strategies.splits import split_specs

__all__ = ["OF_ONE_HASH", "RESPECTS", "differing_in", "pairs"]

# With the modulus of hashes added, it is a long still.
FITTING = 2**62


def _path(spec: SplitSpec) -> SplitSpec:
    return replace(spec, file_name=f"{spec.file_name}2")


def _case_of_path(spec: SplitSpec) -> SplitSpec:
    return replace(spec, file_name=spec.file_name.swapcase())


def _property(spec: SplitSpec) -> SplitSpec:
    properties = (*(item for item in spec.file_io.properties if item[0] != "extra"), ("extra", "value"))
    return replace(spec, file_io=replace(spec.file_io, properties=properties))


def _type_of_property(spec: SplitSpec) -> SplitSpec:
    properties = tuple(item for item in spec.file_io.properties if item[0] != "number")
    second = replace(spec.file_io, properties=(*properties, ("number", "7")))
    return replace(spec, file_io=second)


def _row_filter(spec: SplitSpec) -> SplitSpec:
    column = next(filter(is_filterable, spec.table.columns))
    wanted = Predicate("not-null", column.name)
    return replace(spec, row_filter=Predicate("is-null", column.name) if spec.row_filter == wanted else wanted)


def _up_to_a_number(more: int, spec: SplitSpec) -> SplitSpec:
    """Return the split with rows up to one of its numbers and ``more``; as it is, where no column has a fitting one."""
    for column in spec.table.columns:
        fitting = [value for value in column.values if isinstance(value, int) and 0 <= value <= FITTING]
        if fitting and column.type == "long" and column.old_type is None and is_filterable(column):
            return replace(spec, row_filter=Predicate("le", column.name, (min(fitting) + more,)))
    return spec


def _function(spec: SplitSpec) -> SplitSpec:
    registry = spec.registry or RegistrySpec()
    return replace(spec, registry=replace(registry, udfs=(*registry.udfs, UdfSpec("one_more"))))


def _operands(spec: SplitSpec) -> SplitSpec:
    registry = spec.registry or RegistrySpec()
    udfs = tuple(replace(udf, operand=udf.operand + 1) for udf in registry.udfs)
    return replace(spec, registry=replace(registry, udfs=udfs or (UdfSpec("f"),)))


def _projection(spec: SplitSpec) -> SplitSpec:
    names = spec.projection or tuple(column.name for column in spec.table.columns)
    alone = None if spec.projection else names
    return replace(spec, projection=names[::-1] if len(names) > 1 else alone)


def _plan(spec: SplitSpec) -> SplitSpec:
    return replace(spec, plan=SqlPlanSpec("SELECT 1 AS one") if spec.plan is None else None)


def _mapping(spec: SplitSpec) -> SplitSpec:
    return replace(spec, file_io=replace(spec.file_io, mapping="proxy" if spec.file_io.mapping != "proxy" else "dict"))


def _nothing(spec: SplitSpec) -> SplitSpec:
    return spec


_CHANGES: dict[str, Callable[[SplitSpec], SplitSpec]] = {
    "nothing": _nothing,
    "path": _path,
    "case of the path": _case_of_path,
    "property": _property,
    "type of a property": _type_of_property,
    "kind of mapping": _mapping,
    "row filter": _row_filter,
    "function": _function,
    "what functions compute": _operands,
    "order of columns": _projection,
    "plan": _plan,
}
RESPECTS = tuple(_CHANGES)
# Two filters that differ in numbers with one hash in Python: what is kept by its hash takes one for the other.
OF_ONE_HASH = {
    "filter up to a number": partial(_up_to_a_number, 0),
    "filter up to a number of that hash": partial(_up_to_a_number, sys.hash_info.modulus),
}


def differing_in(respect: str, spec: SplitSpec) -> SplitSpec:
    """Return a split that differs in one of the :data:`RESPECTS`, or :data:`OF_ONE_HASH`, from this one.

    Raises:
        KeyError: there is no such respect.
        StopIteration: the respect is the filter, and no column can be filtered.

    >>> from strategies import ColumnSpec, TableSpec
    >>> differing_in("path", SplitSpec(TableSpec((ColumnSpec(1, "a", "long"),)))).file_name
    'data2'

    """
    return (_CHANGES | OF_ONE_HASH)[respect](spec)


def pairs(
    *, respects: tuple[str, ...] = RESPECTS, splits: st.SearchStrategy[SplitSpec] | None = None
) -> st.SearchStrategy[PairSpec]:
    """Pairs of splits that differ in one of the ``respects``; ``"nothing"`` gives two equal ones.

    ``splits`` draws the first.

    Raises:
        hypothesis.errors.InvalidArgument: a respect is unknown, or there is none.

    >>> pair = pairs(respects=("path",)).example()
    >>> pair.first.file_name == pair.second.file_name
    False

    """
    if not respects or set(respects) - set(RESPECTS):
        raise InvalidArgument(f"respects must be among {', '.join(RESPECTS)}, got {list(respects)}")
    return _pairs(tuple(respects), split_specs() if splits is None else splits)


@st.composite
def _pairs(draw: st.DrawFn, respects: tuple[str, ...], splits: st.SearchStrategy[SplitSpec]) -> PairSpec:
    differs = pick(draw, respects)
    first = draw(splits)
    if differs == "type of a property":
        properties = tuple(item for item in first.file_io.properties if item[0] != "number")
        first = replace(first, file_io=replace(first.file_io, properties=(*properties, ("number", 7))))
    if differs == "row filter" and not any(map(is_filterable, first.table.columns)):
        differs = "path"
    return PairSpec(first, _CHANGES[differs](first), differs)
