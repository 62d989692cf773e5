from __future__ import annotations

import pickle
import types
from typing import Any

import pytest
from pyiceberg import expressions
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import FileScanTask
from pyiceberg.typedef import Record
from pyiceberg.utils.lazydict import LazyDict

from reference.files import flatten_task, rebuild_task

EqualTo: Any = expressions.EqualTo  # its constructor takes more than its type says


def data_file(version: Any = 2, **fields: Any) -> Any:
    given = {"content": DataFileContent.DATA, "file_path": "f", "file_format": FileFormat.PARQUET, **fields}
    return DataFile.from_args(_table_format_version=version, **given)


def test_a_task_of_another_class_is_named() -> None:
    with pytest.raises(TypeError, match=r"^file_scan_task must be a FileScanTask of PyIceberg, not int$"):
        flatten_task(7)  # type: ignore[arg-type]


def test_what_is_no_data_file_is_named() -> None:
    with pytest.raises(TypeError, match=r"^file_scan_task holds a int where a DataFile should be$"):
        flatten_task(FileScanTask(7))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^file_scan_task holds a DataFile of 3 fields, which fits no format version$"):
        flatten_task(FileScanTask(DataFile("f", 1, 2)))


def test_a_foreign_residual_is_named_as_part_of_the_task() -> None:
    foreign = types.new_class("Foreign", (EqualTo,))
    with pytest.raises(TypeError, match=r"^file_scan_task\.residual holds a Foreign"):
        flatten_task(FileScanTask(data_file(), residual=foreign("a", 1)))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_has_the_fields_of_its_format_version(version: int) -> None:
    file = data_file(version)
    arrived = rebuild_task(flatten_task(FileScanTask(file))).file
    assert len(arrived) == len(file)
    assert arrived._data == file._data


def test_a_file_without_a_spec_id_arrives_without() -> None:
    assert getattr(rebuild_task(flatten_task(FileScanTask(data_file()))).file, "_spec_id", None) is None


def test_later_changes_to_a_task_do_not_reach_it() -> None:
    given = data_file(split_offsets=[4], value_counts={1: 2})
    flat = flatten_task(FileScanTask(given))
    given.split_offsets.append(5)
    given.value_counts[1] = 3
    file: Any = rebuild_task(flat).file
    assert (file.split_offsets, file.value_counts) == ([4], {1: 2})


def test_mappings_arrive_as_what_they_were() -> None:
    file = data_file(value_counts=LazyDict([[1, 2, 3, 4]]), null_value_counts={1: 0})
    arrived: Any = rebuild_task(flatten_task(FileScanTask(file))).file
    assert type(arrived.value_counts) is LazyDict
    assert dict(arrived.value_counts) == {1: 2, 3: 4}
    assert type(arrived.null_value_counts) is dict


def test_a_task_arrives_in_every_field() -> None:
    def file(version: Any, **fields: Any) -> DataFile:
        made = DataFile.from_args(
            _table_format_version=version,
            content=DataFileContent.DATA,
            file_path="s3://b/a b%20ü.parquet",
            file_format=FileFormat.PARQUET,
            partition=Record(1, None, "x"),
            record_count=3,
            file_size_in_bytes=4,
            column_sizes={1: 5},
            lower_bounds={1: b"\0"},
            split_offsets=[4, 8],
            **fields,
        )
        made.spec_id = 2
        return made

    task = FileScanTask(file(3, first_row_id=9), {file(2, equality_ids=[1])}, EqualTo("a", True))
    flat = flatten_task(task)
    task.file.column_sizes[1] = 6
    task.delete_files.clear()
    arrived = rebuild_task(pickle.loads(pickle.dumps(flat)))
    assert arrived.file.column_sizes == {1: 5}
    task.file.column_sizes[1] = 5
    assert repr(arrived.file) == repr(task.file)
    assert arrived.file._data == task.file._data
    assert [type(value) for value in arrived.file._data] == [type(value) for value in task.file._data]
    assert arrived.file.spec_id == 2
    assert [deleted.equality_ids for deleted in arrived.delete_files] == [[1]]
    assert repr(arrived.residual) == repr(task.residual)
