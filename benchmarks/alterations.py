"""How often a plan that was altered gives other rows: `python -m benchmarks.alterations > docs/alterations.md`.

A careless carrier of plans drops a modifier, moves a bound, or takes one function for another. Here drawn plans are
altered in such ways, and executed over the rows that were drawn with them. Where the rows are the same, the suite would
not see the alteration in them: the plan was drawn, and told nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pyarrow as pa
from datafusion import SessionContext
from datafusion.plan import LogicalPlan

from conformance.examples.drawing import draw
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.observation.values import Rows, in_any_layout, plain_rows
from conformance.templates import template
from fixtures.expected import planned_rows
from fixtures.plans import data_frame, empty_batch
from fixtures.tables.warehouse import Warehouse
from strategies import split_specs
from strategies.specs import FramePlanSpec, SplitSpec, SqlPlanSpec

DRAWS = 4000
SEED = 5


@dataclass(frozen=True)
class Alteration:
    """What a careless carrier makes of a plan: SQL in which the pattern stands is written with the replacement."""

    name: str
    pattern: str
    replacement: str | Callable[[re.Match[str]], str]

    def __call__(self, sql: str) -> str | None:
        """Return the altered SQL; `None` where the pattern is not in it."""
        altered = re.sub(self.pattern, self.replacement, sql)
        return None if altered == sql else altered


def exchanged(pattern: str, *pairs: tuple[str, str]) -> tuple[str, Callable[[re.Match[str]], str]]:
    """Return a pattern with a hole for any of the words, and what puts the other word of its pair there."""
    others = {**dict(pairs), **{second: first for first, second in pairs}}
    words = "|".join(sorted(map(re.escape, others), key=len, reverse=True))
    return pattern.format(f"(?P<word>{words})"), lambda found: found[0].replace(found["word"], others[found["word"]])


# In the grammar's SQL, the text of a condition in FILTER and of an argument of a window function has no parentheses.
ALTERATIONS = (
    Alteration("IGNORE NULLS is lost", r" IGNORE NULLS", ""),
    Alteration("FILTER of an aggregate is lost", r" FILTER \(WHERE [^()]*\)(?! OVER)", ""),
    Alteration("FILTER of a window function is lost", r" FILTER \(WHERE [^()]*\)(?= OVER)", ""),
    Alteration("DISTINCT of an aggregate is lost", r"\(DISTINCT (?=[^()]*\)(?! OVER))", "("),
    Alteration("DISTINCT of a window function is lost", r"\(DISTINCT (?=[^()]*\) OVER)", "("),
    Alteration("SELECT DISTINCT is lost", r"SELECT DISTINCT (?!ON)", "SELECT "),
    Alteration("a frame is lost", r" (?:ROWS|GROUPS|RANGE) (?:BETWEEN [^)]*|UNBOUNDED PRECEDING)\)", ")"),
    Alteration("a bound of a frame is moved", r"\b1 (PRECEDING|FOLLOWING)", r"2 \1"),
    Alteration("GROUPS is taken for ROWS", r"\bGROUPS BETWEEN", "ROWS BETWEEN"),
    Alteration("an offset of RANGE is lost", r"RANGE BETWEEN \d PRECEDING", "RANGE BETWEEN UNBOUNDED PRECEDING"),
    Alteration("an order is turned", *exchanged(r"\b[nm] {}", ("ASC", "DESC"))),
    Alteration("nulls stand at the other end", *exchanged(r"NULLS {}", ("FIRST", "LAST"))),
    Alteration("PARTITION BY is lost", r"PARTITION BY \w+(?: % 2)? ?", ""),
    Alteration("the order of the rows is lost", r" ORDER BY n (?:ASC|DESC)[^()]*$", ""),
    Alteration("a time zone is taken for UTC", r"Europe/Paris", "UTC"),
    Alteration("an offset from UTC is lost", r"\+02:00", "+00:00"),
    Alteration("an operator is taken for another", *exchanged(r" {} ", ("+", "-"), ("&", "|"), ("<<", ">>"))),
    Alteration("operands are exchanged", r'\(("[^"]*"|\w+) - ("[^"]*"|\w+)\)', r"(\2 - \1)"),
    Alteration("a comparison takes its bound in", *exchanged(r" {} ", ("<", "<="), (">", ">="))),
    Alteration(
        "a function is taken for its neighbour",
        *exchanged(
            r"\b{}\(",
            ("upper", "lower"),
            ("left", "right"),
            ("lpad", "rpad"),
            ("floor", "ceil"),
            ("greatest", "least"),
            ("min", "max"),
            ("bool_and", "bool_or"),
            ("first_value", "last_value"),
            ("lag", "lead"),
            ("rank", "dense_rank"),
        ),
    ),
    Alteration("a number is changed", r"(?<=[ (])(40|-3)(?=[ ,)])", "41"),
    Alteration("a number loses digits", r"\b9007199254740993\b", "9007199254740992"),
    Alteration("distinctness is taken for equality", r"IS NOT DISTINCT FROM", "="),
    Alteration(
        "equality of a key is taken for distinctness",
        r"l\.n = r\.n(?= AND \(l\.m IS)|(?<=FROM r\.m\) AND )l\.n = r\.n",
        "(l.n IS NOT DISTINCT FROM r.n)",
    ),
    Alteration("a null is dropped from a list", r"NOT IN \(0, 1, NULL\)", "NOT IN (0, 1)"),
    Alteration("all rows are counted, not those with a value", r"\bcount\([nm]\)", "count(*)"),
    Alteration("ELSE is lost", r" ELSE (\"[^\"]*\"|[\w.]+|'[^']*') END", " END"),
    Alteration("LIMIT is lost", r" LIMIT \d", ""),
    Alteration("OFFSET is lost", r" OFFSET \d", ""),
    Alteration("OFFSET is lost beside a LIMIT in an order", r"(ORDER BY [^()]* LIMIT \d) OFFSET \d", r"\1"),
    Alteration("LIMIT counts the rows that OFFSET passes over", r"LIMIT 3 OFFSET 1", "LIMIT 2 OFFSET 1"),
    Alteration("WHERE is lost", r" WHERE [^()]*$", ""),
    Alteration("HAVING is lost", r" HAVING [^ ]+ .*$", ""),
    Alteration("QUALIFY is lost", r" QUALIFY .*$", ""),
    Alteration("NOT is lost", r"\bNOT (LIKE|BETWEEN|IN)\b", r"\1"),
    Alteration("duplicates are kept, or dropped", *exchanged(r"{} SELECT", ("UNION ALL", "UNION"))),
    Alteration("ALL is lost", r"(INTERSECT|EXCEPT) ALL", r"\1"),
    Alteration("a set operation is taken for another", *exchanged(r"{} ", ("INTERSECT", "EXCEPT"))),
    Alteration("an outer join is taken for an inner one", r"(?:LEFT|RIGHT|FULL) JOIN", "JOIN"),
    Alteration("a semi join is taken for an anti join", *exchanged(r"{} JOIN", ("LEFT SEMI", "LEFT ANTI"))),
    Alteration("a part of a join's condition is lost", r"(ON l\.n = r\.n) (?:AND|OR) .*$", r"\1"),
    Alteration("CUBE is taken for ROLLUP", *exchanged(r"{} \(n, m\)", ("CUBE", "ROLLUP"))),
    Alteration("a grouping set is lost", r"SETS \(\(n\), \(p\), \(\)\)", "SETS ((n), (p))"),
    Alteration("a timestamp loses its fraction", r"'Timestamp\(Millisecond", "'Timestamp(Second"),
    Alteration("a flag is lost", r", 'g'\)", ")"),
    Alteration("any character is taken for an underscore", r" LIKE 'a_%'", r" LIKE 'a\\_%'"),
    Alteration("case is ignored", *exchanged(r" {} ", ("LIKE", "ILIKE"))),
)

ANOTHER_FUNCTION = "another function of its name is called"


SETTINGS_LOST = "the session's settings are lost"

# What no step of the plan shows.
BESIDE_THE_PLAN = frozenset({ANOTHER_FUNCTION, SETTINGS_LOST})


def altered(spec: SplitSpec) -> Iterator[tuple[str, SplitSpec]]:
    """Yield each alteration's name, and the split with the altered plan."""
    if spec.plan is not None and spec.plan.session:
        yield SETTINGS_LOST, replace(spec, plan=replace(spec.plan, session=()))
    if isinstance(spec.plan, SqlPlanSpec):
        for alteration in ALTERATIONS:
            if (sql := alteration(spec.plan.sql)) is not None:
                yield alteration.name, replace(spec, plan=replace(spec.plan, sql=sql))
        if spec.registry is not None and any(f'"{udf.name}"(' in spec.plan.sql for udf in spec.registry.udfs):
            others = tuple(replace(udf, operand=udf.operand + 1) for udf in spec.registry.udfs)
            yield ANOTHER_FUNCTION, replace(spec, registry=replace(spec.registry, udfs=others))
    elif isinstance(spec.plan, FramePlanSpec):
        for number, step in enumerate(spec.plan.steps):
            steps = spec.plan.steps[:number] + spec.plan.steps[number + 1 :]
            if step[0] in ("filter", "limit", "distinct") and steps:
                yield f"a frame's {step[0]} is lost", replace(spec, plan=replace(spec.plan, steps=steps))


