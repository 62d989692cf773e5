"""Scripts that show a violation without the suite: plain PyIceberg, DataFusion, pyarrow, and the loader's own API.

A script is put together from the source of the adapter's functions (:mod:`sources`), code that makes what a split is
built from out of the spec (:mod:`given`), code that sends it (:mod:`ways`), and the source of functions that look at it
and compare (:mod:`looks`, :mod:`shows`): only what the clause needs.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from conformance.adapter import Adapter, Capability
from conformance.checks.wire import GROWING, PLAIN_MODULES
from conformance.contract import clause
from conformance.examples import calls_of
from conformance.findings import Violation
from conformance.reproducers import looks, shows
from conformance.reproducers.given import materials_code
from conformance.reproducers.sources import Embedding, NotEmbeddable
from conformance.reproducers.ways import stands_in, through_code
from conformance.secrets import secret_names
from conformance.trip import AS_BUILT
from fixtures.damage import DAMAGES
from fixtures.unsendable import UNSENDABLE
from strategies.arguments import WRONG_KINDS
from strategies.serialization import from_json
from strategies.specs import SplitSpec

__all__ = ["reproducer"]


@dataclass(frozen=True)
class Plan:
    """What a script does: the function that shows the break, further arguments of it, what is looked at, and the way.

    ``look`` is a function of (loader, split); ``given`` one of the materials; ``way`` a transport's name.
    """

    show: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    look: Callable[..., Any] | None = None
    given: Callable[..., Any] | None = None
    way: str = AS_BUILT
    trips: int = 1


def reproducer(violation: Violation, adapter: Adapter) -> str:
    """Return the script; where a simple one cannot show the violation, one that says so and why, and exits with 2."""
    if violation.clause == "LIFE-1":
        return _unshown(violation, "the example is a sequence of steps, not one trip")
    if not violation.spec:
        return _unshown(violation, f"the example is a split of a real table that the suite makes: {violation.example}")
    spec = from_json(violation.spec)
    try:
        return _script(violation, adapter, spec, _planned(violation, adapter, spec))
    except NotEmbeddable as error:
        return _unshown(violation, str(error))


def _planned(violation: Violation, adapter: Adapter, spec: SplitSpec) -> Plan:
    """Return how the violation is shown.

    Raises:
        NotEmbeddable: no simple script shows it.

    """
    id_, path, way = violation.clause, violation.difference.path, violation.transports[0]
    hop = re.search(r"trip (\d+)", path)
    trips = int(hop[1]) if hop else 1
    if (made := _by_clause(violation, adapter, spec)) is not None:
        return made
    if path.startswith(("trip ", "load")):
        return Plan(shows.is_carried, look=looks.look_rows, way=way, trips=trips)
    if path.startswith("type of the properties"):
        return Plan(shows.properties_are_a_dict, look=looks.look_io_mapping, way=way, trips=trips)
    aspect = max((name for name in looks.LOOKS if path.startswith(name)), key=len, default=None)
    if aspect is None:
        raise NotEmbeddable(f"no simple script looks at {path!r}")
    look = looks.LOOKS[aspect]
    if aspect == "read-only" or "changed by the suite" in path:
        look = looks.LOOKS["read-only"]
        return Plan(shows.is_read_only, look=look, way=way, trips=trips)
    if id_ == "PLAN-3" and way == AS_BUILT:
        return Plan(shows.plan_bytes_are_bytes)
    if id_ == "BUILD-6":
        if not path.endswith("after the arguments changed"):
            raise NotEmbeddable(f"no simple script looks at {path!r}")
        return Plan(shows.arguments_stay_apart, look=look)
    if id_ == "READ-3":
        return Plan(shows.original_stays, look=look, way="pickle")
    if id_ == "WIRE-4":
        return Plan(shows.second_trip_as_first, look=look, way=way, trips=max(2, trips))
    if way == AS_BUILT:
        if aspect not in looks.GIVEN:
            raise NotEmbeddable(f"no simple script knows what {aspect!r} of a split that was not sent should be")
        return Plan(shows.built_as_given, look=look, given=looks.GIVEN[aspect])
    return Plan(shows.arrives_as_sent, look=look, way=way, trips=trips)


def _by_clause(violation: Violation, adapter: Adapter, spec: SplitSpec) -> Plan | None:
    """Return the plan of a clause that is shown in a way of its own; ``None`` for what arrives other than it was."""
    id_, path, way = violation.clause, violation.difference.path, violation.transports[0]
    expected = violation.difference.expected
    registries = Capability.UDF_REGISTRIES in adapter.capabilities
    simple = {
        "BUILD-1": shows.is_built,
        "BUILD-4": shows.is_refused,
        "PLAN-1": shows.plan_is_encoded_while_building,
        "PLAN-2": shows.no_engine_handle,
        "PLAN-6": shows.splits_share_nothing,
        "UDF-1": shows.registered_on_the_session,
        "ID-2": shows.id_stands_for_the_path,
        "WIRE-13": shows.subclass_arrives_as_itself,
        "WIRE-14": shows.second_load_does_nothing,
    }
    if id_ in simple:
        return Plan(simple[id_])
    if id_ == "BUILD-2" and expected != "nothing done before it raises":
        return Plan(shows.is_refused_without, {"missing": path.rpartition(" ")[2]})
    if id_ == "BUILD-3":
        built = path == "build with a registry that is false"
        return Plan(shows.is_built) if built else Plan(shows.falsy_counts, {"registers": registries})
    if id_ == "BUILD-5" and (wrong := re.match(r"build with (\w+)=(.+)", path)):
        words = WRONG_KINDS[wrong[1]].split("|")
        arguments = {"argument": wrong[1], "wrong": ast.literal_eval(wrong[2]), "words": tuple(words)}
        return Plan(shows.names_wrong_argument, arguments)
    if id_ == "UDF-2" and path.startswith("registered while building"):
        return Plan(shows.registered_on_the_session)
    if id_ == "UDF-5":
        if (held := re.match(r"dump of a registry that holds (.+)", path)) is not None:
            return Plan(shows.unsendable_is_refused, {"held": UNSENDABLE[held[1]]})
        return Plan(shows.nameless_is_refused if path.startswith("dump") else shows.missing_module_is_named)
    if id_ == "UDF-7" and path == "build":
        return Plan(shows.nothing_is_registered)
    if id_ == "IO-6" and path.startswith("connection"):
        return Plan(shows.connection_stays_behind, look=looks.look_io_connection, way="worker")
    if id_ == "IO-7":
        return Plan(shows.configurations_stay_apart, look=shows.look_pair, way=way)
    if id_ == "CTX-6":
        return Plan(shows.one_scan_shares_its_context, look=shows.look_shared, way=way)
    if id_ == "READ-2":
        return Plan(shows.reads_again, look=looks.look_read_twice, way=way)
    if id_ == "READ-3" and way != AS_BUILT:
        return Plan(shows.copies_share_nothing, look=looks.look_itself, way=way)
    if id_ == "READ-4":
        lost = re.match(r"read, (?:the file (.+?)|a delete file (.+?))(?:, its error.*)?$", path)
        if lost is not None:
            return Plan(shows.lost_file_is_named, {"damage": DAMAGES[lost[1] or lost[2]], "deletes": lost[1] is None})
    if id_ == "ID-1" and "looked at" in path:
        return Plan(shows.id_stays)
    if id_ == "WIRE-9":
        of_scan = path.endswith("splits of the scan")
        return Plan(shows.payload_without_siblings if of_scan else shows.payload_without_history, {"counts": GROWING})
    if id_ == "WIRE-11":
        return Plan(shows.cut_payload_raises if "cut" in path else shows.flipped_payload_does_no_harm)
    if id_ == "WIRE-12":
        return Plan(
            shows.payload_names_known_modules, {"modules": adapter.modules, "plain": tuple(sorted(PLAIN_MODULES))}
        )
    if id_ == "SAFE-1":
        names = secret_names(("vault.secret-token", *dict(spec.file_io.properties)), adapter.secret_properties)
        return Plan(shows.secrets_are_not_shown, {"names": tuple(names)})
    return None


# Where a split has arrived, an error is what is seen there.
LOOKED = '''
def looked(split):
    """Look at a split where it has arrived; an error is what is seen there."""
    seen = attempt(look, split)
    return shown(seen) if isinstance(seen, BaseException) else seen
'''.strip()

HEAD = '''"""{title}

