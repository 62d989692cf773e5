"""A small Iceberg data loader whose splits are picklable by construction.

    loader = DataLoader(catalog, "db.table", columns=["id", "name"], row_filter="id > 10")
    for split in loader:            # on the driver
        send(pickle.dumps(split))
    for batch in pickle.loads(payload):  # on a worker
        ...

A split stores only what is pickled: bytes, strings, numbers, tuples, one plain dict, the FileIO's class and the user's
UDF registry. Its properties create the objects of PyIceberg and DataFusion from these, each time they are read.

Ids such as CTX-3 refer to clauses of the contract in docs/CONTRACT.md.
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
