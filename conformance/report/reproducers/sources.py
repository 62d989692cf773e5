"""The source of functions, with all that it needs, to stand in a script of its own."""

from __future__ import annotations

import ast
import builtins
import enum
import importlib.util
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

__all__ = ["Embedding", "NotEmbeddable"]

# Packages of the suite: what comes from them is written out, not imported. The loader under test is imported.
SUITE = ("conformance", "strategies", "fixtures")
# The seeded defects are loaders under test, though they live in the suite.
LOADERS = ("fixtures.loaders.defects",)
_NOTHING = object()
_PLAIN = (str, bytes, int, float, bool, type(None))


class NotEmbeddable(Exception):
    """The source of something cannot be taken out of its module; the message says of what and why."""


@dataclass
class Embedding:
    """What a script holds so far: its imports, one a line, and its definitions by name, in order of need.

    ``own`` are modules besides the suite's whose definitions are written out: that of the adapter.
    """

    own: tuple[str, ...] = ()
    imports: set[str] = field(default_factory=set)
    definitions: dict[str, str] = field(default_factory=dict)
    bound: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: Any) -> None:
        """Make ``name`` stand for the value in the script: by import, by its definition, or written as a literal.

        Raises:
            NotEmbeddable: it is none of these, or the name stands for something else already.

        """
        if name in self.bound:
            if self.bound[name] is not value and self.bound[name] != value:
                raise NotEmbeddable(f"{name!r} stands for {self.bound[name]!r} and for {value!r}")
            return
        self.bound[name] = value
        if isinstance(value, types.ModuleType):
            self._import_module(name, value)
        elif isinstance(value, (type, types.FunctionType)) and self._is_written_out(value):
            self._define(name, value)
        elif (importable := _importable(value)) is not None:
            module, attribute = importable
            class_, dot, method = attribute.partition(".")
            if dot:
                self.imports.add(f"from {module} import {class_}")
                self.definitions[name] = f"{name} = {class_}.{method}"
            else:
                self.imports.add(f"from {module} import {attribute}" + (f" as {name}" if attribute != name else ""))
        elif isinstance(value, partial):
            self.add(f"{name}_of", value.func)
            given = {f"{name}_{number}": argument for number, argument in enumerate(value.args)}
            given |= {f"{name}_{keyword}": argument for keyword, argument in value.keywords.items()}
            for own_name, argument in given.items():
                self.add(own_name, argument)
            keywords = [f"{keyword}={name}_{keyword}" for keyword in value.keywords]
            arguments = [f"{name}_of", *list(given)[: len(value.args)], *keywords]
            self.imports.add("from functools import partial")
            self.definitions[name] = f"{name} = partial({', '.join(arguments)})"
        elif isinstance(value, enum.Enum):
            self.add(type(value).__name__, type(value))
            self.definitions[name] = f"{name} = {type(value).__name__}.{value.name}"
        elif _is_plain(value):
            self.definitions[name] = f"{name} = {value!r}"
        else:
            raise NotEmbeddable(f"{name!r} is a {type(value).__name__}: {str(value)[:80]}")

    def named(self, value: Any) -> str:
        """Add a function or a class under its own name, and return that."""
        name: str = value.__name__
        self.add(name, value)
        return name

    def below_imports(self, code: str) -> str:
        """Note the imports at the top of a module's code, of names that it uses, and return what is below them."""
        tree = ast.parse(code)
        used = {ast.unparse(part) for part in ast.walk(tree) if isinstance(part, (ast.Name, ast.Attribute))}
        self.imports |= {statement for name, _, statement in _imported(tree) if name in used}
        last = max(node.end_lineno or 0 for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))
        return "\n".join(code.split("\n")[last:]).strip("\n")

    def _import_module(self, name: str, module: types.ModuleType) -> None:
        if module.__name__.split(".")[0] in SUITE and not module.__name__.startswith(LOADERS):
            raise NotEmbeddable(f"{name!r} is the suite's module {module.__name__}")
        self.imports.add(f"import {module.__name__}" + (f" as {name}" if module.__name__ != name else ""))

    def _add_needs(self, name: str, node: ast.AST, module: str, namespace: Mapping[str, Any]) -> None:
        """Add what a definition in a module uses from around it."""
        for needed, thing in _needs(node, namespace):
            if needed == name or needed in self.bound:
                if needed != name:
                    self.add(needed, thing)
                continue
            at_top = vars(sys.modules[module]).get(needed, _NOTHING) is thing
            if at_top and (statement := _import_of(needed, module)) is not None:
                self.bound[needed] = thing
                self.imports.add(statement)
            elif at_top and not callable(thing) and (assigned := _assignment_of(needed, module)) is not None:
                home, assignment = assigned
                self.bound[needed] = thing
                self._add_needs(needed, assignment, home, vars(sys.modules[home]))
                self.definitions[needed] = _segment(_parsed_module(home)[0], assignment)
            else:
                self.add(needed, thing)

    def _is_written_out(self, value: Any) -> bool:
        module = str(value.__module__)
        if module.startswith(LOADERS):
            return False
        return module.split(".")[0] in SUITE or module in self.own

    def _define(self, name: str, value: Any) -> None:
        value = inspect.unwrap(value)
        node, text = _definition(value)
        self._add_needs(name, node, value.__module__, _namespace(value))
        if isinstance(node, ast.Lambda):
            parameters = ast.unparse(node.args)
            body = ast.get_source_segment(text, node.body) or ast.unparse(node.body)
            self.definitions[name] = f"def {name}({parameters}):\n    return {body}"
            return
        source = _segment(text, node)
        assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
        if node.name != name:
            source += f"\n\n\n{name} = {node.name}"
        self.definitions[name] = source


