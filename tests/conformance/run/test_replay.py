"""``replay``: recorded violations run again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result as Ended

from benchmarks.running import ONE_CLAUSE, adapter, command
from conformance.adapters.builtin.reference import ADAPTER
from conformance.adapters.loading import load_adapter
from conformance.adapters.specimens import reference_of
from conformance.examples.real_tables import TABLE_CASES
from conformance.run.replay import Case, NotReplayable, Result, read_cases, replay
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, FileIOSpec, SplitSpec, SqlPlanSpec, TableSpec

TABLE = TableSpec((ColumnSpec(1, "a", "long", (0,)),))
PLANNED = to_json(SplitSpec(TABLE, plan=SqlPlanSpec('SELECT * FROM "t"')))
BROKEN = reference_of("plan-as-bytearray")


def test_violation_is_replayed_by_id_until_it_is_fixed(tmp_path: Path) -> None:
    file = adapter(tmp_path, "split_id=lambda split: str(id(split))")
    assert command(*ONE_CLAUSE, "--adapter", file, "--json", "conformance.json", cwd=tmp_path).returncode == 1
    report = json.loads((tmp_path / "conformance.json").read_text())
    id_ = report["violations"][0]["id"]
    again = command("replay", id_, cwd=tmp_path)
    assert again.returncode == 1, again.stdout + again.stderr
    for shown in (f"{id_}: still violated", "The id arrives unchanged", "expected", "actual"):
        assert shown in again.stdout
    adapter(tmp_path, "read=iter")
    fixed = command("replay", "conformance.json", cwd=tmp_path)
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    assert f"{id_}: fixed" in fixed.stdout
    assert command("replay", id_, "--adapter", reference_of("salted-id"), cwd=tmp_path).returncode == 0


def test_spec_file_is_judged_on_the_clauses_that_it_bears_on(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(PLANNED)
    ran = command("replay", "spec.json", "--clause", "PLAN", "--adapter", BROKEN, cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "PLAN-3: still violated" in ran.stdout
    assert "PLAN-2: fixed" in ran.stdout
    assert "PLAN-4" not in ran.stdout
    assert command("replay", "spec.json", "--clause", "PLAN", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ID-1-12345678"], "there is no report 'conformance.json' to look ID-1-12345678 up in"),
        (["ID-1-12345678", "--report", "report.json"], "has no violation ID-1-12345678; its violations: none"),
        (["no-such.json"], "neither a file nor the id of a violation"),
        (["text"], "'text' is no JSON"),
        (["list.json"], "holds a tuple, and a replay needs a SplitSpec or a ScanSpec"),
        (["table.json"], "holds a TableSpec, and a replay needs a SplitSpec or a ScanSpec"),
        (["spec.json", "--clause", "PLAM"], "did you mean PLAN"),
        (["spec.json", "--adapter", "referense"], "did you mean reference?"),
        (["report.json"], "holds no violation: there is nothing to replay"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_exits_with_2(
    arguments: list[str], says: str, tmp_path: Path, command_here: Callable[..., Ended]
) -> None:
    (tmp_path / "text").write_text("no JSON")
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "table.json").write_text(to_json(TABLE))
    (tmp_path / "spec.json").write_text(PLANNED)
    (tmp_path / "report.json").write_text('{"violations": [], "adapter": {"reference": "reference"}}')
    ran = command_here("replay", *arguments)
    assert ran.exit_code == 2, ran.output
    assert says in ran.output
    assert "Traceback" not in ran.output


def test_what_cannot_be_judged_is_no_fix(tmp_path: Path) -> None:
    unplannable = to_json(SplitSpec(TABLE, plan=SqlPlanSpec("SELECT nothing FROM t")))
    without = to_json(SplitSpec(TABLE))
    for case, why in (
        (Case("PLAN-3", unplannable, ""), "this engine cannot run the example"),
        (Case("PLAN-3", without, ""), "the example does not bear on the clause"),
        (Case("ID-1", without, "", alone=False), "in the company of other examples only"),
        (Case("READ-1", "", "TableCase(name='gone')"), "there is no table"),
        (Case("ID-1", without, "", ("python:/no/such",)), "no interpreter at /no/such"),
        (Case("WIRE-7", without, ""), "the example does not bear on the clause"),
        (Case("LIFE-1", "", "fly(0)"), "is no step"),
    ):
        ended = replay(ADAPTER, case, tmp_path)
        assert ended.result is Result.ERROR
        assert why in ended.why


def test_payload_of_a_departed_driver_is_replayed(tmp_path: Path) -> None:
    case = Case("WIRE-5", PLANNED, "", ("departed",))
    assert replay(load_adapter(reference_of("plan-kept-by-id")), case, tmp_path).result is Result.VIOLATED
    assert replay(load_adapter("reference"), case, tmp_path).result is Result.FIXED


def test_life_is_replayed_from_its_script(tmp_path: Path) -> None:
    case = Case("LIFE-1", "", "build(0)\nbegin(0, 1)\nsend(0, 'pickle-2')\nread(1)", ("as built",))
    assert replay(load_adapter(reference_of("reading-is-sent-along")), case, tmp_path).result is Result.VIOLATED
    assert replay(load_adapter("reference"), case, tmp_path).result is Result.FIXED


def test_split_of_a_real_table_is_replayed(tmp_path: Path) -> None:
    table = next(case for case in TABLE_CASES if case.name == "orders-filtered")
    case = Case("IO-1", "", repr(table), ("pickle-5",))
    assert replay(load_adapter("reference"), case, tmp_path).result is Result.FIXED


def test_as_built_violation_is_replayed_where_another_file_io_shows_it(tmp_path: Path) -> None:
    spec = to_json(SplitSpec(TABLE, file_io=FileIOSpec("instance", "vault")))
    case = Case("IO-6", spec, "", ("pickle-2",))
    assert replay(load_adapter(reference_of("live-file-io-kept")), case, tmp_path).result is Result.VIOLATED


def test_report_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"violations": [{"clause": "ID-1"}]}')
    with pytest.raises(NotReplayable, match="no report of this release"):
        read_cases(str(path))
