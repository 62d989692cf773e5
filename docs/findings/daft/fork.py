"""Daft: a plain read hangs in a child that is forked from a process which has read before.

    pip install daft && python fork.py

So it is in a pool of ``multiprocessing`` under Python before 3.14 on Linux, and in PyTorch's data loader. The child has
to read, or to raise at once. Exit code 1: it has done neither after ten seconds.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time

import daft
import pyarrow as pa
import pyarrow.parquet

SECONDS = 10
file = f"{tempfile.mkdtemp()}/data.parquet"
pyarrow.parquet.write_table(pa.table({"a": [1, 2, 3]}), file)
print("daft", daft.__version__)
print("parent:", daft.read_parquet(file).to_pydict(), flush=True)
child = os.fork()
if child == 0:
    print("child:", daft.read_parquet(file).to_pydict(), flush=True)
    os._exit(0)
end = time.monotonic() + SECONDS
while time.monotonic() < end:
    if os.waitpid(child, os.WNOHANG)[0]:
        raise SystemExit(0)
    time.sleep(0.1)
print(f"child: hangs, for {SECONDS} s now")
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
raise SystemExit(1)
