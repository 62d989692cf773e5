"""How a reproducer shows a broken clause: functions that return what is expected and what is there instead.

Their source is written into scripts. ``make`` returns materials that nobody else holds, ``loader`` holds the adapter's
functions, ``look`` looks at a split, and ``through`` sends one and looks at what arrives.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import os
import pickle
import re
import subprocess
import sys
import tempfile
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
import pyarrow as pa
from datafusion import SessionContext, udf
from pyiceberg.expressions import AlwaysTrue, IsNull, LessThanOrEqual, NotNull
from pyiceberg.io.pyarrow import PyArrowFileIO

from conformance.checks.wire import Naming
from conformance.observation.held import now_held, settled
from conformance.observation.process_state import leave_defaults, process_state
from conformance.observation.reachable import reachable
from conformance.observation.secrets import shown_as
from conformance.observation.values import plain_expression, plain_mapping, plain_metadata, plain_schema, plain_task
from conformance.report.reproducers.looks import attempt, recorded, shown
from fixtures.arguments import falsy
from fixtures.processes.workers import OWN_TEMPORARY_FILES
from fixtures.tables.history import with_history
from fixtures.unsendable import Holding


def arrives_as_sent(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    """Another split, of the same table without a filter and a plan, has been sent and loaded before."""
    bare = replace(make(), row_filter=AlwaysTrue(), plan=None, session_context=None, udf_registry=None)
    attempt(lambda: pickle.loads(pickle.dumps(loader.build(bare))))
    split = loader.build(make())
    sent, arrived = look(split), attempt(through, split)
    return sent, shown(arrived) if isinstance(arrived, BaseException) else arrived


def built_as_given(make: Any, loader: Any, look: Any, given: Any) -> tuple[Any, Any]:
    return given(make()), look(loader.build(make()))


def built_gives_rows(make: Any, loader: Any, look: Any, columns: Any, rows: Any) -> tuple[Any, Any]:
    """Where the columns are not known, for there is no batch, only the rows are compared."""
    seen = attempt(look, loader.build(make()))
    if isinstance(seen, BaseException):
        return rows, seen
    return (rows, seen[1]) if seen[0] is None else ((columns, rows), seen)


def is_carried(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    split = loader.build(make())
    attempt(look, split)  # the engine has run here
    arrived = attempt(through, split)
    return "carried", shown(arrived) if isinstance(arrived, BaseException) else "carried"


def has_no_plan_bytes(make: Any, loader: Any) -> tuple[Any, Any]:
    """Without a plan."""
    return None, loader.plan_bytes(loader.build(make()))


def plan_bytes_are_bytes(make: Any, loader: Any) -> tuple[Any, Any]:
    return "bytes", type(loader.plan_bytes(loader.build(make()))).__name__


def properties_are_a_dict(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    return "dict", through(loader.build(make()))


def connection_stays_behind(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    """The FileIO has opened a file on the driver."""
    materials = make()
    held = through(loader.build(materials))
    return None, held if held == materials.file_io.connection else None


def is_read_only(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    seen = through(loader.build(make()))
    return dict.fromkeys(seen, "kept"), seen


def second_trip_as_first(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    split = loader.build(make())
    return through(split, 1), through(split)


def is_built(make: Any, loader: Any) -> tuple[Any, Any]:
    built = attempt(loader.build, make())
    return "a split", shown(built) if isinstance(built, BaseException) else "a split"


def is_refused(make: Any, loader: Any) -> tuple[Any, Any]:
    """The engine loses this plan on its way through Substrait."""
    built = attempt(loader.build, make())
    return "an error", "an error" if isinstance(built, BaseException) else "a split"


def is_refused_without(make: Any, loader: Any, missing: str) -> tuple[Any, Any]:
    built = attempt(loader.build, replace(make(), **{missing: None}))
    text = str(built).lower()
    both = any(word in text for word in ("both", "neither", "together"))
    says = isinstance(built, ValueError) and "plan" in text and "session" in text and both
    expected = "ValueError naming plan and session, and that both or neither must be given"
    return expected, expected if says else shown(built) if isinstance(built, BaseException) else "a split"


def nothing_is_done_before(make: Any, loader: Any, missing: str) -> tuple[Any, Any]:
    """Exactly one of plan and session: nothing is registered, encoded or asked before that is refused."""
    materials = replace(make(), **{missing: None})
    with recorded() as events:
        attempt(loader.build, materials)
    return [], [kind for kind, _, _ in events]


def refusal_says_why(make: Any, loader: Any, words: int) -> tuple[Any, Any]:
    """The engine loses this plan on its way through Substrait: the error gives a reason."""
    built = attempt(loader.build, make())
    says = isinstance(built, BaseException) and len(str(built).split()) >= words
    return "an error that says why", "an error that says why" if says else shown(built)


def is_refused_without_registry(make: Any, loader: Any) -> tuple[Any, Any]:
    """The driver's session knows the functions of the plan, and no worker's will."""
    built = attempt(loader.build, replace(make(), udf_registry=None))
    return "an error", "an error" if isinstance(built, BaseException) else "a split"


def second_split_is_built(make: Any, loader: Any) -> tuple[Any, Any]:
    materials = make()
    attempt(loader.build, materials)
    built = attempt(loader.build, materials)
    return "a split", shown(built) if isinstance(built, BaseException) else "a split"


def arguments_are_unchanged(make: Any, loader: Any) -> tuple[Any, Any]:
    """What a split is built from is the same before and after."""
    materials = make()

    def described() -> dict[str, Any]:
        return {
            "file_scan_task": plain_task(materials.file_scan_task),
            "table_metadata": plain_metadata(materials.table_metadata),
            "file_io.properties": plain_mapping(materials.file_io.properties),
            "projected_schema": plain_schema(materials.projected_schema),
            "row_filter": plain_expression(materials.row_filter),
            "session_context": tables(materials.session_context),
        }

    before = described()
    loader.build(materials)
    return before, described()


def tables(session: Any) -> dict[str, list[str]]:
    """Return the names of the session's tables by schema."""
    if session is None:
        return {}
    catalog = session.catalog()
    return {name: sorted(catalog.schema(name).names()) for name in sorted(catalog.names())}


