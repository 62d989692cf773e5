"""The matrix shows what was judged where, and what is violated; an empty cell is no pass."""

from __future__ import annotations

from typing import Any

from benchmarks.engine_matrix import matrix


def document(**clauses: dict[str, tuple[int, int]]) -> dict[str, Any]:
    return {
        "clauses": [
            {
                "id": id_.replace("_", "-"),
                "transports": {place: {"met": met, "broken": broken} for place, (met, broken) in places.items()},
            }
            for id_, places in clauses.items()
        ]
    }


def test_rows_and_columns() -> None:
    engines = document(
        ID_1={"ray-task": (3, 0), "ray-put": (5, 0), "joblib": (4, 1), "pickle-5": (9, 0)}, IO_1={"pickle-5": (9, 0)}
    )
    stores = document(ID_1={}, READ_4={"seaweedfs/fsspec": (1, 0), "local/pyarrow": (1, 0)})
    assert matrix([engines, stores]).splitlines() == [
        "| clause | ray | joblib | local/pyarrow | seaweedfs/fsspec |",
        "|---|--:|--:|--:|--:|",
        "| ID-1 | 5 | **violated** |  |  |",
        "| READ-4 |  |  | 1 | 1 |",
    ]
