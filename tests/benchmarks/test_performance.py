"""The benchmarks measure what they say, and the page says which goals are met."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow.parquet as pq
import pytest

from benchmarks import performance, planning, power, scans, soak, wire
from benchmarks.reading import WAYS, read_once, table_in
from benchmarks.sampling.sitecustomize import package
from conformance.adapters.builtin.reference import ADAPTER


def test_scan_has_the_sizes_that_were_asked_for(tmp_path: Path) -> None:
    given = scans.scan_of(8, 30, tmp_path)
    assert len(given.projected_schema.fields) == 8
    assert len(given.table_metadata.snapshots) == 30
    assert set(given.file_scan_task.file.value_counts) == set(range(1, 9))
    rows = [row for batch in ADAPTER.read(ADAPTER.build(given)) for row in batch.to_pylist()]
    path = given.file_scan_task.file.file_path.removeprefix("file://")
    assert rows == pq.read_table(path).to_pylist()
    bare = scans.without_statistics(given).file_scan_task.file
    assert bare.value_counts is None
    assert bare.record_count == 3
    planned = scans.with_plan(given, 5)
    (batch,) = ADAPTER.read(ADAPTER.build(planned))
    assert batch.num_columns == 5
    paths = {each.file_scan_task.file.file_path for each in scans.siblings(given, 4)}
    assert len(paths) == 4


@pytest.mark.parametrize("terms", [1, 2, 7])
def test_filter_has_so_many_terms(terms: int, tmp_path: Path) -> None:
    given = scans.with_filter(scans.scan_of(2, 1, tmp_path), terms)
    assert str(given.row_filter).count("EqualTo") == terms


def test_peak_is_that_of_the_call() -> None:
    assert wire.peak_of(lambda: bytes(5_000_000)) >= 5_000_000
    assert wire.peak_of(lambda: None) < 100_000


def test_growth_of_the_wire_tells_loaders_apart() -> None:
    def row(loader: str, count: int, size: int) -> wire.Alone:
        return wire.Alone(loader, "snapshots", count, False, bytes=size)

    rows = [row("lean", n, 1000) for n in (1, 10, 100)] + [row("heavy", n, 1000 + 300 * n) for n in (1, 10, 100)]
    assert wire.growths(rows) == [
        {"loader": "lean", "size": "snapshots", "counts": [1, 100], "bytes": [1000, 1000], "exponent": None},
        {"loader": "heavy", "size": "snapshots", "counts": [1, 100], "bytes": [1300, 31000], "exponent": 1.0},
    ]


def test_each_loader_plans_a_split_for_each_file(tmp_path: Path) -> None:
    planning.make_table(tmp_path / "made", 5)
    for loader in ("pyiceberg", "reference"):
        cost = planning.planned_once(tmp_path / "made", loader)
        assert cost["files"] == 5
        assert cost["one_by_one_bytes"] > cost["together_bytes"] > 0


def test_every_way_of_reading_gives_the_same_rows(tmp_path: Path) -> None:
    table_in(tmp_path, megabytes=1)
    rows = {way: read_once(tmp_path, way)["rows"] for way in WAYS}
    assert rows["ArrowScan"] == rows["split"] == 1_000_000 // 64
    assert 0 < rows["split with a plan"] < rows["split"]
    assert len({rows[way] for way in WAYS if way not in ("ArrowScan", "split")}) == 1


def test_cpu_time_of_children_counts_while_they_run() -> None:
    before = power.cpu_seconds()
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        spent = power.cpu_seconds() - before
        child.kill()
    assert spent >= 0.45


def frame_of(*names: str) -> FrameType:
    """Return the frame of a call through modules of these names, the first one the outermost."""
    frames: list[FrameType] = []
    call: Any = lambda: frames.append(sys._getframe())  # noqa: E731
    for name in reversed(names):
        scope: dict[str, Any] = {"__name__": name, "call": call}
        exec("def through():\n    call()", scope)
        call = scope["through"]
    call()
    inner = frames[0].f_back
    assert inner is not None
    return inner


def test_sample_counts_for_the_innermost_known_package() -> None:
    known = frozenset({"pyiceberg", "conformance"})
    assert package(frame_of("conformance.run.sweep", "pyiceberg.table", "pydantic.main"), known) == "pyiceberg"
    assert package(frame_of("pyiceberg.io", "conformance.observation.recorder"), known) == "conformance"
    assert package(frame_of("conformance.run.sweep", "importlib._bootstrap", "pyiceberg.table"), known) == "imports"
    assert package(None, known) == "other"


RESULTS = {
    "wire": {
        "alone": [
            {
                "loader": "reference",
                "size": "200 columns and 1,000 snapshots",
                "count": 1,
                "statistics": statistics,
                "bytes": size,
                "dump": 0.1,
                "load": 0.1,
                "load_on_worker": 0.1,
                "peak": 9000,
                "raised": "",
            }
            for statistics, size in ((False, 5000), (True, 17_000))
        ],
        "together": [
            {
                "loader": "reference",
                "columns": 200,
                "snapshots": 1000,
                "count": 50_000,
                "bytes": 11_000_000,
                "dump": 1.0,
                "load": 1.0,
                "peak": 1,
                "one_by_one_bytes": 1,
                "one_by_one_dump": 9.0,
            }
        ],
        "growth": [{"loader": "reference", "size": "snapshots", "counts": [1, 9], "bytes": [7, 7], "exponent": None}],
    },
    "planning": {
        "plannings": [
            {
                "loader": loader,
                "files": 100_000,
                "plan": seconds,
                "peak": 10**8,
                "together": 1.0,
                "together_bytes": 10**7,
                "one_by_one": 2.0,
                "one_by_one_bytes": 10**8,
            }
            for loader, seconds in (("pyiceberg", 10.0), ("reference", 12.0))
        ],
        "powers": {"pyiceberg": 1.0, "reference": 1.02},
    },
    "reading": {
        "bytes": 10**9,
        "readings": [
            {"way": way, "seconds": seconds, "peak": 10**9, "rows": 100, "batches": 1}
            for way, seconds in zip(WAYS, (1.0, 1.0, 1.0, 2.0, 1.0), strict=True)
        ],
    },
    "gate": {
        "runs": [
            {"processes": n, "seconds": seconds, "cpu_seconds": 50.0, "phases": {"judge": 3.0}, "examples": 9}
            for n, seconds in ((0, 50.0), (2, 25.0))
        ],
        "spent": {"pyiceberg": 60.0, "conformance": 40.0},
        "loader": ["pyiceberg"],
    },
    "growth": {"costs": [{"varied": "examples", "count": 4, "seconds": 1.0}], "exponents": {"examples": 1.0}},
    "soak": {"seconds": 600, "workers": [{"median": 3e8, "most": 4e8, "a minute": 1e5, "series": []}]},
    "power": {
        "verdicts": [
            {"judge": "the suite", "defect": "x", "clause": "ID-1", "caught": True, "cpu_seconds": 1.0, "objection": ""}
        ]
    },
}


def test_soak_looks_at_what_the_children_have_started() -> None:
    inner = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
        assert grandchild in soak.grandchildren(os.getpid())
        assert (soak.resident(grandchild) or 0) > 0
        os.kill(grandchild, signal.SIGKILL)
        child.kill()


def test_soak_measures_growth_while_it_draws() -> None:
    warming = [(float(second), 1_000_000 * second) for second in range(0, 120, 5)]
    tables = [(float(second), 900_000_000) for second in range(605, 700, 5)]
    flat = [(float(second), 200_000_000) for second in range(120, 600, 5)]
    seen = soak.figures([*warming, *flat, *tables], 600)
    assert (seen["median"], seen["most"], seen["a minute"]) == (200_000_000, 200_000_000, 0)
    grown = [(float(second), 50_000 * second) for second in range(120, 600, 5)]
    assert soak.figures([*warming, *grown, *tables], 600)["a minute"] == pytest.approx(3_000_000)


def test_goals_that_are_missed_are_said_to_be() -> None:
    missed = [goal.text for goal in performance.goals(RESULTS) if not goal.met]
    assert missed == [
        "with docs and column statistics: at most 16 kB",
        "a scan of 100,000 files planned in at most 1.1 times PyIceberg's own",
        "with a plan, at least 95 % of that of DataFusion by hand",
    ]
    page = performance.page(json.loads(json.dumps(RESULTS)))
    assert "| with docs and column statistics: at most 16 kB | 17,000 bytes | **not met** |" in page
    assert "| reference | 100,000 | 12.00 | 100 | 10.0 | 1.00 | 100.0 | 2.00 |" in page
    assert "300 MB at the median, 400 MB at most, +0.10 MB a minute." in page
    assert "| the suite | 1 of 1 | 1.00 | 1 |" in page
    assert "| reference | 1 to 9 snapshots | 7 to 7 | does not grow |" in page


def test_payload_of_the_reference_keeps_to_its_bounds(tmp_path: Path) -> None:
    """Bytes are no times: they are the same on every machine."""
    wide = scans.scan_of(200, 1_000, tmp_path)
    assert len(pickle.dumps(ADAPTER.build(scans.without_statistics(wide)))) <= 6_000
    assert len(pickle.dumps(ADAPTER.build(wide))) <= 16_000
    assert ADAPTER.build_scan is not None
    bare = scans.without_statistics(wide)
    one, many = (len(pickle.dumps(ADAPTER.build_scan(scans.siblings(bare, count)))) for count in (1, 1001))
    assert (many - one) / 1000 <= 240
