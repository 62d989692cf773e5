"""The preflight of an adapter before a run: a broken adapter is told apart from a loader that violates the contract.

It happens in a process of its own, for an adapter may hang, end its process, or leave it changed.
"""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import traceback
from pathlib import Path
from typing import Any

from conformance.adapter import Adapter
from conformance.adapters.loading import AdapterError, load_adapter
from conformance.examples.from_spec import Unusable, example_of
from conformance.observation.parts import READERS
from fixtures.tables.warehouse import Warehouse
from strategies.specs import ColumnSpec, SplitSpec, TableSpec

__all__ = ["check_adapter", "complaint"]

# Seconds for the loader's imports, one split and one read of it.
TRIAL_SECONDS = 120.0
# Bytes that building and reading one split may print.
MOST_PRINTED = 1 << 20
# The smallest split: no filter, no plan, no registry, the FileIO that the table's location chooses.
SIMPLEST = SplitSpec(TableSpec((ColumnSpec(1, "a", "long", (1, 2, None)),), rows=3))
BROKEN, NOT_LOADED = 9, 8


def check_adapter(reference: str, limit: float = TRIAL_SECONDS) -> None:
    """Build, look at and read the simplest split in another process.

    Raises:
        AdapterError: the adapter fails there, or does what no adapter may; the message says what to change.

    """
    code, printed = _tried(reference, limit)
    if code < 0:  # killed: by the adapter, if it happens again
        code, printed = _tried(reference, limit)
    if code == NOT_LOADED:
        raise AdapterError(printed.decode(errors="replace").strip())
    if code == BROKEN:
        raise AdapterError(f"the adapter {reference!r} is broken: {printed.decode(errors='replace')[-4000:].strip()}")
    if code != 0 or DONE not in printed:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise AdapterError(
            f"the adapter {reference!r} ends its process (it {how}) while it is imported, or the simplest split built"
            " or read: neither it nor the loader may call sys.exit or os._exit. Its last output:\n"
            f"{printed[-1000:].decode(errors='replace')}"
        )
    if len(printed) > MOST_PRINTED:
        raise AdapterError(
            f"the adapter {reference!r} prints {len(printed):,} bytes for one split, which would bury the report:"
            f" remove its print calls. It begins: {printed[:200].decode(errors='replace')}"
        )


def _tried(reference: str, limit: float) -> tuple[int, bytes]:
    """Return the exit code of a process that tries the adapter (negative: the signal that killed it), and its output.

    Raises:
        AdapterError: it takes longer than the limit, in seconds.

    """
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-c", _START, reference]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AdapterError(
                f"the adapter {reference!r} hangs: building and reading the simplest split took more than"
                f" {limit:.0f} s."
                " Give connections a time limit, and build from the materials alone."
            ) from None
        output.seek(0)
        return code, output.read()


# Nothing of the current folder comes before what is installed.
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "from conformance.adapters.preflight import main; main(sys.argv[1])"
)
DONE = b"the trial has ended"


def main(reference: str) -> None:
    """Try the adapter in this process; ends it with a message and ``NOT_LOADED`` or ``BROKEN`` where it is."""
    try:
        adapter = load_adapter(reference)
    except AdapterError as error:
        print(f"\n{error}", flush=True)
        os._exit(NOT_LOADED)
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = complaint(adapter, Path(folder))
    except SystemExit:
        raise
    except BaseException:
        found = f"the trial itself failed:\n{traceback.format_exc()}"
    if found:
        print(f"\n{found}", flush=True)
    else:
        print(DONE.decode(), flush=True)
    os._exit(BROKEN if found else 0)  # a thread that it left would keep this process alive


def _unfilled(adapter: Adapter) -> str:
    """Return which arguments in ``build`` are still the dots that `init` writes for what it cannot guess."""
    try:
        lines, first = inspect.getsourcelines(adapter.build)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):  # no source of its own, as a partial or a lambda has none
        return ""
    arguments = (node for node in ast.walk(tree) if isinstance(node, ast.keyword))
    dots = [node for node in arguments if isinstance(node.value, ast.Constant) and node.value.value is ...]
    named = ", ".join(f"{node.arg} (line {first + node.lineno - 1})" for node in dots)
    return f"\nIts `build` still passes `...` for {named}: say what the loader is to be given there." if named else ""


def complaint(adapter: Adapter, folder: Path) -> str:
    """Return what is wrong with the adapter; empty for nothing."""
    example = example_of(SIMPLEST, Warehouse(folder))
    if isinstance(example, Unusable):
        return f"the suite's own split cannot be made here: {example.reason}"
    here, threads = Path.cwd(), set(threading.enumerate())
    split: Any = None
    for step in ("build", "read", *READERS):
        reader = None if step in ("build", "read") else getattr(adapter, step)
        try:
            if step == "build":
                split = adapter.build(example.make())
            elif step == "read" and adapter.read is iter and not hasattr(type(split), "__iter__"):
                return (
                    f"its splits, of {type(split).__qualname__}, are not iterable, and it has no `read`: give"
                    " Adapter one, a function that returns the record batches of a split (read=lambda split: …)."
                )
            elif step == "read":
                batches = adapter.read(split)
                for batch in batches:
                    _ = batch.num_rows, batch.schema
            elif reader is not None:
                reader(split)
        except Exception:
            return (
                f"its `{step}` fails on the simplest split (no filter, no plan, no registry), which every loader has to"
                f" take:\n{traceback.format_exc(limit=-4)}{_unfilled(adapter)}"
            )
        if split is None:
            return "its `build` returns None: it must return the split, the object that is sent to a worker."
        if Path.cwd() != here:
            return (
                f"its `{step}` changes the working directory (from {here} to {Path.cwd()}), in which other splits are"
                " read: use absolute paths instead of os.chdir."
            )
        left = [t for t in set(threading.enumerate()) - threads if not t.daemon and t.name[:10] != "ThreadPool"]
        if left:
            return (
                f"its `{step}` leaves a thread running ({left[0].name}): no process of the run could end. Join it, or"
                " make it a daemon."
            )
    return ""
