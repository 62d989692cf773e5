"""What a user implements: a set of UDFs, and a transformation of the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from datafusion import DataFrame, SessionContext


class UDFRegistry(ABC):
    """The user-defined functions that a plan calls. Travels with the split, with its state (UDF-4).

    DataFusion's own UDF objects cannot be pickled: keep the Python functions, and make UDFs of them in
    `register_udfs`. Where two functions bear one name, the last one registered wins (UDF-3).
    """

    @abstractmethod
    def register_udfs(self, session_context: SessionContext) -> None:
        """Register the functions on the session, always in the same order (UDF-2).

        It is called with the driver's session before the plan is encoded (UDF-1), with a fresh session in
        which the loader tries whether the plan decodes, and with a fresh session for each reading of a split.
        """


class NoOpRegistry(UDFRegistry):
    """Registers nothing (UDF-7)."""

    def register_udfs(self, session_context: SessionContext) -> None:
        """Do nothing."""


class TableTransformer(ABC):
    """A transformation of each split's rows, such as masking columns or dropping rows."""

    @abstractmethod
    def transform(self, session_context: SessionContext, table: str, context: Mapping[str, str]) -> DataFrame | None:
        """Return the transformation as a lazy DataFrame over `table`, or `None` for the rows as they are.

        Args:
            session_context: knows the table, empty but with the scan's Arrow schema, and the UDFs.
            table: the table's name, quoted for use in SQL: ``f"SELECT * FROM {table}"``.
            context: the strings that the loader was given as `context`, for instance a tenant.

        """
