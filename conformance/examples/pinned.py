"""Pinned specs, which every run judges besides the drawn ones, and what each is there for."""

from __future__ import annotations

from dataclasses import replace

from strategies.file_ios import SECRET_VALUE
from strategies.specs import (
    And,
    Chain,
    ColumnSpec,
    FileIOSpec,
    ListSpec,
    MapSpec,
    Not,
    Or,
    Predicate,
    RegistrySpec,
    SplitSpec,
    SqlPlanSpec,
    StructSpec,
    TableSpec,
    UdfSpec,
)

__all__ = ["PINNED", "PURPOSES"]

_NUMBERS = TableSpec((ColumnSpec(1, "a", "long", (1, 2, None)), ColumnSpec(2, "b", "string", ("x", "y"))), rows=4)

# Equal rows, in several batches, of a partition that is false where truth is asked for, under a spec that was.
_EQUAL_ROWS = TableSpec(
    (*_NUMBERS.columns, ColumnSpec(3, "p", "long", (0,))),
    rows=8,
    row_group_rows=3,
    partition_by=("p",),
    partition_evolved=True,
)

_TELLING = TableSpec(
    (
        ColumnSpec(1, "a", "long", (1, 2, 4, 5, 9, 2, None)),
        ColumnSpec(2, "b", "long", (3, None, 3, 1, None)),
        ColumnSpec(3, "c", "boolean", (True, False)),
        ColumnSpec(4, "d", "timestamp", ("2024-02-29T12:30:00.000001", None)),
    ),
    rows=10,
)

# Literals that equality does not tell apart, docs that can be mixed up, and nested fields.
_DOCUMENTED = (
    ColumnSpec(1, " x ", "double", (0.0, -0.0, 1.5), doc="doc of x"),
    ColumnSpec(2, "y", "boolean", (True, False, None), doc=""),
    ColumnSpec(3, "z", "string", (" a ", "a"), required=True, doc='doc "of" z'),
    ColumnSpec(4, "s", StructSpec((ColumnSpec(5, "f", "long", doc="doc of f"),)), ((1,), None)),
    ColumnSpec(6, "l", ListSpec(7, "long", element_required=True), ((1, 2),)),
)

# Two that hold much at once: what is broken often is broken by one of them, in the first second.
_PROPERTIES = (
    ("adls.account-key", SECRET_VALUE),
    ("number", 7),
    ("flag", True),
    ("nothing", None),
    ("s3.endpoint", "http://127.0.0.1:9"),
)
_RICH_PLAN = SplitSpec(
    _NUMBERS,
    Predicate("gt", "a", (1,)),
    ("b", "a"),
    plan=SqlPlanSpec("SELECT f(a) AS c0, abs(a) AS c1, b FROM t WHERE a > 0"),
    registry=RegistrySpec((UdfSpec("f"), UdfSpec("abs", operand=5), UdfSpec("f", operand=9)), "slots"),
    file_io=FileIOSpec("instance", "vault", properties=_PROPERTIES, mapping="chain", used=True),
    file_name="a%20b",
)
_RICH_TABLE = SplitSpec(
    TableSpec(
        (*_DOCUMENTED, ColumnSpec(8, "p", "long", (0,))),
        rows=8,
        row_group_rows=3,
        deleted=(0, 4),
        identifiers=("z",),
        partition_by=("p",),
        partition_evolved=True,
        sort_by=("z",),
        schema_id=3,
        dropped=1,
        snapshots=2,
        tag="release",
        properties=(("write.data.path", "file:///elsewhere"), ("owner", "x")),
    ),
    And(Or(Predicate("ge", " x ", (-0.0,)), Predicate("eq", "y", (True,))), Not(Predicate("in", "z", ("b", "c")))),
    ("z", " x ", "s", "p", "l"),
    file_io=FileIOSpec(table_scheme="abfss", properties=_PROPERTIES),
    file_name="a%20b",
)

