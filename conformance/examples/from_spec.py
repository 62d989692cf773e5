"""The example of a spec, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from conformance.examples.engine_refusals import is_refusal
from conformance.examples.example import Example
from conformance.observation.question import Question
from fixtures.expected import expected_rows, scanned_rows
from fixtures.materials import Materials, make_files, make_materials
from fixtures.plans import sorts_last
from fixtures.tables.warehouse import Warehouse, unreadable
from strategies.plans import callable_udfs
from strategies.serialization import to_json
from strategies.sizes import whole
from strategies.specs import RegistrySpec, SplitSpec
from strategies.terms import quoted

__all__ = ["Unusable", "calls_of", "example_of"]

_ARGUMENTS = {"add": "x", "scale": "y", "mask": "s", "total": "x", "count_in": "x"}


@dataclass(frozen=True)
class Unusable:
    """Why a drawn spec proves nothing: the engine cannot plan or run it on the driver, before any loader has it."""

    reason: str


def example_of(spec: SplitSpec, warehouse: Warehouse) -> Example | Unusable:
    """Return the example of a spec, or why it is unusable.

    What it must give is computed here, before the loader under test has seen anything of it.

    Raises:
        Exception: its files cannot be made, or whatever else is the suite's own failure.

    """
    drawn, spec = spec, whole(spec)
    if why := unreadable(spec.table):
        return Unusable(why)
    make_files(spec, warehouse)
    try:
        made = make_materials(spec, warehouse)
        scanned = scanned_rows(spec)
        expected = expected_rows(spec)
    except BaseException as error:  # the engine's panics are no Exception
        if not is_refusal(error):
            raise
        return Unusable(f"{type(error).__name__}: {error}")

    def variant(file_io_properties: Any = None, **changes: Any) -> Materials:
        if file_io_properties is not None:
            changes["file_io"] = replace(spec.file_io, properties=file_io_properties)
        if "table" in changes:
            changes.setdefault("snapshot", None)  # another table has snapshots of its own
        return make_materials(replace(spec, **changes), warehouse)

    def elsewhere(folder: Path) -> tuple[Materials, Path]:
        other = Warehouse(folder)
        return make_materials(spec, other), other.data_file(spec.table, spec.file_name)

    return Example(
        title=repr(drawn),
        make=partial(make_materials, spec, warehouse),
        expected=expected,
        question=Question(
            calls_of(spec.registry),
            spec.plan is not None,
            made_from=(to_json(spec), str(warehouse.root)),
            in_order=made.plan is not None and sorts_last(made.plan),
        ),
        scanned=scanned,
        spec=spec,
        likeness=spec,
        drawn=drawn,
        variant=variant,
        elsewhere=elsewhere,
    )


def calls_of(registry: RegistrySpec | None) -> tuple[str, ...]:
    """Return a SQL call of each function that a name in the registry stands for."""
    calls = []
    for name, behaviour in callable_udfs(registry):
        over = " OVER ()" if behaviour == "count_in" else ""
        calls.append(f"{quoted(name)}({_ARGUMENTS[behaviour]}){over}")
    return tuple(calls)
