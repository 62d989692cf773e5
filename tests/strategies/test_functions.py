"""Every function that the engine lists is called by plans, or left out with a reason."""

from __future__ import annotations

import re
from importlib.metadata import version

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


def test_what_is_called_or_left_out_is_a_function_of_the_newest_engine() -> None:
    if int(version("datafusion").partition(".")[0]) < 55:
        pytest.skip("older engines have fewer functions")  # the gate's constraints hold the newest
    own = {"unnest", "trim"}  # SQL's own syntax, which no listing names
    assert (CALLED | set(LEFT_OUT) | set(OTHER_NAMES)) - own - listed() == set()
    assert not CALLED & set(LEFT_OUT)


@pytest.mark.parametrize("name", sorted(OTHER_NAMES))
def test_another_name_is_the_same_function(name: str) -> None:
    session = SessionContext()
    calls = [call for call in (SCALARS + NEWER_SCALARS).split("\n") if call.startswith(f"{OTHER_NAMES[name]}(")]
    if not calls or name not in listed():
        return  # an aggregate, or of a newer engine
    if re.search(r" PLACING | FROM ", calls[0]):
        return
    plan = session.sql(f"SELECT {filled(calls[0].replace(OTHER_NAMES[name], name, 1))} AS x").logical_plan()
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
