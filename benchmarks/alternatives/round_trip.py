"""A plain Hypothesis round-trip test of picklable splits: what comes out is what went in."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import cloudpickle
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from datafusion import SessionContext, udf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyiceberg.expressions import AlwaysTrue, And, EqualTo, LessThan, Or
from pyiceberg.expressions.parser import parse
from pyiceberg.io.pyarrow import PyArrowFileIO, schema_to_pyarrow
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.typedef import Record
from pyiceberg.types import DateType, DecimalType, DoubleType, LongType, NestedField, StringType, TimestampType

from reference.registry import UDFRegistry

if TYPE_CHECKING:
    from reference import DataLoaderSplit, TableScanContext

LONGS: st.SearchStrategy[Any] = st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.decimals(-9999, 9999, places=2)
TYPES = [LongType(), DoubleType(), StringType(), DateType(), TimestampType(), DecimalType(9, 2)]
VALUES = [LONGS, st.floats(allow_nan=False), st.text(), st.dates(), st.datetimes(), DECIMALS]
QUERIES = [None, "SELECT * FROM t", "SELECT count(*) AS n FROM t", "SELECT times(c0) AS c0 FROM t WHERE c0 > 0"]
COMPARISONS: list[Any] = [EqualTo, LessThan]


class Times(UDFRegistry):
    def __init__(self, factor: int) -> None:
        self.factor = factor

    def register_udfs(self, session_context: SessionContext) -> None:
        times = udf(lambda column: pc.multiply(column, self.factor), [pa.int64()], pa.int64(), "immutable", "times")
        session_context.register_udf(times)


def filters(columns: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(sorted(columns))
    pairs = names.flatmap(lambda name: st.tuples(st.just(name), columns[name]))
    compared = st.tuples(st.sampled_from(COMPARISONS), pairs).map(lambda drawn: drawn[0](*drawn[1]))
    leaf = st.just(AlwaysTrue()) | names.map(lambda name: parse(f"{name} IS NOT NULL")) | compared
    return st.recursive(leaf, lambda sub: st.tuples(sub, sub).flatmap(lambda xy: st.sampled_from([And(*xy), Or(*xy)])))


# As many examples as the quick gate draws splits.
@settings(max_examples=48, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
@given(data=st.data())
def test_round_trip(
    split_class: type[DataLoaderSplit],
    context_class: type[TableScanContext],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    kinds = [0, *data.draw(st.lists(st.sampled_from(range(len(TYPES))), max_size=3))]
    schema = Schema(*(NestedField(i + 1, f"c{i}", TYPES[kind], required=False) for i, kind in enumerate(kinds)))
    columns = {f"c{i}": VALUES[kind] for i, kind in enumerate(kinds)}
    rows = data.draw(st.lists(st.fixed_dictionaries({name: st.none() | values for name, values in columns.items()})))
    path = tmp_path_factory.mktemp("table") / "data.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema_to_pyarrow(schema)), path)
    metadata = new_table_metadata(schema, UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, path.parent.as_uri())
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path.as_uri(),
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=len(rows),
    )
    file.spec_id = 0
    row_filter = data.draw(filters(columns))
    projected = schema.select("c0", *data.draw(st.sets(st.sampled_from(sorted(columns)))))
    properties = data.draw(st.dictionaries(st.sampled_from(["s3.region", "s3.secret-access-key"]), st.text()))
    context = context_class(metadata, PyArrowFileIO(properties), projected, row_filter)
    query, registry = data.draw(st.sampled_from(QUERIES)), Times(data.draw(st.integers(-9, 9)))
    session, arrow = SessionContext(), schema_to_pyarrow(projected, include_field_ids=False)
    session.register_record_batches("t", [[pa.RecordBatch.from_pylist([], schema=arrow)]])
    registry.register_udfs(session)
    plan = session.sql(query).logical_plan() if query else None
    split = split_class(FileScanTask(file), context, plan, session if query else None, registry)
    for dumps in (pickle.dumps, cloudpickle.dumps):
        restored = pickle.loads(dumps(split))
        arrived = restored.scan_context
        assert (arrived.table_metadata, arrived.projected_schema) == (metadata, projected)
        assert (arrived.row_filter, arrived.io.properties) == (row_filter, properties)
        assert (restored.id, repr(restored.file_scan_task)) == (split.id, repr(FileScanTask(file)))
        assert (restored.plan_bytes, vars(restored.udf_registry)) == (split.plan_bytes, vars(registry))
        assert [batch.to_pylist() for batch in restored] == [batch.to_pylist() for batch in split]
