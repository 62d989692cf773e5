from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pyiceberg
import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.name_mapping import create_mapping_from_schema
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, StringType

from reference import DataLoaderSplit, SplitReadError, TableScanContext, embedded_catalog
from reference.reading import _culprit, _without_secrets
from tests.reference.samples import rows


@pytest.mark.parametrize("name", ["py-io-impl", "warehouse", "type", "s3.endpoint", "s3.region", "client.region"])
def test_values_of_harmless_properties_may_be_said(name: str) -> None:
    assert _without_secrets("cannot reach harmless", {name: "harmless"}) == "cannot reach harmless"


def test_secrets_in_an_address_are_blotted_out() -> None:
    said = _without_secrets("GET /data?key=a%2Fb%2Bc%3D or a/b%2Bc%3D", {"s3.secret-access-key": "a/b+c="})
    assert said == "GET /data?key=*** or ***"


def test_secrets_are_blotted_out_the_longest_first() -> None:
    properties = {"a": "hush", "b": "hush-hush", "c": "no!", "d": 12345, "e": "a-zulu", "f": "zulu"}
    said = "hush-hush, hush, no!, a-zulu and 12345"
    assert _without_secrets(said, properties) == "***, ***, no!, *** and ***"


def _fail(path: str, named: str = "data_file") -> BaseException:
    try:
        if named == "data_file":
            data_file = DataFile.from_args(file_path=path)
            raise OSError(data_file)
        other = DataFile.from_args(file_path=path)
        raise OSError(other)
    except OSError as error:
        return error


def test_the_culprit_is_the_file_that_a_frame_holds() -> None:
    paths = ("data", "delete 1", "delete 2")
    assert _culprit(_fail("delete 2").__traceback__, paths) == "delete 2"
    assert _culprit(_fail("delete 2", "other").__traceback__, paths) == "data"
    assert _culprit(_fail("some other").__traceback__, paths) == "data"
    assert _culprit(None, paths) == "data"


SCHEMA = Schema(NestedField(1, "a", LongType(), required=False), NestedField(2, "b", StringType(), required=False))


def hand_made(folder: Path, file_format: FileFormat, values: list[int], deleted: list[int]) -> DataLoaderSplit:
    """A split over a hand-made file, read by name, with a file of deleted positions."""
    path = folder / f"data.{file_format.value.lower()}"
    data = pa.table({"a": pa.array(values, pa.int64()), "b": pa.array([str(v) for v in values], pa.string())})
    if file_format == FileFormat.ORC:
        pyarrow.orc.write_table(data, path)
    else:
        pq.write_table(data, path)
    deletes = set()
    if deleted:
        pq.write_table(pa.table({"file_path": [str(path)] * len(deleted), "pos": deleted}), folder / "deletes.parquet")
        deletes.add(data_file(folder / "deletes.parquet", FileFormat.PARQUET, DataFileContent.POSITION_DELETES))
    catalog_table = hand_made_table(folder)
    context = TableScanContext(catalog_table.metadata, PyArrowFileIO({"s3.access-key-id": "data."}), SCHEMA)
    return DataLoaderSplit(FileScanTask(data_file(path, file_format, DataFileContent.DATA), deletes), context)


def hand_made_table(folder: Path) -> Table:
    catalog = embedded_catalog(folder / "warehouse")
    catalog.create_namespace("n")
    mapping = create_mapping_from_schema(SCHEMA).model_dump_json()
    return catalog.create_table("n.t", SCHEMA, properties={"schema.name-mapping.default": mapping})


def data_file(path: Path, file_format: FileFormat, content: DataFileContent) -> DataFile:
    made = DataFile.from_args(
        content=content,
        file_path=str(path),
        file_format=file_format,
        partition=Record(),
        record_count=1,
        file_size_in_bytes=path.stat().st_size,
    )
    made.spec_id = 0
    return made


FORMATS = [FileFormat.PARQUET]
if not pyiceberg.__version__.startswith("0.10."):  # it reads no ORC
    FORMATS.append(FileFormat.ORC)


@pytest.mark.parametrize("file_format", FORMATS)
def test_deletes_and_empty_files_read_with_one_schema(tmp_path: Path, file_format: FileFormat) -> None:
    schemas = []
    for name, values, deleted, expected in (
        ("some", [1, 2, 3], [1], [1, 3]),
        ("none", [], [], []),
        ("gone", [1], [0], []),
    ):
        (tmp_path / name).mkdir()
        split = pickle.loads(pickle.dumps(hand_made(tmp_path / name, file_format, values, deleted)))
        assert [row["a"] for row in rows(split)] == expected
        schemas.append(split.to_arrow_batch_reader().schema)
        schemas += [batch.schema for batch in split]
    assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)
    assert not any(field.metadata for field in schemas[0])


@pytest.mark.parametrize("damage", ["gone", "short"])
@pytest.mark.parametrize("name", ["data.parquet", "deletes.parquet"])
def test_an_unreadable_file_is_named_by_an_error_that_can_be_sent(tmp_path: Path, name: str, damage: str) -> None:
    split = hand_made(tmp_path, FileFormat.PARQUET, list(range(1000)), [1])
    path = tmp_path / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SplitReadError, match=name) as caught:
        rows(split)
    for error in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(error) is SplitReadError
        assert (error.path, error.reason, str(error)) == (str(path), caught.value.reason, str(caught.value))
        assert isinstance(error, OSError)
    assert caught.value.reason.startswith("FileNotFoundError: " if damage == "gone" else "ArrowInvalid: ")
    assert "data." not in caught.value.reason  # it is the value of a property here
    if damage == "short":
        assert caught.value.__cause__ is not None


def test_rows_follow_a_position(tmp_path: Path) -> None:
    split = hand_made(tmp_path, FileFormat.PARQUET, [1, 2, 3, 4], [1])
    for position, expected in enumerate(([1, 3, 4], [3, 4], [4], [], [])):
        assert [row["a"] for batch in split.read_from(position) for row in batch.to_pylist()] == expected


def test_the_number_of_rows_is_said_where_it_is_known(tmp_path: Path) -> None:
    for name, deleted, expected in (("whole", [], 1), ("deletes", [0], None)):
        (tmp_path / name).mkdir()
        assert hand_made(tmp_path / name, FileFormat.PARQUET, [7], deleted).row_count == expected
