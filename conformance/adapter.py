"""What an implementation provides to be tested: one :class:`Adapter`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

# Where splits are read nothing of this is needed, and importing it takes time.
if TYPE_CHECKING:
    from fixtures.materials import Materials
    from fixtures.scans import Scan

__all__ = ["Adapter", "Capability", "NotSupported"]


class NotSupported(Exception):
    """Raised by an adapter's ``build`` or ``plan``: the loader does not take that, and does not claim to.

    The example is left out and counted, with the message (``"reads no ORC"``) as the reason. It is no refusal: where a
    clause asks for one, the loader's own error has to come through. Raise it for what is asked, never for how it is
    answered.
    """


class Capability(Enum):
    """What an implementation may have. A clause that needs one it lacks is reported as not applicable."""

    PLANS = "takes a DataFusion plan together with its session context"
    EXECUTES_PLANS = "applies the plan to what is read"
    SQL_TRANSFORMS = "takes SQL text and applies it to what is read"
    TRANSFORMS = "takes a plan or SQL text"
    UDF_REGISTRIES = "takes a UDF registry"
    PATH_IDS = "the id of a split stands for its files"
    PLAN_BYTES = "shows the encoded plan"
    TRANSFORM_SQL = "shows the SQL text"
    UDF_REGISTRY = "shows the UDF registry"
    FILE_IO = "shows the FileIO"
    TABLE_METADATA = "shows the table metadata"
    PROJECTED_SCHEMA = "shows the projected schema"
    ROW_FILTER = "shows the row filter"
    SNAPSHOT = "shows the scanned snapshot"
    SCAN_TASKS = "shows the file scan tasks"
    TABLE_PROPERTIES = "shows the table properties"
    SCAN_CONTEXT = "shows the scan context"
    IDS = "splits have an id"
    SHARED_CONTEXT = "several splits of one scan share a scan context"
    SEVERAL_FILES = "one split reads several files"
    PLANNING = "plans the splits of a scan"
    IGNORES_CASE = "plans scans that ignore the case of names"
    FIELDS_OF_STRUCTS = "plans scans of fields within structs"
    FILES_PER_SPLIT = "takes how many files a split has"
    BATCH_ROWS = "takes how many rows a batch has at most"
    RETRIES = "asks again where a catalog or a store does not answer once"
    ORDERED = "gives the rows of a split in the same order at each reading"
    RESUMES = "reads the rows of a split from a position on"
    RENEWS = "renews credentials whose term has ended"
    ROW_COUNT = "says how many rows a split gives"
    OTHER_READINGS = "reads a split in several ways"


Reader = Callable[[Any], Any]


def _adds(capability: Capability, *, kw_only: bool = False) -> Any:
    """Return an optional field of :class:`Adapter`: where it is given, the implementation has the capability.

    A later field is ``kw_only``, so that adapters which give the others by their place stay as they are.
    """
    return field(default=None, kw_only=kw_only, metadata={"adds": capability})


@dataclass(frozen=True)
class Adapter:
    """How the suite drives one implementation.

    ``build`` makes a split from materials: it passes them on to the constructor and lets its errors through. ``read``
    iterates a split's record batches (``iter`` unless told otherwise). ``can`` names what the implementation does;
    each reader that is given adds the capability to show that part. Readers take a split, the one that was built or
    one that arrived, and return PyIceberg's object (or plain values): they compare nothing. ``build_scan`` makes the
    splits of one scan, which share a scan context; ``build_files`` makes one split of the given scan tasks, all else
    from the materials. ``plan`` lets the loader plan a scan (:class:`fixtures.scans.Scan`) and gives its splits,
    which ``read`` reads; what cannot be asked of the loader raises :class:`NotSupported`. ``read_from`` reads a split
    from a position on, the number of rows to pass over (READ-7); it raises :class:`NotSupported` for a split that has
    no order. ``row_count`` is the number of rows that a split says it gives, ``None`` where it does not know or only
    estimates it (READ-8). ``other_readings`` gives the batches of a split as each other way to read it gives them, by
    the name of the way (READ-9). ``memory_factor`` is how many bytes of memory reading may take for each byte of a
    file's rows in Arrow (PROC-6). ``modules`` are the modules that a payload may name (WIRE-12).
    ``secret_properties`` are FileIO properties that are secret besides those of
    :mod:`conformance.observation.secrets` (SAFE-1). ``may_differ`` names what a split holds and does not send as it
    is, a connection say, by the path to it (``"split._client"``), each with the reason: it and what belongs to it may
    arrive changed, or not at all (CTX-7). ``not_passed`` names parameters of the loader's constructors for which
    ``build`` passes nothing: a run says that they are not judged. ``reference`` is how a worker finds the adapter;
    whoever loads the adapter fills it in.
    """

    name: str
    build: Callable[[Materials], Any]
    can: frozenset[Capability] = frozenset()
    read: Callable[[Any], Iterable[Any]] = iter
    split_id: Reader | None = _adds(Capability.IDS)
    plan_bytes: Reader | None = _adds(Capability.PLAN_BYTES)
    transform_sql: Reader | None = _adds(Capability.TRANSFORM_SQL)
    udf_registry: Reader | None = _adds(Capability.UDF_REGISTRY)
    file_io: Reader | None = _adds(Capability.FILE_IO)
    table_metadata: Reader | None = _adds(Capability.TABLE_METADATA)
    projected_schema: Reader | None = _adds(Capability.PROJECTED_SCHEMA)
    row_filter: Reader | None = _adds(Capability.ROW_FILTER)
    snapshot_id: Reader | None = _adds(Capability.SNAPSHOT, kw_only=True)
    scan_tasks: Reader | None = _adds(Capability.SCAN_TASKS)
    table_properties: Callable[[Any], Mapping[str, str]] | None = _adds(Capability.TABLE_PROPERTIES)
    scan_context: Reader | None = _adds(Capability.SCAN_CONTEXT)
    build_scan: Callable[[Sequence[Materials]], Sequence[Any]] | None = _adds(Capability.SHARED_CONTEXT)
    build_files: Callable[[Materials, Sequence[Any]], Any] | None = _adds(Capability.SEVERAL_FILES)
    plan: Callable[[Scan], Iterable[Any]] | None = _adds(Capability.PLANNING)
    read_from: Callable[[Any, int], Iterable[Any]] | None = _adds(Capability.RESUMES, kw_only=True)
    row_count: Callable[[Any], int | None] | None = _adds(Capability.ROW_COUNT, kw_only=True)
    other_readings: Callable[[Any], Mapping[str, Iterable[Any]]] | None = _adds(Capability.OTHER_READINGS, kw_only=True)
    memory_factor: float = field(default=4.0, kw_only=True)
    modules: tuple[str, ...] = ()
    secret_properties: tuple[str, ...] = ()
    may_differ: Mapping[str, str] = field(default_factory=dict)
    not_passed: tuple[str, ...] = ()
    reference: str = ""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All capabilities: those declared, and those that a given reader or builder adds."""
        given = {
            each.metadata["adds"] for each in fields(self) if each.metadata and getattr(self, each.name) is not None
        }
        transforms = {Capability.TRANSFORMS} if self.can & {Capability.PLANS, Capability.SQL_TRANSFORMS} else set()
        return self.can | given | transforms

    @property
    def applies_transforms(self) -> bool:
        """Whether a plan or SQL text is applied to what is read."""
        return bool(self.can & {Capability.EXECUTES_PLANS, Capability.SQL_TRANSFORMS})