{statement}

Made by dataloader-conformance {version} from the smallest example that it found. It needs PyIceberg, DataFusion,
pyarrow, cloudpickle and the loader, but not the suite; run it where the loader can be imported. It exits with 1 while
the loader violates the clause, with 0 once it does not, with 2 where it cannot tell.
"""

from __future__ import annotations
'''

MAIN = """
def main():
    try:
        expected, actual = {call}
    except Exception:
        traceback.print_exc()
        print("The script failed before it could compare: it cannot tell.")
        return 2
    left, right = compared(expected, actual)
    print({id!r})
    print("expected ", shown(left))
    print("actual   ", shown(right))
    if expected != actual:
        print("The loader violates the clause.")
        return 1
    print({kept!r})
    return {code}
"""

# What is defined here is found by import, as a loader's users' classes are, and not in `__main__`.
START = """
if __name__ == "__main__":
    # Imported under its own name: what is defined above can then be found wherever a split is loaded.
    this = importlib.import_module(Path(__file__).stem)
    sys.exit({start})
"""


def _script(violation: Violation, adapter: Adapter, spec: SplitSpec, plan: Plan) -> str:
    embedding = Embedding(own=(adapter.build.__module__,))
    needed = _parameters(plan.show)
    call = {"make": "make", "loader": "loader"}
    if plan.look is not None:
        call |= {"look": "look", "through": "through"}
    if plan.given is not None:
        call["given"] = "given"
    made = materials_code(spec, embedding, statistics=violation.clause in ("CTX-4", "BUILD-6"))
    making = list(embedding.definitions)
    for name, value in plan.arguments.items():
        if callable(value):
            embedding.add(name, value)
            call[name] = name
        else:
            call[name] = repr(value)
    for value in (plan.show, looks.compared, looks.shown, plan.look and looks.attempt, plan.look, plan.given):
        if value is not None:
            embedding.add(value.__name__, value)
    looking = [name for name in embedding.definitions if name not in making]
    loader = _loader(adapter, embedding)
    driving = [name for name in embedding.definitions if name not in (*making, *looking)]
    calls = calls_of(spec.registry)
    here: list[str] = []
    if plan.look is not None:
        extra = f", {calls!r}" if "calls" in _parameters(plan.look) else ""
        here.append(f"def look(split):\n    return {plan.look.__name__}(loader, split{extra})")
        here.append(LOOKED)
        here.append(through_code(plan.way, plan.trips, embedding))
    if plan.given is not None:
        extra = f", {calls!r}" if "calls" in _parameters(plan.given) else ""
        here.append(f"def given(materials):\n    return {plan.given.__name__}(materials{extra})")
    shown_with = ", ".join(call[name] for name in needed if name in call and name not in plan.arguments)
    keywords = "".join(f", {name}={call[name]}" for name in plan.arguments)
    embedding.imports |= {"import importlib", "import sys", "import traceback", "from pathlib import Path"}
    kept, code = "The loader keeps the clause here.", 0
    if stands_in(plan.way):
        kept = f"A fresh interpreter does not show it: it cannot tell. The suite saw it through {plan.way}."
        code = 2
    shown_by = f"{plan.show.__name__}({shown_with}{keywords})"
    here.append(MAIN.format(call=shown_by, id=violation.id, kept=kept, code=code).strip("\n"))
    far = "def look_at(sent" in "\n".join(here)
    start = 'this.look_at(*sys.argv[2:]) if "--look-at" in sys.argv else this.main()' if far else "this.main()"
    here.append(START.format(start=start).strip("\n"))
    defined = embedding.definitions
    parts = [
        *(defined[name] for name in making),
        made,
        *(defined[name] for name in driving),
        loader,
        *(defined[name] for name in looking),
        *here,
    ]
    return "\n\n".join([_head(violation).rstrip("\n"), _imports(embedding)]) + "\n\n\n" + "\n\n\n".join(parts) + "\n"


def _imports(embedding: Embedding) -> str:
    """Return the imports, those of the standard library first."""

    def of_package(line: str) -> str:
        return line.split()[1].split(".")[0]

    def order(line: str) -> tuple[bool, str]:
        return line.startswith("from"), line.split()[1]

    standard = [line for line in embedding.imports if of_package(line) in sys.stdlib_module_names]
    others = [line for line in embedding.imports if line not in standard]
    return "\n\n".join("\n".join(sorted(lines, key=order)) for lines in (standard, others) if lines)


def _head(violation: Violation) -> str:
    found = clause(violation.clause)
    title = f"{violation.id}: a violation of {found.id} ({found.level.value})."
    statement = textwrap.fill(found.statement, 118)
    return HEAD.format(title=title, statement=statement, version=version("dataloader-conformance"))


def _loader(adapter: Adapter, embedding: Embedding) -> str:
    """Return the definition of ``loader``: those of the adapter's functions that what is written so far asks for."""
    text = "\n".join(embedding.definitions.values())
    used = dict.fromkeys(re.findall(r"\bloader\.(\w+)", text))
    embedding.imports.add("from types import SimpleNamespace")
    lines = []
    for name in used:
        function = getattr(adapter, name)
        if function is None or function is iter:
            lines.append(f"    {name}={function if function is None else 'iter'},")
            continue
        own = name if name in ("build", "build_scan", "read") else f"{name}_of"
        embedding.add(own, function)
        lines.append(f"    {name}={own},")
    return "# The loader, as its adapter drives it.\nloader = SimpleNamespace(\n" + "\n".join(lines) + "\n)"


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]


UNSHOWN = """
import sys

SPEC = r\'\'\'{spec}\'\'\'

if __name__ == "__main__":
    print({why!r})
    print("expected ", {expected!r})
    print("actual   ", {actual!r})
    sys.exit(2)
"""


def _unshown(violation: Violation, why: str) -> str:
    """Return a script that says why it shows nothing; what was seen it tells all the same."""
    text = UNSHOWN.format(
        spec=violation.spec.replace("'", "\\u0027"),
        why=f"No simple script shows {violation.id}: {why}. `dataloader-conformance replay` runs it again.",
        expected=violation.difference.expected,
        actual=violation.difference.actual,
    )
    return f"{_head(violation)}{text}"
