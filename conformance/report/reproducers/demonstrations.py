"""How each kind of violation is demonstrated: by its place, matched field by field."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.adapter import Adapter, Capability
from conformance.checks.build import FEWEST_WORDS
from conformance.checks.context import WHOLE_STATE
from conformance.checks.io import MORE
from conformance.checks.plan import ONE_ROW, unsettled
from conformance.checks.process import CUT, FAILING, GROWN, SIDE_BY_SIDE, WITH_ANOTHER, another
from conformance.checks.read import FAILED, FAILURES, ORDER, OTHERWISE, ROW_COUNT, THEIR_ORDER, failing
from conformance.checks.wire import GROWING, PLAIN_MODULES, SIBLINGS
from conformance.judging.findings import Violation
from conformance.judging.where import Where
from conformance.observation.difference import Place, Step
from conformance.observation.parts import PARTS
from conformance.observation.reader import READINGS
from conformance.observation.secrets import secret_names
from conformance.report.reproducers import looks, shows
from conformance.report.reproducers.sources import NotEmbeddable
from conformance.transports.transport import AS_BUILT
from fixtures.expected import expected_rows
from fixtures.file_ios import SCOPE, VAULT_EXPIRES
from fixtures.tables.damage import DAMAGES
from fixtures.unsendable import UNSENDABLE
from strategies.arguments import WRONG_KINDS
from strategies.pairs import OF_ONE_HASH
from strategies.specs import FileIOSpec, Predicate, SplitSpec

__all__ = ["Demonstration", "demonstration"]

# What is looked at: a part or aspect by its name, or a function of (loader, split).
Look = str | Callable[..., Any]


@dataclass(frozen=True)
class Demonstration:
    """What a script does: the function that shows the break, further arguments of it, what is looked at, and the way.

    ``given`` names the part or aspect whose value is expected as it was given. ``way`` is a transport's name, ``trips``
    how often the split makes it. ``of`` are fields of the spec that the check had replaced.
    """

    show: Callable[..., Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    look: Look | None = None
    given: str | None = None
    way: str = AS_BUILT
    trips: int = 1
    of: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What is to be demonstrated."""

    violation: Violation
    adapter: Adapter
    spec: SplitSpec

    @property
    def place(self) -> Place:
        """Where the difference is."""
        return self.violation.difference.place

    @property
    def way(self) -> str:
        """The first transport that broke it."""
        return self.violation.transports[0]


Make = Callable[[Asked], Demonstration]


def demonstration(violation: Violation, adapter: Adapter, spec: SplitSpec) -> Demonstration:
    """Return how the violation is demonstrated.

    Raises:
        NotEmbeddable: no simple script shows it.

    """
    asked = Asked(violation, adapter, spec)
    make = next((make for where, make in ROWS if where.covers(asked.place)), None)
    if make is None:
        raise NotEmbeddable(f"no simple script looks at {str(asked.place)!r}")
    return make(asked)


def _by(show: Callable[..., Any], **arguments: Any) -> Make:
    """A show that looks at nothing after sending."""
    return lambda asked: Demonstration(show, arguments)


def _sent(show: Callable[..., Any], look: Look) -> Make:
    """A show that looks at what arrives."""
    return lambda asked: Demonstration(show, look=look, way=asked.way, trips=max(1, asked.place.hop))


def _part(show: Callable[..., Any]) -> Make:
    """A show that looks at the part in which the difference is, where it arrives or as built."""

    def make(asked: Asked) -> Demonstration:
        return Demonstration(show, look=_known(asked), way=asked.way, trips=max(1, asked.place.hop))

    return make


def _known(asked: Asked) -> str:
    """Return what is to be looked at."""
    part = "rows in order" if ".rows in order" in asked.place.within else asked.place.part
    if part not in looks.LOOKS and all(part != each.name or each.plain is None for each in PARTS):
        raise NotEmbeddable(f"no simple script looks at {part!r}")
    return part


def _as_given(asked: Asked) -> Demonstration:
    part = _known(asked)
    if part == "plan bytes":  # without a plan there are none
        return Demonstration(shows.has_no_plan_bytes)
    if part.startswith("rows"):
        columns, rows = _written_rows(asked, part == "rows in order")
        return Demonstration(shows.built_gives_rows, {"columns": columns, "rows": rows}, look=part)
    if part not in looks.GIVEN and all(each.name != part or each.given is None for each in PARTS):
        raise NotEmbeddable(f"no simple script knows what {part!r} of a split that was not sent should be")
    return Demonstration(shows.built_as_given, look=part, given=part)


