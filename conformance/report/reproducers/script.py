"""Puts a script together out of what demonstrates a violation."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Any

from conformance.adapter import Adapter
from conformance.contract import clause
from conformance.examples.from_spec import calls_of
from conformance.judging.findings import Violation
from conformance.observation.parts import PARTS
from conformance.observation.parts import part as part_of
from conformance.observation.raised import qualified_name
from conformance.report.reproducers import looks
from conformance.report.reproducers.demonstrations import Demonstration
from conformance.report.reproducers.materials import materials_code
from conformance.report.reproducers.sources import Embedding
from conformance.report.reproducers.through import stands_in, through_code
from conformance.templates import template
from strategies.specs import SplitSpec

__all__ = ["heading", "imports_of", "loader_of", "script"]


# So many tries show what is wrong once in thirty.
TRIES = 200


def script(violation: Violation, adapter: Adapter, spec: SplitSpec, shown: Demonstration) -> str:
    """Return the script that demonstrates a violation.

    Raises:
        NotEmbeddable: the source of something that it needs cannot be taken out of its module.

    """
    embedding = Embedding(own=(adapter.build.__module__,))
    materials = materials_code(spec, embedding)
    making = len(embedding.definitions)
    call = _call(shown, embedding)
    look, given = _look_call(shown.look, spec, embedding), _given_call(shown.given, spec, embedding)
    through = through_code(shown.way, shown.trips, embedding) if look else ""
    for function in (looks.compared, looks.shown, looks.attempt, qualified_name):
        embedding.named(function)
    looking = len(embedding.definitions)
    loader = loader_of(adapter, embedding, f"{look} {given}")
    definitions = list(embedding.definitions.values())
    embedding.imports |= {"import importlib", "from pathlib import Path", "from types import SimpleNamespace"}
    return template(__file__, "script.py.jinja", repr).render(
        **heading(violation),
        imports=imports_of(embedding),
        making=[*definitions[:making], materials, *definitions[looking:]],
        loader=loader,
        looking=definitions[making:looking],
        look=look,
        through=through,
        given=given,
        call=call,
        stands_in=stands_in(violation.transports[0]),
        tries=TRIES,
    )


def _call(shown: Demonstration, embedding: Embedding) -> str:
    """Return the call of what shows the break, and add that and its arguments to the script."""
    literal = {}
    for name, value in shown.arguments.items():
        if callable(value):
            embedding.add(name, value)
        literal[name] = name if callable(value) else repr(value)
    standing = [name for name in _parameters(shown.show) if name in ("make", "loader", "look", "through", "given")]
    arguments = [*standing, *(f"{name}={text}" for name, text in literal.items())]
    return f"{embedding.named(shown.show)}({', '.join(arguments)})"


def _look_call(look: Any, spec: SplitSpec, embedding: Embedding) -> str:
    """Return the call that looks at a split, and add what it calls; empty where nothing is looked at."""
    if look is None:
        return ""
    part = next((part for part in PARTS if part.name == look), None)
    if part is not None and part.plain is not None:
        return f"{embedding.named(part.plain)}(loader.{part.reader}(split))"
    function: Callable[..., Any] = looks.LOOKS[look] if isinstance(look, str) else look
    return f"{embedding.named(function)}(loader, split{_calls(function, spec)})"


def _given_call(given: str | None, spec: SplitSpec, embedding: Embedding) -> str:
    """Return the call that tells what was given, and add what it calls; empty where that is not what is expected."""
    if given is None:
        return ""
    function = looks.GIVEN.get(given)
    if function is not None:
        return f"{embedding.named(function)}(materials{_calls(function, spec)})"
    part = part_of(given)
    assert part.plain is not None
    plain = embedding.named(part.plain)
    embedding.add("given_part", part.given)
    return f"{plain}(given_part(materials))"


def _calls(function: Callable[..., Any], spec: SplitSpec) -> str:
    """Return the last argument of a function that asks what the registry's functions compute."""
    return f", {calls_of(spec.registry)!r}" if "calls" in _parameters(function) else ""


def imports_of(embedding: Embedding) -> str:
    """Return the imports, those of the standard library first."""

    def order(line: str) -> tuple[bool, str, str]:
        return line.startswith("from"), line.split()[1], line

    lines = sorted(_merged(embedding.imports), key=order)
    standard = [line for line in lines if re.split("[ .]", line)[1] in sys.stdlib_module_names]
    others = [line for line in lines if line not in standard]
    return "\n\n".join("\n".join(part) for part in (standard, others) if part)


def _merged(imports: Iterable[str]) -> Iterator[str]:
    """Yield the imports, those from one module as one line."""
    names: dict[str, list[str]] = {}
    for line in sorted(imports):
        module, _, name = line.partition(" import ")
        if not name:
            yield line
        names.setdefault(module, []).append(name)
    yield from (f"{module} import {', '.join(each)}" for module, each in names.items() if each != [""])


def heading(violation: Violation) -> dict[str, Any]:
    """Return what every script says at its top."""
    found = clause(violation.clause)
    return {
        "violation": violation,
        "clause": found,
        "statement": textwrap.fill(found.statement, 118),
        "version": version("dataloader-conformance"),
        "raised": violation.difference.error,
    }


def loader_of(adapter: Adapter, embedding: Embedding, calls: str) -> dict[str, str]:
    """Return what ``loader`` holds, by name: those of the adapter's functions that what is written so far asks for."""
    text = "\n".join([*embedding.definitions.values(), calls])
    held = {}
    for name in dict.fromkeys(re.findall(r"\bloader\.(\w+)", text)):
        function = getattr(adapter, name)
        if function is None or function is iter:
            held[name] = "None" if function is None else "iter"
            continue
        held[name] = name if name in ("build", "build_scan", "build_files", "read") else f"{name}_of"
        embedding.add(held[name], function)
    return held


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]
