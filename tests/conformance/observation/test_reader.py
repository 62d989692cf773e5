"""What reading does to a process is seen, whatever it is, and put back."""

from __future__ import annotations

import decimal
import gc
import io
import locale
import logging
import multiprocessing
import os
import random
import resource
import signal
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import numpy.random
import pyarrow as pa
import pytest

from conformance.adapter import Adapter
from conformance.observation.process_state import process_state, putting_back
from conformance.observation.question import Question
from conformance.observation.reader import LEFT, USES

BATCH = pa.record_batch({"a": [1, 2]})


def adapter(read: Callable[[Any], Iterator[Any]]) -> Adapter:
    return Adapter(name="a reader", build=lambda materials: None, read=read)


def told(use: str, read: Callable[[Any], Iterator[Any]]) -> Any:
    return USES[use](adapter(read), Question(), "split")


def fewer_files() -> None:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (now - 1, most))


CHANGES: dict[str, Callable[[], Any]] = {
    "environment": lambda: os.environ.update(LEFT_BEHIND="yes"),
    "working directory": lambda: os.chdir("/"),
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
    "signal handlers": lambda: signal.signal(signal.SIGUSR2, signal.SIG_IGN),
    "state of random": random.random,
    "Arrow's threads": lambda: pa.set_cpu_count(pa.cpu_count() + 1),
    "warning filters": lambda: warnings.filterwarnings("ignore", "of the reader"),
    "import path": lambda: sys.path.append("/of the reader"),
    "recursion limit": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
    "decimal context": lambda: setattr(decimal.getcontext(), "prec", 7),
    "socket timeout": lambda: socket.setdefaulttimeout(77),
    "level of the root logger": lambda: logging.getLogger().setLevel(3),
    "handlers of the root logger": lambda: logging.getLogger().addHandler(logging.NullHandler()),
    "levels at which nothing is logged": lambda: logging.disable(logging.INFO),
    "who shows warnings": lambda: setattr(warnings, "showwarning", print),
    "hooks": lambda: setattr(threading, "excepthook", print),
    "interval at which threads change": lambda: sys.setswitchinterval(sys.getswitchinterval() * 2),
    "rights of new files": lambda: os.umask(0o027),
    "processors": lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}),
    "digits of numbers in texts": lambda: sys.set_int_max_str_digits(5000),
    "function that traces": lambda: sys.settrace(lambda frame, event, argument: None),
    "function that profiles": lambda: sys.setprofile(lambda frame, event, argument: None),
    "standard streams": lambda: setattr(sys, "stdin", io.StringIO()),
    "who makes contexts of TLS": lambda: setattr(ssl, "_create_default_https_context", ssl._create_unverified_context),
    "limits of the process": fewer_files,
    "what numpy does about errors": lambda: numpy.seterr(over="raise"),
    "how numpy prints": lambda: numpy.set_printoptions(precision=3),
    "state of numpy.random": lambda: numpy.random.seed(7),
    "garbage collection": lambda: gc.set_threshold(7),
    "start method of processes": lambda: multiprocessing.set_start_method("spawn", force=True),
    "pool of Arrow's memory": lambda: pa.set_memory_pool(pa.system_memory_pool()),
}


# Where there is one processor, there is no other set of them.
SEVERAL = pytest.mark.skipif(os.cpu_count() == 1, reason="needs two processors")


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=SEVERAL) if what == "processors" else what for what in CHANGES]
)
def test_change_is_named_and_put_back(what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    def read(split: Any) -> Iterator[Any]:
        CHANGES[what]()
        yield BATCH

    with putting_back():
        locale.setlocale(locale.LC_ALL, "C")
        before = process_state()
        found = told("changed_by_reading", read)
        # Of the readings that count descriptors the last are not put back: whoever asks uses a worker for that.
        assert set(found) == {what}
        assert found[what][0] != found[what][1]
    with putting_back():
        CHANGES[what]()
        assert process_state() != before
    assert "LEFT_BEHIND" not in os.environ


def test_secrets_of_the_environment_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(split: Any) -> Iterator[Any]:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S3cr3t")
        yield BATCH

    assert "S3cr3t" not in str(told("changed_by_reading", read))


def test_what_a_library_changes_when_it_is_imported_is_no_change() -> None:
    imported: list[int] = []

    def read(split: Any) -> Iterator[Any]:
        if not imported:
            imported.append(1)
            warnings.filterwarnings("ignore", "of a library")
        yield BATCH

    assert told("changed_by_reading", read) == {}


def test_descriptors_are_counted(tmp_path: Path) -> None:
    opened: list[Any] = []

    def read(split: Any) -> Iterator[Any]:
        opened.append((tmp_path / "file").open("w"))
        yield BATCH

    assert set(told("changed_by_reading", read)) == {"open descriptors"}
    for file in opened:
        file.close()


def test_rows_after_each_way_to_leave() -> None:
    begun: list[int] = []

    def read(split: Any) -> Iterator[Any]:
        if begun:
            raise RuntimeError("another reading is open")
        begun.append(1)
        yield BATCH
        begun.clear()

    found = told("rows_after_leaving", read)
    assert found["plainly"] == found["before its first batch"]
    assert found["after its first batch"] != found["plainly"]
    assert set(found) == {"plainly", *LEFT}


class Numbered:
    # So large that nothing else comes to its place.
    __slots__ = ("number", *(f"more{i}" for i in range(57)))

    def __init__(self, number: int) -> None:
        self.number = number


def test_a_split_at_the_address_of_another_that_has_gone_is_read_too() -> None:
    kept: dict[int, int] = {}

    def read(split: Numbered) -> Iterator[Any]:
        yield pa.record_batch({"a": [kept.setdefault(id(split), split.number)]})

    found = USES["rows_side_by_side"](adapter(read), Question(), [Numbered(number) for number in range(20)])
    assert [rows.rows for rows in found["in turns"]] == [(f"({number})",) for number in range(20)]
    assert found["by threads"] == found["in turns"]
    assert found["one after the other has gone"] != found["in turns"]