def told(spec: SplitSpec, example: Example) -> Iterator[tuple[str, bool]]:
    """Yield the name of each alteration that changes the plan, and whether it gives other rows."""
    steps = _steps(spec, example)
    for name, other in altered(spec):
        if name in BESIDE_THE_PLAN or _steps(other, example) != steps:
            yield name, _gives(other, example) != in_any_layout(example.rows)


@dataclass
class Measured:
    """What was counted over drawn plans: of the plans themselves, and by alteration how many were and told."""

    plans: Counter[str]
    altered: Counter[str]
    told: Counter[str]
    silent: dict[str, str]

    @property
    def share(self) -> float:
        """The share of alterations that gave other rows."""
        return self.told.total() / self.altered.total()


def measured(draws: int, seed: int) -> Measured:
    """Return what was counted over as many drawn splits with a plan; those that do not run count for nothing."""
    found = Measured(Counter(), Counter(), Counter(), {})

    def judge(spec: SplitSpec) -> None:
        example = example_of(spec, warehouse)
        if isinstance(example, Unusable):
            found.plans["unusable"] += 1
            return
        assert example.scanned is not None
        materials = example.make()
        assert materials.plan is not None
        assert materials.session_context is not None
        _count(materials.plan, materials.session_context, example.scanned, example.rows, found.plans)
        for name, tells in told(spec, example):
            found.altered[name] += 1
            found.told[name] += tells
            if not tells and len(repr(spec)) < len(found.silent.get(name, repr(spec) + " ")):
                found.silent[name] = repr(spec)

    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        draw(split_specs(with_plan=True), draws, seed, judge)
    return found


