"""LIFE-1: lives drawn step by step, each against its model; a life that goes wrong is shortened and shown as a script.

A step that breaks a split by itself, in the plain order of building, taking it and looking, is the matter of another
clause and left out: so what is found here shows in an order alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conformance.adapter import Capability
from conformance.adapters.loading import load_adapter
from conformance.examples.drawing import BACKEND
from conformance.examples.example import Example
from conformance.judging.findings import Findings
from conformance.judging.judgement import Judgement
from conformance.judging.ledger import Ledger, Shown
from conformance.observation.difference import Difference
from conformance.run.lifecycle import CARRY, Lifecycle, examples_for, lived
from conformance.run.living_table import ASKED, COMMITS
from conformance.run.shorter_lives import shortened
from conformance.run.sweep import Sweep
from conformance.timing import phase
from conformance.transports.afresh import asked_afresh
from conformance.transports.transport import AS_BUILT
from fixtures.tables.warehouse import Warehouse

__all__ = ["CLAUSE", "STEPS_OF_A_LIFE", "live"]

CLAUSE = "LIFE-1"
STEPS_OF_A_LIFE = 12
# More splits at once show nothing that these do not.
MOST_SPLITS = 5
MOST_PLANNED = 3

# Each taken once with a split just built: by itself it must leave the split as it was.
_SINGLE_STEPS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("look", (0,)),
    ("read", (0,)),
    ("begin", (0, 1)),
    ("collect", ()),
    ("register_more", (0,)),
    ("deregister_table", (0,)),
    ("change_arguments", (0,)),
    ("drop_arguments", (0,)),
)


@phase("lives")
def live(sweep: Sweep, lives: int, seed_: int) -> Findings:
    """Judge LIFE-1 on so many lives drawn from the seed; nothing where the survey does not check it, or no split lives
    through any single step.
    """
    ledger = Ledger(sweep.baseline)
    if all(check.clause.id != CLAUSE for check in sweep.checks):
        return ledger.findings
    started = time.perf_counter()
    given = examples_for(sweep.adapter, sweep.warehouse)
    plainly = [_goes_wrong_plainly(sweep, example) for example in given]
    able = [number for number, found in enumerate(plainly) if found is None]
    search = _Search(sweep, given, able, _harmless(sweep, [given[number] for number in able]))
    if able:
        search.run(lives, seed_)
    search.found += _only_here(sweep, plainly)
    ledger.findings.judging[CLAUSE] += time.perf_counter() - started
    for script, found, alone in search.found:
        # Which split it was differs from lifecycle to lifecycle, and is no matter of a baseline.
        judgement = ledger.excused(Judgement(CLAUSE, AS_BUILT, found.at(variant="")), None)
        ledger.record(Shown(script), [judgement])
        if judgement.difference is not None:
            ledger.violate(CLAUSE, [AS_BUILT], Shown(script), found, alone=alone)
    if search.lives:
        ledger.findings.met[CLAUSE, AS_BUILT] = search.lives
    return ledger.findings


def _goes_wrong_plainly(sweep: Sweep, example: Example) -> Difference | None:
    life = Lifecycle(sweep.adapter, (example,), sweep.warehouse.root)
    return life.step("build", 0) or life.step("check")


def _only_here(sweep: Sweep, plainly: Sequence[Difference | None]) -> Iterator[tuple[str, Difference, bool]]:
    """Yield the first life that goes wrong in the plain order here, and not in a process that has seen no other.

    What earlier examples left behind takes part in it, and no clause on one example tells of that.
    """
    for number, found in enumerate(plainly):
        script = f"build({number})\ncheck()"
        if found is not None and asked_afresh(_lives, sweep.adapter.reference, script, sweep.warehouse.root):
            yield script, found, False
            return


def _lives(reference: str, script: str, root: Path) -> bool:
    return lived(load_adapter(reference), script, Warehouse(root)) is None


def _harmless(sweep: Sweep, examples: Sequence[Example]) -> frozenset[str]:
    """Return the steps, and the transports, after which a split of each example is as it was."""
    steps = [(name, (name, *arguments)) for name, arguments in _SINGLE_STEPS]
    steps += [(transport, ("send", 0, transport)) for transport in CARRY]

    def harms(step: tuple[object, ...], example: Example) -> bool:
        life = Lifecycle(sweep.adapter, (example,), sweep.warehouse.root)
        name, *arguments = step
        return bool(life.step("build", 0) or life.step(str(name), *arguments) or life.step("check"))

    return frozenset(name for name, step in steps if not any(harms(step, example) for example in examples))


class _Broken(Exception):
    """Tells Hypothesis that a life went wrong."""


class _Search:
    """Draws lives until one goes wrong, then shortens that one. ``able`` are the numbers of examples that it builds."""

    def __init__(
        self, sweep: Sweep, examples: tuple[Example, ...], able: Sequence[int], harmless: frozenset[str]
    ) -> None:
        self.sweep = sweep
        self.examples = examples
        self.able = able
        self.harmless = harmless
        self.transports = tuple(name for name in CARRY if name in harmless)
        self.plans = Capability.PLANNING in sweep.adapter.capabilities
        self.lives = 0
        self.found: list[tuple[str, Difference, bool]] = []
        self._broken: dict[str, Difference] = {}

    def run(self, lives: int, seed_: int) -> None:
        """Draw lives from the seed."""
        try:
            run_state_machine_as_test(
                seed(seed_)(_machine(self)),
                settings=settings(
                    backend=BACKEND,
                    max_examples=lives,
                    stateful_step_count=STEPS_OF_A_LIFE,
                    phases=(Phase.generate,),
                    database=None,
                    deadline=None,
                    derandomize=False,
                    print_blob=False,
                    report_multiple_bugs=False,
                    verbosity=Verbosity.quiet,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except (_Broken, Flaky) as error:
            script, difference = next(iter(self._broken.items()))
            # If it is flaky, what earlier lives left behind takes part in it.
            alone = isinstance(error, _Broken)
            if alone:
                script, difference = shortened(self.sweep.adapter, script, difference, self.sweep.warehouse)
            self.found.append((script, difference, alone))

    def begins(self) -> None:
        """Count a life that is drawn; not one that goes wrong once more."""
        self.lives += not self._broken

    def goes_wrong(self, life: Lifecycle, difference: Difference) -> None:
        """Note a life that went wrong."""
        self._broken.setdefault("\n".join(life.script), difference)
        raise _Broken


def _machine(search: _Search) -> type[Living]:
    """Return the machine that draws lifecycles for a search."""
    return type("Living", (Living,), {"search": search})


_NUMBER = st.integers(0, MOST_SPLITS - 1)
_SELDOM = st.sampled_from((False, False, False, True))
_TRANSPORT = st.runner().flatmap(lambda machine: st.sampled_from(machine.search.transports or ("none",)))


class Living(RuleBasedStateMachine):
    """Draws a lifecycle of the search's splits; a number drawn is taken modulo what lives."""

    search: ClassVar[_Search]

    def __init__(self) -> None:
        super().__init__()
        self.life = Lifecycle(self.search.sweep.adapter, self.search.examples, self.search.sweep.warehouse.root)
        self.watched = False
        self.over = False
        self.search.begins()

    def step(self, name: str, *arguments: object) -> None:
        found = self.life.step(name, *arguments)
        if found is not None:
            self.over = True
            self.search.goes_wrong(self.life, found)

    def harmless(self, *steps: str) -> bool:
        return self.search.harmless.issuperset(steps)

    def example(self, drawn: int) -> int:
        return self.search.able[drawn % len(self.search.able)]

    def split(self, drawn: int) -> int:
        return drawn % len(self.life.splits)

    @initialize(example=_NUMBER, other=_NUMBER, two=st.booleans(), watched=_SELDOM)
    def begins(self, example: int, other: int, two: bool, watched: bool) -> None:
        """Build one or two. Looking may itself change a split: most lives are looked at in the end alone."""
        self.watched = watched
        for each in (example, other) if two else (example,):
            self.step("build", self.example(each))

    @rule(example=_NUMBER)
    @precondition(lambda self: len(self.life.splits) < MOST_SPLITS)
    def build(self, example: int) -> None:
        self.step("build", self.example(example))

    @rule(name=st.sampled_from(["look", "read", "register_more", "deregister_table", "drop_arguments"]), at=_NUMBER)
    @precondition(lambda self: self.life.splits)
    def touch(self, name: str, at: int) -> None:
        if self.harmless(name):
            self.step(name, self.split(at))

    @rule(at=_NUMBER)
    @precondition(lambda self: self.life.splits and self.harmless("change_arguments"))
    def change_arguments(self, at: int) -> None:
        self.step("change_arguments", self.split(at))

    @rule(at=_NUMBER, batches=st.sampled_from((1, 0)))
    @precondition(lambda self: self.life.splits and self.harmless("begin"))
    def begin(self, at: int, batches: int) -> None:
        self.step("begin", self.split(at), batches)

    @rule(at=_NUMBER, other=_NUMBER)
    @precondition(lambda self: len(self.life.splits) > 1 and self.harmless("begin"))
    def read_in_turns(self, at: int, other: int) -> None:
        self.step("begin", self.split(at), 0)
        self.step("begin", self.split(other), 0)
        self.step("finish", len(self.life.readings) - 2)
        self.step("finish", len(self.life.readings) - 1)

    @rule(at=_NUMBER)
    @precondition(lambda self: self.life.readings)
    def finish(self, at: int) -> None:
        self.step("finish", at % len(self.life.readings))

    @rule(at=_NUMBER, way=_TRANSPORT)
    @precondition(lambda self: 0 < len(self.life.splits) < MOST_SPLITS and bool(self.search.transports))
    def send(self, at: int, way: str) -> None:
        self.step("send", self.split(at), way)

    @rule(at=_NUMBER, other=_NUMBER, way=_TRANSPORT)
    @precondition(lambda self: 0 < len(self.life.splits) < MOST_SPLITS - 1 and bool(self.search.transports))
    def send_together(self, at: int, other: int, way: str) -> None:
        self.step("send_together", self.split(at), self.split(other), way)

    @rule(at=_NUMBER)
    @precondition(lambda self: len(self.life.splits) > 1)
    def drop(self, at: int) -> None:
        self.step("drop", self.split(at))

    @rule(number=st.integers(0, len(ASKED) - 1))
    @precondition(lambda self: self.search.plans and len(self.life.table.planned) < MOST_PLANNED)
    def plan(self, number: int) -> None:
        self.step("plan", number)

    @rule(kind=st.integers(0, len(COMMITS) - 1), number=st.integers(0, len(ASKED) - 1))
    @precondition(lambda self: self.life.table.planned)
    def commit(self, kind: int, number: int) -> None:
        self.step("commit", kind)
        if len(self.life.table.planned) < MOST_PLANNED:
            self.step("plan", number)

    @rule(at=_NUMBER)
    @precondition(lambda self: self.life.table.planned)
    def read_planned(self, at: int) -> None:
        self.step("read_planned", at % len(self.life.table.planned))

    @rule(at=_NUMBER, way=_TRANSPORT)
    @precondition(lambda self: 0 < len(self.life.table.planned) < MOST_PLANNED and bool(self.search.transports))
    def send_planned(self, at: int, way: str) -> None:
        self.step("send_planned", at % len(self.life.table.planned), way)

    @rule(at=_NUMBER)
    @precondition(lambda self: self.life.table.planned)
    def drop_planned(self, at: int) -> None:
        self.step("drop_planned", at % len(self.life.table.planned))

    @rule()
    @precondition(lambda self: self.harmless("collect"))
    def collect(self) -> None:
        self.step("collect")

    @invariant()
    def is_as_its_model_says(self) -> None:
        if self.watched:
            self.step("check")

    def teardown(self) -> None:
        if not self.over:
            self.step("check")
