"""A small Iceberg data loader whose splits are picklable by construction.

    loader = DataLoader(catalog, "db.table", columns=["id", "name"], row_filter="id > 10")
    for split in loader:            # on the driver
        send(pickle.dumps(split))
    for batch in pickle.loads(payload):  # on a worker
        ...

What a split holds *is* what travels: bytes, strings, numbers, tuples, one plain dict, the FileIO's class and
the user's UDF registry. The objects of PyIceberg and DataFusion are made from them when they are looked at.

Ids such as CTX-3 name clauses of the contract, which docs/CONTRACT.md lists.
"""

from reference.context import TableScanContext
from reference.errors import EngineUnusableAfterFork, PlanRefused, SplitReadError
from reference.filters import MAX_FILTER_DEPTH
from reference.loader import DataLoader, embedded_catalog
from reference.registry import NoOpRegistry, TableTransformer, UDFRegistry
from reference.split import DataLoaderSplit

__all__ = [
    "MAX_FILTER_DEPTH",
    "DataLoader",
    "DataLoaderSplit",
    "EngineUnusableAfterFork",
    "NoOpRegistry",
    "PlanRefused",
    "SplitReadError",
    "TableScanContext",
    "TableTransformer",
    "UDFRegistry",
    "embedded_catalog",
]
