"""What is sent to a cluster is all that a unit needs, and nothing of the driver's."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from conformance.run.clusters.tasks import Answer, Task, tasks
from conformance.run.clusters.unit_process import answered
from conformance.run.options import Options
from conformance.run.selection import resolve

KNOWN = """
[[known]]
clause = "IO-1"
condition = []
fault = "ours"
reason = "a test"
spec = '{"SplitSpec": {"table": {"TableSpec": {"columns": [{"ColumnSpec": {"id": 1, "name": "a", "type": "long"}}]}}}}'
"""
ADAPTER = """
import dataclasses
from conformance.adapters.builtin.reference import ADAPTER as REFERENCE
MINE = dataclasses.replace(REFERENCE, name="mine")
"""


def test_task_holds_the_texts_and_the_settled_seed(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(KNOWN)
    (tmp_path / "my_cluster_adapter.py").write_text(ADAPTER)
    options = Options(
        adapter=f"{tmp_path / 'my_cluster_adapter.py'}:MINE",
        profile="thorough",
        clause=("IO", "ID"),
        baseline=(str(tmp_path / "known.toml"),),
        json="report.json",
        on="dask://127.0.0.1:1",
    )
    selection = resolve(options)
    task = tasks(options, selection, 5)("pinned")
    assert Task.from_json(task.to_json()) == task
    assert "\n" not in task.to_json()
    assert (task.unit, task.version, task.processes) == ("pinned", version("dataloader-conformance"), 5)
    assert (task.adapter, task.baselines) == (ADAPTER, ((str(tmp_path / "known.toml"), KNOWN),))
    assert task.options.seed == selection.seed is not None
    assert task.options.clause == ("IO", "ID")
    assert (task.options.json, task.options.on, task.options.baseline) == (None, None, ())


def test_answer_travels() -> None:
    answer = Answer(findings="{}", seen=(("ID-1", "how"),))
    assert Answer.from_json(answer.to_json()) == answer
    assert Answer.from_json('{"error": "no", "stops": true}') == Answer(error="no", stops=True)


def test_file_of_the_adapter_need_not_be_there(tmp_path: Path) -> None:
    options = Options(adapter="nowhere/my_sent_adapter.py:MINE", profile="smoke", clause=("ID-1",), seed=3)
    answer = answered(Task("pinned", "1", options, adapter="MINE = 3", host="there"), tmp_path)
    assert answer.stops
    assert "On there the adapter" in answer.error
    assert "is a int, not a conformance.adapter.Adapter" in answer.error
    assert (tmp_path / "adapter" / "my_sent_adapter.py").read_text() == "MINE = 3"
