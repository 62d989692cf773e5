"""Planning and dumping scans of many files: the reference, bare PyIceberg and, if it is installed, OpenHouse's loader.

`python -m benchmarks.planning --json planning.json` writes real metadata, manifests with statistics of each column, of
files that do not exist: planning opens none. Each measurement is made in a new process, in turns.
"""

from __future__ import annotations

import gc
import json
import pickle
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import click
from pyiceberg.conversions import to_bytes
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField
from rich.console import Console

from benchmarks.turns import in_turns
from conformance.adapters.loading import load_adapter
from conformance.checks.growth import exponent
from fixtures.scans import Scan
from fixtures.tables.commits import append, catalog_in, commit_manifests, create, manifest_of

IDENTIFIER = ("planning", "files")
COLUMNS, IN_A_MANIFEST = 10, 1_000
FILES = (1_000, 10_000, 100_000)


@dataclass(frozen=True)
class Planning:
    """What planning a scan of so many files cost, and dumping its splits: the least of several rounds.

    Times are in seconds, sizes and ``peak``, the memory that this took beyond what was there before, in bytes.
    """

    loader: str
    files: int
    plan: float
    peak: int
    together: float
    together_bytes: int
    one_by_one: float
    one_by_one_bytes: int


def make_table(folder: Path, files: int) -> None:
    """Make a table whose metadata know so many files."""
    folder.mkdir()
    schema = Schema(*(NestedField(id_, f"column_{id_}", LongType()) for id_ in range(1, COLUMNS + 1)))
    catalog = catalog_in(folder)
    table = create(catalog, IDENTIFIER, schema, {})
    append(table, schema.column_names, [[1] * COLUMNS])
    for first in range(1, files, IN_A_MANIFEST):
        table = catalog.load_table(IDENTIFIER)
        made = [_file(table, number) for number in range(first, min(first + IN_A_MANIFEST, files))]
        snapshot_id = first + 1_000_000
        manifest = manifest_of(table, ManifestContent.DATA, made, snapshot_id)
        commit_manifests(table, [manifest], snapshot_id, Operation.APPEND)


def _file(table: Table, number: int) -> DataFile:
    ids, bound = range(1, COLUMNS + 1), to_bytes(LongType(), number)
    file = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=f"{table.location()}/data/00000-{number}-5f0e7a51-2b6c-4a53-9d2e-0d6f3a3a5c11.parquet",
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=1_000,
        file_size_in_bytes=100_000,
        column_sizes=dict.fromkeys(ids, 10_000),
        value_counts=dict.fromkeys(ids, 1_000),
        null_value_counts=dict.fromkeys(ids, 0),
        lower_bounds=dict.fromkeys(ids, bound),
        upper_bounds=dict.fromkeys(ids, bound),
    )
    file.spec_id = 0
    return file


def planned_once(folder: Path, loader: str) -> dict[str, float]:
    """Plan and dump in this process, and return what that cost."""
    plan = load_adapter(loader).plan
    assert plan is not None
    scan = Scan(catalog_in(folder), IDENTIFIER, None, AlwaysTrue(), None, None, None, None, folder)
    gc.collect()
    before = _peak()
    started = time.perf_counter()
    splits = list(plan(scan))
    seconds, peak = time.perf_counter() - started, _peak() - before
    together, together_bytes = _dumped([splits])
    one_by_one, one_by_one_bytes = _dumped(splits)
    return {
        "files": len(splits),
        "plan": seconds,
        "peak": peak,
        "together": together,
        "together_bytes": together_bytes,
        "one_by_one": one_by_one,
        "one_by_one_bytes": one_by_one_bytes,
    }


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _dumped(things: Sequence[object]) -> tuple[float, int]:
    """Return the seconds that it takes to dump each of them, and their bytes."""
    started, size = time.perf_counter(), 0
    for each in things:
        size += len(pickle.dumps(each, pickle.HIGHEST_PROTOCOL))
    return time.perf_counter() - started, size


def plannings(folder: Path, files: int, loaders: Sequence[str]) -> Iterator[Planning]:
    """Yield what each loader takes. In each round all are run once, in new processes."""
    for loader, rounds in in_turns("benchmarks.planning", "--plan", loaders, "--folder", str(folder)).items():
        least = {name: min(each[name] for each in rounds) for name in rounds[0]}
        assert least["files"] == files, f"{loader} planned other splits than one for each of {files} files"
        yield Planning(
            loader,
            files,
            plan=least["plan"],
            peak=int(least["peak"]),
            together=least["together"],
            together_bytes=int(least["together_bytes"]),
            one_by_one=least["one_by_one"],
            one_by_one_bytes=int(least["one_by_one_bytes"]),
        )


def powers(plannings: Sequence[Planning]) -> dict[str, float | None]:
    """Return by loader the power of the number of files with which planning and dumping one by one grow."""
    by_loader = {each.loader: [p for p in plannings if p.loader == each.loader] for each in plannings}
    return {
        loader: exponent([each.files for each in of_it], [each.plan + each.one_by_one for each in of_it])
        for loader, of_it in by_loader.items()
    }


@click.command()
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("planning.json"), show_default=True)
@click.option("--files", multiple=True, type=int, default=FILES, show_default=True)
@click.option("--plan", hidden=True)
@click.option("--folder", type=click.Path(path_type=Path), hidden=True)
def main(path: Path, files: tuple[int, ...], plan: str | None, folder: Path | None) -> None:
    """Measure what planning a scan of many files costs, and dumping its splits."""
    if plan is not None and folder is not None:
        print(json.dumps(planned_once(folder, plan)))
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    loaders = ["pyiceberg", "reference", *(["openhouse"] if find_spec("openhouse") else [])]
    found: list[Planning] = []
    with tempfile.TemporaryDirectory() as made:
        for count in files:
            make_table(Path(made) / str(count), count)
            for planning in plannings(Path(made) / str(count), count, loaders):
                found.append(planning)
                console.print(
                    f"{planning.loader:10} {count:8,} files: planned in {planning.plan:6.2f} s and "
                    f"{planning.peak / 1e6:5.0f} MB; together {planning.together:5.2f} s, "
                    f"{planning.together_bytes / 1e6:6.1f} MB; one by one {planning.one_by_one:6.2f} s, "
                    f"{planning.one_by_one_bytes / 1e6:6.1f} MB"
                )
    results = {"plannings": [asdict(each) for each in found], "powers": powers(found)}
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
