"""The code that makes what a split is built from, out of its spec: with PyIceberg, DataFusion and pyarrow alone."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import pprint
from collections.abc import Iterator
from typing import Any

from conformance.report.reproducers.sources import Embedding
from fixtures import functions
from fixtures.file_ios import VAULT_ENDPOINT, VAULT_TOKEN, Settings, VaultFileIO, vault_token
from fixtures.materials import leaves_residual
from fixtures.plans import session_with
from fixtures.tables.expressions import PREDICATES
from fixtures.tables.schemas import iceberg_type, python_value
from fixtures.tables.warehouse import bounds, delete_shares, partition, table_metadata
from strategies.plans import quoted
from strategies.primitives import primitive
from strategies.specs import (
    And,
    Chain,
    FilterSpec,
    FramePlanSpec,
    Not,
    Or,
    Predicate,
    RegistrySpec,
    SplitSpec,
    SqlPlanSpec,
    TableSpec,
    UdfSpec,
)
from strategies.udfs import BEHAVIOURS

__all__ = ["materials_code"]

WIDTH = 100

MATERIALS = '''
@dataclass
class Materials:
    """What `build` is given. `planned` makes session and plan anew, `files` has the path of each location."""

    file_scan_task: Any
    table_metadata: Any
    file_io: Any
    projected_schema: Any
    row_filter: Any
    file_io_properties: dict
    plan: Any = None
    session_context: Any = None
    udf_registry: Any = None
    plan_spec: Any = None
    planned: Any = None
    files: Any = None
'''

REGISTRY = '''
class Registry:
    """Registers its functions in order: (how, name, function, type of the argument, of the result, volatility)."""

    def __init__(self, entries):
        self.entries = entries

    def register_udfs(self, session_context):
        for how, name, function, argument, result, volatility in self.entries:
            argument, result = pa.type_for_alias(argument), pa.type_for_alias(result)
            if how == "scalar":
                made = udf(function, [argument], result, volatility, name)
                register = session_context.register_udf
            elif how == "aggregate":
                made = udaf(function, [argument], result, [result], volatility, name)
                register = session_context.register_udaf
            else:
                made = udwf(function, [argument], result, volatility, name)
                register = session_context.register_udwf
            made.label = f"{name} = {getattr(function, 'args', '')}"
            register(made)
'''

FALSY = """
    def __len__(self):
        return 0
"""

FALSE = """
    def __bool__(self):
        return False
"""

REVERSED = """
    def __init__(self, entries):
        self.kept = entries[::-1]

    @property
    def entries(self):
        return self.kept[::-1]
"""

STATEFUL = '''

class StatefulRegistry(Registry):
    """Its functions are state of its own, by position."""

    def __init__(self, entries):
        self.by_position = dict(enumerate(entries))
        self.order = list(self.by_position)

    @property
    def entries(self):
        return [self.by_position[position] for position in self.order]
'''


def materials_code(spec: SplitSpec, embedding: Embedding) -> str:
    """Return the definitions of ``Materials`` and ``make``, with all that they need."""
    embedding.imports |= {
        "import tempfile",
        "from dataclasses import dataclass, replace",
        "from pathlib import Path",
        "from typing import Any",
        "import pyarrow as pa",
        "from pyiceberg.io.pyarrow import schema_to_pyarrow",
        "from pyiceberg.manifest import DataFile, DataFileContent, FileFormat",
        "from pyiceberg.table import FileScanTask",
        "from pyiceberg.table.metadata import TableMetadataUtil",
        "from pyiceberg.typedef import Record",
    }
    parts = [MATERIALS, _metadata(spec.table)]
    if spec.registry is not None:
        parts.append(_registry(spec.registry, embedding))
    if spec.plan is not None:
        parts.append(_planned(spec, embedding))
    parts.append(_make(spec, embedding))
    return "\n\n\n".join(part.strip("\n") for part in parts)


def _metadata(table: TableSpec) -> str:
    described = table_metadata(table, "LOCATION").model_dump(mode="json")
    text = _wrapped_json(described).replace("'", "\\u0027")
    return f"METADATA = r'''\n{text}\n'''"


def _wrapped_json(described: dict[str, Any]) -> str:
    """Return JSON with one key of the top a line."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in described.items()]
    return "{\n  " + ",\n  ".join(lines) + "\n}"


