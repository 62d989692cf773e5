"""Writes an adapter for a loader of which only its split class is known: ``dataloader-conformance init``."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from conformance.adapter import Capability
from conformance.adapters.telling import UNKNOWN, plain_type, telling_value
from conformance.observation.parts import PARTS
from conformance.templates import template

__all__ = ["CannotWrite", "written_adapter"]

NAMES_OF_COLUMNS = "[field.name for field in materials.projected_schema.fields]"
# What a parameter is given, by what its name says; the first that matches.
ARGUMENTS = (
    (r"tasks$|(?<!delete_)files$", "[materials.file_scan_task]"),
    (r"task$|^file$", "materials.file_scan_task"),
    (r"metadata$", "materials.table_metadata"),
    (r"^(file_?)?io$", "materials.file_io"),
    (r"^(file_?)?io_(properties|props|options|config)$|^storage_options$", "dict(materials.file_io.properties)"),
    (r"^((projected|selected)_)?(columns|column_names|fields)$", NAMES_OF_COLUMNS),
    (r"^table_schema$", "materials.table_metadata.schema()"),
    (r"schema$|projection$", "materials.projected_schema"),
    (r"filter$", "materials.row_filter"),
    (r"^snapshot_id$", "materials.snapshot_id or materials.table_metadata.current_snapshot_id"),
    (r"sql$|query$", "materials.transform_sql"),
    (r"plan$", "materials.plan"),
    (r"session", "materials.session_context"),
    (r"registry$|udfs?$", "materials.udf_registry"),
)
# A parameter that is given the scan context, and not the engine's session context.
CONTEXT = re.compile(r"^(?!.*session).*context$|^scan$")
MADE_UP = "made up: any value will do that is not the default, so that its loss shows"
CAN = {
    "materials.plan": Capability.PLANS,
    "materials.transform_sql": Capability.SQL_TRANSFORMS,
    "materials.udf_registry": Capability.UDF_REGISTRIES,
}


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
    split_arguments = _arguments(split, has_context=context is not None)
    context_arguments = _arguments(context) if context else {}
    given = {*split_arguments.values(), *context_arguments.values()}
    return template(__file__, "scaffold.py.jinja", _argument).render(
        module=reference.partition(":")[0],
        split=split.__name__,
        imports=sorted(class_.__name__ for class_ in (split, context) if class_),
        context=context.__name__ if context else "",
        context_arguments=context_arguments,
        split_arguments=split_arguments,
        not_passed=_not_passed(split, split_arguments) + (_not_passed(context, context_arguments) if context else []),
        can=sorted(capability.name for value, capability in CAN.items() if value in given),
        readers={
            part.reader: name
            for part in PARTS
            for name in part.attributes
            if isinstance(inspect.getattr_static(split, name, None), property)
        },
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
        if CONTEXT.search(name) and inspect.isclass(annotation):
            return annotation if annotation is not inspect.Parameter.empty else None
    return None


def _arguments(class_: type, *, has_context: bool = False) -> dict[str, str]:
    """Return what each parameter of the constructor is given; a required one that is not recognised is a TODO."""
    arguments = {}
    for name, parameter in inspect.signature(class_).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if has_context and CONTEXT.search(name):
            arguments[name] = "context"
        elif (value := _material(name, parameter)) is not None:
            arguments[name] = value
        elif (told := telling_value(parameter)) is not UNKNOWN:
            arguments[name] = f"{told!r}  # {MADE_UP}"
        elif parameter.default is parameter.empty:
            arguments[name] = f"...  # TODO: {name}"
    return arguments


def _material(name: str, parameter: inspect.Parameter) -> str | None:
    """Return what of the materials a parameter is given, by its name; ``None`` where its type rules that out."""
    value = next((value for pattern, value in ARGUMENTS if re.search(pattern, name)), None)
    kind = plain_type(parameter)
    fits = {
        "[materials.file_scan_task]": ("list", "tuple"),
        NAMES_OF_COLUMNS: ("list", "tuple"),
        "dict(materials.file_io.properties)": ("dict",),
        "materials.transform_sql": ("str",),
    }
    if value is not None and value.endswith("snapshot_id"):
        return value
    return None if kind is not None and kind not in fits.get(value or "", ()) else value


def _not_passed(class_: type, arguments: Iterable[str]) -> list[str]:
    """Return the parameters of a constructor for which nothing is passed."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(class_).parameters.items()
    return [name for name, parameter in parameters if name not in arguments and parameter.kind not in kinds]


def _argument(value: str) -> str:
    """Return a value with the comma that follows it, which goes before a comment."""
    expression, mark, comment = value.partition("  # ")
    return f"{expression},{mark}{comment}"
