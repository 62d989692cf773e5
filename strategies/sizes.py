"""Large things in splits: written short in a spec, made whole before anything is made of them.

Loaders cut, count and buffer at sizes: a length of one byte or two, a page, a pipe's buffer, a batch of the engine.
What is drawn here is just below and just above these.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar

from hypothesis import strategies as st

from strategies.drawing import pick, some
from strategies.filters import is_filterable
from strategies.specs import And, ColumnSpec, Numbered, Predicate, RegistrySpec, Repeated, Spec, SplitSpec, UdfSpec

__all__ = ["BATCH", "enlarged", "sizes_in", "whole"]

T = TypeVar("T")

# Where a length no longer fits: into a byte, a page of memory, two bytes or a pipe, a message of many servers.
THRESHOLDS = (256, 4096, 65_536, 1_048_576)
# What is read at each reading is not that large.
READ_THRESHOLDS = (256, 4096, 65_536)
# PyIceberg looks at no bounds for sets of more than 200 values. It takes seconds to copy one of thousands.
SETS = (200, 256)
PROPERTIES = (256, 1000)
FUNCTIONS = (32, 64)
# The engine computes in batches of so many rows.
BATCH = 8192
# A table of more columns would take long to read.
FEW_COLUMNS = 4


def whole(spec: T) -> T:
    """Return the spec with all that is written short in it written out.

    >>> whole(UdfSpec(Repeated("f", 3)))
    UdfSpec(name='fff')
    >>> whole(Predicate("in", "a", (7, Numbered(0, 2))))
    Predicate(op='in', column='a', values=(7, 0, 1))

    """
    return _whole(spec)  # type: ignore[no-any-return]


def _whole(value: Any) -> Any:
    if isinstance(value, Repeated):
        return value.text * value.times
    if isinstance(value, Spec):
        held = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}  # type: ignore[arg-type]  # every spec is a dataclass
        changed = {name: made for name, each in held.items() if (made := _whole(each)) is not each}
        return dataclasses.replace(value, **changed) if changed else value  # type: ignore[type-var]
    if isinstance(value, tuple):
        items = [
            item for each in value for item in (_written_out(each) if isinstance(each, Numbered) else (_whole(each),))
        ]
        same = len(items) == len(value) and all(map(_is, items, value))
        return value if same else tuple(items)
    return value


def _is(one: object, other: object) -> bool:
    return one is other


def _written_out(numbered: Numbered) -> Iterator[Any]:
    for number in range(numbered.count):
        yield numbered.each + number if isinstance(numbered.each, int) else _named(numbered.each, number)


def _named(value: Any, number: int) -> Any:
    """Return the value with the number in its texts, at any depth."""
    if isinstance(value, str):
        return value.replace("{}", str(number))
    if isinstance(value, tuple):
        return tuple(_named(each, number) for each in value)
    if isinstance(value, Spec):
        return dataclasses.replace(value, **{name: _named(each, number) for name, each in value.settings()})  # type: ignore[type-var]
    return value


def sizes_in(value: Any) -> Iterator[int]:
    """Yield how large each thing is that is written short, in characters or in number."""
    if isinstance(value, Repeated):
        yield len(value.text) * value.times
    elif isinstance(value, Numbered):
        yield value.count
    elif isinstance(value, Spec):
        for _, held in value.settings():
            yield from sizes_in(held)
    elif isinstance(value, tuple):
        for each in value:
            yield from sizes_in(each)


def enlarged(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    """Return the split with some of its parts as large as a threshold, or one larger or smaller."""
    for enlarge in some(draw, _PLACES, 3):
        spec = enlarge(draw, spec)
    return spec


def _above(draw: st.DrawFn, thresholds: tuple[int, ...]) -> int:
    return pick(draw, thresholds) + pick(draw, (1, 0, -1))


def _value(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    """Return the split with a long text among the values of a column; as it is, where none takes it."""
    table = spec.table
    for position, column in enumerate(table.columns):
        if column.type in ("string", "binary") and column.values and column.name not in table.partition_by:
            long_one = Repeated("x" if column.type == "string" else "ff", _above(draw, READ_THRESHOLDS))
            longer = _with(column, values=(long_one, *column.values))
            columns = (*table.columns[:position], longer, *table.columns[position + 1 :])
            return _with(spec, table=_with(table, columns=columns, rows=max(table.rows, 1)))
    return spec


def _property(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    return _with_properties(spec, ("of many characters", Repeated("v", _above(draw, THRESHOLDS))))


def _properties(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    return _with_properties(spec, Numbered(("key {}", "value {}"), _above(draw, PROPERTIES)))


def _with_properties(spec: SplitSpec, more: Any) -> SplitSpec:
    file_io = _with(spec.file_io, properties=(*spec.file_io.properties, more))
    return _with(spec, file_io=file_io)


def _table_property(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    more = ("of many characters", Repeated("p", _above(draw, THRESHOLDS)))
    table = _with(spec.table, properties=(*spec.table.properties, more))
    return _with(spec, table=table)


def _doc(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    first, *others = spec.table.columns
    documented = _with(first, doc=Repeated("d", _above(draw, READ_THRESHOLDS)))
    return _with(spec, table=_with(spec.table, columns=(documented, *others)))


def _set(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    """Return the split with a filter for a set of many values, some of which a column holds."""
    for column in spec.table.columns:
        if column.type in ("long", "int", "string") and _takes_a_set(spec, column):
            many = Numbered("text {}" if column.type == "string" else 0, _above(draw, SETS))
            held = tuple(value for value in column.values if value is not None)
            asked = Predicate(pick(draw, ("in", "not-in")), column.name, (*held[::2], many))
            combined = asked if spec.row_filter is None else And(spec.row_filter, asked)
            return _with(spec, row_filter=combined)
    return spec


def _takes_a_set(spec: SplitSpec, column: ColumnSpec) -> bool:
    return is_filterable(column) and not column.added and column.name not in spec.table.partition_by


def _functions(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    registry = RegistrySpec() if spec.registry is None else spec.registry
    many = Numbered(UdfSpec("f{}"), _above(draw, FUNCTIONS))
    return _with(spec, registry=_with(registry, udfs=(*registry.udfs, many)))


def _file_name(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    """Return the split with a long name of its file: file systems take 255 bytes, of which others are needed."""
    return _with(spec, file_name=Repeated("n", 180))


def _rows(draw: st.DrawFn, spec: SplitSpec) -> SplitSpec:
    table = spec.table
    if len(table.columns) > FEW_COLUMNS or spec.plan is None:
        return spec
    return _with(spec, table=_with(table, rows=BATCH + 1, row_group_rows=None))


def _with(spec: T, **changes: Any) -> T:
    """Return the spec with fields replaced, also by what stands for their values until it is whole."""
    return dataclasses.replace(spec, **changes)  # type: ignore[type-var]  # every spec is a dataclass


_PLACES = (_property, _value, _set, _table_property, _doc, _properties, _functions, _file_name, _rows)
