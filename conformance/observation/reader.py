"""What reading a split does to the process that reads it, and in which circumstances of that process it works."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from typing import Any

from conformance.adapter import Adapter
from conformance.observation.held import now_held, settled
from conformance.observation.process_state import leave_defaults, process_state, putting_back
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import Rows, plain_rows

__all__ = ["CIRCUMSTANCES", "LEFT", "USES"]

# So many readings more; a descriptor or a child that each of them leaves behind is counted as often.
READINGS = 3
# What importing a library changes as well: the first reading may have imported one.
BY_IMPORTS = (
    *("warning filters", "state of numpy.random", "what numpy does about errors", "how numpy prints"),
    "who makes contexts of TLS",
)


def rows_read(adapter: Adapter, question: Question, split: Any) -> Rows | None:
    """Return the rows of a split as they are compared."""
    return plain_rows(adapter.read(split), exact=not question.has_plan, in_order=question.in_order)


def changed_by_reading(adapter: Adapter, question: Question, split: Any) -> dict[str, tuple[str, str]]:
    """Return what of this process is not as it was before reading: its state before and after, by what it is."""
    changed = _changed(adapter, split, leave_out=BY_IMPORTS) or _changed(adapter, split)
    before = now_held()
    for _ in range(READINGS):
        _read(adapter, split)
        attempt(_begun_and_left, adapter, split, _after_one)
    return changed | _left_behind(before)


def left_by_failures(adapter: Adapter, question: Question, split: Any) -> dict[str, tuple[str, str]]:
    """Return what of this process readings that fail leave behind: how many before and after, by what it is."""
    attempt(_read, adapter, split)  # the first may start what then stays
    before = now_held()
    for _ in range(READINGS):
        attempt(_read, adapter, split)
    return _left_behind(before)


def _left_behind(before: dict[str, int]) -> dict[str, tuple[str, str]]:
    """Return of what there is one more for each reading since."""
    now = settled(before, READINGS)
    return {
        name: (str(before[name]), f"{many} after {READINGS} readings more")
        for name, many in now.items()
        if many - before[name] >= READINGS
    }


def _changed(adapter: Adapter, split: Any, leave_out: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
    with putting_back():
        leave_defaults()
        before = process_state()
        _read(adapter, split)
        after = process_state()
    names = [name for name in before if name not in leave_out and before[name] != after[name]]
    return {name: _differing(before[name], after[name]) for name in names}


def _differing(before: Any, after: Any) -> tuple[str, str]:
    """Return two states as texts; of mappings the items that differ."""
    if not isinstance(before, dict):
        return str(before), str(after)
    names = [name for name in before | after if before.get(name) != after.get(name)]
    one, other = ({name: state[name] for name in names if name in state} for state in (before, after))
    return str(one), str(other)


def _read(adapter: Adapter, split: Any) -> int:
    return sum(batch.num_rows for batch in adapter.read(split))


def _in_event_loop(read: Callable[[], Any]) -> Any:
    async def running() -> Any:
        return read()

    return asyncio.run(running())


def _in_thread(read: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(attempt(read)), daemon=True)
    thread.start()
    thread.join()
    return found[0]


CIRCUMSTANCES: dict[str, Callable[[Callable[[], Any]], Any]] = {
    "in a running event loop": _in_event_loop,
    "in another thread than the one that loaded it": _in_thread,
}
"""Where workers read, by name."""


def rows_in(adapter: Adapter, question: Question, split: Any) -> dict[str, Any]:
    """Return the rows as they are read plainly, and in each circumstance; :class:`Raised` where that fails."""
    read = partial(rows_read, adapter, question, split)
    return {"plainly": attempt(read)} | {name: attempt(within, read) for name, within in CIRCUMSTANCES.items()}


class _Left(Exception):
    """Ends a reading from outside."""


def _at_once(batches: Iterator[Any]) -> None:
    del batches


def _after_one(batches: Iterator[Any]) -> None:
    next(batches, None)


def _by_an_error(batches: Iterator[Any]) -> None:
    for _ in batches:
        raise _Left


LEFT: dict[str, Callable[[Iterator[Any]], None]] = {
    "before its first batch": _at_once,
    "after its first batch": _after_one,
    "by an error of who reads": _by_an_error,
}
"""How a reading is left before its end, by name."""


def rows_after_leaving(adapter: Adapter, question: Question, split: Any) -> dict[str, Any]:
    """Return the rows as they are read plainly, and after a reading was left in each way."""
    found = {"plainly": attempt(rows_read, adapter, question, split)}
    for name, leave in LEFT.items():
        left = attempt(_begun_and_left, adapter, split, leave)
        found[name] = left if isinstance(left, Raised) else attempt(rows_read, adapter, question, split)
    return found


def _begun_and_left(adapter: Adapter, split: Any, leave: Callable[[Iterator[Any]], None]) -> None:
    with suppress(_Left):
        leave(iter(adapter.read(split)))


def grown_by_use(adapter: Adapter, question: Question, split: Any) -> tuple[int, int, int]:
    """Return the bytes of the split's payload before it is read and looked at, after that, and after it often."""
    sizes = [len(pickle.dumps(split))]
    for times in (1, READINGS):
        for _ in range(times):
            attempt(_read, adapter, split)
            if adapter.split_id is not None:
                attempt(adapter.split_id, split)
        sizes.append(len(pickle.dumps(split)))
    unused, once, often = sizes
    return unused, once, often


def rows_side_by_side(adapter: Adapter, question: Question, splits: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the rows of each split, read in turns with the others, each by a thread at once, and each by itself.

    By itself a copy is loaded that is gone before that of the next, which may then come to its place in memory.
    The rows are those of a question that keeps no order; :class:`Raised` where reading fails.
    """
    plain = partial(plain_rows, exact=not question.has_plan)
    begun = [attempt(_begun, adapter, split) for split in splits]
    in_turns = [each if isinstance(each, Raised) else attempt(_finished, *each, plain) for each in begun[::-1]]
    start = threading.Barrier(len(splits))

    def read(split: Any) -> Any:
        start.wait()
        return attempt(lambda: plain(adapter.read(split)))

    with ThreadPoolExecutor(len(splits)) as pool:
        at_once = list(pool.map(read, splits))
    payloads = [pickle.dumps(split) for split in splits]
    by_itself = [attempt(_loaded_and_read, adapter, payload, plain) for payload in payloads]
    return {"in turns": in_turns[::-1], "by threads": at_once, "one after the other has gone": by_itself}


def _loaded_and_read(adapter: Adapter, payload: bytes, plain: Callable[[Any], Rows | None]) -> Rows | None:
    """Return the rows of a split of which nothing is left then, unless it refers to itself.

    To collect garbage each time would take longer than to read.
    """
    return plain(adapter.read(pickle.loads(payload)))


def _begun(adapter: Adapter, split: Any) -> tuple[Any, list[Any], Iterator[Any]]:
    """Return what reading gives, its first batch, and the iterator over the others."""
    read = adapter.read(split)
    batches = iter(read)
    return read, list(islice(batches, 1)), batches


def _finished(read: Any, first: list[Any], batches: Iterator[Any], plain: Callable[[Any], Rows | None]) -> Rows | None:
    """Return the rows of a reading that was begun; without any batch what was read may still tell the schema."""
    return plain(chain(first, batches)) if first else plain(read)


USES: dict[str, Callable[[Adapter, Question, Any], Any]] = {
    use.__name__: use
    for use in (changed_by_reading, left_by_failures, rows_in, rows_after_leaving, grown_by_use, rows_side_by_side)
}
"""What is done with a split, or with several that came in one payload, by name: how it is asked of a worker."""
