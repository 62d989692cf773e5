"""SAFE: secrets."""

from __future__ import annotations

import logging
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from conformance.checks.check import Judged, verifies
from conformance.observation.difference import Difference, Place, Step
from conformance.observation.raised import Hung, Raised, attempt
from conformance.observation.secrets import secret_values, shown_as
from conformance.transports.journey import Journey
from conformance.transports.transport import AS_BUILT
from fixtures.tables.damage import DAMAGES


@verifies("SAFE-1", units=("engines", "stores"), one_in=2)
def secrets_are_not_shown(journey: Journey) -> Judged:
    """Looked for in representations, log records and tracebacks of a read that succeeds and of one that fails."""
    secrets = secret_values(journey.materials.file_io_properties, journey.adapter.secret_properties)
    if journey.refusal or not secrets or journey.example.elsewhere is None:
        return
    folder = journey.scratch / "secrets"
    shutil.rmtree(folder, ignore_errors=True)
    with _logged() as lines:
        materials, path = journey.example.elsewhere(folder)
        secrets += secret_values(materials.file_io_properties, journey.adapter.secret_properties)
        split = attempt(journey.adapter.build, materials)
        payload = attempt(pickle.dumps, split)
        attempt(pickle.loads, payload)
        attempt(lambda: [batch.num_rows for batch in journey.adapter.read(split)])
        DAMAGES["removed"](path)
        there = journey.read_that_should_fail("SAFE-1", payload) if isinstance(payload, bytes) else None
        hangs = isinstance(there, Hung)
        failure = there if hangs else attempt(lambda: [batch.num_rows for batch in journey.adapter.read(split)])
        wrong: Any = 7
        refused = attempt(journey.adapter.build, replace(materials, row_filter=wrong))
    shown = {"log": "\n".join(lines), "error of a failed read": str(failure), "repr": repr(split), "str": str(split)}
    shown["error of a build that fails"] = str(refused)
    if journey.adapter.scan_context is not None and not isinstance(split, Raised):
        context = attempt(journey.adapter.scan_context, split)
        shown["repr and str of the scan context"] = f"{context!r} {context}"
    if there is not None:
        shown["traceback on a worker"] = there.get("text", "") if isinstance(there, dict) else str(there)
    for where, text in shown.items():
        leaked = next((form for secret in secrets for form in shown_as(secret) if form in text), None)
        yield (
            AS_BUILT,
            Difference(Place(Step.LOOK, "text", variant=where), "no secret", _around(leaked, text)) if leaked else None,
        )


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
