"""What the deletes of a scanned table have, by name: whose rows they take, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.examples.filter_features import files
from fixtures.tables.model import model_of
from fixtures.tables.schemas import python_value
from strategies.evolution import REWRITING, table_before
from strategies.specs import Append, DeleteEqual, DeletePositions, Operation, RollBack, ScanSpec, Tag

__all__ = ["features_of_deletes"]


def features_of_deletes(scan: ScanSpec) -> Iterator[str]:
    """Yield what the deletes of a scan have that are in files of their own."""
    operations, is_current = scan.history.operations, scan.at is None and scan.ref is None
    deletes = [place for place, done in enumerate(operations) if isinstance(done, DeletePositions)]
    holds = {
        "several delete files": is_current and len(deletes) > 1,
        "a delete file for several files": is_current and any(_of_several_files(operations, at) for at in deletes),
        "deletes of rows of their own commit": is_current and any(_of_their_own(operations, at) for at in deletes),
        "rows deleted by a value beside nulls": is_current
        and any(_beside_nulls(scan, at) for at in range(len(operations))),
        "rows deleted by a value of a column that is not asked for": is_current
        and scan.columns is not None
        and any(isinstance(done, DeleteEqual) and not {*done.by_column} & {*scan.columns} for done in operations),
        "rows deleted by the values of two columns in another order than the table's": is_current
        and any(_in_another_order(scan, at) for at in range(len(operations))),
        "a snapshot before rows of its files were deleted": scan.at is not None and _deleted_since(scan, scan.at),
        "a tag before rows of its files were deleted": any(
            isinstance(done, Tag) and done.name == scan.ref and _deleted_since(scan, place)
            for place, done in enumerate(operations)
        ),
    }
    yield from (name for name, held in holds.items() if held)


def _of_their_own(operations: Sequence[Operation], place: int) -> bool:
    """Return whether an operation deletes positions of rows that it writes itself, of a table of appends."""
    done, before = operations[place], operations[:place]
    assert isinstance(done, DeletePositions)
    if not done.rows or not files(before):
        return False
    written = sum(made.rows for made in before if isinstance(made, Append))
    return any(row >= written for row in range(done.first, written + done.rows, done.step))


def _beside_nulls(scan: ScanSpec, place: int) -> bool:
    """Return whether an operation deletes rows by a value of a column that holds nulls too."""
    done = scan.history.operations[place]
    if not isinstance(done, DeleteEqual) or done.value is None or done.besides:
        return False
    id_ = {column.name: column.id for column in table_before(scan.history, place).columns}[done.column]
    held = [row.get(id_) for row in model_of(scan.history).at[place - 1].rows]
    return None in held and any(value is not None for value in held)


def _in_another_order(scan: ScanSpec, place: int) -> bool:
    """Return whether rows are deleted by two columns of one type, of which the delete file has the second first.

    No row has the values the other way round, so who takes them in the order of the table deletes none.
    """
    done = scan.history.operations[place]
    if not isinstance(done, DeleteEqual) or not done.besides:
        return False
    columns = [column for column in table_before(scan.history, place).columns if column.name in done.by_column]
    if [column.name for column in columns] == [*done.by_column] or len({column.type for column in columns}) > 1:
        return False
    rows = model_of(scan.history).at[place - 1].rows
    values = [python_value(columns[0].type, value) for value in done.by_column.values()]
    held = [tuple(row.get(column.id) for column in columns) for row in rows]
    return tuple(reversed(values)) in held and tuple(values) not in held


def _of_several_files(operations: Sequence[Operation], place: int) -> bool:
    """Return whether an operation deletes positions of several files, each made by an append."""
    done, before = operations[place], operations[:place]
    assert isinstance(done, DeletePositions)
    if not files(before):
        return False
    file_of_each_row = [number for number, made in enumerate(before) for _ in range(made.rows)]  # type: ignore[union-attr]  # appends all
    return len(set(file_of_each_row[done.first :: done.step])) > 1


def _deleted_since(scan: ScanSpec, place: int) -> bool:
    """Return whether delete files were added after an operation for files that were there then, and still are."""
    since, rows = scan.history.operations[place + 1 :], model_of(scan.history).at[place].rows
    stay = not any(isinstance(done, (*REWRITING, RollBack)) for done in since)
    return stay and any(isinstance(done, DeletePositions) and done.first < len(rows) for done in since)
