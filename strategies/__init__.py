"""Hypothesis strategies for the splits of Iceberg/DataFusion data loaders, and the specs that they draw.

What is drawn is a plain value (:mod:`strategies.specs`); live files, tables and plans are made from it
elsewhere.
"""

from strategies.arguments import invalid_arguments, valid_arguments
from strategies.file_ios import file_io_properties, file_ios
from strategies.filters import predicates, projections, row_filters
from strategies.pairs import pairs
from strategies.plans import frame_plans, plans, sql_plans
from strategies.scans import scans
from strategies.serialization import from_json, to_json
from strategies.sizes import whole
from strategies.specs import (
    And,
    ArgumentsSpec,
    Chain,
    ColumnSpec,
    FileIOSpec,
    FilterSpec,
    FramePlanSpec,
    HistorySpec,
    ListSpec,
    MapSpec,
    Not,
    Numbered,
    Or,
    PairSpec,
    PlanSpec,
    Predicate,
    RegistrySpec,
    Repeated,
    RowwiseSpec,
    ScanSpec,
    Spec,
    SplitSpec,
    SqlPlanSpec,
    StructSpec,
    TableSpec,
    TypeSpec,
    UdfSpec,
)
from strategies.splits import split_specs
from strategies.tables import column_types, columns, tables, values
from strategies.udfs import registries, udfs

__all__ = [
    "And",
    "ArgumentsSpec",
    "Chain",
    "ColumnSpec",
    "FileIOSpec",
    "FilterSpec",
    "FramePlanSpec",
    "HistorySpec",
    "ListSpec",
    "MapSpec",
    "Not",
    "Numbered",
    "Or",
    "PairSpec",
    "PlanSpec",
    "Predicate",
    "RegistrySpec",
    "Repeated",
    "RowwiseSpec",
    "ScanSpec",
    "Spec",
    "SplitSpec",
    "SqlPlanSpec",
    "StructSpec",
    "TableSpec",
    "TypeSpec",
    "UdfSpec",
    "column_types",
    "columns",
    "file_io_properties",
    "file_ios",
    "frame_plans",
    "from_json",
    "invalid_arguments",
    "pairs",
    "plans",
    "predicates",
    "projections",
    "registries",
    "row_filters",
    "scans",
    "split_specs",
    "sql_plans",
    "tables",
    "to_json",
    "udfs",
    "valid_arguments",
    "values",
    "whole",
]
