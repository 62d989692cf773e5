"""Spark: in the closure of a function that is mapped, as elements of the data set, and broadcast."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession

from conformance.transports.engines import Carry

PARTITIONS = 2


@contextmanager
def started(folder: Path) -> Iterator[Mapping[str, Carry]]:
    """Start Spark with two threads in a Java process on this machine, its files below ``folder``."""
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # What the adapter added to the driver's path is needed there too; Spark does not pass it on.
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
    }
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{PARTITIONS}]").appName("dataloader-conformance")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    context = session.sparkContext
    context.setLogLevel("OFF")

    def numbers(splits: Sequence[Any]) -> Any:
        return context.parallelize(range(len(splits)), min(len(splits), PARTITIONS))

    def in_closure(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
        return list(numbers(splits).map(lambda number: function(splits[number])).collect())

    def as_elements(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
        return list(context.parallelize(splits, min(len(splits), PARTITIONS)).map(function).collect())

    def broadcast(splits: Sequence[Any], function: Callable[[Any], Any]) -> list[Any]:
        sent = context.broadcast(list(splits))
        try:
            return list(numbers(splits).map(lambda number: function(sent.value[number])).collect())
        finally:
            sent.destroy()

    try:
        yield {"spark-closure": in_closure, "spark-elements": as_elements, "spark-broadcast": broadcast}
    finally:
        gateway = SparkContext._gateway
        session.stop()
        gateway.shutdown()
        # Else the next session of this process would look for the Java process that has ended.
        SparkContext._gateway = SparkContext._jvm = None
