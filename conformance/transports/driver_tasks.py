"""What another interpreter runs as a driver: make an example, build its split, write it down, read it again."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, calls_of, example_of
from conformance.observation.aspects import Observation, observe
from conformance.observation.difference import Place, Step, difference
from conformance.observation.json_values import json_of
from conformance.observation.question import Question
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import in_any_layout
from conformance.transports.worker_tasks import PICKLE, adapter_of, dumped
from fixtures.materials import make_files
from fixtures.tables.warehouse import Warehouse
from strategies.serialization import from_json

__all__ = ["build", "build_payload", "read", "write"]


def build_payload(reference: str, spec: str, root: str) -> tuple[bytes, Observation, Question] | None:
    """Build and dump the split of a spec (JSON), observe it loaded; ``None`` where that fails, which others judge."""
    made = _made(reference, spec, Warehouse(Path(root)))
    if isinstance(made, dict):
        return None
    adapter, example, split = made
    payload = attempt(dumped, split, PICKLE)
    here = payload if isinstance(payload, Raised) else attempt(pickle.loads, payload)
    if isinstance(here, Raised):
        return None
    return payload, observe(adapter, here, example.question), example.question


def _made(reference: str, spec: str, warehouse: Warehouse) -> tuple[Adapter, Example, Any] | dict[str, Any]:
    """Return adapter, example and split of a spec (JSON), or why there is no split, as :func:`write` says it."""
    example = example_of(from_json(spec), warehouse)
    if isinstance(example, Unusable):
        return {"impossible": example.reason}
    adapter = adapter_of(reference)
    split = attempt(adapter.build, example.make())
    return {"refused": f"{split.type}: {split.message}"} if isinstance(split, Raised) else (adapter, example, split)


def write(reference: str, spec: str, root: str) -> dict[str, Any]:
    """Build and dump the split of a spec (JSON), and observe it after a round trip here; files go below ``root``.

    Returns ``{"payload": bytes, "seen": JSON values}``, or why there is no payload: ``{"impossible": …}`` where this
    engine cannot run the spec, ``{"refused": …}`` where the loader does not build or dump it, ``{"broken": …}`` where
    it comes back wrong already here.
    """
    warehouse = Warehouse(Path(root))
    made = _made(reference, spec, warehouse)
    if isinstance(made, dict):
        return made
    adapter, example, split = made
    payload = attempt(dumped, split, PICKLE)
    if isinstance(payload, Raised):
        return {"refused": f"{payload.type}: {payload.message}"}
    here = attempt(pickle.loads, payload)
    if isinstance(here, Raised):
        return {"broken": str(here)}
    observation = observe(adapter, here, example.question)
    if wrong := _wrong_rows(adapter, example, observation):
        return {"broken": wrong}
    return {"payload": payload, "seen": json_of(observation, _folder(example, warehouse))}


def read(reference: str, spec: str, root: str, payload: bytes) -> dict[str, Any]:
    """Load and observe the payload of a spec (JSON), whose files are made below ``root`` if they are not there.

    Returns ``{"seen": JSON values}``, or ``{"failed": …}`` where it does not load, or ``{"impossible": …}``.
    """
    warehouse = Warehouse(Path(root))
    made_from = from_json(spec)
    made = attempt(make_files, made_from, warehouse)
    if isinstance(made, Raised):
        return {"impossible": f"{made.type}: {made.message}"}
    split = attempt(pickle.loads, payload)
    if isinstance(split, Raised):
        return {"failed": f"{split.type}: {split.message}"}
    question = Question(calls_of(made_from.registry), made_from.plan is not None)
    return {"seen": json_of(observe(adapter_of(reference), split, question), warehouse.folder(made_from.table))}


def build(reference: str, spec: str, root: str) -> dict[str, Any]:
    """Build the split of a spec (JSON) and observe it as built: what no payload has touched.

    Returns ``{"observation": …, "seen": JSON values}``, or why there is none as :func:`write` does.
    """
    warehouse = Warehouse(Path(root))
    made = _made(reference, spec, warehouse)
    if isinstance(made, dict):
        return made
    adapter, example, split = made
    observation = observe(adapter, split, example.question)
    if wrong := _wrong_rows(adapter, example, observation):
        return {"broken": wrong}
    return {"observation": observation, "seen": json_of(observation, _folder(example, warehouse))}


def _folder(example: Example, warehouse: Warehouse) -> Path:
    """Return the folder of the example's files."""
    assert example.spec is not None
    return warehouse.folder(example.spec.table)


def _wrong_rows(adapter: Adapter, example: Example, observation: Observation) -> str | None:
    """Return how the rows differ from those that the suite computed, where the loader executes what the spec asks."""
    rows = observation["rows"]
    if example.question.has_plan and not adapter.applies_transforms:
        return None
    if rows is None and not example.rows.rows:  # no batch gives no schema to look at
        return None
    wrong = difference(in_any_layout(example.rows), in_any_layout(rows), Place(Step.READ, "rows"))
    return None if wrong is None else f"{wrong.place}: expected {wrong.expected}, got {wrong.actual}"
