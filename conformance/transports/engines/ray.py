"""Ray: as a task's argument, as that of an actor's method, and in the object store, put once for many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

from conformance.transports.engines import Carry

OBJECT_STORE_BYTES = 100 << 20


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, Carry]]:
    """Start a cluster of two processors on this machine, its files below ``folder``."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=OBJECT_STORE_BYTES,
        _temp_dir=str(folder),
    )
    task, task_of = ray.remote(_call), ray.remote(_call_with)
    reader = ray.remote(_Reader).remote()

    def by_task(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
        return _results([task.remote(function, split) for split in splits])

    def by_actor(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
        return _results([reader.call.remote(function, split) for split in splits])

    def by_put(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
        stored = ray.put(list(splits))
        return _results([task_of.remote(function, stored, number) for number in range(len(splits))])

    try:
        yield {"ray-task": by_task, "ray-actor": by_actor, "ray-put": by_put}
    finally:
        ray.shutdown()


def _call(function: Callable[[Any], Any], split: Any) -> Any:
    return function(split)


def _call_with(function: Callable[[Any], Any], splits: Sequence[Any], number: int) -> Any:
    return function(splits[number])


class _Reader:
    def call(self, function: Callable[[Any], Any], split: Any) -> Any:
        return function(split)


def _results(references: Sequence[Any]) -> list[Any]:
    return [_result(reference) for reference in references]


def _result(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except Exception as error:
        return error
