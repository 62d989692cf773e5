from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datafusion import SessionContext
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.types import IntegerType

from reference import DataLoader, EngineUnusableAfterFork, TableTransformer, embedded_catalog
from reference.engine import _Fork
from reference.loader import _engine_name


def values(loader: DataLoader, column: str = "id") -> list[Any]:
    splits = pickle.loads(pickle.dumps(list(loader)))
    return sorted(row[column] for split in splits for batch in split for row in batch.to_pylist())


def test_projection_filter_and_snapshot(table: Table, catalog: Catalog) -> None:
    first = table.metadata.snapshots[0].snapshot_id
    assert values(DataLoader(catalog, "Db.t")) == [0, 0, 1, 1, 2, 2, 3, 4]
    assert values(DataLoader(catalog, ("Db", "t"), row_filter="id >= 3")) == [3, 4]
    assert values(DataLoader(catalog, "Db.t", snapshot_id=first)) == [0, 1, 2, 3, 4]
    assert len(list(DataLoader(catalog, "Db.t", row_filter="part == 'y'"))) == 1
    (split,) = DataLoader(catalog, "Db.t", snapshot_id=first)
    assert split.scan_context.snapshot_id == first
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
    with pytest.raises(ValueError, match=r"^snapshot_id 5 is no snapshot of Db\.t$"):
        list(DataLoader(catalog, "Db.t", snapshot_id=5))
    with pytest.raises(ValueError, match=r"^columns: .*nope.*; the scan has \['id', 'Name', 'ts', 'part'\]$"):
        list(DataLoader(catalog, "Db.t", columns=["nope"]))
    with pytest.raises(TypeError, match="columns must be a sequence"):
        DataLoader(catalog, "Db.t", columns="id")
    with pytest.raises(ValueError, match=r"row_filter does not parse: \S+"):
        DataLoader(catalog, "Db.t", row_filter="id ===")
    with pytest.raises(TypeError, match="row_filter must be an expression or a str, not int"):
        DataLoader(catalog, "Db.t", row_filter=7)  # type: ignore[arg-type]


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


def test_without_a_catalog_the_embedded_one_is_used(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert values(DataLoader(None, "Db.t", row_filter="id >= 3")) == [3, 4]


def test_an_embedded_catalog_makes_its_folder_once(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    for _ in range(2):
        catalog = embedded_catalog(str(folder))
        assert catalog.name == "embedded"
    assert (folder / "catalog.db").is_file()
    assert catalog.properties["warehouse"] == folder.as_uri()


class Seeing(TableTransformer):
    """Notes what it is given, and returns what it was told to."""

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def transform(self, session_context: SessionContext, table: str, context: Mapping[str, str]) -> Any:
        self.session, self.table, self.context = session_context, table, context
        self.schema = session_context.sql(f"SELECT * FROM {table}").schema()
        return self.returned


def test_what_a_transformer_is_given(table: Table, catalog: Catalog) -> None:
    transformer = Seeing(None)
    given = {"tenant": "x"}
    loader = DataLoader(catalog, "Db.t", transformer=transformer, context=given)
    given["tenant"] = "y"
    assert [split.plan_bytes for split in loader] == [None, None]
    assert transformer.table == '"Db"."t"'
    assert transformer.schema.names == ["id", "Name", "ts", "part"]
    assert transformer.context == {"tenant": "x"}
    with pytest.raises(TypeError):
        transformer.context["tenant"] = "z"  # type: ignore[index]


def test_no_transformer_runs_where_the_engine_would_hang(
    table: Table, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Fork, "inherited", True)
    transformer = Seeing(None)
    with pytest.raises(EngineUnusableAfterFork):
        list(DataLoader(catalog, "Db.t", transformer=transformer))
    assert not hasattr(transformer, "session")


def test_a_transformer_returns_a_frame_or_none(table: Table, catalog: Catalog) -> None:
    with pytest.raises(TypeError, match="transformer must return a DataFrame or None, not int"):
        list(DataLoader(catalog, "Db.t", transformer=Seeing(7)))


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("t",), ("t",)),
        (("a", "b", "t"), ("a", "b", "t")),
        (("a", "b", "c", "t"), ("a", "b.c", "t")),
        (("a", "b", "c", "d", "t"), ("a", "b.c.d", "t")),
    ],
)
def test_a_name_has_three_parts_at_most(parts: tuple[str, ...], name: tuple[str, ...]) -> None:
    assert _engine_name(parts) == name


def test_a_quoted_name_is_quoted_for_sql(table: Table, catalog: Catalog) -> None:
    catalog.create_namespace('a"b')
    catalog.create_table('a"b.t', table.schema())
    transformer = Seeing(None)
    assert list(DataLoader(catalog, ('a"b', "t"), transformer=transformer)) == []
    assert transformer.table == '"a""b"."t"'
