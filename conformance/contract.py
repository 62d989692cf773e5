"""The contract: every clause, once. Tests, reports, ``explain`` and docs/CONTRACT.md all refer to this file.

Ids are stable and never used again. Sources: *seed* is the pull request "Make DataLoaderSplit picklable for distributed
computing" (linkedin/openhouse 490); *card* the project's design card; *docs* what pickle, PyIceberg or DataFusion
document; *field* a bug that users of such loaders reported.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum

from conformance.adapter import Capability

__all__ = ["CLAUSES", "FAMILIES", "PREAMBLE", "Clause", "Level", "clause", "select"]


class Level(Enum):
    """How binding a clause is: a broken ``SHOULD`` fails a run under ``--strict`` only."""

    MUST = "MUST"
    SHOULD = "SHOULD"


@dataclass(frozen=True)
class Clause:
    """One promise: a stable id, its level, one sentence, where it comes from, and the capabilities that it needs."""

    id: str
    statement: str
    source: str
    level: Level = Level.MUST
    needs: tuple[Capability, ...] = ()

    @property
    def family(self) -> str:
        """The part of the id before the number."""
        return self.id.split("-")[0]


PREAMBLE = (
    '"Arrives" means: after any transport and any number of them in a row (checked to at least four), alone or '
    "together with others, whatever the process built or loaded before, also where two splits differ in one detail "
    "only. Equal means equal in type and value, in every field. A scan context or a registry that is sent or copied "
    "by itself obeys the same clauses; a shallow copy may share what a shallow copy shares. BUILD-6 excepts the "
    "registration that UDF-1 asks for; IO-1 holds unless an explicit `py-io-impl` says otherwise, IO-3 where neither "
    "an instance nor `py-io-impl` chose. Rows compare as a multiset unless the plan's order is total; nullability as "
    "the plan's schema states it."
)

FAMILIES = {
    "BUILD": "construction",
    "PLAN": "the plan",
    "UDF": "user-defined functions",
    "IO": "the FileIO",
    "CTX": "what is scanned",
    "READ": "reading",
    "ID": "identity",
    "PROC": "the process that reads",
    "SCAN": "what is planned",
    "WIRE": "transports",
    "SAFE": "secrets",
    "LIFE": "lifecycles",
}

_C = Capability

CLAUSES: tuple[Clause, ...] = (
    Clause(
        "BUILD-1", "A split is built from a plan and a session context, or from neither.", "seed", needs=(_C.PLANS,)
    ),
    Clause(
        "BUILD-2",
        "Exactly one of the two raises `ValueError` whose message names both and says that both or neither must be"
        " given; nothing was registered, encoded or read by then.",
        "seed",
        needs=(_C.PLANS,),
    ),
    Clause(
        "BUILD-3", "What counts is whether an argument is `None`, not whether it is true.", "field", needs=(_C.PLANS,)
    ),
    Clause(
        "BUILD-4",
        "A plan that cannot be encoded, whose bytes do not decode in a fresh default session with the registry's "
        "functions and the plan's tables, or that holds a construct known not to survive in this engine version, "
        "fails here, on the driver, saying why; no half-built split is left.",
        "seed ('silent data loss')",
        needs=(_C.PLANS,),
    ),
    Clause(
        "BUILD-5",
        "Arguments of a wrong kind, and no files at all, raise `TypeError` or `ValueError` naming the argument.",
        "field",
        Level.SHOULD,
    ),
    Clause(
        "BUILD-6",
        "Building a split changes none of the objects it is given, and later changes to them (a properties dict, a"
        " list of tasks) do not change the split.",
        "field",
    ),
    Clause(
        "PLAN-1",
        "The plan is encoded while the split is built: what happens to the session afterwards does not change it.",
        "seed",
        needs=(_C.PLANS, _C.PLAN_BYTES),
    ),
    Clause(
        "PLAN-2",
        "No `LogicalPlan`, `SessionContext` or other handle into the engine is reachable from a split.",
        "seed",
        needs=(_C.TRANSFORMS,),
    ),
    Clause(
        "PLAN-3",
        "The plan bytes of a split are immutable `bytes` and arrive byte for byte, for every plan that a split was"
        " built with, whether or not a worker could decode it. (Encoding the same plan twice need *not* give equal"
        " bytes: DataFusion orders function declarations at random.)",
        "seed",
        needs=(_C.PLANS, _C.PLAN_BYTES),
    ),
    Clause("PLAN-4", "Without a plan the plan bytes are `None`, and arrive as `None`.", "seed", needs=(_C.PLAN_BYTES,)),
    Clause(
        "PLAN-5",
        "Where the loader executes plans: the plan that arrives, decoded in a fresh session to which the split's "
        "UDFs and table were registered, computes the same rows and Arrow schema as the original; where it sorts "
        "last, in the same order.",
        "seed (its TODO)",
        needs=(_C.PLANS, _C.EXECUTES_PLANS),
    ),
    Clause("PLAN-6", "Splits built from one plan do not share mutable state.", "field", needs=(_C.TRANSFORMS,)),
    Clause(
        "PLAN-7",
        "Where the loader takes SQL text, it arrives to the letter; without one, `None` arrives.",
        "field",
        needs=(_C.SQL_TRANSFORMS, _C.TRANSFORM_SQL),
    ),
    Clause(
        "PLAN-8",
        "Where the loader takes SQL text: what is read is what the text computes over all rows of the split, as "
        "built and where it arrives, in a session to which the split's UDFs were registered.",
        "field",
        needs=(_C.SQL_TRANSFORMS,),
    ),
    Clause(
        "PLAN-9",
        "A plan that takes from elsewhere than the rows (the clock, random numbers) is refused, or gives the same rows"
        " at each reading: a retry must not give others than the first try.",
        "field",
        Level.SHOULD,
        needs=(_C.TRANSFORMS,),
    ),
    Clause(
        "UDF-1",
        "The registry is applied to the given session (that very session), once for each split built with a plan, "
        "before the plan is encoded.",
        "seed",
        needs=(_C.PLANS, _C.UDF_REGISTRIES),
    ),
    Clause(
        "UDF-2",
        "UDFs are registered in the registry's order: while building, and again wherever the split that arrived "
        "executes its plan or its registry is applied.",
        "seed, card",
        needs=(_C.UDF_REGISTRIES,),
    ),
    Clause(
        "UDF-3",
        "Where two UDFs bear one name the last one registered wins, before and after; the same for a UDF that "
        "shadows a built-in.",
        "card, docs",
        needs=(_C.UDF_REGISTRIES,),
    ),
    Clause(
        "UDF-4",
        "The registry arrives with its state: the same functions, computing the same values.",
        "seed",
        needs=(_C.UDF_REGISTRIES,),
    ),
    Clause(
        "UDF-5",
        "What has no importable name, or holds what cannot be sent, fails when it is dumped; what the worker lacks"
        " fails when it is loaded, naming the module; never as late as reading. (The suite's report names the path"
        " to the culprit.)",
        "field",
        needs=(_C.UDF_REGISTRIES,),
    ),
    Clause(
        "UDF-6",
        "Cloudpickle carries registries and functions defined in `__main__`, in a closure, or as a lambda.",
        "card",
        needs=(_C.UDF_REGISTRIES,),
    ),
    Clause(
        "UDF-7", "No registry means that nothing is registered, before and after.", "seed", needs=(_C.UDF_REGISTRIES,)
    ),
    Clause(
        "UDF-8",
        "Where the loader takes SQL text: wherever it is applied, every function of the registry was registered on"
        " that session before, in the registry's order.",
        "field",
        needs=(_C.SQL_TRANSFORMS, _C.UDF_REGISTRIES),
    ),
    Clause("IO-1", "The FileIO that arrives is of the same class.", "seed", needs=(_C.FILE_IO,)),
    Clause(
        "IO-2",
        "Its properties arrive equal in keys, values and types, whatever kind of mapping they were given in, and "
        "travel as a plain `dict`.",
        "seed",
        needs=(_C.FILE_IO,),
    ),
    Clause(
        "IO-3",
        "Where the class is chosen by location, it is the *table's* location that chooses.",
        "seed",
        needs=(_C.FILE_IO,),
    ),
    Clause("IO-4", "An explicit `py-io-impl` is honoured.", "docs", needs=(_C.FILE_IO,)),
    Clause(
        "IO-5", "It opens the same files, at the same endpoint, with the same credentials.", "seed", needs=(_C.FILE_IO,)
    ),
    Clause(
        "IO-6",
        "A FileIO that has opened files, or holds what cannot be pickled (a client, a lock), can be sent; "
        "connections and caches stay behind.",
        "docs",
    ),
    Clause("IO-7", "Two splits with different configurations never share or mix them.", "field"),
    Clause(
        "IO-8",
        "A FileIO that holds more than its properties, or whose constructor takes more, arrives with all of it, or is"
        " refused by its name when the split is built; it never arrives changed.",
        "field",
        needs=(_C.FILE_IO,),
    ),
    Clause(
        "IO-9",
        "Credentials with a term end with it: the error says that they have expired, unless the loader declares"
        " that it renews them (capability);"
        " splits whose terms differ never share them, whichever is read first.",
        "field",
    ),
    Clause("CTX-1", "The row filter arrives as the same expression and selects the same rows.", "seed"),
    Clause(
        "CTX-2",
        "The projected schema arrives with its schema id, identifier fields, field ids, order, types, nullability,"
        " docs and defaults.",
        "seed",
        needs=(_C.PROJECTED_SCHEMA,),
    ),
    Clause(
        "CTX-3",
        "The table metadata arrives: all schemas, partition specs, sort orders, properties (name mapping, users' "
        "own), format version, the scanned snapshot and its ref. Only other snapshots and the logs may stay "
        "behind.",
        "seed",
        needs=(_C.TABLE_METADATA,),
    ),
    Clause(
        "CTX-4",
        "File scan tasks arrive whole: path (to the letter), format, partition, spec id, column statistics, delete"
        " files, residual.",
        "seed",
        needs=(_C.SCAN_TASKS,),
    ),
    Clause(
        "CTX-5",
        "Table properties arrive equal; they and the scan context are read-only, before and after.",
        "seed",
        needs=(_C.TABLE_PROPERTIES,),
    ),
    Clause(
        "CTX-6",
        "Splits of one scan that travel together share one scan context when they arrive.",
        "field",
        needs=(_C.SHARED_CONTEXT,),
    ),
    Clause(
        "CTX-7",
        "Everything that a split holds arrives, whether or not a reader shows it: each attribute and each item, equal"
        " in type and value to what it was when the split was built or when it was sent. What may stay behind, or be"
        " made anew, the adapter names with the reason.",
        "field",
    ),
    Clause(
        "READ-1",
        "The same rows and Arrow schema are read from a split where it arrives: Parquet and ORC, partitioned, "
        "evolved, with deletes, empty.",
        "seed",
    ),
    Clause(
        "READ-2",
        "A split can be read again and again, partly, and by several iterators at once that do not disturb each other.",
        "field",
    ),
    Clause(
        "READ-3",
        "Sending a split leaves the original as it was, and readable; copies share nothing that changes.",
        "field",
    ),
    Clause(
        "READ-4",
        "A file that is gone, cut short, unreachable or refused raises an error that names it as the loader was "
        "given it and that itself can be sent back; never fewer rows, and none that a delete file takes away. (Damage"
        " that the format cannot detect is out of scope; so is a delete file that nobody needs any more.)",
        "field",
    ),
    Clause(
        "READ-5",
        "Where one split reads several files: the rows of all of them are read, as built and where it arrives, "
        "whatever their order; no file at all raises `ValueError`.",
        "field",
        needs=(_C.SEVERAL_FILES,),
    ),
    Clause(
        "READ-6",
        "An error while a plan runs reaches whoever reads, as built and where the split arrives: a function that fails"
        " at some row never ends the rows early and silently.",
        "field",
        needs=(_C.TRANSFORMS, _C.UDF_REGISTRIES),
    ),
    Clause(
        "READ-7",
        "Where the loader declares an order (capability): a split without a plan, or whose plan sorts last, gives its"
        " rows in the same order at each reading and wherever it is; read from a position on, it gives the rows that"
        " follow and nothing else.",
        "field",
        needs=(_C.ORDERED,),
    ),
    Clause(
        "READ-8",
        "What a split says of the number of its rows is true, as built and where it arrives; what is an estimate is"
        " not said as a number of rows.",
        "field",
        Level.SHOULD,
        needs=(_C.ROW_COUNT,),
    ),
    Clause(
        "READ-9",
        "Where a split can be read in several ways (capability), each gives the same rows under the same names and"
        " types, as built and where it arrives.",
        "field",
        needs=(_C.OTHER_READINGS,),
    ),
    Clause(
        "ID-1",
        "The id arrives unchanged, in every process, under every hash seed, however often it was looked at.",
        "seed",
        needs=(_C.IDS,),
    ),
    Clause(
        "ID-2",
        "Where ids stand for files (capability): the id is a function of the files' paths alone: different paths, "
        "different ids; the same paths, the same id, whatever plan, FileIO or file content goes with them.",
        "seed",
        needs=(_C.IDS, _C.PATH_IDS),
    ),
    Clause(
        "PROC-1",
        "Reading leaves the process as it was: environment, working directory, locale, signal handlers, seeds, "
        "thread counts, filters of warnings, import path, logging, standard streams, limits, what libraries are told "
        "for the whole process; and each reading, also one that is left or fails, gives back its descriptors, children,"
        " threads and batches, and leaves no temporary files.",
        "field",
    ),
    Clause(
        "PROC-2",
        "A split can be read where workers read: inside a running event loop, and in a thread that is neither the main "
        "one nor the one that loaded it.",
        "field",
    ),
    Clause(
        "PROC-3",
        "A reading can be left, before its first batch, after it, or by an error of who reads: the next one is whole.",
        "field",
    ),
    Clause("PROC-4", "What a split has read, opened or cached does not travel with it.", "field"),
    Clause(
        "PROC-5",
        "Many splits are read in one process, which differ in file, filter, columns, functions or properties, half-read"
        " in turns and by several threads at once: each gives its own rows.",
        "field",
    ),
    Clause(
        "PROC-6",
        "Reading a file takes no more memory for each byte of its rows than the adapter declares.",
        "field",
        Level.SHOULD,
    ),
    Clause(
        "SCAN-1",
        "The splits of a scan together give exactly the rows of the scanned snapshot, each once, in the asked columns"
        " and their order: no file is left out, and no part of one is read twice.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-2",
        "What was deleted is given by no split, whichever way it was deleted: its file written anew, its position noted"
        " in a delete file, which may name several data files, or its value noted there. A loader that does not apply"
        " the last refuses the scan.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-3",
        "A file that is older than the table's schema or partition spec gives what the scanned schema says: columns"
        " and fields of structs renamed, moved, widened, added and dropped since, or no longer required.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-4",
        "A transformation that gives for each row one or none gives over the splits what it gives over the table.",
        "field",
        needs=(_C.PLANNING, _C.TRANSFORMS),
    ),
    Clause(
        "SCAN-5",
        "What is pushed down, pruned or rewritten changes no row, whatever the time zone of who plans: a filter and "
        "the choice of columns select what they select without any of it.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-6",
        "A scan is pinned when it is planned: what is committed later changes none of its splits, and the next"
        " planning sees it.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-7",
        "Planning twice gives the same splits, with the same ids in the same order; no two of them have one id.",
        "field",
        needs=(_C.PLANNING, _C.IDS),
    ),
    Clause("SCAN-8", "Reading on a worker asks the catalog for nothing.", "seed", needs=(_C.PLANNING,)),
    Clause(
        "SCAN-9",
        "What is not there is told when the scan is planned, by its name: a table, a column, a column of the filter, a"
        " snapshot, a branch or tag. So is a manifest that is gone, then or on the worker. It never means fewer rows.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-10",
        "A scan that ignores the case of names (capability) finds the columns asked for, and those of the filter,"
        " whatever their case, on the worker too.",
        "field",
        needs=(_C.PLANNING, _C.IGNORES_CASE),
    ),
    Clause(
        "SCAN-11",
        "Each split has the FileIO of the table, as the catalog gives it: of its class, and with what its"
        " properties say of the store, credentials among them.",
        "field",
        needs=(_C.PLANNING, _C.FILE_IO),
    ),
    Clause(
        "SCAN-12",
        "Where a catalog refuses, or a catalog or a store does not answer once, while a scan is planned, an error says"
        " what it said, or it is asked again, as a loader may promise (capability). It never means other rows.",
        "field",
        needs=(_C.PLANNING,),
    ),
    Clause(
        "SCAN-13",
        "A loader that takes how many files a split has (capability) gives splits of so many, the last of what is left."
        " Their rows are the same.",
        "field",
        needs=(_C.PLANNING, _C.FILES_PER_SPLIT),
    ),
    Clause(
        "SCAN-14",
        "A loader that takes how many rows a batch has at most (capability) gives no greater batch, and the same rows.",
        "field",
        needs=(_C.PLANNING, _C.BATCH_ROWS),
    ),
    Clause(
        "SCAN-15",
        "Planning takes work in proportion to the files of a scan, and no memory for their rows.",
        "field",
        Level.SHOULD,
        needs=(_C.PLANNING,),
    ),
    Clause("WIRE-1", "Pickle, every protocol from 2 to the highest; protocol 5 also with out-of-band buffers.", "card"),
    Clause("WIRE-2", "Cloudpickle.", "card"),
    Clause("WIRE-3", "`copy.copy` and `copy.deepcopy`.", "field"),
    Clause("WIRE-4", "A second round trip changes nothing that the first did not.", "seed"),
    Clause(
        "WIRE-5",
        "A fresh interpreter: nothing imported, other working directory, other hash seed, other time zone, the driver"
        " gone.",
        "seed",
    ),
    Clause(
        "WIRE-6",
        "Multiprocessing with spawn and forkserver; `concurrent.futures`. Under fork a split works, or raises at "
        "once: it never hangs.",
        "seed, field",
    ),
    Clause(
        "WIRE-7",
        "Ray, Spark, Dask, joblib, PyTorch's data loader: alone, and many splits of one scan sent at once.",
        "seed, field",
    ),
    Clause("WIRE-8", "Many threads dump and load the same split at once.", "field"),
    Clause(
        "WIRE-9",
        "The payload of one split does not grow with the number of its siblings, nor with the table's history of "
        "snapshots. (Ray users reported 6 MB read tasks, and an hour to serialize 50,000 of them.)",
        "field",
        Level.SHOULD,
    ),
    Clause(
        "WIRE-10",
        "Payloads written by an older release of the loader, or under an older Python or library, load and read "
        "the same.",
        "field",
        Level.SHOULD,
    ),
    Clause(
        "WIRE-11",
        "A payload that was cut short raises; it never yields a split. Flipped bytes never crash, hang or exhaust "
        "the process.",
        "field",
    ),
    Clause(
        "WIRE-12",
        "The globals that a payload names lie within the modules that the adapter lists, but for those of the "
        "user's own objects.",
        "docs",
        Level.SHOULD,
    ),
    Clause(
        "WIRE-13",
        "A split, scan context or registry of a subclass arrives as that subclass, with its own fields.",
        "docs",
    ),
    Clause(
        "WIRE-14",
        "Loading in a process that has loaded one before registers nothing, opens nothing, reads nothing and "
        "imports no `__main__`: all that waits until the split is read.",
        "seed",
    ),
    Clause("SAFE-1", "Values of secret FileIO properties appear in no repr, error or log record.", "field"),
    Clause(
        "LIFE-1",
        "All of the above hold in any order of building, planning, committing, reading, looking at the id, sending,"
        " copying, registering and dropping.",
        "card",
    ),
)

_BY_ID = {clause.id: clause for clause in CLAUSES}


def clause(clause_id: str) -> Clause:
    """Return the clause of that id; upper and lower case are the same.

    Raises:
        LookupError: there is none; the message names the nearest ids.

    """
    found = _BY_ID.get(clause_id.upper())
    if found is None:
        raise LookupError(f"there is no clause {clause_id!r}{nearest(clause_id.upper(), _BY_ID)}")
    return found


def select(prefixes: tuple[str, ...]) -> tuple[Clause, ...]:
    """Return the clauses whose id is one of the prefixes or starts with one (``PLAN``, ``WIRE-1``); all for no prefix.

    ``WIRE-1`` means that clause alone, not WIRE-10.

    Raises:
        LookupError: a prefix selects nothing; the message names the nearest families and ids.

    """
    chosen: set[str] = set()
    for prefix in prefixes:
        wanted = prefix.upper()
        matching = {c.id for c in CLAUSES if c.id == wanted or c.family == wanted.rstrip("-")}
        if not matching:
            raise LookupError(f"no clause is named {prefix!r}{nearest(wanted, (*FAMILIES, *_BY_ID))}")
        chosen |= matching
    return tuple(c for c in CLAUSES if not prefixes or c.id in chosen)


def nearest(name: str, known: object) -> str:
    """Return ``"; did you mean …?"`` with the known names nearest to a wrong one, or all of them where none is near."""
    names = [str(item) for item in known]  # type: ignore[attr-defined]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else f"; known: {', '.join(sorted(names))}"
