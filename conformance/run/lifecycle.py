"""One lifecycle: splits of one process, and what each must still be, whatever was done to them and to their materials.

The model knows the rows and the properties from the specs, without the loader. What a loader is free to choose (its
ids, the bytes of a plan) it knows from the first look at a split or at any copy of it; from then on they must agree.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter, Capability
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.observation.aspects import observe
from conformance.observation.difference import Difference, Place, Step, difference, difference_of_rows
from conformance.observation.process_state import keeping_locale_and_folder
from conformance.observation.raised import Raised, attempt, qualified_name
from conformance.observation.values import plain_mapping, plain_rows
from conformance.run.living_table import LivingTable
from conformance.transports.in_process import IN_PROCESS
from fixtures.materials import Materials
from fixtures.registries import make_registry
from fixtures.tables.warehouse import Warehouse
from strategies.specs import ColumnSpec, FileIOSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

__all__ = ["CARRY", "Lifecycle", "examples_for", "lived"]

CARRY = {transport.name: transport.carry for transport in IN_PROCESS}

_TABLE = TableSpec(
    (ColumnSpec(1, "a", "long", (1, 2, None)), ColumnSpec(2, "b", "string", ("x", "y"))),
    rows=4,
    properties=(("owner", "one"),),
)
_CALLS = SqlPlanSpec("SELECT f(a) AS c FROM t")
# Alike in much, so that one can be taken for another: two splits of one file, two plans of one text.
SPECS = (
    SplitSpec(_TABLE, file_io=FileIOSpec("instance", "vault", properties=(("tenant", "one"),))),
    SplitSpec(_TABLE, Predicate("gt", "a", (1,)), ("b", "a"), file_name="other"),
    SplitSpec(_TABLE, plan=_CALLS, registry=RegistrySpec((UdfSpec("f"),))),
    SplitSpec(_TABLE, plan=_CALLS, registry=RegistrySpec((UdfSpec("f", operand=5),)), file_name="other"),
)
# Registered on a session after a split was built with it: another function of the name, and one over a built-in.
_LATER = RegistrySpec((UdfSpec("f", operand=77), UdfSpec("abs", operand=88)))

# What a loader chooses; the model has it from the first look.
_CHOSEN = ("id", "plan bytes")
_LOOKED_AT = frozenset({*_CHOSEN, "class", "table properties", "FileIO class", "FileIO properties", "rows"})


def examples_for(adapter: Adapter, warehouse: Warehouse) -> tuple[Example, ...]:
    """Return the examples of which the adapter can build splits: those with a plan only where it applies one.

    Raises:
        RuntimeError: this engine cannot run one of them.

    """
    plans = Capability.UDF_REGISTRIES in adapter.can and adapter.applies_transforms
    examples = []
    for spec in SPECS:
        if spec.plan is None or plans:
            example = example_of(spec, warehouse)
            if isinstance(example, Unusable):
                raise RuntimeError(f"this engine cannot run {spec!r}: {example.reason}")
            examples.append(example)
    return tuple(examples)


@dataclass
class Origin:
    """Where splits come from: the example, what the first was built from (``None`` once that is dropped), what is known
    of the split and of all its copies.
    """

    example: Example
    path: str
    materials: Materials | None
    known: dict[str, Any]


@dataclass
class Reading:
    """An iterator that was begun: the batches that it gave, and the rest."""

    origin: Origin
    batches: Iterator[Any]
    first: list[Any] = field(default_factory=list)


class Lifecycle:
    """Live splits, readings and origins, with one method for each kind of step; each is written into ``script``.

    A split, a reading or a transport that a step names by number is one of those alive then, counted from the oldest. A
    step returns how it went wrong, ``None`` where it did not.
    """

    def __init__(self, adapter: Adapter, examples: tuple[Example, ...], root: Path) -> None:
        """Begin without any split; a table that is planned is made below ``root``."""
        self.adapter = adapter
        self.examples = examples
        self.table = LivingTable(adapter, root)
        self.splits: list[tuple[Any, Origin]] = []
        self.readings: list[Reading] = []
        self.script: list[str] = []
        self._ids: dict[str, Any] = {}

    @keeping_locale_and_folder()
    def step(self, name: str, *arguments: Any) -> Difference | None:
        """Take the step of that name (one of :data:`STEPS`)."""
        self.script.append(written(name, arguments))
        found = attempt(STEPS[name], self, *arguments)
        if isinstance(found, Raised):
            return Difference(Place(Step.LIVE, case=name), "works", str(found))
        assert found is None or isinstance(found, Difference)
        return found

    def _build(self, number: int) -> None:
        example = self.examples[number]
        materials = example.make()
        known = {
            "class": None,
            "table properties": plain_mapping(materials.table_metadata.properties),
            "FileIO class": qualified_name(type(materials.file_io)),
            "FileIO properties": plain_mapping(materials.file_io.properties),
            "rows": example.rows,
        }
        split = self.adapter.build(materials)
        known["class"] = qualified_name(type(split))
        self.splits.append((split, Origin(example, materials.file_scan_task.file.file_path, materials, known)))

    def _look(self, number: int) -> Difference | None:
        return self._differs(number, "id", "plan bytes")

    def _read(self, number: int) -> Difference | None:
        return self._differs(number, "rows")

    def _begin(self, number: int, batches: int) -> None:
        split, origin = self.splits[number]
        reading = Reading(origin, iter(self.adapter.read(split)))
        reading.first += [batch for batch in [next(reading.batches, None)] if batch is not None] if batches else []
        self.readings.append(reading)

    def _finish(self, number: int) -> Difference | None:
        reading = self.readings.pop(number)
        question = reading.origin.example.question
        batches = chain(reading.first, reading.batches)
        rows = plain_rows(batches, exact=not question.has_plan, in_order=question.in_order)
        place = Place(Step.LIVE, "rows", case="of reading", variant=str(number))
        return difference_of_rows(reading.origin.known["rows"], rows, place)

    def _send(self, number: int, transport: str) -> None:
        split, origin = self.splits[number]
        self.splits.append((CARRY[transport](split), origin))

    def _send_together(self, first: int, second: int, transport: str) -> None:
        sent = [self.splits[first], self.splits[second]]
        arrived = CARRY[transport]([split for split, _ in sent])
        self.splits += [(split, origin) for split, (_, origin) in zip(arrived, sent, strict=True)]

    def _drop(self, number: int) -> None:
        del self.splits[number]

    def _collect(self) -> None:
        gc.collect(1)  # the oldest generation is the engine's and the suite's own, and takes long

    def _register_more(self, number: int) -> None:
        materials = self.splits[number][1].materials
        if materials is not None and materials.session_context is not None:
            make_registry(_LATER).register_udfs(materials.session_context)

    def _deregister_table(self, number: int) -> None:
        materials = self.splits[number][1].materials
        if materials is not None and materials.session_context is not None:
            materials.session_context.catalog().schema("public").deregister_table("t")

    def _change_arguments(self, number: int) -> None:
        materials = self.splits[number][1].materials
        if materials is not None:
            given = materials.file_io_properties
            given.update({"added later": "x", **dict.fromkeys(given, "changed")})
            materials.table_metadata.properties["added later"] = "x"

    def _drop_arguments(self, number: int) -> None:
        self.splits[number][1].materials = None

    def _check(self) -> Difference | None:
        """Look at everything of every split, and read all that was planned, the oldest first."""
        found = (self._differs(number, *sorted(_LOOKED_AT)) for number in range(len(self.splits)))
        planned = (self.table.read(number) for number in range(len(self.table.planned)))
        return next(filter(None, chain(found, planned)), None)

    def _plan(self, number: int) -> Difference | None:
        return self.table.plan(number)

    def _commit(self, number: int) -> None:
        self.table.commit(number)

    def _read_planned(self, number: int) -> Difference | None:
        return self.table.read(number)

    def _send_planned(self, number: int, transport: str) -> None:
        self.table.send(number, CARRY[transport])

    def _drop_planned(self, number: int) -> None:
        self.table.drop(number)

    def _differs(self, number: int, *aspects: str) -> Difference | None:
        split, origin = self.splits[number]
        question = replace(origin.example.question, again=False, only=frozenset(aspects))
        seen = observe(self.adapter, split, question)
        place = Place(Step.LIVE, case="of split", variant=str(number))
        for aspect in aspects:
            if aspect not in seen:
                continue
            if aspect in _CHOSEN and not isinstance(seen[aspect], Raised):
                origin.known.setdefault(aspect, seen[aspect])
            if aspect == "id" and Capability.PATH_IDS in self.adapter.capabilities:
                others = [path for path, id_ in self._ids.items() if id_ == seen["id"] and path != origin.path]
                if others:
                    where = replace(place, part="id")
                    return Difference(where, "an id of its own", f"that of the file {others[0]}")
                self._ids.setdefault(origin.path, seen["id"])
            known: Any = origin.known.get(aspect)
            differs = difference_of_rows if aspect == "rows" else difference
            if found := differs(known, seen[aspect], replace(place, part=aspect)):
                return found
        return None


STEPS: dict[str, Callable[..., Difference | None]] = {
    "build": Lifecycle._build,
    "look": Lifecycle._look,
    "read": Lifecycle._read,
    "begin": Lifecycle._begin,
    "finish": Lifecycle._finish,
    "send": Lifecycle._send,
    "send_together": Lifecycle._send_together,
    "drop": Lifecycle._drop,
    "collect": Lifecycle._collect,
    "register_more": Lifecycle._register_more,
    "deregister_table": Lifecycle._deregister_table,
    "change_arguments": Lifecycle._change_arguments,
    "drop_arguments": Lifecycle._drop_arguments,
    "plan": Lifecycle._plan,
    "commit": Lifecycle._commit,
    "read_planned": Lifecycle._read_planned,
    "send_planned": Lifecycle._send_planned,
    "drop_planned": Lifecycle._drop_planned,
    "check": Lifecycle._check,
}


# What the numbers in a step stand for, where they do not stand for one of a fixed list: one of what is alive then.
ALIVE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("look", "read", "begin", "send", "drop"), ("splits",)),
    **dict.fromkeys(("register_more", "deregister_table", "change_arguments", "drop_arguments"), ("splits",)),
    **dict.fromkeys(("read_planned", "send_planned", "drop_planned"), ("planned",)),
    "send_together": ("splits", "splits"),
    "finish": ("readings",),
}


def lived(adapter: Adapter, script: str, warehouse: Warehouse) -> Difference | None:
    """Take the steps of a script, one a line, and return where the first goes wrong.

    Raises:
        ValueError: a line is no step, or names what does not live.

    """
    life = Lifecycle(adapter, examples_for(adapter, warehouse), warehouse.root)
    for line in filter(None, script.splitlines()):
        name, arguments = parsed(line)
        alive: dict[str, Sequence[Any]] = {
            "splits": life.splits,
            "readings": life.readings,
            "planned": life.table.planned,
        }
        for number, kind in zip(arguments, ALIVE.get(name, ()), strict=False):
            if number >= len(alive[kind]):
                raise ValueError(f"{line!r}: {len(alive[kind])} {kind} are alive then")
        if found := life.step(name, *arguments):
            return found
    return None


def parsed(line: str) -> tuple[str, list[Any]]:
    """Return the name and the arguments of a step that is written in a line.

    Raises:
        ValueError: it is none.

    """
    try:
        call = ast.parse(line, mode="eval").body
    except SyntaxError:
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in STEPS:
        raise ValueError(f"{line!r} is no step; the steps are {', '.join(STEPS)}")
    return call.func.id, [ast.literal_eval(argument) for argument in call.args]


def written(name: str, arguments: Sequence[Any]) -> str:
    """Return a step as a line."""
    return f"{name}({', '.join(map(repr, arguments))})"
