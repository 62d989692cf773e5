"""A life: splits of one process, and what each must still be, whatever was done to them and to what they came from.

The model knows the rows and the properties from the specs, without the loader. What a loader is free to choose (its
ids, the bytes of a plan) it knows from the first look at a split or at any copy of it; from then on they must agree.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from conformance.adapter import Adapter, Capability
from conformance.examples import Unusable, example_of
from conformance.observation import Difference, attempt, difference, observe
from conformance.plain import Raised, in_any_layout, plain_mapping, plain_rows, qualified_name
from conformance.transports.in_process import IN_PROCESS
from conformance.trip import Example
from fixtures.materials import Materials
from fixtures.registries import make_registry
from fixtures.warehouse import Warehouse
from strategies.specs import ColumnSpec, FileIOSpec, Predicate, RegistrySpec, SplitSpec, SqlPlanSpec, TableSpec, UdfSpec

__all__ = ["CARRY", "Life", "examples_for", "lived"]

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
    can = adapter.capabilities
    plans = Capability.UDF_REGISTRIES in can and can & {Capability.EXECUTES_PLANS, Capability.SQL_TRANSFORMS}
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


class Life:
    """Live splits, readings and origins, with one method for each kind of step; each is written into ``script``.

    A split, a reading or a transport that a step names by number is one of those alive then, counted from the oldest. A
    step returns how it went wrong, ``None`` where it did not.
    """

    def __init__(self, adapter: Adapter, examples: tuple[Example, ...]) -> None:
        """Begin without any split."""
        self.adapter = adapter
        self.examples = examples
        self.splits: list[tuple[Any, Origin]] = []
        self.readings: list[Reading] = []
        self.script: list[str] = []
        self._ids: dict[str, Any] = {}

    def step(self, name: str, *arguments: Any) -> Difference | None:
        """Take the step of that name (one of :data:`STEPS`)."""
        self.script.append(f"{name}({', '.join(map(repr, arguments))})")
        found = attempt(STEPS[name], self, *arguments)
        if isinstance(found, Raised):
            return self._placed(Difference(name, "works", str(found)))
        return None if found is None else self._placed(found)

    def _placed(self, found: Difference) -> Difference:
        return Difference(f"{found.path}, after {len(self.script)} steps", found.expected, found.actual)

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
        exact = not reading.origin.example.question.has_plan
        rows = plain_rows(chain(reading.first, reading.batches), exact=exact)
        return _rows_differ(reading.origin.known["rows"], rows, f"rows of reading {number}")

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
        """Look at everything of every split, the oldest first."""
        found = (self._differs(number, *sorted(_LOOKED_AT)) for number in range(len(self.splits)))
        return next(filter(None, found), None)

    def _differs(self, number: int, *aspects: str) -> Difference | None:
        split, origin = self.splits[number]
        question = replace(origin.example.question, again=False, only=frozenset(aspects))
        seen = observe(self.adapter, split, question)
        for aspect in aspects:
            if aspect not in seen:
                continue
            if aspect in _CHOSEN and not isinstance(seen[aspect], Raised):
                origin.known.setdefault(aspect, seen[aspect])
            if aspect == "id" and Capability.PATH_IDS in self.adapter.capabilities:
                others = [path for path, id_ in self._ids.items() if id_ == seen["id"] and path != origin.path]
                if others:
                    return Difference(f"id of split {number}", "an id of its own", f"that of the file {others[0]}")
                self._ids.setdefault(origin.path, seen["id"])
            differs = _rows_differ if aspect == "rows" else difference
            if found := differs(origin.known.get(aspect), seen[aspect], ""):
                return Difference(f"{aspect} of split {number}{found.path}", found.expected, found.actual)
        return None


STEPS: dict[str, Callable[..., Difference | None]] = {
    "build": Life._build,
    "look": Life._look,
    "read": Life._read,
    "begin": Life._begin,
    "finish": Life._finish,
    "send": Life._send,
    "send_together": Life._send_together,
    "drop": Life._drop,
    "collect": Life._collect,
    "register_more": Life._register_more,
    "deregister_table": Life._deregister_table,
    "change_arguments": Life._change_arguments,
    "drop_arguments": Life._drop_arguments,
    "check": Life._check,
}


def lived(adapter: Adapter, script: str, warehouse: Warehouse) -> Difference | None:
    """Take the steps of a script, one a line, and return where the first goes wrong.

    Raises:
        ValueError: a line is no step.

    """
    life = Life(adapter, examples_for(adapter, warehouse))
    for line in filter(None, script.splitlines()):
        name, arguments = _parsed(line)
        if found := life.step(name, *arguments):
            return found
    return None


def _parsed(line: str) -> tuple[str, list[Any]]:
    try:
        call = ast.parse(line, mode="eval").body
    except SyntaxError:
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in STEPS:
        raise ValueError(f"{line!r} is no step; the steps are {', '.join(STEPS)}")
    return call.func.id, [ast.literal_eval(argument) for argument in call.args]


def _rows_differ(expected: Any, actual: Any, path: str = "") -> Difference | None:
    """Compare as PLAN-5 and READ-1 do: no batch at all is as good as no rows."""
    if actual is None and not expected.rows:
        return None
    return difference(in_any_layout(expected), in_any_layout(actual), path)
