"""What a run does with an object store: a table is written to it, and splits are read by a process that has nothing
of the driver's environment. Only what travelled lets it in (IO-5, IO-7, READ-1, READ-4, SAFE-1).
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyiceberg.io import load_file_io

from conformance.adapter import Adapter
from conformance.examples.example import Example
from conformance.examples.from_spec import Unusable, example_of
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, shown_by
from conformance.observation.aspects import observe
from conformance.observation.difference import Difference, Place, Step, difference
from conformance.observation.raised import Raised, attempt
from conformance.observation.values import in_any_layout
from conformance.run.sweep import Sweep
from conformance.transports.calls import answer
from fixtures.materials import Materials
from fixtures.processes.workers import Worker
from fixtures.services.faulty_proxy import Fault, faulty
from fixtures.services.stores import Store, StoreUnavailable, free_port, started
from fixtures.tables.warehouse import scan_task, table_metadata
from strategies.specs import ColumnSpec, Predicate, SplitSpec, TableSpec

__all__ = ["through_store"]

# Seconds that a read which cannot succeed may take: client libraries try again, and wait longer each time.
READ_SECONDS = 120.0
# What a process needs to start; everything else of the driver's environment stays behind.
KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")

_TABLE = TableSpec(
    (ColumnSpec(1, "a", "long", tuple(range(7))), ColumnSpec(2, "s", "string", ("x", None, "é"))),
    rows=700,
    row_group_rows=100,
    deleted=(0, 3, 699),
)
SPEC = SplitSpec(_TABLE, Predicate("gt", "a", (1,)), ("s", "a"))


def through_store(sweep: Sweep, name: str) -> Findings:
    """Start the store, judge the loader on it through each FileIO that PyIceberg has for it, and stop it.

    A store that is not there or does not start is noted in the findings, which then hold nothing else.
    """
    findings = Findings()
    example = example_of(SPEC, sweep.warehouse)
    assert not isinstance(example, Unusable), example
    try:
        with started(name) as store, _stranger(name, store) as worker:
            for kind, properties in store.properties.items():
                findings.add(_judged(sweep, _OnStore(sweep, store, kind, properties, example, worker)))
    except StoreUnavailable as error:
        findings.not_started[name] = str(error)
    return findings


def _judged(sweep: Sweep, on: _OnStore) -> Findings:
    """Return what is found on one store through one FileIO."""
    ledger, selected = Ledger(sweep.baseline), {check.clause.id for check in sweep.checks}
    judged = [ledger.excused(each, on.example.likeness) for each in on.judged() if each.clause in selected]
    ledger.findings.examples += 1
    ledger.record(shown_by(on.example), judged)
    ledger.violate_each(shown_by(on.example), judged, alone=False)
    return ledger.findings


@contextmanager
def _stranger(name: str, store: Store) -> Iterator[Worker]:
    """Yield a worker that has nothing of the driver's environment, and no instance metadata to ask for credentials."""
    nothing = {variable: None for variable in os.environ if variable not in KEPT}
    own = {"AWS_EC2_METADATA_DISABLED": "true", "NO_GCE_CHECK": "true", **store.environment}
    with Worker(f"reader of {name}", environment={**nothing, **own}) as worker:
        yield worker


