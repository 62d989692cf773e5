"""What is asked of a loader about a scan: the rows that are right, what is committed later, and what is not there."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.expressions import BooleanExpression, EqualTo

from conformance.examples.engine_refusals import is_refusal
from conformance.examples.filter_features import files
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import Rows, in_any_layout, plain_rows, rows_of_table
from fixtures.expected import asked_rows, query_of
from fixtures.survival import PlannedQuery, lost_construct, survives
from fixtures.tables import commits, outages
from fixtures.tables.made_histories import Call
from fixtures.tables.model import LEAST_SNAPSHOTS, model_of, rows_selected, scanned_columns
from strategies.evolution import next_id, table_before
from strategies.filters import filter_columns
from strategies.serialization import to_json
from strategies.specs import (
    AddColumn,
    Append,
    Branch,
    ColumnSpec,
    HistorySpec,
    Operation,
    PartitionBy,
    Predicate,
    RenameColumn,
    RollBack,
    ScanSpec,
    SetProperty,
)

__all__ = [
    "IN_PARTS",
    "OUTAGES",
    "SIMPLEST",
    "THINGS_MISSING",
    "Missing",
    "Outage",
    "expected_rows_of",
    "files_told",
    "query_survives",
    "sizes_for",
    "with_more",
]

# No drawn column is called so.
LATER_NAME = "called so later"

SIMPLEST = ScanSpec(HistorySpec((ColumnSpec(1, "a", "long", (1, 2, None)),), (Append(3),)))

# Its rows are in three files, told by three manifests: of splits of two files, one has what is left.
IN_PARTS = replace(SIMPLEST, history=replace(SIMPLEST.history, operations=(Append(3), Append(4), Append(2))))


def _equal_to(column: str) -> BooleanExpression:
    make: Callable[..., BooleanExpression] = EqualTo
    return make(column, 1)


_FILTERED_BY_IT = {
    "row_filter": _equal_to("no_such_column"),
    "condition": Predicate("eq", "no_such_column", (1,)),
    "scanned": (ColumnSpec(9, "no_such_column", "long"),),
}


@dataclass(frozen=True)
class Missing:
    """What is not there: its name, or the end of it, the fields of the scan that ask for it, and what removes it.

    What was removed from a table may be told by whoever reads, too; what was never there is told by whoever plans.
    """

    name: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    removed: tuple[Call, ...] = ()


THINGS_MISSING = {
    "table": Missing("no_such_table", {"identifier": ("conformance", "no_such_table")}),
    "column": Missing("no_such_column", {"columns": ("a", "no_such_column")}),
    "column of the filter": Missing("no_such_column", _FILTERED_BY_IT),
    "snapshot": Missing("1234567890123", {"snapshot_id": 1_234_567_890_123}),
    "branch or tag": Missing("no_such_ref", {"ref": "no_such_ref"}),
    "manifest": Missing(outages.MANIFEST, removed=(Call(commits.remove_manifest, ()),)),
}


@dataclass(frozen=True)
class Outage:
    """What does not answer while a scan is planned: what it says, how it begins, and whether it is over at once.

    ``begin`` returns a list, in which is what was said, each time that it was.
    """

    said: str
    begin: Callable[[Catalog], list[str]]
    ends: bool = True


OUTAGES = {
    "a catalog that is silent once": Outage(outages.NO_ANSWER, outages.catalog_is_silent_once),
    "a catalog that refuses": Outage(outages.REFUSED, outages.catalog_refuses, ends=False),
    "a store that is silent once": Outage(outages.NO_ANSWER, outages.store_is_silent_once),
}


def with_more(spec: ScanSpec) -> ScanSpec:
    """Return the scan after more was committed: rows, or a change of the schema alone, or a return to earlier rows.

    Which of them, is settled by the scan. The latter two write no data file and raise no sequence number, by which
    what is kept of a table may be told apart.
    """
    kinds = [*((each,) for each in (*_schema_changes(spec), *_returns(spec))), _more_rows(spec)]
    more = kinds[zlib.crc32(to_json(spec).encode()) % len(kinds)]
    return replace(spec, history=replace(spec.history, operations=(*spec.history.operations, *more)))


def sizes_for(spec: ScanSpec) -> tuple[int, int]:
    """Return how many files a split, and how many rows a batch, a scan is asked for: few, and the same each time."""
    told = zlib.crc32(to_json(spec).encode())
    return 2 + told % 2, 1 + told % 3


def files_told(spec: ScanSpec) -> int:
    """Return how many data files a scan reads, where its history tells that; else 0."""
    is_whole = spec.at is None and spec.ref is None and spec.row_filter is None and spec.history.partition_by is None
    return files(spec.history.operations) if is_whole else 0


def _more_rows(spec: ScanSpec) -> tuple[Operation, ...]:
    """Return what appends rows: to the branch that is scanned too, where its schema stays."""
    on_branch: tuple[Operation, ...] = ()
    if any(isinstance(done, Branch) and done.name == spec.ref for done in spec.history.operations):
        now = table_before(spec.history, len(spec.history.operations)).columns
        on_branch = (Append(1, spec.ref),) if scanned_columns(spec) == now else ()
    return (Append(2), *on_branch, SetProperty("owner", "three"))


def _schema_changes(spec: ScanSpec) -> Iterator[Operation]:
    """Yield changes of the schema after which the scan gives other columns; none where it has to give the same."""
    if spec.at is not None or spec.ref is not None or spec.columns is not None:
        return
    history, columns = spec.history, scanned_columns(spec)
    filtered = () if spec.row_filter is None else filter_columns(spec.row_filter)
    fixed = {history.partition_by, *filtered}
    fixed |= {done.name for done in history.operations if isinstance(done, PartitionBy)}
    free = [column.name for column in columns if column.name not in fixed]
    if spec.transformation is None and free:
        yield RenameColumn(free[-1], LATER_NAME)
    if spec.transformation is None or spec.transformation.select == "*":
        yield AddColumn(ColumnSpec(next_id(history), LATER_NAME, "long", (1, 2)))


def _returns(spec: ScanSpec) -> Iterator[Operation]:
    """Yield the return to an earlier snapshot, where there is one and the scan is of the current."""
    if spec.at is None and spec.ref is None and len(model_of(spec.history).snapshots) > LEAST_SNAPSHOTS:
        yield RollBack()


def expected_rows_of(spec: ScanSpec) -> Rows | Raised:
    """Return the rows that a scan must give, or how the engine fails to transform them."""
    try:
        table = asked_rows(spec)
    except BaseException as error:  # the engine's panics are no Exception
        if not is_refusal(error):
            raise
        return Raised.from_exception(error)
    return rows_of_table(table, exact=spec.transformation is None)


def query_survives(spec: ScanSpec, expected: Rows) -> bool:
    """Return whether the transformation gives the rows that are expected once the engine alone has encoded and decoded
    it. A loader that carries plans may refuse no other.
    """
    query = query_of(spec)
    if lost_construct(query):
        return False
    selected = rows_selected(spec)
    batches = attempt(lambda: survives(PlannedQuery.of(query, spec.registry, selected.schema), selected))
    if isinstance(batches, Raised):
        return False
    return bool(in_any_layout(plain_rows(batches, exact=False)) == in_any_layout(expected))
