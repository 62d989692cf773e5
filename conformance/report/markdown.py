"""docs/CONTRACT.md, generated from the contract."""

from __future__ import annotations

from conformance.contract import CLAUSES, FAMILIES, PREAMBLE

__all__ = ["contract_page"]


def contract_page() -> str:
    """Return the page: every clause by family, with its level and its source."""
    lines = [
        "# The contract",
        "",
        "Generated from `conformance/contract.py`, which is the authority: `python -m conformance.report.markdown`.",
        "",
        PREAMBLE,
        "",
        "Sources: *seed* is [the pull request](https://github.com/linkedin/openhouse/pull/490) that made splits",
        "picklable, *card* what this project was asked for, *docs* what pickle, PyIceberg or DataFusion document,",
        "*field* a bug that users reported.",
    ]
    for family, title in FAMILIES.items():
        lines += ["", f"## {family}: {title}", "", "| id | level | clause | source |", "|---|---|---|---|"]
        lines += [
            f'| <a id="{clause.id.lower()}"></a>{clause.id} | {clause.level.value} | {clause.statement} '
            f"| {clause.source} |"
            for clause in CLAUSES
            if clause.family == family
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(contract_page(), end="")
