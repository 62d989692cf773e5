"""Daft: a payload with one flipped bit ends the process that loads it, instead of raising.

    pip install daft && python flipped_byte.py

The lengths in Daft's own encoding are believed: as much memory is asked for as they say. Where the system does not give
it, Rust aborts the process, and no ``except`` sees it. Each byte of a pickled expression has its seventh bit flipped,
and is loaded in a process of its own, until one is killed. Exit code 1: one was.
"""

from __future__ import annotations

import pickle
import subprocess
import sys

import daft

LOAD = """
import pickle, sys
import daft
try:
    pickle.loads(sys.stdin.buffer.read())
except Exception:
    pass
"""
print("daft", daft.__version__)
payload = pickle.dumps(daft.col("a") > 1)
for index in reversed(range(len(payload))):
    flipped = bytearray(payload)
    flipped[index] ^= 0x40
    ended = subprocess.run([sys.executable, "-c", LOAD], input=bytes(flipped), capture_output=True, check=False)
    if ended.returncode < 0:
        said = [line for line in ended.stderr.decode(errors="replace").splitlines() if "memory allocation" in line]
        print(f"byte {index} of {len(payload)}: ended by signal {-ended.returncode}, {' '.join(said)}")
        raise SystemExit(1)
print("each of them loads or raises")
