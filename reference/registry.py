"""Interfaces that users implement: a set of UDFs, and a transformation of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from datafusion import DataFrame, SessionContext


class UDFRegistry(ABC):
    """The user-defined functions that a plan calls. It is pickled with the split, with its state (UDF-4).

    DataFusion's own UDF objects cannot be pickled. Keep the Python functions in the registry, and create the UDFs in
    `register_udfs`. If two functions have the same name, the last one registered wins (UDF-3).
    """

    @abstractmethod
    def register_udfs(self, session_context: SessionContext) -> None:
        """Register the functions on the session, always in the same order (UDF-2).

        It is called with the driver's session before the plan is encoded (UDF-1), with new sessions in which the
        loader checks that the plan decodes, and with a new session each time a split is read. The functions are called
        on the driver too, with made values: nulls, zero and empty ones among them.
        """


class NoOpRegistry(UDFRegistry):
    """Registers nothing (UDF-7)."""

    def register_udfs(self, session_context: SessionContext) -> None:
        """Do nothing."""


class TableTransformer(ABC):
    """A transformation of the rows of each split, such as masking columns or dropping rows."""

    @abstractmethod
    def transform(self, session_context: SessionContext, table: str, context: Mapping[str, str]) -> DataFrame | None:
        """Return the transformation as a lazy DataFrame over `table`, or `None` to leave the rows unchanged.

        Args:
            session_context: a session with the UDFs and the table, which has the scan's Arrow schema and no rows.
            table: the table's name, quoted for use in SQL: ``f"SELECT * FROM {table}"``.
            context: the strings that the loader was given as `context`, for example a tenant.

        """