def _registry(registry: RegistrySpec, embedding: Embedding) -> str:
    embedding.imports |= {"from functools import partial", "from datafusion import udaf, udf, udwf"}
    for udf in registry.udfs:
        body = functions.BODIES[udf.behaviour]
        embedding.add(body.__name__, body)
    kinds = {"stateful": STATEFUL, "falsy": FALSY, "false": FALSE, "reversed": REVERSED}
    kind = kinds.get(registry.kind, "")
    if registry.kind == "slots":
        text = REGISTRY.replace("    def __init__", '    __slots__ = ("entries",)\n\n    def __init__', 1)
    else:
        text = REGISTRY + kind
    class_ = "StatefulRegistry" if registry.kind == "stateful" else "Registry"
    lines = [f"def make_registry():\n    return {class_}(\n        ("]
    for udf in registry.udfs:
        how, argument, result = BEHAVIOURS[udf.behaviour]
        types = {"float64": "double"}
        lines.append(
            f"            ({how!r}, {udf.name!r}, {_function(udf)}, {types.get(argument, argument)!r}, "
            f"{types.get(result, result)!r}, {udf.volatility!r}),"
        )
    if any(udf.origin == "method" for udf in registry.udfs):
        text += "\n\n" + BOUND
    in_main = IN_MAIN if any(udf.origin == "main" for udf in registry.udfs) else ""
    return text.strip("\n") + "\n\n\n" + in_main + "\n".join([*lines, "        )\n    )"])


BOUND = """
class Bound:
    def __init__(self, body, operand):
        self.body, self.operand = body, operand

    def compute(self, *columns):
        return self.body(self.operand, *columns)
"""

IN_MAIN = '''
def in_main(body, operand):
    """A function of `__main__`, as a script would define it."""
    namespace = {"__name__": "__main__", "body": body, "operand": operand}
    exec("def in_main(*columns):\\n    return body(operand, *columns)", namespace)
    return namespace["in_main"]


'''.lstrip("\n")


def _function(udf: UdfSpec) -> str:
    body = functions.BODIES[udf.behaviour].__name__
    if udf.origin == "module":
        return f"partial({body}, {udf.operand})"
    if udf.origin == "method":
        return f"Bound({body}, {udf.operand}).compute"
    if udf.origin == "main":
        return f"in_main({body}, {udf.operand})"
    return f"lambda *columns: {body}({udf.operand}, *columns)"


def _planned(spec: SplitSpec, embedding: Embedding) -> str:
    plan = spec.plan
    assert plan is not None
    embedding.add("session_with", session_with)
    lines = [
        "def planned(schema, batches):",
        '    """Return a session with the rows as the table that is scanned, and the plan over them."""',
        f"    session = session_with({plan.table!r}, schema, batches)",
    ]
    if spec.registry is not None:
        lines.append("    make_registry().register_udfs(session)")
    if isinstance(plan, FramePlanSpec):
        lines.append(f"    frame = session.table({'.'.join(map(quoted, plan.table))!r})")
        lines += [f"    frame = frame.{_step(*step)}" for step in plan.steps]
        lines.append("    return session, frame")
    else:
        lines.append(f"    return session, session.sql({plan.sql!r})")
    return "\n".join(lines)


def _step(method: str, *expressions: str) -> str:
    parsed = [f"frame.parse_sql_expr({text!r})" for text in expressions]
    if method == "limit":
        return f"limit({int(expressions[0])})"
    if method == "with_column":
        return f"with_column({expressions[0]!r}, {parsed[1]})"
    if method == "aggregate":
        return f"aggregate([{parsed[0]}], [{', '.join(parsed[1:])}])"
    if method == "sort":
        return f"sort({', '.join(f'{text}.sort(ascending=True)' for text in parsed)})"
    return f"{method}({', '.join(parsed)})"