def _import_of(name: str, module: str) -> str | None:
    """Return the statement by which a module imports the name from outside of the suite; ``None`` for no such."""
    for imported, source, statement in _imported(_parsed_module(module)[1], sys.modules[module].__package__):
        if imported == name:
            is_of_suite = source.split(".")[0] in SUITE and not source.startswith(LOADERS)
            return None if is_of_suite else statement
    return None


def _imported(tree: ast.AST, package: str | None = None) -> Iterator[tuple[str, str, str]]:
    """Yield name, module and statement of whatever is imported somewhere in a module of the package."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                source, start = alias.name, "import"
                if isinstance(node, ast.ImportFrom):
                    source = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                    start = f"from {source} import"
                yield alias.asname or alias.name, source, f"{start} {ast.unparse(alias)}"


def _assignment_of(name: str, module: str) -> tuple[str, ast.stmt] | None:
    """Return the statement at the top of a module that assigns to the name alone, and the module.

    It is another one of the suite's where the module has the name from there.
    """
    for imported, source, _ in _imported(_parsed_module(module)[1], sys.modules[module].__package__):
        if imported == name and source in sys.modules:
            return _assignment_of(name, source)
    for node in _parsed_module(module)[1].body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and len(targets) == 1:
            target = targets[0]
            if isinstance(target, ast.Name) and target.id == name:
                return module, node
    return None


def _importable(value: Any) -> tuple[str, str] | None:
    """Return module and name under which a value is found by import; ``None`` where it is not."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if name is None and module in ("typing", "typing_extensions"):
        name = getattr(value, "_name", None)
    if not isinstance(module, str) or not isinstance(name, str) or module not in sys.modules:
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list, set, frozenset)):
        return type(value) in (tuple, list, set, frozenset) and all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return type(value) in _PLAIN


def _namespace(value: Any) -> Mapping[str, Any]:
    """Return what the names in a definition stand for."""
    if isinstance(value, type):
        return vars(sys.modules[value.__module__])
    closed = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    return {**value.__globals__, **{name: cell.cell_contents for name, cell in closed}}


def _needs(node: ast.AST, namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) for what a definition uses from around it; of annotations only what is imported anyway."""
    annotations = {id(part) for annotation in _annotations(node) for part in ast.walk(annotation)}
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id in namespace:
            value = namespace[part.id]
            if id(part) in annotations:
                importable = _importable(value)
                if importable is None or importable[0].split(".")[0] in SUITE:
                    continue
            if getattr(builtins, part.id, None) is not value and not part.id.startswith("__"):
                yield part.id, value


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    for part in ast.walk(node):
        found = [part.annotation] if isinstance(part, (ast.arg, ast.AnnAssign)) else []
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found = [part.returns]
        yield from (annotation for annotation in found if annotation is not None)


def _definition(value: Any) -> tuple[ast.AST, str]:
    """Return the node that defines a function or a class, and the text of its module."""
    try:
        file = inspect.getsourcefile(value)
        assert file is not None
    except TypeError:
        raise NotEmbeddable(f"there is no source of {value!r}") from None
    text, tree = _parsed(file)
    if isinstance(value, type):
        nodes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == value.__name__]
    elif value.__name__ == "<lambda>":
        lambdas = (n for n in ast.walk(tree) if isinstance(n, ast.Lambda))
        nodes = [n for n in lambdas if _same_code(n, value)]  # type: ignore[misc]
    else:
        named = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == value.__name__)
        lines = value.__code__.co_firstlineno
        nodes = [n for n in named if lines in (n.lineno, *(d.lineno for d in n.decorator_list))]  # type: ignore[misc]
    if not nodes:
        raise NotEmbeddable(f"there is no source of {value!r}")
    return nodes[0], text


def _same_code(node: ast.Lambda, function: Callable[..., Any]) -> bool:
    """Whether a lambda in a source is the function: several may stand in one line."""
    code = function.__code__
    if node.lineno != code.co_firstlineno:
        return False
    compiled = compile(ast.Expression(node), "lambda", "eval")
    made = next(constant for constant in compiled.co_consts if isinstance(constant, types.CodeType))
    names = {*code.co_names, *code.co_freevars}  # standing alone, what is closed over is a global
    return set(made.co_names) == names and _constants(made) == _constants(code) and made.co_varnames == code.co_varnames


def _constants(code: types.CodeType) -> list[Any]:
    """Return the constants of code, and of that within it: a generator expression is a constant, by its own names."""
    return [
        _constants(constant) if isinstance(constant, types.CodeType) else constant
        for constant in code.co_consts
        if not (isinstance(constant, str) and "<locals>" in constant)
    ]


def _segment(text: str, node: ast.AST) -> str:
    """Return the lines of a definition, with its decorators, at the left margin."""
    assert isinstance(node, ast.stmt)
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))


def _parsed_module(module: str) -> tuple[str, ast.Module]:
    file = getattr(sys.modules[module], "__file__", None)
    if not file:
        raise NotEmbeddable(f"the module {module} has no source")
    return _parsed(file)


@cache
def _parsed(file: str) -> tuple[str, ast.Module]:
    with open(file, encoding="utf-8") as stream:  # noqa: PTH123 - a name that Python gave
        text = stream.read()
    return text, ast.parse(text)
