"""Polars: a scan of an Iceberg table keeps the storage options by reference, and is sent with what they became since.

    pip install "polars[iceberg]>=2.1" && python shared_options.py

One dict is filled for one table after another, as a loop over tables does. Each scan is then sent, and read, with the
credentials of the last one. ``scan_parquet`` takes the options as they are when it is called. Exit code 1: the first
scan is sent with the options of the second.
"""

from __future__ import annotations

import pickle

import polars as pl

print("polars", pl.__version__)
options: dict[str, str] = {}
scans = {}
for tenant in ("first", "second"):
    options["s3.access-key-id"] = f"key-of-{tenant}"
    location = f"s3://{tenant}/table/metadata/00000-2e963356-a73c-4c5c-a049-70b7c331711f.metadata.json"
    scans[tenant] = pl.scan_iceberg(location, storage_options=options)
wrong = 0
for tenant, scan in scans.items():
    payload = pickle.dumps(scan)
    (found,) = (name for name in scans if f"key-of-{name}".encode() in payload)
    wrong += found != tenant
    print(f"the scan of the {tenant} table is sent with the key of the {found}")
raise SystemExit(1 if wrong else 0)