class _OnStore:
    """One store through one FileIO."""

    def __init__(
        self, sweep: Sweep, store: Store, kind: str, properties: Mapping[str, Any], example: Example, worker: Worker
    ) -> None:
        self.adapter: Adapter = sweep.adapter
        self.warehouse = sweep.warehouse
        self.store, self.kind, self.properties = store, kind, dict(properties)
        self.example, self.worker = example, worker
        self.place = f"{store.name}/{kind}"

    def judged(self) -> Iterator[Judgement]:
        """Yield a judgement for each thing that is tried."""
        yield from self._is_read()
        yield from self._object_is_lost()
        if self.store.wrong:
            yield from self._fails("the credentials wrong", self.store.wrong)
            yield from self._configurations_stay_apart()
        if self.store.endpoint_property:
            gone = {self.store.endpoint_property: f"http://127.0.0.1:{free_port()}"}
            yield from self._fails("the endpoint gone", gone)
            yield from self._faults()
        if self.store.rotate is not None:
            yield from self._credentials_are_rotated(self.store.rotate)

    def _is_read(self) -> Iterator[Judgement]:
        """Rows and files are the same where nothing but the payload lets one in (READ-1, IO-5)."""
        materials = self._materials("read")
        split = attempt(self.adapter.build, materials)
        payload = attempt(pickle.dumps, split)
        if isinstance(payload, Raised):
            yield self._judgement("READ-1", Difference(Place(Step.SEND), "a payload", str(payload)))
            return
        question = replace(self.example.question, again=False)
        sent = observe(self.adapter, split, question)
        seen = self._called("observe_payload", payload, question)
        if isinstance(seen, Raised):
            yield self._judgement("READ-1", Difference(Place(Step.ARRIVE, "rows", 1), "rows", str(seen)))
            return
        wanted = in_any_layout(self.example.rows)
        yield self._judgement("READ-1", difference(wanted, in_any_layout(seen["rows"]), Place(Step.ARRIVE, "rows", 1)))
        if "FileIO opens" in sent:
            failed = next((str(value) for value in sent["FileIO opens"].values() if isinstance(value, Raised)), None)
            where = Place(Step.ARRIVE, "FileIO opens", 1)
            opened = difference(sent["FileIO opens"], seen.get("FileIO opens"), where)
            yield self._judgement("IO-5", Difference(where, "the files", failed) if failed else opened)

    def _object_is_lost(self) -> Iterator[Judgement]:
        for how in ("gone", "cut to a half", "its delete file gone"):
            name = how.replace(" ", "-")
            materials = self._materials(name)
            task = materials.file_scan_task
            path = task.file.file_path
            payload = self._payload(materials)
            if how == "gone":
                self.store.delete(path)
            elif how == "its delete file gone":
                path = next(iter(task.delete_files)).file_path
                self.store.delete(path)
            else:
                content = self.warehouse.data_file(_TABLE, SPEC.file_name).read_bytes()
                self.store.put(path.removeprefix(f"{self.store.location}/"), content[: len(content) // 2])
            yield from self._raises(f"the object {how}", payload, path)

    def _fails(self, how: str, changes: Mapping[str, Any]) -> Iterator[Judgement]:
        materials = self._materials("refused", changes)
        yield from self._raises(how, self._payload(materials), *_paths(materials))

    def _faults(self) -> Iterator[Judgement]:
        """Through a faulty proxy: all rows, or an error that names a file; slow and passing faults are no excuse."""
        for fault in Fault:
            with faulty(self.store.endpoint, fault) as endpoint:
                materials = self._materials("faulty", {self.store.endpoint_property: endpoint})
                payload = self._payload(materials)
                if fault in (Fault.SLOW, Fault.BROKEN_AT_FIRST):
                    answered = self._called("read_failure", payload)
                    expected = {"rows": int(self.example.expected.num_rows)}
                    wrong = difference(expected, answered, Place(Step.READ, "rows", case="with", variant=fault.value))
                    yield self._judgement("READ-4", wrong)
                else:
                    yield from self._raises(fault.value, payload, *_paths(materials))

    def _configurations_stay_apart(self) -> Iterator[Judgement]:
        """Two splits of one file in one process: that whose credentials are wrong is refused, whoever comes first."""
        right, wrong = (self._payload(self._materials("apart", changes)) for changes in ({}, self.store.wrong))
        rows = int(self.example.expected.num_rows)
        for names, payloads in ((("right", "wrong"), [right, wrong]), (("wrong", "right"), [wrong, right])):
            if any(isinstance(payload, Raised) for payload in payloads):
                return
            answers = self._called("read_each", payloads)
            if isinstance(answers, Raised):
                yield self._judgement(
                    "IO-7", Difference(Place(Step.READ, case="in one process"), "answers", str(answers))
                )
                continue
            seen = ["refused" if isinstance(answer, Raised) else answer for answer in answers]
            expected = [rows if name == "right" else "refused" for name in names]
            order = f"{names[0]}, then {names[1]}"
            where = Place(Step.READ, case="in one process, the credentials", variant=order)
            yield self._judgement("IO-7", difference(expected, seen, where))

    def _credentials_are_rotated(self, rotate: Any) -> Iterator[Judgement]:
        """A split with the former credentials is refused; one with the new ones is read, in the same process."""
        materials = self._materials("rotated")
        former = self._payload(materials)
        self.properties |= rotate(self.kind)
        yield from self._raises("its credentials rotated since", former, *_paths(materials))
        answered = self._called("read_failure", self._payload(self._materials("rotated", write=False)))
        wrong = difference(
            {"rows": int(self.example.expected.num_rows)},
            answered,
            Place(Step.READ, "rows", case="with the new credentials"),
        )
        yield self._judgement("IO-5", wrong)

    def _raises(self, how: str, payload: Any, *paths: str) -> Iterator[Judgement]:
        """Judge that reading raises in time, naming one of the files and no secret."""
        if isinstance(payload, Raised):
            return  # the WIRE clauses judge that
        answered = self._called("read_failure", payload)
        where = Place(Step.READ, case="with", variant=how)
        if isinstance(answered, Raised):
            yield self._judgement("READ-4", Difference(where, "raises in time", str(answered)[:500]))
            return
        if "rows" in answered:
            yield self._judgement("READ-4", Difference(where, "raises", f"{answered['rows']} rows"))
            return
        raised, text = answered["raised"], answered["text"]
        named = any(path in raised.message for path in paths)
        wrong = None if named else Difference(where, f"an error that names {paths[0]}", str(raised)[:500])
        yield self._judgement(
            "READ-4", wrong or difference(raised, answered["sent back"], replace(where, part="error, sent back"))
        )
        if self.store.secrets:
            leaks = any(secret in text for secret in self.store.secrets)
            yield self._judgement("SAFE-1", Difference(where, "no secret", "a secret in the error") if leaks else None)

    def _judgement(self, clause: str, found: Difference | None) -> Judgement:
        return Judgement(clause, self.place, found)

    def _called(self, function: str, *arguments: Any) -> Any:
        return answer(self.worker, function, self.adapter.reference, *arguments, limit=READ_SECONDS)

    def _payload(self, materials: Materials) -> Any:
        return attempt(lambda: pickle.dumps(self.adapter.build(materials)))

    def _materials(self, name: str, changes: Mapping[str, Any] | None = None, *, write: bool = True) -> Materials:
        """Return materials whose files are in the store, below the name; with other properties where any are given."""
        given = self.example.make()
        folder = f"{self.kind}/{name}"
        location = f"{self.store.location}/{folder}/data.parquet"
        path = self.warehouse.data_file(_TABLE, SPEC.file_name)
        deletes = self.warehouse.delete_files(_TABLE, SPEC.file_name, location)
        located: list[tuple[Path, str]] = [
            (delete, f"{self.store.location}/{folder}/delete-{number}.parquet") for number, delete in enumerate(deletes)
        ]
        if write:
            for source, target in [(path, location), *located]:
                self.store.put(target.removeprefix(f"{self.store.location}/"), source.read_bytes())
        table = f"{self.store.location}/{folder}"
        properties = {**self.properties, **(changes or {})}
        return replace(
            given,
            file_scan_task=scan_task(_TABLE, path, location, tuple(located)),
            table_metadata=table_metadata(_TABLE, table),
            file_io=load_file_io(properties, table),
            file_io_properties=properties,
        )


def _paths(materials: Materials) -> list[str]:
    """Return the paths of the split's files, any of which may be the first that is opened."""
    task = materials.file_scan_task
    return [file.file_path for file in (task.file, *task.delete_files)]
