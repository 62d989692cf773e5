"""Splits of real tables, planned by PyIceberg out of a catalog: TPC-H with a history of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan

from conformance.examples.engine_refusals import is_refusal
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, calls_of
from conformance.observation.question import Question
from fixtures.expected import planned_rows
from fixtures.materials import Materials, make_plan
from fixtures.registries import make_registry
from fixtures.tables.schemas import arrow_schema
from fixtures.tables.tpch import LINEITEM_MASKING, LINEITEM_Q1, LINEITEM_Q6, tpch_catalog
from strategies.specs import ColumnSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

__all__ = ["TABLE_CASES", "TableCase", "table_example"]


@dataclass(frozen=True)
class TableCase:
    """A split of a real table: the columns and rows to scan, and the plan over them; ``None`` for all and for none."""

    name: str
    table: str
    columns: tuple[str, ...] | None = None
    where: str | None = None
    plan: SqlPlanSpec | None = None
    registry: RegistrySpec | None = None
    oldest: bool = False

    @property
    def likeness(self) -> SplitSpec:
        """What a spec can say of the case: the tables are partitioned, and have evolved over several snapshots."""
        key = ColumnSpec(1, "key", "string")
        table = TableSpec((key,), partition_by=("key",), schema_id=1, snapshots=2)
        filter_ = None if self.where is None else Predicate("lt", self.where.split()[0], (0,))
        return SplitSpec(table, filter_, self.columns, self.plan, self.registry)


_MASKING = RegistrySpec((UdfSpec("mask", "mask", 3), UdfSpec("shift", "add", 7)))

# ``oldest`` takes a file of the first snapshot, written before the schema evolved; else one of the last.
TABLE_CASES = (
    TableCase("lineitem-query-1", "lineitem", plan=SqlPlanSpec(LINEITEM_Q1, ("lineitem",))),
    TableCase("lineitem-query-6", "lineitem", plan=SqlPlanSpec(LINEITEM_Q6, ("lineitem",)), oldest=True),
    TableCase("lineitem-masked", "lineitem", None, None, SqlPlanSpec(LINEITEM_MASKING, ("lineitem",)), _MASKING, True),
    TableCase("lineitem-filtered", "lineitem", ("l_price", "l_note", "l_orderkey"), "l_quantity < 2", oldest=True),
    TableCase("orders-filtered", "orders", ("o_status", "o_orderdate", "o_comment"), "o_totalprice > 250000.00"),
)


def table_example(case: TableCase, folder: Path) -> Example | Unusable:
    """Return the example of a real table's split, or why this PyIceberg cannot read it (0.10 cannot where the
    projection leaves out a column of the partition). The tables are made in ``folder`` if they are not there.
    """
    materials = _materials(case, folder)
    arrow = arrow_schema(materials.projected_schema)
    scan = ArrowScan(materials.table_metadata, materials.file_io, materials.projected_schema, materials.row_filter)
    try:
        scanned = expected = scan.to_table([materials.file_scan_task]).cast(arrow)
    except Exception as error:
        if not is_refusal(error):
            raise
        return Unusable(f"{type(error).__name__}: {error}")
    if case.plan is not None:
        expected = planned_rows(case.plan, case.registry, arrow, scanned.to_batches())
    return Example(
        title=repr(case),
        make=partial(_materials, case, folder),
        expected=expected,
        question=Question(calls_of(case.registry), case.plan is not None),
        scanned=scanned,
        likeness=case.likeness,
    )


def _materials(case: TableCase, folder: Path) -> Materials:
    """Return fresh materials: the table loaded and its files planned anew by PyIceberg."""
    table = _catalog(folder).load_table(f"tpch.{case.table}")
    snapshot_id = table.metadata.snapshots[0].snapshot_id
    first = {task.file.file_path for task in table.scan(snapshot_id=snapshot_id).plan_files()}
    scan = table.scan(
        row_filter=case.where if case.where is not None else AlwaysTrue(),
        selected_fields=case.columns if case.columns is not None else ("*",),
    )
    tasks = [task for task in scan.plan_files() if (task.file.file_path in first) == case.oldest]
    plan, session = make_plan(case.plan, case.registry, scan.projection())
    properties: dict[str, Any] = dict(table.io.properties)
    table.io.properties = properties
    return Materials(
        file_scan_task=min(tasks, key=lambda task: repr(task.file.partition)),  # file names are random
        table_metadata=table.metadata,
        file_io=table.io,
        projected_schema=scan.projection(),
        row_filter=scan.row_filter,
        file_io_properties=properties,
        plan=plan,
        session_context=session,
        udf_registry=None if case.registry is None else make_registry(case.registry),
        plan_spec=case.plan,
    )


@cache
def _catalog(folder: Path) -> Catalog:
    return tpch_catalog(folder)
