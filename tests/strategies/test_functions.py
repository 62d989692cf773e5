"""Every function that the engine lists is called by plans, or left out with a reason."""

from __future__ import annotations

import re

import pytest
from datafusion import SessionConfig, SessionContext

from strategies.functions import LEFT_OUT, NEWER_SCALARS, OTHER_NAMES, SCALARS, functions_in
from strategies.regions import CALLED

LISTED = "SELECT DISTINCT routine_name AS name FROM information_schema.routines"


def listed() -> set[str]:
    session = SessionContext(SessionConfig().with_information_schema(True))
    return set(session.sql(LISTED).to_pydict()["name"])


def test_each_function_that_the_engine_lists_is_known() -> None:
    by_first_name = {next(functions_in(f"{name}(")) for name in listed()}
    assert by_first_name - CALLED - set(LEFT_OUT) == set(), "call it in strategies/functions.py, or say why not"


def test_what_is_called_is_a_function_of_every_engine_but_for_the_newer_ones() -> None:
    own = {"unnest", "trim"}  # SQL's own syntax, which no listing names
    assert (
        CALLED - set(functions_in(NEWER_SCALARS)) - own - {next(functions_in(f"{name}(")) for name in listed()} == set()
    )
    assert not CALLED & set(LEFT_OUT)


CALL_OF = {next(functions_in(call)): call for call in SCALARS.strip().split("\n")}
# SQL has a syntax of its own for these, which does not go with another name.
OWN_SYNTAX = {"overlay"}
CALLED_OTHERWISE = sorted(name for name, first in OTHER_NAMES.items() if first in CALL_OF.keys() - OWN_SYNTAX)


@pytest.mark.parametrize("name", CALLED_OTHERWISE)
def test_another_name_is_the_same_function(name: str) -> None:
    call = CALL_OF[OTHER_NAMES[name]].replace(OTHER_NAMES[name], name, 1)
    plan = SessionContext().sql(f"SELECT {filled(call)} AS x").logical_plan()
    assert plan.display().startswith(f"Projection: {OTHER_NAMES[name]}(")


VALUES = {
    "number": "7",
    "text": "'ab'",
    "float": "1.5",
    "list": "[1, 2]",
    "timestamp": "TIMESTAMP '2024-02-29T12:30:00'",
    "timestamptz": "CAST('2024-02-29T12:30:00' AS TIMESTAMPTZ)",
    "struct": "named_struct('f0', 1)",
    "map": "MAP {'a': 1}",
    "column": "1",
}


def filled(call: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda hole: VALUES[hole[1]], call)
