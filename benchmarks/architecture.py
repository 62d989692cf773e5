"""The picture of docs/architecture.md: which folder imports which, drawn from the imports themselves.

`python -m benchmarks.architecture` prints it as a Mermaid flowchart, which GitHub renders. An arrow that others imply
is left out: where `checks` imports `transports` and that imports `adapters`, no arrow leads from `checks` to
`adapters`.
"""

from __future__ import annotations

import grimp

__all__ = ["picture"]

ROOTS = ("conformance", "strategies", "fixtures", "reference")


def picture() -> str:
    """Return the flowchart, with a node for each top-level folder, and for each folder and module in `conformance`."""
    graph = grimp.build_graph(*ROOTS)
    arrows: dict[str, set[str]] = {}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            one, other = _node(importer), _node(imported)
            if one and other and one != other:
                arrows.setdefault(one, set()).add(other)
    kept = [(one, other) for one in sorted(arrows) for other in sorted(_needed(one, arrows))]
    lines = [f"    {one} --> {other}" for one, other in kept]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _node(module: str) -> str:
    """Return the node of a module: its folder, without `conformance`; empty for `conformance` itself."""
    top, _, rest = module.partition(".")
    return top if top != "conformance" else rest.partition(".")[0]


def _needed(node: str, arrows: dict[str, set[str]]) -> set[str]:
    """Return the nodes that are imported from there, without those that others of them import."""
    direct = arrows.get(node, set())
    return {other for other in direct if not any(other in _below(one, arrows) for one in direct - {other})}


def _below(node: str, arrows: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [node]
    while pending:
        for other in arrows.get(pending.pop(), set()) - found:
            found.add(other)
            pending.append(other)
    return found


if __name__ == "__main__":
    print(picture())
