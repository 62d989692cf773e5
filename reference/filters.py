"""Row filters as flat tuples.

PyIceberg's expressions are trees. Pickle, deepcopy and PyIceberg's own visitors recurse into them and overflow the
stack on deep ones. Also, deepcopy fails on `In`, `And`, `Or` and `Not`.

A filter is therefore sent as a tuple of its nodes in postfix order. Each node is a small tuple of a class name and
plain values. Nothing in this module recurses.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyiceberg import expressions
from pyiceberg.expressions import And, BooleanExpression, BoundReference, Not, Or, Reference, literals
from pyiceberg.schema import Accessor
from pyiceberg.types import NestedField

FlatFilter = tuple[tuple[Any, ...], ...]
"""Nodes in postfix order: ``("EqualTo", "a", ("LongLiteral", 1))`` or ``("And",)``."""

MAX_FILTER_DEPTH = 300
"""The maximum nesting of a row filter that a scan context accepts, in levels.

Chains of `And` and chains of `Or` are balanced before they are counted and before they are read: ``reduce(And, terms)``
of 1,000 terms counts as 10 levels. PyIceberg uses two stack frames per level, and overflows Python's default stack of
1,000 frames at 484 levels (PyIceberg 0.10 to 0.12). The limit leaves about 400 frames to the caller.
"""

_UNARY = ("IsNull", "NotNull", "IsNaN", "NotNaN")
_LITERAL = (
    "EqualTo",
    "NotEqualTo",
    "LessThan",
    "LessThanOrEqual",
    "GreaterThan",
    "GreaterThanOrEqual",
    "StartsWith",
    "NotStartsWith",
)
_SET = ("In", "NotIn")
_ALL = ("AlwaysTrue", "AlwaysFalse", "And", "Or", "Not", *_UNARY, *_LITERAL, *_SET)
_CLASSES: dict[str, Any] = {
    name: getattr(expressions, name) for name in (*_ALL, *(f"Bound{name}" for name in (*_UNARY, *_LITERAL, *_SET)))
}


def flatten(expression: BooleanExpression, argument: str = "row_filter") -> FlatFilter:
    """Encode an expression, bound or unbound, with its exact structure and literal types (CTX-1).

    Raises:
        TypeError: a node, term or literal is not of a class of PyIceberg. The message names `argument`.

    """
    flat: list[tuple[Any, ...]] = []
    todo: list[BooleanExpression | tuple[str]] = [expression]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            flat.append(node)
            continue
        name = type(node).__name__
        if type(node) is not _CLASSES.get(name):
            raise TypeError(f"{argument} holds a {type(node).__qualname__}, not an expression of PyIceberg")
        if isinstance(node, (And, Or)):
            todo += [(name,), node.right, node.left]
        elif isinstance(node, Not):
            todo += [(name,), node.child]
        else:
            flat.append((name, *_leaf(node, name.removeprefix("Bound"), argument)))
    return tuple(flat)


def rebuild(flat: FlatFilter) -> BooleanExpression:
    """Create the expression that was encoded, node by node."""
    stack: list[BooleanExpression] = []
    for name, *parts in flat:
        if name in ("And", "Or"):
            right = stack.pop()
            stack.append(_CLASSES[name](stack.pop(), right))
        elif name == "Not":
            stack.append(Not(stack.pop()))
        else:
            stack.append(_rebuild_leaf(name, parts))
    return stack[0]


def balanced(flat: FlatFilter) -> BooleanExpression:
    """Create an expression that selects the same rows, with balanced chains of `And` and of `Or`."""
    stack: list[tuple[str, list[BooleanExpression]]] = []
    for name, *parts in flat:
        if name in ("And", "Or"):
            right, left = stack.pop(), stack.pop()
            terms = left[1] if left[0] == name else [_joined(left)]
            terms.extend(right[1] if right[0] == name else [_joined(right)])
            stack.append((name, terms))
        elif name == "Not":
            stack.append(("", [Not(_joined(stack.pop()))]))
        else:
            stack.append(("", [_rebuild_leaf(name, parts)]))
    return _joined(stack[0])


def depth(expression: BooleanExpression) -> int:
    """Return the levels of nested `And`, `Or` and `Not`; 0 for a single predicate."""
    deepest = 0
    todo = [(expression, 0)]
    while todo:
        node, level = todo.pop()
        deepest = max(deepest, level)
        if isinstance(node, (And, Or)):
            todo += [(node.left, level + 1), (node.right, level + 1)]
        elif isinstance(node, Not):
            todo.append((node.child, level + 1))
    return deepest


def _joined(item: tuple[str, list[BooleanExpression]]) -> BooleanExpression:
    name, terms = item
    while len(terms) > 1:
        pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
        terms = [_CLASSES[name](*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return terms[0]


def _leaf(node: Any, kind: str, argument: str) -> Iterable[Any]:
    if kind in ("AlwaysTrue", "AlwaysFalse"):
        return ()
    if isinstance(node.term, Reference):
        term: Any = node.term.name
    elif type(node.term) is BoundReference:
        positions = []
        accessor: Accessor | None = node.term.accessor
        while accessor is not None:
            positions.append(accessor.position)
            accessor = accessor.inner
        term = (node.term.field.model_dump_json(), tuple(positions))
    else:
        raise TypeError(f"{argument} holds a term of unknown type {type(node.term).__qualname__}")
    if kind in _UNARY:
        return (term,)
    if kind in _LITERAL:
        return term, _flat_literal(node.literal, argument)
    return term, tuple(_flat_literal(value, argument) for value in node.literals)


def _flat_literal(literal: Any, argument: str) -> tuple[Any, ...]:
    name = type(literal).__name__
    if type(literal) is not getattr(literals, name, None):
        raise TypeError(f"{argument} holds a literal of unknown type {type(literal).__qualname__}")
    if isinstance(literal, (literals.AboveMax, literals.BelowMin)):
        return (name,)
    return name, literal.value


def _rebuild_leaf(name: str, parts: list[Any]) -> BooleanExpression:
    arguments: list[Any] = []
    if parts and isinstance(parts[0], tuple):
        field, positions = parts[0]
        accessor: Accessor | None = None
        for position in reversed(positions):
            accessor = Accessor(position=position, inner=accessor)
        bound: Any = BoundReference(NestedField.model_validate_json(field), accessor)  # type: ignore[arg-type]
        arguments.append(bound)
    elif parts:
        arguments.append(Reference(parts[0]))
    if name.endswith(_SET):
        arguments.append({_rebuild_literal(*literal) for literal in parts[1]})
    elif parts[1:]:
        arguments.append(_rebuild_literal(*parts[1]))
    expression: BooleanExpression = _CLASSES[name](*arguments)
    return expression


def _rebuild_literal(name: str, *value: Any) -> Any:
    return getattr(literals, name)(*value)
