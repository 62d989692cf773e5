"""docs/CONTRACT.md, generated from the contract."""

from __future__ import annotations

from conformance.contract import CLAUSES, FAMILIES, PREAMBLE
from conformance.templates import template

__all__ = ["contract_page"]


def contract_page() -> str:
    """Return the page: every clause by family, with its level and its source."""
    return template(__file__, "contract.md.jinja").render(preamble=PREAMBLE, families=FAMILIES, clauses=CLAUSES)


if __name__ == "__main__":
    print(contract_page(), end="")
