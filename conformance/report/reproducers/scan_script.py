"""Puts a script together that shows what a loader makes of a scan: of a table that it makes, with a history."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyiceberg.catalog import Catalog

from conformance.adapter import Adapter, Capability
from conformance.checks.scan import (
    AFTER_MORE,
    BATCH_SIZE,
    FILE_IO,
    GROWTH,
    MISSING,
    NO_CATALOG,
    OUTAGE,
    PINNED,
    PLANNED_ELSEWHERE,
    SPLIT_SIZE,
    TWICE,
)
from conformance.examples.asked_scans import (
    OUTAGES,
    THINGS_MISSING,
    Missing,
    expected_rows_of,
    files_told,
    sizes_for,
    with_more,
)
from conformance.judging.findings import Violation
from conformance.observation.raised import qualified_name
from conformance.observation.values import Rows, in_any_layout
from conformance.report.reproducers import looks, scanning
from conformance.report.reproducers.literals import EXPRESSIONS, code, condition_code
from conformance.report.reproducers.script import heading, imports_of, loader_of
from conformance.report.reproducers.sources import Embedding, NotEmbeddable
from conformance.templates import template
from fixtures import functions
from fixtures.processes.local_zone import OTHER_ZONE
from fixtures.scans import asked_in_its_case
from fixtures.tables import commits
from fixtures.tables.made_histories import SNAPSHOTS, Call, Condition, IcebergType, calls_of, identifier_of
from fixtures.tables.schemas import current_schema, iceberg_type, python_value
from strategies.filters import fold
from strategies.recorded import is_recorded
from strategies.specs import ColumnSpec, FilterSpec, Predicate, ScanSpec, TableSpec
from strategies.udfs import BEHAVIOURS

__all__ = ["scan_script"]


# So many tables are made until one shows the violation.
TRIES = 5


@dataclass(frozen=True)
class Way:
    """How a script shows a violation: the function, its arguments as code, and the scan whose rows are expected."""

    show: Callable[..., Any]
    arguments: str
    of: ScanSpec | None
    more: tuple[Call, ...] = ()
    begin: Callable[[Catalog], list[str]] | None = None


def scan_script(violation: Violation, adapter: Adapter, spec: ScanSpec) -> str:
    """Return the script that shows what a scan gives.

    Raises:
        NotEmbeddable: the source of something that it needs cannot be taken out of its module.

    """
    if is_recorded(spec.history):
        raise NotEmbeddable("the table was recorded: its files are in the suite (fixtures/tables/spark_tables)")
    if violation.clause == GROWTH:
        raise NotEmbeddable("what planning costs is measured over several tables, in a process that the suite starts")
    way = _way(violation, spec, adapter)
    embedding = Embedding(own=(adapter.build.__module__,))
    for function in (way.show, looks.shown, qualified_name, commits.catalog_in, commits.create):
        embedding.named(function)
    calls = (*calls_of(spec.history), *_missing(violation).removed)
    for call in (*calls, *way.more):
        embedding.named(call.function)
    if way.begin is not None:
        embedding.named(way.begin)
    if spec.history.partition_by is not None:
        embedding.named(commits.partition_by)
    if spec.registry is not None:
        for udf in spec.registry.udfs:
            embedding.named(functions.BODIES[udf.behaviour])
    embedding.named(Rows)
    asked = embedding.below_imports(_asked(violation, spec, way, calls))
    loader = loader_of(adapter, embedding, "loader.plan loader.read")
    zone = OTHER_ZONE if violation.difference.place.variant == PLANNED_ELSEWHERE else ""
    embedding.imports |= {"import os", "import time"} if zone else set()
    embedding.imports |= {
        "import importlib",
        "import tempfile",
        "from pathlib import Path",
        "from types import SimpleNamespace",
    }
    return template(__file__, "scan.py.jinja", repr).render(
        **heading(violation),
        imports=imports_of(embedding),
        definitions=list(embedding.definitions.values()),
        asked=asked,
        zone=zone,
        loader=loader,
        call=f"{way.show.__name__}(the_loader, lambda: Asked(snapshots), {way.arguments})".replace(", )", ")"),
        tries=TRIES,
    )


def _way(violation: Violation, spec: ScanSpec, adapter: Adapter) -> Way:
    exact, case = spec.transformation is None, violation.difference.place.case
    longer = with_more(spec)
    more = tuple(calls_of(longer.history, len(spec.history.operations)))
    if violation.clause == MISSING:
        return Way(scanning.raised_for_what_is_missing, repr(_missing(violation).name), None)
    if violation.clause == OUTAGE:
        outage = OUTAGES[violation.difference.place.variant]
        said = None if outage.ends and Capability.RETRIES in adapter.capabilities else outage.said
        arguments = f"EXPECTED, {exact}, {outage.begin.__name__}, {said!r}"
        return Way(scanning.rows_in_an_outage, arguments, spec, begin=outage.begin)
    if violation.clause in (SPLIT_SIZE, BATCH_SIZE):
        files, rows = sizes_for(spec)
        if violation.clause == SPLIT_SIZE:
            return Way(scanning.rows_of_larger_splits, f"EXPECTED, {exact}, {files}, {files_told(spec)}", spec)
        several = files if Capability.FILES_PER_SPLIT in adapter.capabilities else None
        return Way(scanning.rows_of_smaller_batches, f"EXPECTED, {exact}, {rows}, {several}", spec)
    if violation.clause == TWICE:
        return Way(scanning.ids_of_each_planning, "", None)
    if violation.clause == FILE_IO:
        return Way(scanning.file_io_of_the_table, "", None)
    if violation.clause == NO_CATALOG:
        catalog = f"FOLDER / {commits.DATABASE!r}"
        return Way(scanning.rows_without_catalog, f"EXPECTED, {exact}, {catalog}", spec)
    if violation.clause == PINNED:
        pinned = case == AFTER_MORE
        show = scanning.rows_after_more if pinned else scanning.rows_of_the_next
        return Way(show, f"EXPECTED, {exact}, lambda: more(snapshots)", spec if pinned else longer, more)
    return Way(scanning.rows_given, f"EXPECTED, {exact}", spec)


def _missing(violation: Violation) -> Missing:
    """Return what is missing that a violation is about: nothing where it is about something else."""
    return THINGS_MISSING[violation.difference.place.variant] if violation.clause == MISSING else Missing("")


def _asked(violation: Violation, spec: ScanSpec, way: Way, calls: tuple[Call, ...]) -> str:
    """Return the definitions of the table, of what is asked and of what is expected, below the imports they need."""
    named, scanned = asked_in_its_case(spec)
    expected = Rows((), ()) if way.of is None else expected_rows_of(way.of)
    if not isinstance(expected, Rows):
        raise NotEmbeddable(f"the engine cannot run the transformation: {expected}")
    missing = _missing(violation).asked
    condition, scanned = missing.get("condition", named.row_filter), missing.get("scanned", scanned)
    identifier = identifier_of(spec.history)
    at = "None" if spec.at is None else f"snapshots[{spec.at}]"
    asked = None if spec.transformation is None else spec.transformation.sql("\0").split("\0")
    return template(__file__, "asked.py.jinja", repr, code, _argument_code).render(
        expressions=EXPRESSIONS,
        identifier=identifier,
        asked_identifier=missing.get("identifier", identifier),
        registry=spec.registry,
        behaviours=BEHAVIOURS,
        bodies=functions.BODIES,
        schema=_of_iceberg(repr(current_schema(TableSpec(spec.history.columns)))),
        properties=dict(spec.history.properties),
        version=spec.history.format_version,
        sort_by=spec.history.sort_by,
        partition_by=spec.history.partition_by,
        calls=calls,
        more=way.more,
        columns=missing.get("columns", named.columns),
        condition=condition_code(condition, TableSpec(scanned)),
        filtered=condition is not None,
        ref=missing.get("ref", spec.ref),
        case_sensitive=spec.case_sensitive,
        transformation=spec.transformation,
        around_table=asked,
        snapshot_id=missing.get("snapshot_id", at),
        filter_in=_filter_code(condition, scanned),
        expected=in_any_layout(expected),
    )


def _of_iceberg(text: str) -> str:
    """Return the representation of Iceberg's types as code."""
    return re.sub(r"\b(NestedField|\w+Type)\(", r"iceberg.\1(", text)


def _argument_code(argument: Any) -> str:
    """Return an argument of what is done to a table as code."""
    if argument is SNAPSHOTS:
        return "snapshots"
    if isinstance(argument, Condition):
        return condition_code(argument.where, argument.table)
    return _of_iceberg(repr(iceberg_type(argument.type))) if isinstance(argument, IcebergType) else code(argument)


def _filter_code(condition: FilterSpec | None, scanned: tuple[ColumnSpec, ...]) -> str:
    """Return the calls by which a filter is told in a language of the loader's own."""
    if condition is None:
        return "None"
    types = {column.name: column.type for column in scanned}

    def predicate(spec: Predicate) -> str:
        values = [python_value(types[spec.column], value) for value in spec.values]
        return f"predicate({spec.op!r}, {spec.column!r}, {code(values)})"

    return fold(
        condition,
        predicate,
        lambda left, right: f"both({left}, {right})",
        lambda left, right: f"either({left}, {right})",
        lambda child: f"negated({child})",
    )
