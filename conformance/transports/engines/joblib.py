"""joblib with its own backend, loky: a pool of processes, which is sent cloudpickles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor

from conformance.transports.engines import Carry

PROCESSES = 2


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, Carry]]:
    """Start a pool of two processes; arrays go through files below ``folder``."""
    try:
        with Parallel(n_jobs=PROCESSES, backend="loky", temp_folder=str(folder)) as pool:

            def carry(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
                return list(pool(delayed(function)(split) for split in splits))

            yield {"joblib": carry}
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
