"""A loader is told rightly where each of its defects has a cause, and nothing else has one."""

from __future__ import annotations

import pytest

from benchmarks.causes import TWENTY, Told, loaders, page
from fixtures.loaders.paired import AND, paired


@pytest.mark.parametrize(
    ("name", "causes", "is_right"),
    [
        ("filter-dropped", (("CTX-1", "READ-1"),), True),
        ("filter-dropped", (("READ-1",),), False),
        ("filter-dropped", (("CTX-1",), ("READ-1",)), False),
        ("filter-dropped and id-of-the-name", (("CTX-1",), ("ID-2",)), True),
        ("filter-dropped and id-of-the-name", (("CTX-1", "ID-2"),), False),
        ("filter-dropped and id-of-the-name", (("CTX-1", "ID-2"), ("READ-1",)), False),
        ("filter-dropped and id-of-the-name", (("CTX-1",),), False),
    ],
)
def test_what_is_told_rightly(name: str, causes: tuple[tuple[str, ...], ...], is_right: bool) -> None:
    assert Told(name, causes).is_right is is_right


def test_all_pairs_but_those_of_one_method_are_judged() -> None:
    names, hiding = loaders()
    assert len(set(names)) + len(hiding) == len(TWENTY) * (len(TWENTY) + 1) // 2
    assert len(hiding) < 5


def test_the_page_names_what_is_told_otherwise() -> None:
    right, wrong = Told("filter-dropped", (("CTX-1",),)), Told(f"filter-dropped{AND}id-of-the-name", (("CTX-1",),))
    assert "All of them are told rightly." in page([right], [], 1)
    assert f"| {wrong.name} | CTX-1, ID-2 | CTX-1 |" in page([right, wrong], [], 1)


def test_defects_of_one_method_hide_each_other() -> None:
    with pytest.raises(ValueError, match="__reduce__ of the context"):
        paired("filter-dropped", "tags-dropped")
