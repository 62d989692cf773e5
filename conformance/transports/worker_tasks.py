"""What workers run: load a payload, observe it, send it on. Arguments and results are plain values and bytes.

Nothing that draws or makes examples is imported: many processes are started, and each would wait for it.
"""

from __future__ import annotations

import pickle
import platform
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

import cloudpickle

from conformance.adapter import Adapter
from conformance.adapters.loading import load_adapter
from conformance.observation.aspects import observe
from conformance.observation.process_state import putting_back
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.reader import USES
from conformance.observation.recorder import recorded
from conformance.observation.values import Rows, rows_together
from conformance.observation.work import memory_used

__all__ = [
    "adapter_of",
    "dumped",
    "held_by_file_io",
    "load_flipped",
    "looked_at",
    "memory_of_reading",
    "observe_payload",
    "observe_split",
    "read_each",
    "read_failure",
    "read_planned",
    "relay",
    "rows_of",
    "second_load",
    "use",
    "versions",
]

CLOUDPICKLE = "cloudpickle"
PICKLE = "pickle"


def dumped(split: Any, pickler: str) -> bytes:
    """Return the payload of a split: by cloudpickle, or by pickle with its highest protocol."""
    return cloudpickle.dumps(split) if pickler == CLOUDPICKLE else pickle.dumps(split, pickle.HIGHEST_PROTOCOL)


def relay(reference: str, payload: bytes, question: Question, pickler: str) -> tuple[Any, Any]:
    """Return the observation of what the payload holds, and that dumped anew; :class:`Raised` where either fails."""
    split = attempt(pickle.loads, payload)
    if isinstance(split, Raised):
        return split, None
    return observe(adapter_of(reference), split, question), attempt(dumped, split, pickler)


def observe_payload(reference: str, payload: bytes, question: Question) -> Any:
    """Return the observation of what the payload holds; :class:`Raised` where it cannot be loaded."""
    adapter = adapter_of(reference)
    with putting_back():
        split = attempt(pickle.loads, payload)
        return split if isinstance(split, Raised) else observe(adapter, split, question)


def observe_split(reference: str, split: Any, question: Question) -> tuple[Any, Any]:
    """Return the observation of a split that came as an argument, and the split, which then goes back as a result."""
    return observe(adapter_of(reference), split, question), split


def looked_at(reference: str, question: Question, split: Any) -> tuple[Any, Any]:
    """As :func:`observe_split`, the split last: what an engine maps over splits."""
    return observe_split(reference, split, question)


def rows_of(reference: str, split: Any) -> int:
    """Read the split and return the number of its rows; what reading raises is let through."""
    return sum(batch.num_rows for batch in adapter_of(reference).read(split))


@cache
def adapter_of(reference: str) -> Adapter:
    """Return the adapter of that name, which is loaded once."""
    return load_adapter(reference)


def versions(reference: str) -> dict[str, str]:
    """Return the versions of what a payload depends on here, the distributions of the adapter's modules included."""
    named = {module.split(".")[0] for module in adapter_of(reference).modules}
    own = {name for module in named for name in packages_distributions().get(module, ())} - {"dataloader-conformance"}
    found = {name: distribution_version(name) for name in (*DEPENDENCIES, *sorted(own - set(DEPENDENCIES)))}
    return {"python": platform.python_version(), **found}


DEPENDENCIES = ("datafusion", "pyiceberg", "pyarrow", "cloudpickle", "dataloader-conformance")