def plan_bytes_stay(make: Any, loader: Any) -> tuple[Any, Any]:
    """The session loses the table after the split was built."""
    materials = make()
    split = loader.build(materials)
    before = loader.plan_bytes(split)
    table = materials.plan_spec.table
    schema = table[0] if len(table) > 1 else "public"
    materials.session_context.catalog().schema(schema).deregister_table(table[-1])
    return before, attempt(loader.plan_bytes, split)


def filters_stay_apart(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    """The split, and one of the same table without a filter, sent together."""
    pair = [loader.build(make()), loader.build(replace(make(), row_filter=AlwaysTrue()))]
    return look(pair), through(pair)


def look_filters(loader: Any, pair: Any) -> Any:
    return [plain_expression(loader.row_filter(split)) for split in pair]


def rows_beside_others(make: Any, loader: Any, look: Any, others: Any, expected: Any) -> tuple[Any, Any]:
    """The split, and others of the same table under other filters, are loaded and read by one process."""
    kinds: Any = {"not-null": NotNull, "is-null": IsNull, "le": LessThanOrEqual}
    filters = [kinds[op](column, *values) for op, column, values in others]
    given = [make(), *(replace(make(), row_filter=row_filter) for row_filter in filters)]
    splits = pickle.loads(pickle.dumps([loader.build(materials) for materials in given]))
    return expected, [look(split)[1] for split in splits]


def registers_before_sql(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    """Wherever the SQL text is applied, every function was registered on that session before, in order."""
    materials = make()
    with recorded() as alone:
        materials.udf_registry.register_udfs(SessionContext())
    wanted = [what for kind, what, _ in alone if kind == "register"]
    seen = through(loader.build(materials))
    return [wanted] * len(seen), seen


def registry_arrives(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    """Another registry of the same class has been sent before: the split keeps its own."""
    other = make()
    bare = replace(other, plan=None, session_context=None, udf_registry=type(other.udf_registry)(()))
    attempt(through, loader.build(bare))
    split = loader.build(make())
    sent, arrived = look(split), attempt(through, split)
    return sent, shown(arrived) if isinstance(arrived, BaseException) else arrived


def several_files_are_built(make: Any, loader: Any) -> tuple[Any, Any]:
    tasks = [make(name=f"part {number}").file_scan_task for number in range(3)]
    built = attempt(loader.build_files, make(), tasks)
    return "a split", shown(built) if isinstance(built, BaseException) else "a split"


def several_files_are_read(make: Any, loader: Any, look: Any, through: Any, columns: Any, rows: Any) -> tuple[Any, Any]:
    """Three files with the same rows in one split, in both orders. Without a batch no columns are known."""
    tasks = [make(name=f"part {number}").file_scan_task for number in range(3)]
    seen = [through(loader.build_files(make(), order)) for order in (tasks, tasks[::-1])]
    known = [isinstance(read, tuple) and read[0] is not None for read in seen]
    return [(columns if each else None, rows) for each in known], seen


def no_file_is_refused(make: Any, loader: Any) -> tuple[Any, Any]:
    built = attempt(loader.build_files, make(), [])
    return "ValueError", "ValueError" if isinstance(built, ValueError) else shown(built)


def names_wrong_argument(make: Any, loader: Any, argument: str, wrong: Any, pattern: str) -> tuple[Any, Any]:
    built = attempt(loader.build, replace(make(), **{argument: wrong}))
    named = isinstance(built, (TypeError, ValueError)) and re.search(pattern, str(built), re.IGNORECASE)
    expected = f"TypeError or ValueError naming {argument}"
    return expected, expected if named else shown(built) if isinstance(built, BaseException) else "a split"


def falsy_counts(make: Any, loader: Any, registers: bool) -> tuple[Any, Any]:
    """A plan and a session that are false where truth is asked for, alone and together."""
    materials = make()
    plan, session = falsy(materials.plan), falsy(materials.session_context)
    with recorded() as wanted:
        if registers and materials.udf_registry is not None:
            materials.udf_registry.register_udfs(SessionContext())
    seen: dict[str, Any] = {}
    for name, half in (("plan", (plan, None)), ("session", (None, session))):
        built = attempt(loader.build, replace(materials, plan=half[0], session_context=half[1]))
        seen[f"{name} alone"] = type(built).__name__ if isinstance(built, ValueError) else shown(built)
    with recorded() as events:
        built = attempt(loader.build, replace(materials, plan=plan, session_context=session))
    seen["both"] = shown(built) if isinstance(built, BaseException) else "a split"
    seen["registered"] = [what for kind, what, where in events if kind == "register" and where == id(session)]
    registered = [what for kind, what, _ in wanted if kind == "register"]
    if not registers:
        registered = seen["registered"]
    return {
        "plan alone": "ValueError",
        "session alone": "ValueError",
        "both": "a split",
        "registered": registered,
    }, seen


def arguments_stay_apart(make: Any, loader: Any, look: Any) -> tuple[Any, Any]:
    """What a split was built from is changed before anything has looked at the split."""
    untouched = look(loader.build(make()))
    materials = make()
    split = loader.build(materials)
    properties = materials.file_io_properties
    properties.update({"added later": "x", **dict.fromkeys(properties, "changed")})
    materials.table_metadata.properties["added later"] = "x"
    materials.table_metadata.snapshots.clear()
    materials.file_scan_task.delete_files.clear()
    materials.file_scan_task.file.value_counts.clear()
    return untouched, look(split)


def plan_is_encoded_while_building(make: Any, loader: Any) -> tuple[Any, Any]:
    with recorded() as building:
        split = loader.build(make())
    with recorded() as later:
        loader.plan_bytes(split)
        pickle.dumps(split)

    def encoded(events: Any) -> str:
        return "encoded" if any(kind == "encode" for kind, _, _ in events) else "not encoded"

    expected = {"while building": "encoded", "later": "not encoded"}
    return expected, {"while building": encoded(building), "later": encoded(later)}


def no_engine_handle(make: Any, loader: Any) -> tuple[Any, Any]:
    """Reachable from a split, also once it was read."""
    split = loader.build(make())
    attempt(lambda: list(loader.read(split)))
    found = [
        f"{path}: a {type(value).__name__}"
        for path, value in reachable(split)
        if type(value).__module__.startswith("datafusion")
    ]
    return [], found[:3]


def splits_share_nothing(make: Any, loader: Any) -> tuple[Any, Any]:
    materials = make()
    first, second = loader.build(materials), loader.build(materials)
    given = {id(value) for part in vars(materials).values() for _, value in reachable(part)}
    own = {id(value) for _, value in reachable(first) if isinstance(value, (list, dict, set, bytearray))}
    return [], [path for path, value in reachable(second) if id(value) in own and id(value) not in given]


def registered_on_the_session(make: Any, loader: Any) -> tuple[Any, Any]:
    """On the given session: once for each split, in the registry's order, before the plan is encoded."""
    materials = make()
    with recorded() as alone:
        materials.udf_registry.register_udfs(SessionContext())
    wanted = [what for _, what, _ in alone]
    seen = []
    for _ in range(2):
        with recorded() as events:
            loader.build(materials)
        here = id(materials.session_context)
        encoded = next((i for i, event in enumerate(events) if event[0] == "encode"), len(events))
        labels = [what if kind == "register" and where == here else None for kind, what, where in events]
        before, after = (list(filter(None, part)) for part in (labels[:encoded], labels[encoded:]))
        seen.append({"before encoding": before, "after": after})
    return [{"before encoding": wanted, "after": []}] * 2, seen


def no_registry_arrives(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    """A split with a registry has been sent before: one without stays without."""
    attempt(through, loader.build(replace(make(), plan=None, session_context=None, udf_registry=Registering())))
    split = loader.build(make())
    sent, arrived = look(split), attempt(through, split)
    return sent, shown(arrived) if isinstance(arrived, BaseException) else arrived


class Registering:
    """A registry of one function."""

    def register_udfs(self, session_context: Any) -> None:
        session_context.register_udf(udf(same, [pa.int64()], pa.int64(), "immutable", "same"))


def same(column: Any) -> Any:
    return column


def nothing_is_registered(make: Any, loader: Any) -> tuple[Any, Any]:
    with recorded() as events:
        loader.build(make())
    return [], [what for kind, what, _ in events if kind == "register"]


def unsendable_is_refused(make: Any, loader: Any, held: Any) -> tuple[Any, Any]:
    """A registry that holds what no pickler can send."""
    materials = replace(make(), plan=None, session_context=None, udf_registry=Holding(held()))
    split = loader.build(materials)
    seen = {"pickle": attempt(pickle.dumps, split), "cloudpickle": attempt(cloudpickle.dumps, split)}
    raised = {name: "raises" if isinstance(made, BaseException) else "a payload" for name, made in seen.items()}
    return dict.fromkeys(seen, "raises"), raised


def nameless_is_refused(make: Any, loader: Any) -> tuple[Any, Any]:
    """A function without an importable name, by pickle."""
    made = attempt(pickle.dumps, loader.build(make()))
    return "raises", "raises" if isinstance(made, BaseException) else "a payload"


def missing_module_is_named(make: Any, loader: Any) -> tuple[Any, Any]:
    """A registry whose module is here and not where the split is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        text = "class Registry:\n    def register_udfs(self, session_context):\n        pass\n"
        Path(folder, "driver_only.py").write_text(text)
        sys.path.append(folder)
        import driver_only  # type: ignore[import-not-found]  # the file just written

        materials = replace(make(), plan=None, session_context=None, udf_registry=driver_only.Registry())
        payload = pickle.dumps(loader.build(materials))
        sys.path.remove(folder)
    there = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", there], input=payload, env=environment, capture_output=True)
    named = ran.returncode and b"driver_only" in ran.stderr
    expected = "fails when it is loaded, naming driver_only"
    return expected, expected if named else "loads"


def configurations_stay_apart(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    """Two splits that differ in the value of one property, or in its type, sent together."""
    expected, seen = [], []
    for values in (("one tenant", "two tenants"), ("7", 7)):
        pair = [loader.build(make(more={"tenant.secret": value})) for value in values]
        expected += [repr(value) for value in values]
        seen += [properties.get("'tenant.secret'", "") for properties in through(pair)]
    return expected, seen


def look_pair(loader: Any, pair: Any) -> Any:
    return [{repr(key): repr(value) for key, value in loader.file_io(split).properties.items()} for split in pair]


def file_io_arrives_whole(make: Any, loader: Any, through: Any, scope: str) -> tuple[Any, Any]:
    """The FileIO holds a scope, which is none of its properties."""
    materials = make()
    built = attempt(loader.build, materials)
    if isinstance(built, BaseException):
        expected = "a split, or an error that names the FileIO"
        return expected, expected if type(materials.file_io).__name__ in str(built) else shown(built)
    return scope, through(built)


def expired_credentials_are_told(make: Any, loader: Any, look: Any, expires: str) -> tuple[Any, Any]:
    """Two splits that differ in when their credentials end, sent together; of the first they have ended."""
    pair = [loader.build(make(more={expires: str(ends)})) for ends in (1_000, 2**42)]
    rows = look(pair[1])
    expired, valid = pickle.loads(pickle.dumps(pair))
    seen = attempt(look, expired)
    told = isinstance(seen, BaseException) and "expired" in str(seen)
    says = "an error that says 'expired'"
    there = attempt(look, valid)
    return [says, rows], [says if told else shown(seen), shown(there) if isinstance(there, BaseException) else there]


def rows_keep_their_order(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    split = loader.build(make())
    first = look(split)
    return [first] * 4, [*(look(split) for _ in range(3)), through(split)]


def reads_on_from_positions(make: Any, loader: Any) -> tuple[Any, Any]:
    """Rows are passed over, as many as the position says, and the others follow."""
    split = loader.build(make())
    rows = [row for batch in loader.read(split) for row in batch.to_pylist()]
    positions = sorted({0, min(1, len(rows)), len(rows) // 2, len(rows)})
    seen = [[row for batch in loader.read_from(split, at) for row in batch.to_pylist()] for at in positions]
    return [repr(rows[at:]) for at in positions], [repr(each) for each in seen]


def number_of_rows_is_true(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    split = loader.build(make())
    rows = sum(batch.num_rows for batch in loader.read(split))
    said = [loader.row_count(split), through(split)]
    return [rows if count is not None else None for count in said], said


def ways_to_read_agree(make: Any, loader: Any, look: Any, through: Any) -> tuple[Any, Any]:
    """Each way to read a split gives what the first does."""
    seen = through(loader.build(make()))
    return dict.fromkeys(seen, next(iter(seen.values()))), seen


def one_scan_shares_its_context(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    splits = loader.build_scan([make(), make()])
    return "one scan context", "one scan context" if through(list(splits)) else "two scan contexts"


def look_shared(loader: Any, splits: Any) -> Any:
    return loader.scan_context(splits[0]) is loader.scan_context(splits[1])


def process_stays_as_it_was(make: Any, loader: Any, readings: int) -> tuple[Any, Any]:
    """What one reading changes in this process, and what each of some more leaves behind."""
    os.environ[OWN_TEMPORARY_FILES] = os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp()
    split = loader.build(make())
    leave_defaults()
    before = process_state()
    list(loader.read(split))
    after, kept = process_state(), now_held()
    for _ in range(readings):
        list(loader.read(split))
    left = left_since(kept, readings)
    return {**before, "left behind": dict.fromkeys(left, 0)}, {**after, "left behind": left}


def left_since(before: Any, readings: int) -> Any:
    """Return how much more this process holds for each of the readings."""
    return {name: max(0, many - before[name]) // readings for name, many in settled(before, readings).items()}


def failures_leave_nothing(make: Any, loader: Any, readings: int, damage: Any) -> tuple[Any, Any]:
    """A data file is cut after the split was built, and what each of some readings that fail then leaves behind."""
    materials = make(Path(tempfile.mkdtemp()))
    split = loader.build(materials)
    damage(materials.files[materials.file_scan_task.file.file_path])
    attempt(lambda: list(loader.read(split)))
    before = now_held()
    for _ in range(readings):
        attempt(lambda: list(loader.read(split)))
    left = left_since(before, readings)
    return dict.fromkeys(left, 0), left


def reads_in_a_running_event_loop(make: Any, loader: Any, look: Any) -> tuple[Any, Any]:
    split = pickle.loads(pickle.dumps(loader.build(make())))

    async def inside() -> Any:
        return attempt(look, split)

    seen = asyncio.run(inside())
    return look(split), shown(seen) if isinstance(seen, BaseException) else seen


def reads_in_another_thread(make: Any, loader: Any, look: Any) -> tuple[Any, Any]:
    """The split is loaded in this thread, and read in another."""
    split = pickle.loads(pickle.dumps(loader.build(make())))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(attempt(look, split)))
    thread.start()
    thread.join()
    return look(split), shown(found[0]) if isinstance(found[0], BaseException) else found[0]


def reads_whole_after_it_was_left(make: Any, loader: Any, look: Any) -> tuple[Any, Any]:
    """After a reading that was dropped before its first batch, and after one that was dropped behind it."""
    expected = look(loader.build(make()))
    seen = []
    for batches in (0, 1):
        split = loader.build(make())
        begun = iter(loader.read(split))
        for _ in range(batches):
            attempt(next, begun, None)
        del begun
        gc.collect()
        whole = attempt(look, split)
        seen.append(shown(whole) if isinstance(whole, BaseException) else whole)
    return [expected, expected], seen


def payload_stays_as_small(make: Any, loader: Any, readings: int, most: int) -> tuple[Any, Any]:
    """By more bytes than an id would take, after some readings."""
    split = loader.build(make())
    before = len(pickle.dumps(split))
    for _ in range(readings):
        list(loader.read(split))
    grown = len(pickle.dumps(split)) - before
    return "as small as before", "as small as before" if grown <= most else f"{grown} bytes larger"


def reads_again(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    """What one iterator gives, and what another one does that began before it and went on after it."""
    seen = through(loader.build(make()))
    return seen if isinstance(seen, tuple) else ("both give rows", seen)


def copies_share_nothing(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    split = loader.build(make())
    own = {id(value) for _, value in reachable(split) if isinstance(value, (list, dict, set, bytearray))}
    arrived = through(split)
    shared = [(path, value) for path, value in reachable(arrived) if id(value) in own]
    before = [repr(value) for _, value in shared]
    list(loader.read(arrived))
    changed = [path for (path, value), text in zip(shared, before, strict=True) if repr(value) != text]
    public = [path for path, _ in shared if "._" not in path]
    seen = {"changed by reading the copy": changed, "shared in public": public}
    return {what: [] for what in seen}, seen


def belonging_arrives(make: Any, loader: Any, through: Any, path: str) -> tuple[Any, Any]:
    """The path leads from a split to something that belongs to it."""

    def at_path(split: Any) -> str:
        found = attempt(lambda: eval(path, {"split": split}))
        if isinstance(found, (AttributeError, LookupError)):
            return "nothing"
        text = repr(found)
        return f"{type(found).__qualname__} {'' if ' at 0x' in text else text}"

    split = loader.build(make())
    return at_path(split), at_path(through(split))


def readings_agree(make: Any, loader: Any, look: Any) -> tuple[Any, Any]:
    """A query that takes from the clock or at random is read twice; a loader that refuses it keeps the clause."""
    materials = make()
    split = attempt(lambda: loader.build(materials))
    return (None, None) if isinstance(split, Exception) else (look(split), look(split))


def failure_is_raised(make: Any, loader: Any, through: Any) -> tuple[Any, Any]:
    seen = shown(attempt(through, loader.build(make())))  # what a look raises comes as text
    return "an error", "an error" if seen.startswith("raises ") else seen


def original_stays(make: Any, loader: Any, look: Any) -> tuple[Any, Any]:
    """However it was sent or copied."""
    split = loader.build(make())
    before = look(split)
    for send in (pickle.dumps, cloudpickle.dumps, copy.copy, copy.deepcopy):
        attempt(send, split)
    return before, look(split)


def lost_file_is_named(make: Any, loader: Any, damage: Any, deletes: bool) -> tuple[Any, Any]:
    """A file is lost after the split was built; reading has to raise an error that names it and can be sent back."""
    materials = make(Path(tempfile.mkdtemp()))
    task = materials.file_scan_task
    file = next(iter(task.delete_files)) if deletes else task.file
    payload = pickle.dumps(loader.build(materials))
    damage(materials.files[file.file_path])

    def read() -> int:
        return sum(batch.num_rows for batch in loader.read(pickle.loads(payload)))

    error = attempt(read)
    expected = f"raises an error that names {file.file_path}, and can be pickled"
    if not isinstance(error, Exception):
        return expected, f"{error} rows"
    back = attempt(lambda: pickle.loads(pickle.dumps(error)))
    if file.file_path not in str(error) or type(back) is not type(error) or str(back) != str(error):
        return expected, f"{shown(error)}; after a round trip: {shown(back)}"
    return expected, expected


def id_stays(make: Any, loader: Any) -> tuple[Any, Any]:
    """Looked at twice, and looked at after sending before it was looked at here."""
    split, unseen = loader.build(make()), loader.build(make())
    first = loader.split_id(split)
    arrived = loader.split_id(pickle.loads(pickle.dumps(unseen)))
    return [first, arrived], [loader.split_id(split), loader.split_id(unseen)]


def id_stands_for_the_path(make: Any, loader: Any) -> tuple[Any, Any]:
    """Splits of other files have other ids; another configuration of the same file changes nothing."""
    own = make()
    name = Path(own.file_scan_task.file.file_path).stem
    others = {
        "another file": make(name=name + "x"),
        "a file whose name differs in case": make(name=name.swapcase()),
        "a file whose name differs in a percent sign": make(name=f"{name}%20x"),
        "a file whose name differs in a space": make(name=f"{name} x"),
        "a file of the same name in another folder": make(Path(tempfile.mkdtemp())),
    }
    same = {
        "with other properties": make(more={"tenant": "other"}),
        "without a plan": replace(make(), plan=None, session_context=None),
    }
    rewritten = make()
    rewritten.file_scan_task.file._data[5] += 1  # its size in bytes
    same["rewritten"] = rewritten
    for bucket in ("one", "two"):  # which nothing opens
        copied = make()
        copied.file_scan_task.file._data[1] = f"s3://{bucket}/{name}"  # its path
        others[f"a file of the same name in bucket {bucket}"] = copied
    for folders in ("x/y", "y/x"):
        moved = make()
        moved.file_scan_task.file._data[1] = f"s3://bucket/{folders}/{name}"
        others[f"a file of the same name in the folder {folders}"] = moved
    ids = {"itself": loader.split_id(loader.build(own))}
    seen: dict[str, Any] = {}
    path = own.file_scan_task.file.file_path
    for what, materials in {**others, **same}.items():
        if what in same or materials.file_scan_task.file.file_path != path:
            id_ = loader.split_id(loader.build(materials))
            seen[what] = next((f"the id of {of}" for of, known in ids.items() if known == id_), "an id of its own")
            ids.setdefault(what, id_)
    expected = {what: "the id of itself" if what in same else "an id of its own" for what in seen}
    return expected, seen


def payload_without_history(make: Any, loader: Any, counts: tuple[int, ...]) -> tuple[Any, Any]:
    """Of tables with ever more snapshots."""

    def build(count: int) -> Any:
        materials = replace(make(), plan=None, session_context=None, udf_registry=None)
        return loader.build(replace(materials, table_metadata=with_history(materials.table_metadata, count)))

    return as_the_first(counts, build)


def payload_without_siblings(make: Any, loader: Any, counts: tuple[int, ...]) -> tuple[Any, Any]:
    """Of scans with ever more splits."""

    def build(count: int) -> Any:
        scan = [replace(make(), plan=None, session_context=None, udf_registry=None) for _ in range(count)]
        return loader.build_scan(scan)[0]

    return as_the_first(counts, build)


def as_the_first(counts: tuple[int, ...], build: Any) -> tuple[Any, Any]:
    """Numbers get more digits, so a byte for each of what is counted is no growth."""
    sizes = [len(pickle.dumps(build(count), pickle.HIGHEST_PROTOCOL)) for count in counts]
    expected = f"at most {sizes[0] + counts[-1]} bytes"
    return expected, expected if sizes[-1] <= sizes[0] + counts[-1] else f"{sizes} bytes at {list(counts)}"


def cut_payload_raises(make: Any, loader: Any) -> tuple[Any, Any]:
    payload = pickle.dumps(loader.build(make()), pickle.HIGHEST_PROTOCOL)
    cut = (n for n in range(len(payload)) if not isinstance(attempt(pickle.loads, payload[:n]), BaseException))
    loaded = next(cut, None)
    return "raises at every length", "raises at every length" if loaded is None else f"loads when cut to {loaded} bytes"


def flipped_payload_does_no_harm(make: Any, loader: Any, seconds: int = 30) -> tuple[Any, Any]:
    """Each byte with one bit flipped is loaded by a process with a limit of memory and time."""
    payload = pickle.dumps(loader.build(make()), pickle.HIGHEST_PROTOCOL)
    there = """
import pickle, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
payload = sys.stdin.buffer.read()
for place in range(len(payload)):
    damaged = bytearray(payload)
    damaged[place] ^= 1 << place % 8
    print(place, flush=True)
    try:
        pickle.loads(bytes(damaged))
    except Exception:
        pass
"""
    environment = {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", there]
    expected = "every one loads or raises"
    try:
        ran = subprocess.run(command, input=payload, env=environment, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired as expired:
        return expected, f"hangs, at byte {(expired.stdout or b'?').split()[-1].decode()} of {len(payload)}"
    if ran.returncode:
        return expected, f"the process ends with {ran.returncode}, at byte {ran.stdout.split()[-1].decode()}"
    return expected, expected


def payload_names_known_modules(
    make: Any, loader: Any, modules: tuple[str, ...], plain: tuple[str, ...]
) -> tuple[Any, Any]:
    """Of the loader, of pickle, and of the user's FileIO and registry."""
    materials = make()

    def named(value: Any) -> set[tuple[str, str]]:
        unpickler = Naming(pickle.dumps(value))
        unpickler.load()
        return unpickler.named

    user = {type(materials.file_io).__module__, *(module for module, _ in named(materials.udf_registry))}
    foreign = [
        f"{module}.{name}"
        for module, name in sorted(named(loader.build(materials)))
        if module not in (*plain, *user) and not any(f"{module}.".startswith(f"{own}.") for own in modules)
    ]
    return [], foreign


def subclass_arrives_as_itself(make: Any, loader: Any) -> tuple[Any, Any]:
    """The split and its scan context, each made one of a subclass with a field of its own."""
    parts = {"split": loader.build(make())}
    if loader.scan_context is not None:
        parts["scan context"] = loader.scan_context(loader.build(make()))
    expected, seen = {}, {}
    for what, part in parts.items():
        name = f"Own{type(part).__name__}"
        own = type(name, (type(part),), {"__module__": __name__})
        globals()[name] = own
        try:
            object.__setattr__(part, "__class__", own)
            object.__setattr__(part, "own_field", 1)
        except (AttributeError, TypeError):
            continue  # a class that cannot be subclassed this way promises nothing about subclasses
        for how, carry in (
            ("pickle", lambda part: pickle.loads(pickle.dumps(part))),
            ("copy", copy.copy),
            ("deepcopy", copy.deepcopy),
        ):
            arrived = attempt(carry, part)
            expected[f"{what}, by {how}"] = (name, 1)
            seen[f"{what}, by {how}"] = (type(arrived).__name__, getattr(arrived, "own_field", None))
    return expected, seen


def second_load_does_nothing(make: Any, loader: Any) -> tuple[Any, Any]:
    """Loading once more, after one was loaded and read: nothing is registered or opened."""
    payload = pickle.dumps(loader.build(make()))
    attempt(lambda: list(loader.read(pickle.loads(payload))))
    opened: list[str] = []
    classes: set[Any] = {type(make().file_io), PyArrowFileIO}
    originals = {class_: class_.new_input for class_ in classes}
    for class_, original in originals.items():

        def new_input(self: Any, location: str, original: Any = original) -> Any:
            opened.append(f"opens {location}")
            return original(self, location)

        class_.new_input = new_input
    with recorded() as events:
        pickle.loads(payload)
    for class_, original in originals.items():
        class_.new_input = original
    return [], [*(f"registers {what}" for kind, what, _ in events if kind == "register"), *opened]


def traced(error: Any) -> str:
    """Return an error with its traceback and what it was raised from."""
    return "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""


def secrets_are_not_shown(make: Any, loader: Any, names: tuple[str, ...]) -> tuple[Any, Any]:
    """In representations, log records, and the errors of a read and of a build that fail."""
    lines: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    logging.getLogger().addHandler(Collecting())
    logging.getLogger().setLevel(logging.DEBUG)
    materials = make(Path(tempfile.mkdtemp()))
    known = [str(value) for name, value in materials.file_io_properties.items() if name in names]
    secrets = [text for secret in known for text in shown_as(secret)]
    split = loader.build(materials)
    list(loader.read(split))
    materials.files[materials.file_scan_task.file.file_path].unlink()
    texts = {
        "repr": f"{split!r} {split}",
        "error of a failed read": traced(attempt(lambda: list(loader.read(split)))),
        "error of a build that fails": str(attempt(loader.build, replace(materials, row_filter=7))),
        "log": "\n".join(lines),
    }
    if loader.scan_context is not None:
        texts["repr of the scan context"] = f"{loader.scan_context(split)!r} {loader.scan_context(split)}"
    shown_in = {what: "a secret" if any(s in text for s in secrets) else "no secret" for what, text in texts.items()}
    return dict.fromkeys(texts, "no secret"), shown_in
