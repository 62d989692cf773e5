"""Writes an adapter for a loader of which only its split class is known: ``dataloader-conformance init``."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

from conformance.adapter import Capability
from conformance.observation.parts import PARTS

__all__ = ["CannotWrite", "written_adapter"]

# What a parameter is given, by what its name says; the first that matches.
ARGUMENTS = (
    (r"tasks$|files$", "[materials.file_scan_task]"),
    (r"task$|^file$", "materials.file_scan_task"),
    (r"metadata$", "materials.table_metadata"),
    (r"^(file_?)?io$", "materials.file_io"),
    (r"schema$|projection$", "materials.projected_schema"),
    (r"filter$", "materials.row_filter"),
    (r"sql$|query$", "materials.transform_sql"),
    (r"plan$", "materials.plan"),
    (r"session", "materials.session_context"),
    (r"registry$|udfs?$", "materials.udf_registry"),
)
CAN = {
    "materials.plan": Capability.PLANS,
    "materials.transform_sql": Capability.SQL_TRANSFORMS,
    "materials.udf_registry": Capability.UDF_REGISTRIES,
}
TEMPLATE = '''"""Adapter of {{ module }}: {{ split }}, for dataloader-conformance."""

from conformance.adapter import Adapter, Capability
from {{ module }} import {{ imports }}


def build(materials):
{%- if context %}
    context = {{ context }}(
    {%- for name, value in context_arguments.items() %}
        {{ name }}={{ value | argument }}
    {%- endfor %}
    )
{%- endif %}
    return {{ split }}(
    {%- for name, value in split_arguments.items() %}
        {{ name }}={{ value | argument }}
    {%- endfor %}
    )


ADAPTER = Adapter(
    name="{{ module }}",
    build=build,
    # TODO: add EXECUTES_PLANS if the plan is applied to what is read, PATH_IDS if ids are made of the files' paths.
    can=frozenset({ {%- for name in can %}Capability.{{ name }}{{ ", " if not loop.last }}{% endfor -%} }),
    # TODO: read=lambda split: …, unless iterating a split yields its record batches.
{%- for reader, attribute in readers.items() %}
    {{ reader }}=lambda split: split.{{ attribute }},
{%- endfor %}
    modules=("{{ package }}",),
    # TODO: show more parts (file_io, table_metadata, row_filter, …): each adds the clauses that need it.
)
'''


class CannotWrite(Exception):
    """No adapter can be written; the message says why."""


def written_adapter(reference: str) -> str:
    """Return the source of an adapter of ``module:Class``, with what its constructor takes filled in.

    What it could not know stands in the source as a TODO.

    Raises:
        CannotWrite: the reference is no ``module:Class``, it cannot be imported, or it is no class.

    """
    split = _class(reference)
    context = _context_of(split)
    imports = [split.__name__] + ([context.__name__] if context else [])
    split_arguments = _arguments(split, {"context": "context"} if context else {})
    context_arguments = _arguments(context, {}) if context else {}
    given = {*split_arguments.values(), *context_arguments.values()}
    readers = {
        part.reader: name
        for part in PARTS
        for name in part.attributes
        if isinstance(inspect.getattr_static(split, name, None), property)
    }
    environment = Environment(keep_trailing_newline=True)
    environment.filters["argument"] = _argument
    return environment.from_string(TEMPLATE).render(
        module=reference.split(":")[0],
        package=reference.partition(":")[0].partition(".")[0],
        split=split.__name__,
        imports=", ".join(sorted(imports)),
        context=context.__name__ if context else "",
        context_arguments=context_arguments,
        split_arguments=split_arguments,
        can=sorted(capability.name for value, capability in CAN.items() if value in given),
        readers=readers,
    )


def _class(reference: str) -> type:
    module, _, name = reference.partition(":")
    if not module or not name:
        raise CannotWrite(f"name the class of your splits as MODULE:CLASS (my_loader:Split), got {reference!r}")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise CannotWrite(f"{reference!r} cannot be imported: {error}") from error
    if not inspect.isclass(found):
        raise CannotWrite(f"{reference!r} is a {type(found).__name__}, not a class")
    return found


def _context_of(split: type) -> type | None:
    """Return the class of the split's scan context: that of a parameter named so, by its annotation."""
    module = sys.modules[split.__module__]
    for name, parameter in inspect.signature(split).parameters.items():
        annotation = parameter.annotation
        if isinstance(annotation, str):
            annotation = getattr(module, annotation, None)
        if re.search(r"context$|^scan$", name) and "session" not in name and inspect.isclass(annotation):
            return annotation if annotation is not inspect.Parameter.empty else None
    return None


def _arguments(class_: type, known: Mapping[str, str]) -> dict[str, str]:
    """Return what each parameter of the constructor is given; a required one that is not recognised is a TODO."""
    arguments = {}
    for name, parameter in inspect.signature(class_).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = _value(name, known)
        if value is not None:
            arguments[name] = value
        elif parameter.default is parameter.empty:
            arguments[name] = f"...  # TODO: {name}"
    return arguments


def _argument(value: str) -> str:
    """Return a value with the comma that follows it, which goes before a comment."""
    expression, mark, comment = value.partition("  # ")
    return f"{expression},{mark}{comment}"


def _value(name: str, known: Mapping[str, Any]) -> str | None:
    if known and re.search(r"context$|^scan$", name) and "session" not in name:
        return str(known["context"])
    return next((value for pattern, value in ARGUMENTS if re.search(pattern, name)), None)