def _make(spec: SplitSpec, embedding: Embedding) -> str:
    table = spec.table
    lines = [
        f"def make(root=None, name={spec.file_name!r}, more=()):",
        '    """Return materials that nobody else holds: a real file, and what a loader is given to read it."""',
        '    folder = (ROOT if root is None else root) / "table"',
        "    folder.mkdir(parents=True, exist_ok=True)",
        f'    path = folder / f"{{name}}.{table.file_format}"',
        f"    table_location = {_table_location(spec)}",
        '    metadata = TableMetadataUtil.parse_raw(METADATA.replace("LOCATION", table_location))',
        *_file(table, embedding),
        f"    location = {_location(spec, 'path', embedding)}",
        "    files = {location: path}",
        "    deletes = set()",
    ]
    if table.deleted:
        lines += _deletes(spec, embedding)
    lines += [
        f"    condition = {_condition(spec.row_filter, table, embedding)}",
        *_chain(spec.row_filter, table, embedding),
        *_data_file(table),
        f"    task = FileScanTask(file, deletes, {_residual(spec, embedding)})",
        *_file_io(spec, embedding),
        *_projection(spec, embedding),
    ]
    given = ""
    if spec.plan is not None:
        lines.append("    session, frame = planned(schema_to_pyarrow(schema, include_field_ids=False), [])")
        given += "\n        plan=frame.logical_plan(),\n        session_context=session,"
        embedding.imports.add("from types import SimpleNamespace")
        given += f"\n        plan_spec=SimpleNamespace({_plan_spec(spec)}),\n        planned=planned,"
    if spec.registry is not None:
        given += "\n        udf_registry=make_registry(),"
    lines.append(
        "    return Materials(\n        file_scan_task=task,\n        table_metadata=metadata,\n"
        "        file_io=file_io,\n"
        "        projected_schema=schema,\n        row_filter=condition,\n        file_io_properties=properties,"
        f"{given}\n        files=files,\n    )"
    )
    return "ROOT = Path(tempfile.mkdtemp())\n\n\n" + "\n".join(lines)


def _residual(spec: SplitSpec, embedding: Embedding) -> str:
    if not leaves_residual(spec):
        return "condition"
    embedding.imports.add("from pyiceberg.expressions.visitors import residual_evaluator_of")
    evaluator = "residual_evaluator_of(metadata.specs()[file.spec_id], condition, True, metadata.schema())"
    return f"{evaluator}.residual_for(file.partition)"


def _plan_spec(spec: SplitSpec) -> str:
    plan = spec.plan
    assert plan is not None
    text = f"sql={plan.sql!r}" if isinstance(plan, SqlPlanSpec) else f"steps={plan.steps!r}"
    return f"{text}, table={plan.table!r}"


def _table_location(spec: SplitSpec) -> str:
    scheme = spec.file_io.table_scheme
    if scheme == "bare":
        return "str(folder)"
    return 'f"file://{folder}"' if scheme == "file" else repr(f"{scheme}://bucket/tables/table")


def _location(spec: SplitSpec, path: str, embedding: Embedding) -> str:
    if spec.file_io.implementation != "vault":
        return f"str({path})"
    embedding.add("VaultFileIO", VaultFileIO)
    return f'"vault://" + str({path}.relative_to(folder.parent)).replace("%", "%25")'


def _file(table: TableSpec, embedding: Embedding) -> Iterator[str]:
    written = [column for column in table.columns if not column.added]
    patterns = [repr(list(range(table.rows))) for _ in range(table.dropped)]
    for column in written:
        values = [_value(python_value(column.type, value), embedding) for value in column.values] or ["None"]
        patterns.append(f"[{', '.join(values)}]")
    ids = "" if table.field_ids else ", include_field_ids=False"
    yield f"    written = schema_to_pyarrow(metadata.schemas[0]{ids})  # the schema of the file"
    yield "    patterns = [  # a column each, repeated down the rows"
    yield from (f"        {pattern}," for pattern in patterns)
    yield "    ]"
    yield f"    columns = [[pattern[i % len(pattern)] for i in range({table.rows})] for pattern in patterns]"
    yield "    storage = [getattr(field.type, 'storage_type', field.type) for field in written]"
    yield "    arrays = [pa.array(c, s).cast(f.type) for c, s, f in zip(columns, storage, written)]"
    if table.file_format == "orc":
        embedding.imports.add("import pyarrow.orc")
        yield "    pyarrow.orc.write_table(pa.Table.from_arrays(arrays, schema=written), path)"
    else:
        embedding.imports.add("import pyarrow.parquet")
        options = f", row_group_size={table.row_group_rows}" if table.row_group_rows else ""
        yield "    rows_written = pa.Table.from_arrays(arrays, schema=written)"
        yield f"    pyarrow.parquet.write_table(rows_written, path{options}, store_schema=False)"


