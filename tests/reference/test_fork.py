"""What happens in a forked child, in real processes: it works or raises at once, it never hangs (WIRE-6)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="fork is looked at on Linux only")

CODE = """
    import os, pickle, signal, sys, warnings
    warnings.simplefilter("ignore")
    from datafusion import SessionContext
    from reference import DataLoader, EngineUnusableAfterFork, embedded_catalog
    from shared_functions import Adders, Adding

    def planned():
        return DataLoader(
            embedded_catalog("warehouse"),
            "Db.t",
            transformer=Adding(),
            udf_registry=Adders(1),
            context={"above": "1"},
        )

    plain = list(DataLoader(embedded_catalog("warehouse"), "Db.t"))
    count = lambda splits: sum(batch.num_rows for split in splits for batch in split)
    count(plain)
    payload = pickle.dumps(list(planned())) if sys.argv[1] == "ran" else None
    if sys.argv[1] == "ran by others":
        SessionContext().sql("SELECT 1").collect()
    child = os.fork()
    if not child:
        signal.alarm(20)
        said = [count(plain)]
        for work in (lambda: pickle.loads(payload) if payload else planned(), planned):
            try:
                said.append(count(work()))
            except EngineUnusableAfterFork:
                said.append("refused")
        print(said, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    if payload:
        assert count(pickle.loads(payload)) == 4
"""


@pytest.mark.parametrize(
    ("parent", "said"),
    [("ran", "[8, 'refused', 'refused']"), ("ran by others", "[8, 'refused', 'refused']"), ("imported", "[8, 4, 4]")],
)
def test_in_a_forked_child(table: Any, shared: Any, worker: Callable[..., str], parent: str, said: str) -> None:
    assert worker(CODE, parent) == said
