"""What a script does to show a violation of a scan: functions whose source is written into scripts.

``loader`` holds the adapter's functions, ``ask`` makes anew what the loader is asked for. Each returns what is expected
and what was seen.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.observation.raised import qualified_name
from conformance.observation.values import Rows, rows_together
from conformance.report.reproducers.looks import attempt, shown
from fixtures.tables.commits import CREDENTIAL

__all__ = [
    "file_io_of_the_table",
    "ids_of_each_planning",
    "raised_for_what_is_missing",
    "rows_after_more",
    "rows_given",
    "rows_in_an_outage",
    "rows_of_larger_splits",
    "rows_of_smaller_batches",
    "rows_of_the_next",
]


# An order that is left to chance may be the same twice.
PLANNINGS = 10


def payloads_of(loader: Any, scan: Any) -> list[bytes]:
    """Return the payloads of the splits that the loader plans."""
    try:
        return [pickle.dumps(split, pickle.HIGHEST_PROTOCOL) for split in loader.plan(scan)]
    finally:
        scan.catalog.close()


def rows_of(loader: Any, payloads: list[bytes], exact: bool, like: Rows) -> Any:
    """Return the rows of all splits together; where there are none to read, and none are expected, what is expected."""
    found = rows_together((loader.read(pickle.loads(payload)) for payload in payloads), exact=exact)
    return like if found is None and not like.rows else found


def rows_given(loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool) -> tuple[Any, Any]:
    """Plan, carry and read."""
    return expected, attempt(lambda: rows_of(loader, payloads_of(loader, ask()), exact, expected))


def rows_in_an_outage(
    loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool, begin: Callable[[Any], None], said: str | None
) -> tuple[Any, Any]:
    """Plan while something does not answer: all rows are given, or what it ``said`` is told unless more is promised."""
    scan = ask()
    begin(scan.catalog)
    seen = attempt(lambda: rows_of(loader, payloads_of(loader, scan), exact, expected))
    is_told = said is not None and isinstance(seen, BaseException) and said in str(seen)
    return expected, expected if is_told else seen


def rows_without_catalog(
    loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool, catalog: Path
) -> tuple[Any, Any]:
    """Read what was planned where the file of the catalog is away."""
    payloads = payloads_of(loader, ask())
    catalog.rename(catalog.with_name("away"))
    return expected, attempt(rows_of, loader, payloads, exact, expected)


def rows_after_more(
    loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool, more: Callable[[], Any]
) -> tuple[Any, Any]:
    """Commit more between planning and reading."""
    payloads = payloads_of(loader, ask())
    more()
    return expected, attempt(rows_of, loader, payloads, exact, expected)


def rows_of_the_next(
    loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool, more: Callable[[], Any]
) -> tuple[Any, Any]:
    """Plan and read, commit more, and plan again: the second planning sees it."""
    attempt(rows_of, loader, payloads_of(loader, ask()), exact, expected)
    more()
    return rows_given(loader, ask, expected, exact)


def rows_of_larger_splits(
    loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool, files: int, known: int
) -> tuple[Any, Any]:
    """Plan splits of one file each, and of several; 0 where it is not ``known`` how many files there are."""

    def planned(number: int) -> list[bytes]:
        scan = ask()
        scan.files_per_split = number
        return payloads_of(loader, scan)

    single, grouped = planned(1), planned(files)
    known = known or len(single)
    wanted, numbers = [known, -(-known // files)], [len(single), len(grouped)]
    if numbers != wanted:
        return f"{wanted} splits of one file and of {files}", f"{numbers} splits"
    return expected, attempt(rows_of, loader, grouped, exact, expected)


def rows_of_smaller_batches(
    loader: Any, ask: Callable[[], Any], expected: Rows, exact: bool, rows: int, files: int | None
) -> tuple[Any, Any]:
    """Plan splits that give batches of few rows."""
    scan = ask()
    scan.batch_rows, scan.files_per_split = rows, files
    payloads = payloads_of(loader, scan)
    batches = (batch for payload in payloads for batch in loader.read(pickle.loads(payload)))
    greatest = max((batch.num_rows for batch in batches), default=0)
    if greatest > rows:
        return f"at most {rows} rows a batch", f"{greatest} rows"
    return expected, attempt(rows_of, loader, payloads, exact, expected)


def ids_of_each_planning(loader: Any, ask: Callable[[], Any]) -> tuple[Any, Any]:
    """Plan several times: the ids are the same in the same order, and no two are equal."""

    def ids() -> list[str]:
        scan = ask()
        try:
            return [repr(loader.split_id(split)) for split in loader.plan(scan)]
        finally:
            scan.catalog.close()

    first = ids()
    if len(set(first)) < len(first):
        return f"{len(first)} different ids", f"{len(set(first))} different ids: {first}"
    others = [attempt(ids) for _ in range(PLANNINGS)]
    return first, next((other for other in others if other != first), first)


def file_io_of_the_table(loader: Any, ask: Callable[[], Any]) -> tuple[Any, Any]:
    """Each split has the FileIO that the catalog gives the table."""

    def told(file_io: Any) -> list[str]:
        return [qualified_name(type(file_io)), f"{CREDENTIAL} = {file_io.properties.get(CREDENTIAL)!r}"]

    scan = ask()
    given = told(scan.catalog.load_table(scan.identifier).io)
    held = [told(loader.file_io(split)) for split in loader.plan(scan)]
    scan.catalog.close()
    return given, next((each for each in held if each != given), given)


def raised_for_what_is_missing(loader: Any, ask: Callable[[], Any], name: str) -> tuple[Any, Any]:
    """Plan a scan of what is not there."""
    expected = f"an error that names {name!r}"
    seen = attempt(payloads_of, loader, ask())
    if not isinstance(seen, BaseException):
        return expected, "splits"
    return expected, expected if name in str(seen) else shown(seen)