def _value(value: Any, embedding: Embedding) -> str:
    """Return a Python value, as pyarrow takes it, as code."""
    if isinstance(value, list):
        return f"[{', '.join(_value(item, embedding) for item in value)}]"
    if isinstance(value, tuple):
        return f"({', '.join(_value(item, embedding) for item in value)},)"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_value(item, embedding)}' for key, item in value.items())}}}"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        embedding.imports.add("import datetime")
        return f"datetime.{type(value).__name__}.fromisoformat({value.isoformat()!r})"
    if isinstance(value, decimal.Decimal):
        embedding.imports.add("import decimal")
        return f"decimal.Decimal({str(value)!r})"
    return repr(value)


def _deletes(spec: SplitSpec, embedding: Embedding) -> Iterator[str]:
    embedding.imports.add("import pyarrow.parquet")
    ids = '{"PARQUET:field_id": "%s"}'
    yield "    delete_schema = pa.schema(["
    yield f'        pa.field("file_path", pa.string(), nullable=False, metadata={ids % 2147483546}),'
    yield f'        pa.field("pos", pa.int64(), nullable=False, metadata={ids % 2147483545}),'
    yield "    ])"
    shares = [list(positions) for positions in delete_shares(spec.table)]
    yield f"    for number, positions in enumerate({shares}):"
    yield '        delete_path = folder / f"{name}-deletes-{number}.parquet"'
    yield "        deleted = pa.table([[location] * len(positions), positions], schema=delete_schema)"
    yield "        pyarrow.parquet.write_table(deleted, delete_path)"
    yield f"        delete_location = {_location(spec, 'delete_path', embedding)}"
    yield "        files[delete_location] = delete_path"
    yield "        delete_file = DataFile.from_args("
    yield "            content=DataFileContent.POSITION_DELETES,"
    yield "            file_path=delete_location,"
    yield "            file_format=FileFormat.PARQUET,"
    yield f"            partition={_partition(spec.table, embedding)},"
    yield "            record_count=len(positions),"
    yield "            file_size_in_bytes=delete_path.stat().st_size,"
    yield "        )"
    yield "        delete_file.spec_id = 0"
    yield "        deletes.add(delete_file)"


def _partition(table: TableSpec, embedding: Embedding) -> str:
    record = partition(table)
    return f"Record({', '.join(_value(record[i], embedding) for i in range(len(record)))})"


def _data_file(table: TableSpec) -> Iterator[str]:
    embedding = Embedding()
    yield "    file = DataFile.from_args("
    yield "        content=DataFileContent.DATA,"
    yield "        file_path=location,"
    yield f"        file_format=FileFormat.{table.file_format.upper()},"
    yield f"        partition={_partition(table, embedding)},"
    yield f"        record_count={table.rows},"
    yield "        file_size_in_bytes=path.stat().st_size,"
    written = [column.id for column in table.columns if not column.added]
    yield f"        column_sizes={dict.fromkeys(written, 8 * table.rows)},"
    yield f"        value_counts={dict.fromkeys(written, table.rows)},"
    yield f"        null_value_counts={dict.fromkeys(written, 0)},"
    yield "        nan_value_counts={},"
    yield f"        lower_bounds={bounds(table, min)},"
    yield f"        upper_bounds={bounds(table, max)},"
    yield f"        sort_order_id={1 if table.sort_by else None},"
    yield "    )"
    yield "    file.spec_id = 0"


