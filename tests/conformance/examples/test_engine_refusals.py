"""What the engine refuses is told from what the suite fails in."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from datafusion import SessionContext
from pyiceberg.expressions import EqualTo
from pyiceberg.expressions.visitors import bind
from pyiceberg.schema import Schema

from conformance.examples.engine_refusals import is_refusal


def unknown_function() -> None:
    SessionContext().sql("SELECT no_such_function(1)").collect()


def overflow() -> None:
    SessionContext().sql("SELECT arrow_cast(3000000000, 'Int64') + CAST('x' AS INT)").collect()


def wrong_array() -> None:
    pyarrow.array(["x"], pyarrow.int64())


def wrong_filter() -> None:
    bind(Schema(), EqualTo("b", "x"), case_sensitive=True)  # type: ignore[arg-type,call-arg]


@pytest.mark.parametrize("refused", [unknown_function, overflow, wrong_array, wrong_filter])
def test_refusal_of_the_engine(refused: Callable[[], None]) -> None:
    with pytest.raises(Exception) as caught:
        refused()
    assert is_refusal(caught.value)


def no_such_file(folder: Path) -> None:
    pyarrow.parquet.read_table(folder / "no-such-file")


def full_disk(folder: Path) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_memory(folder: Path) -> None:
    raise MemoryError


def bug(folder: Path) -> None:
    raise KeyError("of the suite")


@pytest.mark.parametrize("fails", [no_such_file, full_disk, full_memory, bug])
def test_failure_of_the_suite(fails: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(Exception) as caught:
        fails(tmp_path)
    assert not is_refusal(caught.value)


@pytest.mark.parametrize(
    "says",
    [
        "IO error: No space left on device (os error 28)",
        "Resources exhausted: Failed to allocate 16 MB",
        "External error: Too many open files",
    ],
)
def test_what_the_engine_says_of_the_machine_is_no_refusal(says: str) -> None:
    assert not is_refusal(Exception(f"DataFusion error: {says}"))
    assert is_refusal(Exception("DataFusion error: Schema error: No field named b"))
