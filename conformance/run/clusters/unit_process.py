"""Does one unit of work of a run on a cluster, in a process of its own, as a local run does it in its."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conformance.adapters.loading import adapter_file
from conformance.judging.baseline import baseline_of
from conformance.judging.ledger import telling_what_breaks
from conformance.observation.difference import Difference
from conformance.observation.secrets import hidden
from conformance.run.clusters.supervisor import ANSWER, TASK
from conformance.run.clusters.tasks import Answer, Task
from conformance.run.reported import seen_text
from conformance.run.selection import Selection, UsageError, resolve
from conformance.run.units import outcome, units, workplace

__all__ = ["answered", "main"]


def main(folder: str) -> None:
    """Do the task that lies in a folder, and leave the answer there: whole, or not at all."""
    place = Path(folder)
    answer = answered(Task.from_json((place / TASK).read_text(encoding="utf-8")), place)
    part = place / f"{ANSWER}.part"
    part.write_text(answer.to_json(), encoding="utf-8")
    part.replace(place / ANSWER)


def answered(task: Task, folder: Path) -> Answer:
    """Do a task in a folder of its own, and return what came of it."""
    try:
        selection = _selection(task, folder)
    except UsageError as error:
        return Answer(error=hidden(f"On {task.host} {error}\nInstall there what is missing."), stops=True)
    seen: dict[str, str] = {}

    def see(clause: str, found: Difference) -> None:
        seen.setdefault(clause, seen_text(found))

    with workplace(selection, folder, task.processes) as place, telling_what_breaks(see):
        (unit,) = (unit for unit in units(selection) if unit.name == task.unit)
        found = outcome(unit, place)
    if isinstance(found, str):
        return Answer(error=hidden(found), seen=tuple(seen.items()))
    return Answer(findings=found.to_json(), seen=tuple(seen.items()))


def _selection(task: Task, folder: Path) -> Selection:
    """Return the selection of the run, with the adapter's file written into the folder under its own name."""
    adapter = task.options.adapter
    if task.adapter is not None and (in_file := adapter_file(adapter)) is not None:
        file = folder / "adapter" / in_file[0].name
        file.parent.mkdir()
        file.write_text(task.adapter, encoding="utf-8")
        adapter = f"{file}:{in_file[1]}"
    selection = resolve(replace(task.options, adapter=adapter))
    return replace(selection, baseline=baseline_of(dict(task.baselines)))
