from __future__ import annotations

import pickle
from typing import Any

import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.types import IntegerType

from reference import DataLoader


def values(loader: DataLoader, column: str = "id") -> list[Any]:
    splits = pickle.loads(pickle.dumps(list(loader)))
    return sorted(row[column] for split in splits for batch in split for row in batch.to_pylist())


def test_projection_filter_and_snapshot(table: Table, catalog: Catalog) -> None:
    first = table.metadata.snapshots[0].snapshot_id
    assert values(DataLoader(catalog, "Db.t")) == [0, 0, 1, 1, 2, 2, 3, 4]
    assert values(DataLoader(catalog, ("Db", "t"), row_filter="id >= 3")) == [3, 4]
    assert values(DataLoader(catalog, "Db.t", snapshot_id=first)) == [0, 1, 2, 3, 4]
    (split, _) = DataLoader(catalog, "Db.t", columns=["Name", "id"])
    assert split.to_arrow_batch_reader().schema.names == ["id", "Name"]


def test_a_snapshot_has_the_columns_of_its_time(table: Table, catalog: Catalog) -> None:
    first = table.metadata.snapshots[0].snapshot_id
    with table.update_schema() as update:
        update.add_column("later", IntegerType())
        update.rename_column("Name", "title")
    assert values(DataLoader(catalog, "Db.t", columns=["title"]), "title")[:2] == ["n0", "n0"]
    assert values(DataLoader(catalog, "Db.t", columns=["Name"], snapshot_id=first), "Name")[0] == "n0"
    with pytest.raises(ValueError, match=r"columns: .*later"):
        values(DataLoader(catalog, "Db.t", columns=["later"], snapshot_id=first))


def test_what_is_not_there_is_said(table: Table, catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="snapshot_id 5"):
        list(DataLoader(catalog, "Db.t", snapshot_id=5))
    with pytest.raises(ValueError, match=r"columns: .*nope"):
        list(DataLoader(catalog, "Db.t", columns=["nope"]))
    with pytest.raises(TypeError, match="columns"):
        DataLoader(catalog, "Db.t", columns="id")
    with pytest.raises(ValueError, match="row_filter"):
        DataLoader(catalog, "Db.t", row_filter="id ===")


def test_a_transformer_makes_the_plan_with_the_registrys_functions(table: Table, catalog: Catalog, shared: Any) -> None:
    loader = DataLoader(
        catalog,
        "Db.t",
        transformer=shared.Adding(),
        udf_registry=shared.Adders(10),  # its truth value is false
        context={"above": "2"},
    )
    assert values(loader, "n") == [13, 14]
    assert {split.plan_table for split in loader} == {("Db", "t")}
