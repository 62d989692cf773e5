"""Find an adapter: built in, registered by an installed package, ``module:attribute``, or a file."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.adapters import builtin
from conformance.contract import nearest

__all__ = ["ENTRY_POINTS", "AdapterError", "adapter_file", "adapter_names", "is_own", "load_adapter"]

ENTRY_POINTS = "dataloader_conformance.adapters"
ATTRIBUTE = "ADAPTER"
# Of an error of an import; the last ones are the adapter's or the loader's.
MOST_FRAMES = 6
SPECIMENS = "conformance.adapters.specimens"


class AdapterError(Exception):
    """The adapter cannot be loaded; the message says why and what to do."""


def adapter_names() -> dict[str, str]:
    """Return the known names, each with where it comes from: ``built in`` or the entry point."""
    entries = {entry.name: f"entry point {entry.value}" for entry in entry_points(group=ENTRY_POINTS)}
    return entries | dict.fromkeys(_built_in(), "built in")


def _built_in() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(builtin.__path__)]


def is_own(reference: str) -> bool:
    """Return whether the suite brings the loader itself, the reference or a specimen: its own tests try these."""
    return reference == "reference" or reference.partition(":")[0] == SPECIMENS


def load_adapter(reference: str) -> Adapter:
    """Return the adapter that a name, ``module:attribute`` or a path to a ``.py`` file (``:attribute``) means.

    Raises:
        AdapterError: nothing is known by that name, its import fails (with its own traceback, shortened to the frames
            outside the import system), or what was found is no :class:`Adapter`.

    """
    if (in_file := adapter_file(reference)) is not None:
        file, attribute = in_file
        found = _checked(_from_file(file, attribute), reference)
        return replace(found, reference=f"{file.resolve()}:{attribute}")
    if ":" in reference:
        module, attribute = reference.split(":", 1)
        return _checked(_attribute(_imported(module, reference), attribute, reference), reference)
    known = adapter_names()
    if reference not in known:
        raise AdapterError(
            f"there is no adapter {reference!r}{nearest(reference, known)} An adapter may also be given as"
            " module:attribute or as a path to a .py file."
        )
    if reference in _built_in():
        name = f"{builtin.__name__}.{reference}"
        return _checked(_attribute(_imported(name, reference), ATTRIBUTE, reference), reference)
    (entry,) = entry_points(group=ENTRY_POINTS, name=reference)
    module, _, attribute = entry.value.partition(":")
    return _checked(_attribute(_imported(module, reference), attribute or ATTRIBUTE, reference), reference)


def adapter_file(reference: str) -> tuple[Path, str] | None:
    """Return the file and the attribute in it that a reference means; ``None`` for one that means no file."""
    path, _, attribute = reference.partition(".py:") if ".py:" in reference else (reference, "", "")
    if not (reference.endswith(".py") or attribute):
        return None
    return Path(f"{path}.py" if attribute else reference), attribute or ATTRIBUTE


def _from_file(file: Path, attribute: str) -> Any:
    if not file.is_file():
        raise AdapterError(f"the adapter file {str(file)!r} does not exist (looked in {Path.cwd()})")
    folder, name = str(file.resolve().parent), file.stem
    loaded = sys.modules.get(name)
    if loaded is not None and Path(str(getattr(loaded, "__file__", ""))).resolve() != file.resolve():
        raise AdapterError(f"the adapter file {str(file)!r} is named like the module {name!r}; rename it")
    if folder not in sys.path:
        sys.path.append(folder)  # last: nothing in the user's folder shadows what is installed
    if loaded is None:
        spec = importlib.util.spec_from_file_location(name, file.resolve())
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[name] = loaded
        try:
            spec.loader.exec_module(loaded)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise AdapterError(f"the adapter file {str(file)!r} does not import:\n{_shortened(error)}") from error
    return _attribute(loaded, attribute, str(file))


def _imported(module: str, reference: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: nothing in the user's folder shadows what is installed
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise AdapterError(f"the adapter {reference!r} does not import:\n{_shortened(error)}") from error


def _attribute(module: Any, attribute: str, reference: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        if attribute not in error.args and error.name != attribute:  # a module may make its adapter when asked for it
            raise AdapterError(f"the adapter {reference!r} does not import:\n{_shortened(error)}") from error
        known = [name for name, value in vars(module).items() if isinstance(value, Adapter)]
        hint = f"; its adapters: {', '.join(known)}" if known else "; it has no Adapter at all"
        raise AdapterError(f"the adapter {reference!r}: {module.__name__} has no {attribute!r}{hint}") from None
    except (Exception, SystemExit) as error:
        raise AdapterError(f"the adapter {reference!r} does not import:\n{_shortened(error)}") from error


def _checked(found: Any, reference: str) -> Adapter:
    if not isinstance(found, Adapter):
        raise AdapterError(f"the adapter {reference!r} is a {type(found).__name__}, not a conformance.adapter.Adapter")
    return replace(found, reference=reference)


def _shortened(error: BaseException) -> str:
    """Return the traceback, and those of its causes, without the frames of the import system and of this module."""
    own = ("<frozen importlib", str(Path(__file__)), importlib.__file__)
    described: traceback.TracebackException | None = traceback.TracebackException.from_exception(error)
    whole = described
    while described is not None:
        kept = [frame for frame in described.stack if not frame.filename.startswith(own)]
        described.stack = traceback.StackSummary.from_list(kept[-MOST_FRAMES:])
        described = described.__cause__ or (None if described.__suppress_context__ else described.__context__)
    assert whole is not None
    ends = (
        "\nIt ends the process: neither an adapter nor a loader may do that.\n" if isinstance(error, SystemExit) else ""
    )
    return "".join(whole.format()).rstrip() + ends
