"""Split specs: all that one split is made from."""

from __future__ import annotations

from hypothesis import strategies as st

from strategies.drawing import flip, pick
from strategies.file_ios import file_ios
from strategies.filters import is_filterable, projections, row_filters
from strategies.plans import plans
from strategies.specs import FileIOSpec, RegistrySpec, SplitSpec, TableSpec
from strategies.tables import tables
from strategies.udfs import registries

__all__ = ["FILE_NAMES", "split_specs"]

# The last part of the data file's path, without suffix.
FILE_NAMES = ("data", "part 0", "part%200", "a+b", "\u00e9", "e\u0301", "x#y", "UPPER")


def split_specs(
    *,
    table_specs: st.SearchStrategy[TableSpec] | None = None,
    registry_specs: st.SearchStrategy[RegistrySpec] | None = None,
    file_io_specs: st.SearchStrategy[FileIOSpec] | None = None,
    with_plan: bool | None = None,
) -> st.SearchStrategy[SplitSpec]:
    """Splits of any table: filtered and projected, with or without plan and registry, through any FileIO.

    ``with_plan`` says whether there is a plan; ``None`` draws it.

    >>> split_specs(with_plan=False).example().plan is None
    True
    """
    return _split_specs(
        tables() if table_specs is None else table_specs,
        registries() if registry_specs is None else registry_specs,
        file_ios() if file_io_specs is None else file_io_specs,
        with_plan,
    )


@st.composite
def _split_specs(
    draw: st.DrawFn,
    table_specs: st.SearchStrategy[TableSpec],
    registry_specs: st.SearchStrategy[RegistrySpec],
    file_io_specs: st.SearchStrategy[FileIOSpec],
    with_plan: bool | None,
) -> SplitSpec:
    table = draw(table_specs)
    planned = flip(draw) if with_plan is None else with_plan
    # Rarely below a plan, as filters are: they take the columns and rows by which plans are told apart.
    is_projected, is_filtered = (pick(draw, range(8)) > (6 if planned else 3) for _ in range(2))
    projection = draw(projections(table)) if is_projected else None
    filterable = any(map(is_filterable, table.columns))
    row_filter = draw(row_filters(table)) if filterable and is_filtered else None
    registry = draw(registry_specs) if flip(draw) else None
    return SplitSpec(
        table=table,
        row_filter=row_filter,
        projection=projection,
        plan=draw(plans(table, projection=projection, registry=registry)) if planned else None,
        registry=registry,
        file_io=draw(file_io_specs),
        file_name=pick(draw, FILE_NAMES),
    )
