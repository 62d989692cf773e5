"""File scan tasks as plain tuples (CTX-4)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from inspect import signature
from typing import Any

from pyiceberg import manifest
from pyiceberg.manifest import DATA_FILE_TYPE, DataFile
from pyiceberg.table import FileScanTask
from pyiceberg.typedef import Record
from pyiceberg.utils.lazydict import LazyDict

from reference.filters import flatten, rebuild

FlatTask = tuple[tuple[str, Any], ...]
"""Pairs of an attribute's name and its plain value: ``(("file", ...), ("delete_files", ...), ("residual", ...))``."""

_CONTAINERS: dict[str, Callable[[Iterable[Any]], Any]] = {
    kind.__name__: kind for kind in (list, tuple, set, frozenset, bytearray)
}
_FIELDS = {version: tuple(field.name for field in struct.fields) for version, struct in DATA_FILE_TYPE.items()}
_SCALARS = frozenset({bool, bytes, float, int, str})
_EXTENT = tuple(name for name in ("start", "length") if name in signature(FileScanTask).parameters)


def flatten_task(task: FileScanTask) -> FlatTask:
    """Encode a file scan task, field by field. Later changes to the task do not affect the result.

    Raises:
        TypeError: `task` is not a `FileScanTask`, is of a subclass, or holds something that this loader cannot encode.

    """
    if type(task) is not FileScanTask:
        raise TypeError(f"file_scan_task must be a FileScanTask of PyIceberg, not {type(task).__qualname__}")
    return (
        ("file", _flat_file(task.file)),
        ("delete_files", tuple(_flat_file(file) for file in task.delete_files)),
        ("residual", flatten(task.residual, "file_scan_task.residual")),
        *((name, getattr(task, name)) for name in _EXTENT),
    )


def rebuild_task(flat: FlatTask) -> FileScanTask:
    """Create the task that was encoded. Tasks of PyIceberg 0.10 have `start` and `length`, later ones do not."""
    parts = dict(flat)
    return FileScanTask(
        _rebuild_file(parts["file"]),
        delete_files={_rebuild_file(file) for file in parts["delete_files"]},
        residual=rebuild(parts["residual"]),
        **{name: parts[name] for name in _EXTENT if name in parts},
    )


def task_paths(flat: FlatTask) -> tuple[str, ...]:
    """Return the exact paths of the task's files: the data file's first, then those of the delete files."""
    parts = dict(flat)
    return tuple(_rebuilt(dict(fields)["file_path"]) for _, _, fields in (parts["file"], *parts["delete_files"]))


def _flat_file(file: DataFile) -> tuple[Any, ...]:
    if not isinstance(file, DataFile):
        raise TypeError(f"file_scan_task holds a {type(file).__qualname__} where a DataFile should be")
    size = len(file)
    version = next((version for version, names in _FIELDS.items() if len(names) == size), None)
    if version is None:
        raise TypeError(f"file_scan_task holds a DataFile of {size} fields, which fits no format version")
    present = tuple(
        (name, _flat_path(value) if name == "file_path" else _flat(value))
        for position, name in enumerate(_FIELDS[version])
        if (value := file[position]) is not None
    )
    return version, getattr(file, "_spec_id", None), present


def _rebuild_file(flat: tuple[Any, ...]) -> DataFile:
    version, spec_id, fields = flat
    arguments = {field.name: None for field in DATA_FILE_TYPE[version].fields}
    arguments |= {name: _rebuilt(value) for name, value in fields}
    file = DataFile.from_args(_table_format_version=version, **arguments)
    if spec_id is not None:
        file.spec_id = spec_id
    return file


def _flat_path(path: str) -> Any:
    """Return the path as a folder and a file name.

    Equal folders are one interned string, which pickle writes only once for many splits.
    """
    folder, slash, name = path.rpartition("/")
    return "path", (sys.intern(folder + slash), name)


def _flat(value: Any) -> Any:
    """Return a scalar unchanged, and any other value as (name of its type, tuple of its parts)."""
    if type(value) in _SCALARS:  # nearly all are: a file has several numbers for each of its columns
        return value
    if isinstance(value, Enum):
        return type(value).__name__, (value.name,)
    if isinstance(value, Record):
        return "Record", tuple(_flat(part) for part in value._data)
    if isinstance(value, LazyDict):
        return "LazyDict of columns", _flat_columns(value.__dict__())  # its items one by one are slow
    if isinstance(value, Mapping):
        return "dict of columns", _flat_columns(value)
    if type(value).__name__ in _CONTAINERS:
        return type(value).__name__, tuple(_flat(part) for part in value)
    return value


def _flat_columns(values: Mapping[Any, Any]) -> tuple[Any, ...]:
    held = tuple(values.values())
    return _shared(tuple(values)), held if _SCALARS.issuperset(map(type, held)) else tuple(map(_flat, held))


@lru_cache(maxsize=256)
def _shared(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the same tuple object for all equal tuples.

    The files of a scan mostly have statistics of the same columns. Pickle then writes these only once for many splits.
    """
    return columns


def _rebuilt(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    kind, parts = value
    if kind == "path":
        return "".join(parts)
    if kind == "Record":
        return Record(*(_rebuilt(part) for part in parts))
    if kind.endswith(" of columns"):
        kind, parts = kind.removesuffix(" of columns"), zip(*parts, strict=True)
    if kind == "dict":
        return {_rebuilt(key): _rebuilt(part) for key, part in parts}
    if kind == "LazyDict":
        return LazyDict([[_rebuilt(part) for pair in parts for part in pair]])
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](_rebuilt(part) for part in parts)
    return getattr(manifest, kind)[parts[0]]