def _written_rows(asked: Asked, in_order: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows that the split has to give, by its spec alone, as scripts write them."""
    columns, rows = looks.rows(expected_rows(asked.spec).to_reader(), in_order)
    return columns, rows


def _several_files(asked: Asked) -> Demonstration:
    columns, rows = _written_rows(asked)
    of_three_files = {"columns": columns, "rows": sorted(rows * 3)}
    trips = max(1, asked.place.hop)
    return Demonstration(shows.several_files_are_read, of_three_files, "rows", way=asked.way, trips=trips)


def _arrives(asked: Asked) -> Demonstration:
    if asked.place.part not in ("registry registers", "registry computes", "registered while reading"):
        return _part(shows.arrives_as_sent)(asked)
    return _part(shows.no_registry_arrives if asked.spec.registry is None else shows.registry_arrives)(asked)


def _second_trip(asked: Asked) -> Demonstration:
    return replace(_part(shows.second_trip_as_first)(asked), trips=max(2, asked.place.hop))


def _wrong_kind(asked: Asked) -> Demonstration:
    name, _, value = asked.place.variant.partition("=")
    arguments = {"argument": name, "wrong": ast.literal_eval(value), "pattern": WRONG_KINDS[name]}
    return Demonstration(shows.names_wrong_argument, arguments)


def _falsy(asked: Asked) -> Demonstration:
    registers = Capability.UDF_REGISTRIES in asked.adapter.capabilities
    return Demonstration(shows.falsy_counts, {"registers": registers})


def _one_missing(show: Callable[..., Any]) -> Make:
    return lambda asked: Demonstration(show, {"missing": asked.place.variant})


def _unsendable(asked: Asked) -> Demonstration:
    return Demonstration(shows.unsendable_is_refused, {"held": UNSENDABLE[asked.place.variant]})


def _lost_file(asked: Asked) -> Demonstration:
    way = "removed" if asked.place.variant == "of one split removed" else asked.place.variant
    deletes = asked.place.case == "a delete file"
    return Demonstration(shows.lost_file_is_named, {"damage": DAMAGES[way], "deletes": deletes}, way=asked.way)


def _growing(asked: Asked) -> Demonstration:
    siblings = asked.place.variant == SIBLINGS
    show = shows.payload_without_siblings if siblings else shows.payload_without_history
    return Demonstration(show, {"counts": GROWING})


def _modules(asked: Asked) -> Demonstration:
    arguments = {"modules": asked.adapter.modules, "plain": tuple(sorted(PLAIN_MODULES))}
    return Demonstration(shows.payload_names_known_modules, arguments)


def _secrets(asked: Asked) -> Demonstration:
    properties = ("vault.secret-token", *dict(asked.spec.file_io.properties))
    names = secret_names(properties, asked.adapter.secret_properties)
    return Demonstration(shows.secrets_are_not_shown, {"names": tuple(names)}, way=asked.way)


def _connection(asked: Asked) -> Demonstration:
    return Demonstration(shows.connection_stays_behind, look=looks.look_io_connection, way="worker")


def _whole_file_io(asked: Asked) -> Demonstration:
    implementation = next(name for name, how in MORE.items() if how == asked.place.variant)
    of = {"file_io": FileIOSpec("instance", implementation)}
    way = asked.way if asked.place.hop else AS_BUILT
    return Demonstration(shows.file_io_arrives_whole, {"scope": SCOPE}, looks.look_io_scope, way=way, of=of)


def _expired(asked: Asked) -> Demonstration:
    of = {"file_io": FileIOSpec("instance", "vault", properties=asked.spec.file_io.properties)}
    return Demonstration(shows.expired_credentials_are_told, {"expires": VAULT_EXPIRES}, look="rows", of=of)


def _in_their_order(asked: Asked) -> Demonstration:
    way = asked.way if asked.place.hop else AS_BUILT
    return Demonstration(shows.rows_keep_their_order, look="rows in order", way=way)


def _number_of_rows(asked: Asked) -> Demonstration:
    way = asked.way if asked.place.hop else AS_BUILT
    return Demonstration(shows.number_of_rows_is_true, look=looks.look_row_count, way=way)


def _other_ways(asked: Asked) -> Demonstration:
    way = asked.way if asked.place.hop else AS_BUILT
    return Demonstration(shows.ways_to_read_agree, look=looks.look_each_way, way=way)


def _belonging(asked: Asked) -> Demonstration:
    # As an expression: a key of a mapping is looked up among its keys.
    path = re.sub(r"^(.*)\.keys\(\)\[(.*)\]$", r"{key: key for key in \1}[\2]", asked.place.within[0])
    arguments = {"path": path}
    trips = max(1, asked.place.hop)
    return Demonstration(shows.belonging_arrives, arguments, looks.look_itself, way=asked.way, trips=trips)


def _on_rows(show: Callable[..., Any]) -> Make:
    """A show that looks at the rows, as built."""
    return lambda asked: Demonstration(show, look="rows")


def _failing(asked: Asked) -> Demonstration:
    behaviour = next(name for name, how in FAILURES.items() if how == asked.place.variant)
    return Demonstration(shows.failure_is_raised, look="rows", way=asked.way, of=failing(behaviour))


def _unsettled(asked: Asked) -> Demonstration:
    of = {**ONE_ROW, "registry": None, "plan": unsettled(asked.place.variant)}
    return Demonstration(shows.readings_agree, look="rows", of=of)


def _in_circumstances(asked: Asked) -> Demonstration:
    in_loop = "event loop" in asked.place.variant
    show = shows.reads_in_a_running_event_loop if in_loop else shows.reads_in_another_thread
    return Demonstration(show, look="rows")


def _beside_others(asked: Asked) -> Demonstration:
    """A show with all others that differ in the filter: which of them was read before, the place does not say."""
    respect = asked.place.variant.partition(WITH_ANOTHER)[2]
    if asked.spec.plan is not None or not (respect == "" or "filter" in respect):
        raise NotEmbeddable(f"no simple script has two splits that differ so: {asked.place.variant}")
    others = [another(asked.spec, respect) for respect in ("row filter", *OF_ONE_HASH)]
    filters = [other.row_filter for other in others if other and isinstance(other.row_filter, Predicate)]
    splits = [asked.spec, *(replace(asked.spec, row_filter=each) for each in filters)]
    arguments = {
        "others": [(each.op, each.column, each.values) for each in filters],
        "expected": [looks.rows(expected_rows(split).to_reader(), False)[1] for split in splits],
    }
    return Demonstration(shows.rows_beside_others, arguments, look="rows")


# More often than the check reads: in a script paths are shorter, and so is what is noted of each reading.
GROWING_BY_USE = {"readings": 4 * READINGS, "most": GROWN}

_B, _L, _S, _A, _R = Step.BUILD, Step.LOOK, Step.SEND, Step.ARRIVE, Step.READ

# The first row that covers a place demonstrates it. What no row covers no simple script shows.
ROWS: tuple[tuple[Where, Make], ...] = (
    (Where(_B, "", case=""), _by(shows.is_built)),
    (Where(_B, "", case="without"), _one_missing(shows.is_refused_without)),
    (Where(_B, "events", case="without"), _one_missing(shows.nothing_is_done_before)),
    (Where(_B, case="with a falsy registry"), _by(shows.is_built)),
    (Where(_B, case="with nothing but a falsy"), _falsy),
    (Where(_B, case="with a falsy plan and session"), _falsy),
    (Where(_B, case="registered on a falsy session"), _falsy),
    (Where(_L, case="of a falsy plan"), _falsy),
    (Where(_B, case="of a plan that does not"), _by(shows.is_refused)),
    (Where(_B, case="message of the refusal"), _by(shows.refusal_says_why, words=FEWEST_WORDS)),
    (Where(_B, case="of a plan whose function is in no registry"), _by(shows.is_refused_without_registry)),
    (Where(_B, case="with"), _wrong_kind),
    (Where(_B, case="the arguments, after building"), _by(shows.arguments_are_unchanged)),
    (Where(_L, case="after the arguments changed"), _part(shows.arguments_stay_apart)),
    (Where(case="encoding"), _by(shows.plan_is_encoded_while_building)),
    (Where(_L, case="after the session changed"), _by(shows.plan_bytes_stay)),
    (Where(_L, "reachable", case=""), _by(shows.no_engine_handle)),
    (Where(_L, "reachable", case="shared by splits of one plan"), _by(shows.splits_share_nothing)),
    (Where(_B, case="of a second split from one plan"), _by(shows.second_split_is_built)),
    (Where(_L, case="their type"), _by(shows.plan_bytes_are_bytes)),
    (Where(_B, "registered", case="before the plan was encoded"), _by(shows.registered_on_the_session)),
    (Where(_B, "registered", case="once more"), _by(shows.registered_on_the_session)),
    (Where(_B, "registered", case="for a second split"), _by(shows.registered_on_the_session)),
    (Where(_B, "registered", case="while building"), _by(shows.registered_on_the_session)),
    (Where(_B, "registered", case="without a registry"), _by(shows.nothing_is_registered)),
    (Where(_S, case="dump of a function without an importable name"), _by(shows.nameless_is_refused)),
    (Where(_S, case="dump of a registry that holds"), _unsendable),
    (Where(_S, case="load on a worker without the registry's module"), _by(shows.missing_module_is_named)),
    (Where(_S, case="a second load on a worker"), _by(shows.second_load_does_nothing)),
    (Where(_S, "payload", case="by the number of"), _growing),
    (Where(_S, "payload", case="cut short"), _by(shows.cut_payload_raises)),
    (Where(_S, "payload", case="with a byte flipped"), _by(shows.flipped_payload_does_no_harm)),
    (Where(_S, "globals of the payload"), _modules),
    (Where(_S, "", case=""), _sent(shows.is_carried, "rows")),
    (Where(_R, "registered before SQL"), _sent(shows.registers_before_sql, "registered before SQL")),
    (Where(_A, "connection"), _connection),
    (Where(_A, WHOLE_STATE), _belonging),
    (Where(_A, "FileIO mapping"), _sent(shows.properties_are_a_dict, "FileIO mapping")),
    (Where(part="FileIO properties of two splits"), _sent(shows.configurations_stay_apart, shows.look_pair)),
    (Where(part="row filters of two splits"), _sent(shows.filters_stay_apart, shows.look_filters)),
    (Where(part="scan contexts of one scan"), _sent(shows.one_scan_shares_its_context, shows.look_shared)),
    (Where(part="reads again"), _sent(shows.reads_again, looks.look_read_twice)),
    (Where(_L, case="after sending"), _part(shows.original_stays)),
    (Where(_A, "reachable"), _sent(shows.copies_share_nothing, looks.look_itself)),
    (Where(_R, case="the file"), _lost_file),
    (Where(_R, case="a delete file"), _lost_file),
    (Where(case="with a FileIO"), _whole_file_io),
    (Where(case="of a FileIO"), _whole_file_io),
    (Where(_R, "rows", case="where credentials have expired"), _expired),
    (Where(case=THEIR_ORDER), _in_their_order),
    (Where(_R, "rows", case="from a position on"), _by(shows.reads_on_from_positions)),
    (Where(part=ROW_COUNT), _number_of_rows),
    (Where(case=OTHERWISE), _other_ways),
    (Where(_R, "the process", case=FAILING), _by(shows.failures_leave_nothing, readings=READINGS, damage=DAMAGES[CUT])),
    (Where(_R, "the process"), _by(shows.process_stays_as_it_was, readings=READINGS)),
    (Where(_R, "rows", case="in other circumstances"), _in_circumstances),
    (Where(_R, "rows", case=SIDE_BY_SIDE), _beside_others),
    (Where(_R, "rows", case=FAILED), _failing),
    (Where(_R, "rows", case="of a second reading, of a query that calls"), _unsettled),
    (Where(_R, "rows", case="after a reading that was left"), _on_rows(shows.reads_whole_after_it_was_left)),
    (
        Where(_S, "payload", case="after it was read"),
        _by(shows.payload_stays_as_small, readings=4 * READINGS, most=GROWN),
    ),
    (Where(_B, case="of no file"), _by(shows.no_file_is_refused)),
    (Where(_B, case=ORDER), _by(shows.several_files_are_built)),
    (Where(case=ORDER), _several_files),
    (Where(_L, "id", case="looked at again"), _by(shows.id_stays)),
    (Where(_L, "id", case="first looked at after sending"), _by(shows.id_stays)),
    (Where(_L, "id", case="files with the id of a split"), _by(shows.id_stands_for_the_path)),
    (Where(_L, "text"), _secrets),
    (Where(_A, case="by"), _by(shows.subclass_arrives_as_itself)),
    # Looking whether the properties can be set has set one: that shows at the next look.
    (Where(within=(repr(repr("changed by the suite")),)), _sent(shows.is_read_only, "read-only")),
    (Where(part="read-only"), _sent(shows.is_read_only, "read-only")),
    (Where(_A, case="against the first trip"), _second_trip),
    (Where(_L, case=""), _as_given),
    (Where(_A, case=""), _arrives),
)