def _gives(spec: SplitSpec, example: Example) -> Rows | str:
    """Return the rows of an altered plan over the same table, in any layout; an error counts as other rows."""
    assert spec.plan is not None
    scanned = example.expected if example.scanned is None else example.scanned
    try:
        rows = planned_rows(spec.plan, spec.registry, scanned.schema, scanned.to_batches())
    except BaseException as error:  # the engine's panics are no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return repr(error)
    batches = rows.to_batches() or [empty_batch(rows.schema)]
    plain = plain_rows(batches, exact=False, in_order=example.question.in_order)
    return in_any_layout(plain)  # type: ignore[no-any-return]


def _steps(spec: SplitSpec, example: Example) -> str | None:
    """Return the optimized plan of a split; `None` where the engine takes it no longer."""
    materials = example.make()
    assert materials.session_context is not None
    assert spec.plan is not None
    if materials.udf_registry is not None:
        materials.udf_registry.register_udfs(materials.session_context)
    try:
        return str(data_frame(materials.session_context, spec.plan).optimized_logical_plan().display_indent())
    except Exception:
        return None


def _count(plan: LogicalPlan, session: SessionContext, scanned: pa.Table, rows: Rows, counts: Counter[str]) -> None:
    """Count what a plan scans, over what, and what it gives."""
    counts["plans"] += 1
    steps = session.create_dataframe_from_logical_plan(plan).optimized_logical_plan().display_indent()
    scans = [line for line in steps.split("\n") if "TableScan" in line]
    counts["scan a column"] += any("projection=[]" not in line for line in scans)
    counts["scan no table"] += not scans
    counts["run over no rows"] += scanned.num_rows == 0
    counts["give no rows"] += not rows.rows
    counts["give one row"] += len(rows.rows) == 1
    counts["give rows that are all equal"] += len(rows.rows) > 1 and len(set(rows.rows)) == 1
    counts["give differing rows"] += len(set(rows.rows)) > 1


def page(found: Measured) -> str:
    """Return the page."""
    rows = [
        {"name": name, "count": count, "told": found.told[name], "share": found.told[name] / count}
        for name, count in sorted(found.altered.items(), key=lambda item: found.told[item[0]] / item[1])
    ]
    return template(__file__, "alterations.md.jinja").render(found=found, rows=rows)


@click.command()
@click.option("--draws", default=DRAWS, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
@click.option("--silent", is_flag=True, help="Also show, for each alteration, the smallest split that does not tell.")
def main(draws: int, seed: int, silent: bool) -> None:
    """Measure how often altered plans give other rows, and print the page."""
    found = measured(draws, seed)
    print(page(found), end="")
    for name, spec in found.silent.items() if silent else ():
        print(f"\n{name}\n    {spec}")


if __name__ == "__main__":
    main()