# Specs that a drawn run reaches too rarely, and specs that once failed, each with the clauses that it is there for.
PURPOSES: dict[SplitSpec, tuple[str, ...]] = {
    # Does not encode; encodes and does not decode; a function whose name does not survive.
    SplitSpec(_NUMBERS, plan=SqlPlanSpec("EXPLAIN SELECT a FROM t")): ("BUILD-4",),
    SplitSpec(_NUMBERS, plan=SqlPlanSpec("SELECT a, value FROM t, generate_series(1, 2)")): ("BUILD-4",),
    SplitSpec(
        _NUMBERS, plan=SqlPlanSpec('SELECT "Upper"(a) AS c0 FROM t'), registry=RegistrySpec((UdfSpec("Upper"),))
    ): ("BUILD-4",),
    # On decoding a function takes the place of the operator whose name it bears.
    SplitSpec(_NUMBERS, plan=SqlPlanSpec("SELECT -a AS c0 FROM t"), registry=RegistrySpec((UdfSpec("negate"),))): (
        "BUILD-4",
        "PLAN-5",
    ),
    # What Substrait loses without a word, over rows that tell (docs/FINDINGS.md).
    **{
        SplitSpec(_TELLING, plan=SqlPlanSpec(f"SELECT a, {lost} AS w FROM t")): ("BUILD-4",)
        for lost in (
            "lag(b) IGNORE NULLS OVER (ORDER BY a)",
            "sum(b) FILTER (WHERE c) OVER (ORDER BY a)",
            "count(DISTINCT b) OVER (ORDER BY a)",
            "sum(b) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)",
            "CAST(d AT TIME ZONE 'Europe/Paris' AS VARCHAR)",
        )
    },
    SplitSpec(_TELLING, plan=SqlPlanSpec("SELECT first_value(b ORDER BY a DESC) IGNORE NULLS AS w FROM t")): (
        "BUILD-4",
    ),
    # Decodes, and cannot be executed.
    SplitSpec(
        _NUMBERS, plan=SqlPlanSpec("SELECT n FROM (SELECT a + 1 AS n FROM t) WHERE n IN (SELECT a + 1 FROM t)")
    ): ("BUILD-4",),
    # Rows have another schema than the plan as it is written, and the table's name has a dot.
    SplitSpec(
        _NUMBERS,
        plan=SqlPlanSpec(
            'SELECT CASE a WHEN 1 THEN TRY_CAST(1 AS TINYINT) WHEN 2 THEN 7 ELSE a END AS c FROM "t.u"', ("t.u",)
        ),
    ): ("PLAN-5",),
    # The second function of one name, and one that shadows a built-in.
    SplitSpec(
        _NUMBERS,
        plan=SqlPlanSpec("SELECT f(a) AS c0, abs(a) AS c1 FROM t"),
        registry=RegistrySpec((UdfSpec("f"), UdfSpec("abs", operand=5), UdfSpec("f", operand=9)), "slots"),
    ): ("UDF-3",),
    # Functions without an importable name.
    SplitSpec(
        _NUMBERS,
        plan=SqlPlanSpec("SELECT f(a) AS c0, g(b) AS c1 FROM t"),
        registry=RegistrySpec((UdfSpec("f", origin="closure"), UdfSpec("g", "mask", origin="lambda"))),
    ): ("UDF-6",),
    SplitSpec(
        _NUMBERS, plan=SqlPlanSpec("SELECT f(a) AS c0 FROM t"), registry=RegistrySpec((UdfSpec("f", origin="main"),))
    ): ("UDF-6",),
    # No row goes in and one comes out; rows of two groups are one aggregate.
    SplitSpec(replace(_NUMBERS, rows=0), plan=SqlPlanSpec("SELECT count(*) AS n FROM t")): ("PLAN-5",),
    SplitSpec(replace(_NUMBERS, row_group_rows=2), plan=SqlPlanSpec("SELECT sum(a) AS n, count(b) AS m FROM t")): (
        "PLAN-5",
    ),
    # Literals that equality does not tell apart; docs that can be mixed up; an identifier field.
    SplitSpec(
        TableSpec(
            _DOCUMENTED, rows=6, deleted=(0, 4), identifiers=("z",), partition_by=(), sort_by=("z",), tag="release"
        ),
        And(
            Or(Predicate("ge", " x ", (-0.0,)), Predicate("eq", "y", (True,))),
            And(
                Or(Predicate("eq", "z", (" a ",)), Not(Predicate("in", "z", ("b", "c")))),
                Predicate("ne", " x ", (0.1 + 0.2,)),
            ),
        ),
    ): ("CTX-1", "CTX-2"),
    # Deep enough to tell what recursion, or a limit, does to it.
    SplitSpec(_NUMBERS, Chain(Predicate("gt", "a", (1,)), Predicate("not-null", "b"), 60)): ("CTX-1",),
    # A registry that is false.
    SplitSpec(
        _NUMBERS, plan=SqlPlanSpec("SELECT f(a) AS c0 FROM t"), registry=RegistrySpec((UdfSpec("f"),), "falsy")
    ): ("BUILD-3",),
    # The table's location chooses another class than the file's.
    SplitSpec(
        replace(_NUMBERS, properties=(("write.data.path", "file:///elsewhere"),)),
        file_io=FileIOSpec(table_scheme="abfss"),
    ): ("IO-3",),
    # Properties that are no text; one without another that often comes with it.
    SplitSpec(
        _NUMBERS,
        file_io=FileIOSpec(
            properties=(("number", 7), ("flag", True), ("nothing", None), ("s3.endpoint", "http://127.0.0.1:9"))
        ),
    ): ("IO-2", "BUILD-6"),
    # A secret that is not called one; a path that looks quoted, and a partition of zero; equal rows in several batches.
    SplitSpec(_EQUAL_ROWS, file_io=FileIOSpec(properties=(("adls.account-key", SECRET_VALUE),)), file_name="a%20b"): (
        "SAFE-1",
        "CTX-4",
        "READ-1",
        "READ-2",
    ),
    # A map of structs of which the filter takes rows, over which a cast in Arrow 25 aborts (docs/FINDINGS.md).
    SplitSpec(
        TableSpec(
            (
                ColumnSpec(1, "a", "long", (1, None)),
                ColumnSpec(
                    2, "m", MapSpec(3, "string", 4, StructSpec((ColumnSpec(5, "f", "long"),))), ((("k", (1,)),),)
                ),
            ),
            rows=4,
        ),
        Predicate("not-null", "a"),
    ): ("READ-1",),
    # Another mapping than a dict; a lock and handles.
    SplitSpec(
        _NUMBERS,
        Predicate("gt", "a", (1,)),
        ("b", "a"),
        file_io=FileIOSpec("instance", "vault", mapping="chain", used=True),
    ): ("IO-2", "IO-6"),
}

# The first two are judged on everything.
PINNED: tuple[SplitSpec, ...] = (_RICH_PLAN, _RICH_TABLE, *PURPOSES)
