from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyiceberg import expressions
from pyiceberg.io.fsspec import FsspecFileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.refs import SnapshotRef
from pyiceberg.table.statistics import PartitionStatisticsFile, StatisticsFile
from pyiceberg.types import DateType, DoubleType, NestedField, StringType

from fixtures.file_ios import ConfiguredFileIO, ScopedFileIO
from reference import DataLoader, DataLoaderSplit, TableScanContext

EqualTo: Any = expressions.EqualTo  # its constructor takes more than its type says


class LoggingFileIO(PyArrowFileIO):
    """A FileIO of one's own."""


@dataclass(frozen=True, init=False, eq=False, repr=False)
class TeamContext(TableScanContext):
    team: str

    def __init__(self, *arguments: Any, team: str) -> None:
        super().__init__(*arguments)
        object.__setattr__(self, "team", team)


class SlottedSplit(DataLoaderSplit):
    __slots__ = ("place",)
    place: str


def make(table: Table, **changes: Any) -> TableScanContext:
    arguments = {"table_metadata": table.metadata, "io": table.io, "projected_schema": table.schema(), **changes}
    return TableScanContext(**arguments)


@pytest.mark.parametrize(
    "io", [ScopedFileIO({}, "one"), ConfiguredFileIO({}).within("one")], ids=["its constructor", "later"]
)
def test_a_file_io_that_holds_more_than_its_properties_is_refused_by_name(table: Table, io: Any) -> None:
    with pytest.raises(ValueError, match=rf"{type(io).__name__} holds 'scope'"):
        make(table, io=io)


def test_a_file_io_that_is_not_made_of_its_properties_alone_is_refused(table: Table) -> None:
    class Narrow(PyArrowFileIO):
        def __init__(self, properties: Any, *, scope: str) -> None:
            super().__init__(properties)

    with pytest.raises(ValueError, match=r"a Narrow is not made of its properties alone.*scope"):
        make(table, io=Narrow({}, scope="one"))


def test_contexts_of_earlier_releases_mind_the_case_of_names(table: Table) -> None:
    context = make(table)
    del context.__dict__["_case_sensitive"]
    assert context.case_sensitive


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("io_class", [PyArrowFileIO, FsspecFileIO, LoggingFileIO])
def test_a_file_io_arrives_as_its_class_whatever_py_io_impl_says(table: Table, io_class: Any, protocol: int) -> None:
    properties = {"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO", "s3.secret-access-key": "pst!", "n": 5}
    context = make(table, io=io_class(properties))
    expected = dict(properties)
    properties["s3.secret-access-key"] = "changed"
    for arrived in (pickle.loads(pickle.dumps(context, protocol)), copy.copy(context), copy.deepcopy(context)):
        assert type(arrived.io) is io_class
        assert arrived.io.properties == expected
        assert type(arrived.io.properties) is dict
        arrived.io.properties.clear()
        assert arrived.io.properties == expected
        assert "pst!" not in repr(arrived)
        assert "s3.secret-access-key" in repr(arrived)


def test_a_class_without_a_name_fails_when_it_is_dumped(table: Table) -> None:
    class Local(PyArrowFileIO):
        pass

    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(make(table, io=Local()))


def test_metadata_arrives_without_other_snapshots(table: Table) -> None:
    first, second = table.metadata.snapshots
    kept = pickle.loads(pickle.dumps(make(table))).table_metadata
    expected = table.metadata.model_dump()
    assert [snapshot.snapshot_id for snapshot in kept.snapshots] == [second.snapshot_id]
    for name, value in kept.model_dump().items():
        if name not in ("snapshots", "snapshot-log", "metadata-log"):
            assert value == expected[name], name
    older = make(table, snapshot_id=first.snapshot_id)
    assert older.snapshot_id == first.snapshot_id
    assert older.table_metadata.snapshot_by_id(first.snapshot_id) == first
    assert older.table_metadata.current_snapshot() == second
    with pytest.raises(ValueError, match=f"^snapshot_id 5 is no snapshot of {table.metadata.location}$"):
        make(table, snapshot_id=5)


def test_the_scanned_snapshot_is_the_current_one_if_none_is_given(table: Table) -> None:
    assert make(table).snapshot_id == table.metadata.current_snapshot_id


def test_of_other_snapshots_nothing_arrives(table: Table) -> None:
    first, second = (snapshot.snapshot_id for snapshot in table.metadata.snapshots)
    reference: Any = SnapshotRef
    refs = {"old": reference(**{"snapshot-id": first, "type": "tag"}), **table.metadata.refs}
    statistics = [StatisticsFile(**_statistics(snapshot)) for snapshot in (first, second)]
    by_partition = [PartitionStatisticsFile(**_statistics(snapshot)) for snapshot in (first, second)]
    metadata = table.metadata.model_copy(
        update={"refs": refs, "statistics": statistics, "partition_statistics": by_partition}
    )
    kept = make(table, table_metadata=metadata).table_metadata
    assert kept.refs == table.metadata.refs
    assert kept.statistics == statistics[1:]
    assert kept.partition_statistics == by_partition[1:]
    assert kept.snapshot_log == []
    assert kept.metadata_log == []


