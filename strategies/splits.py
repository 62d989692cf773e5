"""Split specs: all that one split is made from."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from strategies.drawing import any_of, flip, one_in, pick
from strategies.file_ios import file_ios
from strategies.filters import is_filterable, projections, row_filters
from strategies.plans import plans
from strategies.primitives import PRIMITIVES
from strategies.sizes import enlarged
from strategies.specs import ColumnSpec, FileIOSpec, RegistrySpec, SplitSpec, TableSpec, Value
from strategies.tables import tables
from strategies.udfs import ORIGINS, registries

__all__ = ["FILE_NAMES", "split_specs"]

# The last part of the data file's path, without suffix.
FILE_NAMES = ("data", "part 0", "part%200", "a+b", "\u00e9", "e\u0301", "x#y", "UPPER")

ONE_IN_LARGE = 20

# What is drawn where no strategy is given. The representation of a split's own does not hold them: Hypothesis shows it.
_TABLES, _FILE_IOS = (tables(), tables(varied=True)), file_ios()
# Of functions that can be imported; in one of eight there may be others, which cloudpickle alone carries.
_REGISTRIES = any_of(*[registries()] * 7, registries(origins=ORIGINS))


def split_specs(
    *,
    table_specs: st.SearchStrategy[TableSpec] | None = None,
    registry_specs: st.SearchStrategy[RegistrySpec] | None = None,
    file_io_specs: st.SearchStrategy[FileIOSpec] | None = None,
    with_plan: bool | None = None,
    large: bool = False,
) -> st.SearchStrategy[SplitSpec]:
    """Splits of any table: filtered and projected, with or without plan and registry, through any FileIO.

    ``with_plan`` says whether there is a plan; ``None`` draws it. If ``large``, some parts of one split in twenty are
    as large as a threshold of :mod:`strategies.sizes`; such a spec is to be made :func:`~strategies.sizes.whole`.

    >>> split_specs(with_plan=False).example().plan is None
    True
    """
    return _split_specs(table_specs, registry_specs, file_io_specs, with_plan, large)


@st.composite
def _split_specs(
    draw: st.DrawFn,
    table_specs: st.SearchStrategy[TableSpec] | None,
    registry_specs: st.SearchStrategy[RegistrySpec] | None,
    file_io_specs: st.SearchStrategy[FileIOSpec] | None,
    with_plan: bool | None,
    large: bool,
) -> SplitSpec:
    planned = flip(draw) if with_plan is None else with_plan
    table = draw(_TABLES[planned] if table_specs is None else table_specs)
    if planned:  # the engine counts nanoseconds in many functions, and fails over values beyond
        table = replace(table, columns=tuple(map(_within_nanoseconds, table.columns)))
    # Rarely below a plan, as filters are: they take the columns and rows by which plans are told apart.
    is_projected, is_filtered = (one_in(draw, 16) if planned else flip(draw) for _ in range(2))
    projection = draw(projections(table, nested=not planned)) if is_projected else None
    filterable = TableSpec(tuple(column for column in table.columns if not _is_told_null(column, table)))
    told = tuple(column for column in filterable.columns if column.name in table.partition_by)
    if not table.partition_in_file and any(map(is_filterable, told)) and flip(draw):
        filterable, is_filtered = TableSpec(told), True  # by what the partition alone tells
    is_filtered = is_filtered and any(map(is_filterable, filterable.columns))
    row_filter = draw(row_filters(filterable)) if is_filtered else None
    registry = draw(_REGISTRIES if registry_specs is None else registry_specs) if flip(draw) else None
    spec = SplitSpec(
        table=table,
        row_filter=row_filter,
        projection=projection,
        plan=draw(plans(table, projection=projection, registry=registry)) if planned else None,
        registry=registry,
        file_io=draw(_FILE_IOS if file_io_specs is None else file_io_specs),
        file_name=pick(draw, FILE_NAMES),
        snapshot=pick(draw, range(table.snapshots - 1)) if table.snapshots > 1 and one_in(draw, 3) else None,
    )
    return enlarged(draw, spec) if large and one_in(draw, ONE_IN_LARGE) else spec


def _within_nanoseconds(column: ColumnSpec) -> ColumnSpec:
    """Return the column with the first value of its type in place of those that no count of nanoseconds holds."""
    return replace(column, values=tuple(map(_nearer, column.values)))


def _nearer(value: Value) -> Value:
    return tuple(map(_nearer, value)) if isinstance(value, tuple) else _NEARER.get(value, value)


_NEARER = {far: row.values[0] for row in PRIMITIVES.values() for far in row.beyond_nanoseconds}


def _is_told_null(column: ColumnSpec, table: TableSpec) -> bool:
    """Return whether the partition alone says of the column that it is null.

    PyIceberg then takes a negated comparison with it to be true, and one with a null in a file to be false
    (docs/FINDINGS.md). No filter names such a column.
    """
    return not table.partition_in_file and column.name in table.partition_by and column.values[:1] == (None,)
