"""Mutants of a module: copies of its source with one small change each, by mutmut's operators and two more.

Only the operators of mutmut are used. Its runner replaces functions by trampolines, whose names would get into pickles,
and it does not mutate decorated functions such as properties. Here every mutant is a whole module in which one line or
a few lines are changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import libcst as cst
from mutmut.mutation.mutators import mutation_operators

# Calls that always need their arguments. A mutation makes them fail in a way that says nothing about the tests.
PLAIN_CALLS = frozenset({"len", "isinstance"})


KEY = ("module", "function", "before", "after", "nth")
Key = tuple[str, str, str, str, int]
"""Identifies a mutant in explanations: the values of the fields in `KEY`."""


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    The key of a mutant consists of names and texts, not of line numbers, so it stays the same when other code changes.

    Attributes:
        module: the name of the module.
        function: the qualified name of the function or class; empty at module level.
        operator: the name of the mutation operator.
        before: the lines that differ, without indentation, joined by newlines.
        after: the same lines after the change.
        nth: counts equal changes in one function, from 1.
        line: the number of the first changed line.
        source: the source of the mutated module.

    """

    module: str
    function: str
    operator: str
    before: str
    after: str
    nth: int
    line: int
    source: str

    @property
    def key(self) -> Key:
        """The values by which an explanation refers to the mutant."""
        return self.module, self.function, self.before, self.after, self.nth


def mutants_of(path: Path) -> list[Mutant]:
    """Return the mutants of a module, in the order of its lines, each distinct source only once."""
    text = path.read_text("utf-8")
    module = cst.parse_module(text)
    found: list[Mutant] = []
    sources = {text}
    numbers: Counter[tuple[str, str, str]] = Counter()
    for statement in module.body:
        visitor = _Visitor()
        statement.visit(visitor)
        code = module.code_for_node(statement)
        start = text.index(code)
        for function, operator, node, mutated in visitor.found:
            changed = mutated if node is statement else statement.deep_replace(node, mutated)
            assert isinstance(changed, cst.CSTNode)
            source = text[:start] + module.code_for_node(changed) + text[start + len(code) :]
            if source in sources or not _compiles(source):
                continue
            sources.add(source)
            before, after, line = _changed(text, source)
            numbers[function, before, after] += 1
            nth = numbers[function, before, after]
            found.append(Mutant(path.stem, function, operator, before, after, nth, line, source))
    return sorted(found, key=lambda mutant: mutant.line)


class _Visitor(cst.CSTVisitor):
    """Collects (function, operator, node, mutated node)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, cst.CSTNode, cst.CSTNode]] = []
        self._names: list[str] = []
        self._raising = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._names.append(node.name.value)
        self._raising += isinstance(node, cst.Raise)
        if _left_alone(node):
            return False
        for operator, mutated in _mutations(node):
            if not (self._raising and operator == "string"):
                self.found.append((".".join(self._names), operator, node, mutated))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, (cst.FunctionDef, cst.ClassDef)):
            self._names.pop()
        self._raising -= isinstance(original_node, cst.Raise)


def _left_alone(node: cst.CSTNode) -> bool:
    """Return whether a node is not mutated.

    Annotations and docstrings have no effect at run time. A changed import fails at once. Linters check `__all__`.
    Calls of `PLAIN_CALLS` are left out as well.
    """
    if isinstance(node, cst.Assign) and "__all__" in _targets(node):
        return True
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in PLAIN_CALLS:
        return True
    if isinstance(node, cst.Expr) and isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
        return True
    return isinstance(node, (cst.Annotation, cst.Import, cst.ImportFrom))


def _targets(node: cst.Assign) -> set[str]:
    return {target.target.value for target in node.targets if isinstance(target.target, cst.Name)}


def _mutations(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            name = operator.__name__.removeprefix("operator_")
            found = list(operator(node))
            if name == "string":  # one variant of a string is enough
                found = found[:1]
            if name == "arg_removal":
                found = [mutated for mutated in found if _can_be_missed(node, mutated)]
            yield from ((name, mutated) for mutated in found)
    yield from (("statement_removal", mutated) for mutated in _removed(node))
    yield from (("condition_negation", mutated) for mutated in _negated(node))


def _can_be_missed(node: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    """Return whether a removed argument is a keyword argument or the last one. True also if none is removed.

    Without any other argument the call fails at once, or the next argument takes its place.
    """
    assert isinstance(node, cst.Call)
    assert isinstance(mutated, cst.Call)
    if len(mutated.args) == len(node.args):
        return True
    missing = next(argument for argument in node.args if argument not in mutated.args)
    return missing.keyword is not None or missing is node.args[-1]


def _removed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a `pass` in place of a statement that is only a call or a `raise`."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        only = node.body[0]
        if isinstance(only, cst.Raise) or (isinstance(only, cst.Expr) and isinstance(only.value, cst.Call)):
            yield node.with_changes(body=[cst.Pass()])


def _negated(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the node with a negated condition, for an `if` statement or an `if` in a comprehension.

    Conditions that are a `not` or a comparison are left out, because mutmut negates those itself.
    """
    if isinstance(node, (cst.If, cst.CompIf)) and not isinstance(node.test, (cst.UnaryOperation, cst.Comparison)):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def _compiles(source: str) -> bool:
    try:
        compile(source, "<mutant>", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _changed(original: str, source: str) -> tuple[str, str, int]:
    """Return the lines that differ, before and after the change, and the number of the first one."""
    old, new = original.splitlines(), source.splitlines()
    first = next(i for i, (a, b) in enumerate(zip_longest(old, new)) if a != b)
    same = next(i for i, (a, b) in enumerate(zip_longest(reversed(old[first:]), reversed(new[first:]))) if a != b)
    changed = (lines[first : len(lines) - same] for lines in (old, new))
    before, after = ("\n".join(line.strip() for line in lines) for lines in changed)
    return before, after, first + 1