def _condition(spec: FilterSpec | None, table: TableSpec, embedding: Embedding) -> str:
    names = "pyiceberg.expressions"
    if spec is None:
        embedding.imports.add(f"from {names} import AlwaysTrue")
        return "AlwaysTrue()"
    if isinstance(spec, (And, Or)):
        name = type(spec).__name__
        embedding.imports.add(f"from {names} import {name}")
        left, right = (_condition(side, table, embedding) for side in (spec.left, spec.right))
        return f"{name}({left}, {right})"
    if isinstance(spec, Not):
        embedding.imports.add(f"from {names} import Not")
        return f"Not({_condition(spec.child, table, embedding)})"
    if isinstance(spec, Chain):
        return _condition(spec.first, table, embedding)
    assert isinstance(spec, Predicate)
    predicate = PREDICATES[spec.op].__name__
    type_ = table.column(spec.column).type
    embedding.imports.add(f"from {names} import {predicate}")
    literals = [_literal_code(type_, value, embedding) for value in spec.values]
    arguments = f"{{{', '.join(literals)}}}" if spec.op in ("in", "not-in") else ", ".join(literals)
    return f"{predicate}({spec.column!r}{', ' if spec.values else ''}{arguments})"


def _literal_code(type_: Any, value: Any, embedding: Embedding) -> str:
    embedding.imports.add("from pyiceberg.expressions.literals import literal")
    of_text = primitive(type_).literal == "text"
    source = repr(value) if of_text else _value(python_value(type_, value), embedding)
    if not of_text and type_ not in ("int", "long", "float", "double"):
        return f"literal({source})"
    embedding.imports.add("from pyiceberg import types as iceberg")
    return f"literal({source}).to(iceberg.{iceberg_type(type_)!r})"


def _chain(spec: FilterSpec | None, table: TableSpec, embedding: Embedding) -> Iterator[str]:
    """A filter nested deeper than an expression in a source may be."""
    if isinstance(spec, Chain):
        embedding.imports.add("from pyiceberg.expressions import And, Or")
        yield f"    last = {_condition(spec.last, table, embedding)}"
        yield f"    for level in range({spec.levels}):"
        yield "        condition = And(condition, last) if level % 2 else Or(condition, last)"


def _file_io(spec: SplitSpec, embedding: Embedding) -> Iterator[str]:
    configured = spec.file_io
    properties: dict[str, Any] = dict(configured.properties)
    yield f"    properties = {pprint.pformat(properties, width=WIDTH, sort_dicts=False)}"
    if configured.implementation == "vault":
        embedding.add("vault_token", vault_token)
        yield f"    properties[{VAULT_ENDPOINT!r}] = str(folder.parent)"
        yield f"    properties[{VAULT_TOKEN!r}] = vault_token(str(folder.parent))"
    modules = {"pyarrow": "pyiceberg.io.pyarrow", "fsspec": "pyiceberg.io.fsspec"}
    classes = {"pyarrow": "PyArrowFileIO", "fsspec": "FsspecFileIO", "vault": "VaultFileIO"}
    class_ = classes[configured.implementation]
    if configured.chosen_by == "py-io-impl":
        module = repr(modules[configured.implementation]) if class_ != "VaultFileIO" else "__name__"
        yield f"    properties['py-io-impl'] = {module} + '.{class_}'"
    yield "    properties.update(more)"
    held = "properties"
    if configured.mapping == "proxy":
        embedding.imports.add("from types import MappingProxyType")
        held = "MappingProxyType(properties)"
    elif configured.mapping == "chain":
        embedding.imports.add("from collections import ChainMap")
        held = "ChainMap({}, properties)"
    elif configured.mapping == "own":
        embedding.add("Settings", Settings)
        held = "Settings(properties)"
    if configured.chosen_by == "instance":
        if class_ != "VaultFileIO":
            embedding.imports.add(f"from {modules[configured.implementation]} import {class_}")
        yield f"    file_io = {class_}({held})"
    else:
        embedding.imports.add("from pyiceberg.io import load_file_io")
        yield f"    file_io = load_file_io({held}, metadata.location)"
    if configured.used:
        yield "    with file_io.new_input(location).open() as stream:"
        yield "        stream.read(4)  # it has been used"


def _projection(spec: SplitSpec, embedding: Embedding) -> Iterator[str]:
    yield "    schema = metadata.schema()"
    if spec.projection is not None:
        embedding.imports.add("from pyiceberg.schema import Schema")
        yield f"    fields = [schema.find_field(name) for name in {list(spec.projection)!r}]"
        yield "    kept = {field.field_id for field in fields}"
        yield "    identifiers = [i for i in schema.identifier_field_ids if i in kept]"
        yield "    schema = Schema(*fields, schema_id=schema.schema_id, identifier_field_ids=identifiers)"
