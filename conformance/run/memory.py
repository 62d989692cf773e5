"""Memory (PROC-6): what reading a file takes, on two sizes of it, in a worker of its own.

What a process takes anyway is in both; their difference belongs to the rows. Only Linux tells the peak of a process.
"""

from __future__ import annotations

from conformance.adapter import Adapter
from conformance.checks.check import Judged
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.observation.difference import Difference, Place, Step
from conformance.observation.raised import Died, Hung, Raised, attempt
from conformance.observation.work import tells_memory
from conformance.run.sweep import Sweep
from conformance.timing import phase
from conformance.transports.calls import answer, departing
from conformance.transports.transport import AS_BUILT
from conformance.transports.worker_tasks import PICKLE, dumped
from fixtures.materials import make_materials
from fixtures.tables.warehouse import Warehouse
from strategies.serialization import to_json
from strategies.specs import ColumnSpec, SplitSpec, TableSpec

__all__ = ["CLAUSE", "memory_taken", "reading_memory"]

CLAUSE = "PROC-6"
# So many rows has the smaller file, and the larger one.
ROWS = (20_000, 400_000)
# Seconds that reading them may take. A loader that makes objects of all rows is slow, and the more so beside others.
READ_SECONDS = 300.0
_COLUMNS = (
    ColumnSpec(1, "a", "long", (1, 2, 3, None, 5)),
    ColumnSpec(2, "s", "string", ("a text of some length", "another", None)),
)
LARGER = SplitSpec(TableSpec(_COLUMNS, rows=ROWS[1]))


def reading_memory(sweep: Sweep) -> Findings:
    """Judge what reading takes, once in a run."""
    ledger = Ledger(sweep.baseline)
    shown = Shown(repr(LARGER), to_json(LARGER), LARGER)
    found = memory_taken(sweep.adapter, sweep.warehouse)
    judgements = [ledger.excused(Judgement(CLAUSE, way, broken), LARGER) for way, broken in found]
    ledger.record(shown, judgements)
    ledger.violate_each(shown, judgements, alone=True)
    return ledger.findings


@phase("memory")
def memory_taken(adapter: Adapter, warehouse: Warehouse) -> Judged:
    """Yield the difference between the memory that reading takes for each byte of rows, and what is declared."""
    if not tells_memory():
        return
    payloads = []
    for rows in ROWS:
        materials = make_materials(SplitSpec(TableSpec(_COLUMNS, rows=rows)), warehouse)
        payload = attempt(lambda given=materials: dumped(adapter.build(given), PICKLE))
        if isinstance(payload, Raised):
            return  # BUILD and WIRE judge that
        payloads.append(payload)
    with departing("memory") as worker:
        taken = answer(worker, "memory_of_reading", adapter.reference, payloads, limit=READ_SECONDS)
    where = Place(Step.READ, "memory", case="of a larger file")
    declared = f"at most {adapter.memory_factor:g} bytes for each byte of rows"
    if isinstance(taken, (Died, Hung)):  # it may have taken all that there is
        yield AS_BUILT, Difference(where, declared, str(taken))
    if isinstance(taken, Raised):
        return  # READ-1 judges what cannot be read
    (small, least), (large, most) = taken
    factor = (most - least) / (large - small)
    told = f"{factor:.1f}: {_megabytes(most - least)} more for {_megabytes(large - small)} more of rows"
    yield AS_BUILT, None if factor <= adapter.memory_factor else Difference(where, declared, told)


def _megabytes(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"
