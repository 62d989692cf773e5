"""Polars: a scan hangs in a child that is forked from a process which has read before.

    pip install polars && python fork.py

So it is in a pool of ``multiprocessing`` under Python before 3.14 on Linux, and in PyTorch's data loader. Polars warns
when the process is forked. The child has to read, or to raise at once. Exit code 1: it has done neither after ten
seconds.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time

import polars as pl

SECONDS = 10
file = f"{tempfile.mkdtemp()}/data.parquet"
pl.DataFrame({"a": [1, 2, 3]}).write_parquet(file)
print("polars", pl.__version__)
print("parent:", pl.scan_parquet(file).collect().to_dict(as_series=False), flush=True)
child = os.fork()
if child == 0:
    print("child:", pl.scan_parquet(file).collect().to_dict(as_series=False), flush=True)
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