def distribution_version(distribution: str) -> str:
    """Return the version of an installed distribution, ``unknown`` where there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def read_failure(reference: str, payload: bytes) -> dict[str, Any]:
    """Read what the payload holds, and return how that failed; ``rows`` where it did not."""
    adapter = adapter_of(reference)
    try:
        rows = sum(batch.num_rows for batch in adapter.read(pickle.loads(payload)))
    except Exception as error:
        text = "".join(traceback.format_exception(error)) + repr(vars(error))
        return {"raised": Raised.from_exception(error), "text": text, "sent back": attempt(_sent_back, error)}
    return {"rows": rows}


def read_planned(reference: str, payloads: Sequence[bytes], exact: bool) -> Rows | None:
    """Load and read all payloads, one after another, and return their rows together; ``None`` where there is no batch.

    Raises:
        ValueError: they have different columns.

    """
    adapter = adapter_of(reference)
    with putting_back():
        return rows_together((adapter.read(pickle.loads(payload)) for payload in payloads), exact=exact)


def memory_of_reading(reference: str, payloads: Sequence[bytes]) -> list[tuple[int, int]]:
    """Read each split, and return the bytes of its rows and those by which this process has grown meanwhile, at most.

    The first is read once before: what a first reading imports and keeps is no matter of its rows.
    """
    adapter = adapter_of(reference)
    splits = [pickle.loads(payload) for payload in payloads]
    rows_of(reference, splits[0])
    return [memory_used(partial(_bytes_of, adapter, split)) for split in splits]


def _bytes_of(adapter: Adapter, split: Any) -> int:
    return sum(batch.nbytes for batch in adapter.read(split))


def use(reference: str, payload: bytes, how: str, question: Question) -> Any:
    """Load the payload, and return what this one of :data:`conformance.observation.reader.USES` tells of it.

    What that changes in this process is put back: it would hide what the next split changes alike.
    """
    adapter = adapter_of(reference)
    with putting_back():
        return USES[how](adapter, question, pickle.loads(payload))


def read_each(reference: str, payloads: Sequence[bytes]) -> list[Any]:
    """Load all payloads, then read one after another; return the number of rows of each, or how its reading failed."""
    splits = [pickle.loads(payload) for payload in payloads]
    return [attempt(rows_of, reference, split) for split in splits]


def _sent_back(error: Exception) -> Raised:
    """Return the error after a round trip: a worker has to hand it to the driver."""
    return Raised.from_exception(pickle.loads(pickle.dumps(error)))


def load_flipped(reference: str, payload: bytes, positions: Sequence[tuple[int, int]]) -> int:
    """Load the payload with one byte changed at a time, (position, bits to flip); return how often that succeeded."""
    adapter_of(reference)  # its modules are there, as in any worker
    loaded = 0
    for position, bits in positions:
        damaged = bytearray(payload)
        damaged[position] ^= bits
        split = attempt(pickle.loads, bytes(damaged))
        if not isinstance(split, Raised):
            loaded += 1
            attempt(repr, split)
    return loaded


def held_by_file_io(reference: str, payload: bytes, attribute: str) -> Any:
    """Load the payload, and return an attribute of its FileIO before that opens anything; ``None`` without it."""
    read = adapter_of(reference).file_io
    assert read is not None
    return getattr(read(pickle.loads(payload)), attribute, None)


def second_load(reference: str, payload: bytes) -> list[str]:
    """Load and read the payload, load it again, and return what that second load registered, opened or imported."""
    adapter = adapter_of(reference)
    first = pickle.loads(payload)
    attempt(lambda: sum(batch.num_rows for batch in adapter.read(first)))
    with _audited() as audited, recorded() as events:
        second = pickle.loads(payload)
    del second
    return [f"{event.kind} {event.what}" for event in events] + audited


_AUDITED: list[list[str]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _AUDITED and (event in ("open", "socket.connect", "subprocess.Popen") or (event, arguments[:1]) == IMPORTS_MAIN):
        _AUDITED[-1].append(f"{event} {arguments[0]!r}")


IMPORTS_MAIN = ("import", ("__main__",))


@cache
def _audit_once() -> None:
    sys.addaudithook(_audit)  # for good: it cannot be removed, and does nothing while nothing is audited


@contextmanager
def _audited() -> Iterator[list[str]]:
    _audit_once()
    _AUDITED.append([])
    try:
        yield _AUDITED[-1]
    finally:
        _AUDITED.pop()
