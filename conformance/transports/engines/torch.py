"""PyTorch: the worker processes of a ``DataLoader``, spawned and from a fork server.

Several splits are the data set, as a training job has it: its worker gets them when it starts. One split goes through
the queue of indices to a worker that stays, for starting one takes seconds. It is pickled as the queue does,
but before: what cannot be pickled is lost in the queue's own thread, and waited for for ever. Results the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset, Sampler

from conformance.transports.engines import Carry


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, Carry]]:
    """Prepare loaders, whose first call starts the workers."""
    standing = {method: _Standing(method) for method in ("spawn", "forkserver")}
    try:
        yield {f"torch-{method}": partial(_carry, method, loader) for method, loader in standing.items()}
    finally:
        for loader in standing.values():
            loader.end()


def _carry(method: str, standing: _Standing, splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
    if len(splits) == 1:
        return [standing.call(splits[0], function)]
    loader = DataLoader(
        _Splits(list(splits), function),
        batch_size=None,
        num_workers=1,
        multiprocessing_context=method,
        collate_fn=_as_it_is,
    )
    return [ForkingPickler.loads(result) for result in loader]


def _as_it_is(item: Any) -> Any:
    return item


@dataclass
class _Splits(Dataset):  # type: ignore[misc,unused-ignore]
    """A data set of what the function makes of each split."""

    splits: list[Any]
    function: Callable[[Any], Any]

    def __len__(self) -> int:
        return len(self.splits)

    def __getitem__(self, number: int) -> bytes:
        return bytes(ForkingPickler.dumps(self.function(self.splits[number])))


class _Calls(Dataset):  # type: ignore[misc,unused-ignore]
    """A data set whose index is a function with its argument, pickled."""

    def __getitem__(self, call: bytes) -> bytes:
        function, split = ForkingPickler.loads(call)
        return bytes(ForkingPickler.dumps(function(split)))


@dataclass
class _Next(Sampler):  # type: ignore[misc,unused-ignore]
    """Gives out what is asked for next."""

    calls: list[Any] = field(default_factory=list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.calls)

    def __len__(self) -> int:
        return len(self.calls)


class _Standing:
    """A loader with a worker that stays."""

    def __init__(self, method: str) -> None:
        self._next = _Next()
        self._loader = DataLoader(
            _Calls(),
            batch_size=None,
            sampler=self._next,
            num_workers=1,
            persistent_workers=True,
            multiprocessing_context=method,
            collate_fn=_as_it_is,
        )

    def call(self, split: Any, function: Callable[[Any], Any]) -> Any:
        """Return what the function makes of the split on the worker; raises what it raised there."""
        self._next.calls = [bytes(ForkingPickler.dumps((function, split)))]
        return ForkingPickler.loads(next(iter(self._loader)))

    def end(self) -> None:
        """End the worker."""
        iterator = getattr(self._loader, "_iterator", None)
        if iterator is not None:
            iterator._shutdown_workers()