def _statistics(snapshot: int) -> dict[str, Any]:
    return {
        "snapshot-id": snapshot,
        "statistics-path": "p",
        "file-size-in-bytes": 1,
        "file-footer-size-in-bytes": 1,
        "blob-metadata": [],
    }


def test_a_payload_does_not_grow_with_history(table: Table) -> None:
    size = len(pickle.dumps(make(table)))
    for _ in range(8):
        table.append(table.scan(limit=1).to_arrow())
    assert len(pickle.dumps(make(table))) < size + 100


def test_the_projected_schema_arrives_in_every_field(table: Table) -> None:
    fields = [NestedField(7, "k", StringType(), doc='a "doc"', required=True)]
    fields.append(NestedField(3, "d", StringType(), required=False, initial_default="", write_default="x"))
    fields.append(NestedField(4, "day", DateType(), required=False, write_default=date(2026, 11, 23)))
    fields.append(NestedField(5, "nan", DoubleType(), required=False, write_default=float("nan")))
    schema = Schema(*fields, schema_id=9, identifier_field_ids=[7])
    arrived = pickle.loads(pickle.dumps(make(table, projected_schema=schema))).projected_schema
    assert json.dumps(arrived.model_dump()) == json.dumps(schema.model_dump())
    assert arrived.schema_id == 9


def test_contexts_are_read_only_and_keep_nothing_that_is_given(table: Table) -> None:
    context = make(table, row_filter=EqualTo("id", 1))
    table.metadata.properties["owner"] = "you"
    context.table_metadata.properties["owner"] = "they"
    assert context.table_properties == {"owner": "me"}
    with pytest.raises(TypeError):
        context.table_properties["owner"] = "we"  # type: ignore[index]
    with pytest.raises(AttributeError):
        context.row_filter = EqualTo("id", 2)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        context._filter = ()  # type: ignore[misc]


def test_contexts_are_told_apart_by_identity(table: Table) -> None:
    context = make(table)
    assert context != copy.copy(context)
    assert len({context, copy.copy(context)}) == 2


def test_a_context_is_shown_without_values_of_properties(table: Table) -> None:
    io = PyArrowFileIO({"b": "secret", "a": "secret"})
    context = make(table, io=io, projected_schema=table.schema().select("id", "Name"))
    assert repr(context) == (
        f"TableScanContext(location='{table.metadata.location}', snapshot_id={table.metadata.current_snapshot_id}, "
        "columns=['id', 'Name'], io=PyArrowFileIO(a, b))"
    )


def test_a_projection_has_columns(table: Table) -> None:
    with pytest.raises(ValueError, match="projected_schema has no columns"):
        make(table, projected_schema=Schema())


@pytest.mark.parametrize("argument", ["table_metadata", "io", "projected_schema", "row_filter", "snapshot_id"])
def test_arguments_of_a_wrong_kind_are_named(table: Table, argument: str) -> None:
    with pytest.raises(TypeError, match=rf"^{argument} must be a \w+, not str$"):
        make(table, **{argument: "no such thing"})


def test_subclasses_arrive_with_their_fields(table: Table) -> None:
    context = TeamContext(table.metadata, table.io, table.schema(), team="blue")
    task = next(iter(table.scan().plan_files()))
    split = SlottedSplit(task, context)
    split.place = "here"
    for arrived in (pickle.loads(pickle.dumps(split)), copy.deepcopy(split), copy.copy(split)):
        assert type(arrived) is SlottedSplit
        assert arrived.place == "here"
        assert type(arrived.scan_context) is TeamContext
        assert arrived.scan_context.team == "blue"
        assert sum(batch.num_rows for batch in arrived) in (3, 5)


def test_splits_of_a_scan_share_their_context_and_name_few_globals(
    table: Table, catalog: Any, worker: Callable[..., str], tmp_path: Path
) -> None:
    import pickletools

    splits = list(DataLoader(catalog, "Db.t"))
    payload = pickle.dumps(splits, 2)
    arrived = pickle.loads(payload)
    assert len({id(split.scan_context) for split in arrived}) == 1
    found = {str(argument).split(" ")[0] for code, argument, _ in pickletools.genops(payload) if code.name == "GLOBAL"}
    assert {name.split(".")[0] for name in found} <= {"reference", "pyiceberg", "copyreg", "_codecs"}
    (tmp_path / "payload").write_bytes(payload)
    opened = worker(
        """
        import pickle, sys
        payload = open("payload", "rb").read()
        pickle.loads(payload)
        seen = []
        sys.addaudithook(lambda event, _: seen.append(event))
        pickle.loads(payload)
        print(sorted({event for event in seen if event in ("open", "import", "socket.connect")}))
        """
    )
    assert opened in ("[]", "['import']")
