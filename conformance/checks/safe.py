"""SAFE: secrets."""

from __future__ import annotations

import logging
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from conformance.checks import Outcome, verifies
from conformance.observation import Difference, attempt
from conformance.plain import Raised
from conformance.secrets import secret_values
from conformance.transports.workers import call
from conformance.trip import AS_BUILT, Trip
from fixtures.damage import DAMAGES


@verifies("SAFE-1")
def secrets_are_not_shown(trip: Trip) -> Outcome:
    """Looked for in representations, log records and tracebacks of a read that succeeds and of one that fails."""
    secrets = secret_values(trip.materials.file_io_properties, trip.adapter.secret_properties)
    if trip.refusal or not secrets or trip.example.elsewhere is None:
        return
    folder = trip.scratch / "secrets"
    shutil.rmtree(folder, ignore_errors=True)
    with _logged() as lines:
        materials, path = trip.example.elsewhere(folder)
        secrets += secret_values(materials.file_io_properties, trip.adapter.secret_properties)
        split = attempt(trip.adapter.build, materials)
        payload = attempt(pickle.dumps, split)
        attempt(pickle.loads, payload)
        attempt(lambda: [batch.num_rows for batch in trip.adapter.read(split)])
        DAMAGES["removed"](path)
        failure = attempt(lambda: [batch.num_rows for batch in trip.adapter.read(split)])
        wrong: Any = 7
        refused = attempt(trip.adapter.build, replace(materials, row_filter=wrong))
    shown = {"log": "\n".join(lines), "error of a failed read": str(failure), "repr": repr(split), "str": str(split)}
    shown["error of a build that fails"] = str(refused)
    if trip.adapter.scan_context is not None and not isinstance(split, Raised):
        context = attempt(trip.adapter.scan_context, split)
        shown["repr and str of the scan context"] = f"{context!r} {context}"
    if isinstance(payload, bytes):
        there = call(trip.adapter, "first", "read_failure", payload)
        shown["traceback on a worker"] = there.get("text", "") if isinstance(there, dict) else str(there)
    for where, text in shown.items():
        leaked = next((secret for secret in secrets if secret in text), None)
        yield AS_BUILT, Difference(where, "no secret", _around(leaked, text)) if leaked else None


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Collect every log record of any level, formatted, with its traceback."""
    lines: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{self.format(record)} {vars(record)}")

    root, handler = logging.getLogger(), Collecting()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _around(secret: Any, text: str) -> str:
    """Return what stands around the secret, which a report must not show either."""
    before, _, after = text.partition(secret)
    return f"…{before[-60:]}<secret>{after[:20].replace(secret, '<secret>')}…"
