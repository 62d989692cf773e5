"""Mutants of a loader that is not ours: those that have to do with rows are chosen, and the page says which survive."""

from __future__ import annotations

from pathlib import Path

from benchmarks.foreign_mutation import MODULES, Judged, chosen, page

SOURCE = """
def read(rows):
    logger.info("reading")
    return rows[1:], 7
"""


def test_a_few_of_each_module_are_chosen_and_none_of_logging(tmp_path: Path) -> None:
    for module in MODULES:
        (tmp_path / f"{module}.py").write_text(SOURCE)
    mutants = chosen(tmp_path, 2)
    assert {mutant.module for mutant in mutants} == set(MODULES)
    assert len(mutants) == 2 * len(MODULES)
    assert not any("logger" in mutant.before for mutant in mutants)
    assert chosen(tmp_path, 2) == mutants


def test_the_page_shows_those_that_survive(tmp_path: Path) -> None:
    for module in MODULES:
        (tmp_path / f"{module}.py").write_text(SOURCE)
    survivor, *others = chosen(tmp_path, 1)
    found = [Judged(survivor, (), 1.0), *(Judged(mutant, ("READ-1",), 1.0) for mutant in others)]
    text = page(found)
    assert f"| **all** | {len(MODULES)} | {len(others)} | 1 |" in text
    assert f"| `{survivor.module}` | `{survivor.function}` |" in text
