"""Puts a script together out of what demonstrates a violation."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from conformance.adapter import Adapter
from conformance.contract import clause
from conformance.examples.from_spec import calls_of
from conformance.judging.findings import Violation
from conformance.observation.parts import PARTS
from conformance.report.reproducers import looks
from conformance.report.reproducers.demonstrations import Demonstration
from conformance.report.reproducers.materials import materials_code
from conformance.report.reproducers.sources import Embedding
from conformance.report.reproducers.through import stands_in, through_code
from strategies.specs import SplitSpec

__all__ = ["head", "script"]

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

import os
import sys
import traceback


def cannot_tell(kind, error, trace):
    """Say that nothing was compared: what fails here, such as an import of the loader, is no violation."""
    traceback.print_exception(kind, error, trace)
    print("The script failed before it could compare: it cannot tell.", flush=True)
    os._exit(2)


sys.excepthook = cannot_tell
'''

MAIN = """
def main():
    expected, actual = {call}
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


def script(violation: Violation, adapter: Adapter, spec: SplitSpec, shown: Demonstration) -> str:
    """Return the script that demonstrates a violation.

    Raises:
        NotEmbeddable: the source of something that it needs cannot be taken out of its module.

    """
    embedding = Embedding(own=(adapter.build.__module__,))
    made = materials_code(spec, embedding)
    making = list(embedding.definitions)
    call = _call(shown, embedding)
    here = [*_looking(shown, spec, embedding), *_giving(shown, spec, embedding)]
    for function in (looks.compared, looks.shown, looks.attempt):
        embedding.add(function.__name__, function)
    looking = [name for name in embedding.definitions if name not in making]
    loader = _loader(adapter, embedding, "\n".join(here))
    driving = [name for name in embedding.definitions if name not in (*making, *looking)]
    embedding.imports |= {"import importlib", "from pathlib import Path"}
    kept, code = _said_where_kept(violation, shown)
    here.append(MAIN.format(call=call, id=violation.id, kept=kept, code=code).strip("\n"))
    far = any("def look_at(sent" in text for text in here)
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
    return "\n\n".join([head(violation).rstrip("\n"), _imports(embedding)]) + "\n\n\n" + "\n\n\n".join(parts) + "\n"


def _call(shown: Demonstration, embedding: Embedding) -> str:
    """Return the call of what shows the break, and add that and its arguments to the script."""
    literal = {}
    for name, value in shown.arguments.items():
        if callable(value):
            embedding.add(name, value)
        literal[name] = name if callable(value) else repr(value)
    embedding.add(shown.show.__name__, shown.show)
    standing = [name for name in _parameters(shown.show) if name in ("make", "loader", "look", "through", "given")]
    arguments = [*standing, *(f"{name}={text}" for name, text in literal.items())]
    return f"{shown.show.__name__}({', '.join(arguments)})"


def _looking(shown: Demonstration, spec: SplitSpec, embedding: Embedding) -> Iterator[str]:
    """Yield the definitions of ``look``, ``looked`` and ``through``, where something is looked at."""
    if shown.look is None:
        return
    yield f"def look(split):\n    return {_look_call(shown.look, spec, embedding)}"
    yield LOOKED
    yield through_code(shown.way, shown.trips, embedding)


def _look_call(look: Any, spec: SplitSpec, embedding: Embedding) -> str:
    """Return the call that looks at a split, and add what it calls."""
    part = next((part for part in PARTS if part.name == look and part.plain is not None), None)
    if part is not None:
        assert part.plain is not None
        embedding.add(part.plain.__name__, part.plain)
        return f"{part.plain.__name__}(loader.{part.reader}(split))"
    function: Callable[..., Any] = looks.LOOKS[look] if isinstance(look, str) else look
    embedding.add(function.__name__, function)
    return f"{function.__name__}(loader, split{_calls(function, spec)})"


def _giving(shown: Demonstration, spec: SplitSpec, embedding: Embedding) -> Iterator[str]:
    """Yield the definition of ``given``, where what was given is expected."""
    if shown.given is None:
        return
    function = looks.GIVEN.get(shown.given)
    if function is not None:
        embedding.add(function.__name__, function)
        yield f"def given(materials):\n    return {function.__name__}(materials{_calls(function, spec)})"
        return
    part = next(part for part in PARTS if part.name == shown.given)
    assert part.plain is not None
    embedding.add(part.plain.__name__, part.plain)
    embedding.add("given_part", part.given)
    yield f"def given(materials):\n    return {part.plain.__name__}(given_part(materials))"


def _calls(function: Callable[..., Any], spec: SplitSpec) -> str:
    """Return the last argument of a function that asks what the registry's functions compute."""
    return f", {calls_of(spec.registry)!r}" if "calls" in _parameters(function) else ""


def _said_where_kept(violation: Violation, shown: Demonstration) -> tuple[str, int]:
    """Return what the script says, and its exit code, where it does not see the violation."""
    if not violation.alone:
        return "This example alone does not show it: it cannot tell. The suite saw it in the company of others.", 2
    if stands_in(violation.transports[0]):
        seen = violation.transports[0]
        return f"A plain script does not show it: it cannot tell. The suite saw it through {seen}.", 2
    return "The loader keeps the clause here.", 0


def _imports(embedding: Embedding) -> str:
    """Return the imports, those of the standard library first."""

    def of_package(line: str) -> str:
        return line.split()[1].split(".")[0]

    def order(line: str) -> tuple[bool, str]:
        return line.startswith("from"), line.split()[1]

    standard = [line for line in embedding.imports if of_package(line) in sys.stdlib_module_names]
    others = [line for line in embedding.imports if line not in standard]
    return "\n\n".join("\n".join(sorted(lines, key=order)) for lines in (standard, others) if lines)


def head(violation: Violation) -> str:
    found = clause(violation.clause)
    title = f"{violation.id}: a violation of {found.id} ({found.level.value})."
    statement = textwrap.fill(found.statement, 118)
    return HEAD.format(title=title, statement=statement, version=version("dataloader-conformance"))


def _loader(adapter: Adapter, embedding: Embedding, here: str) -> str:
    """Return the definition of ``loader``: those of the adapter's functions that what is written so far asks for."""
    text = "\n".join([*embedding.definitions.values(), here])
    used = dict.fromkeys(re.findall(r"\bloader\.(\w+)", text))
    embedding.imports.add("from types import SimpleNamespace")
    lines = []
    for name in used:
        function = getattr(adapter, name)
        if function is None or function is iter:
            lines.append(f"    {name}={function if function is None else 'iter'},")
            continue
        own = name if name in ("build", "build_scan", "build_files", "read") else f"{name}_of"
        embedding.add(own, function)
        lines.append(f"    {name}={own},")
    return "# The loader, as its adapter drives it.\nloader = SimpleNamespace(\n" + "\n".join(lines) + "\n)"


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]
