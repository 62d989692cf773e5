"""What a person sees on the screen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from conformance.judging.findings import Common, Findings, Violation, seen
from conformance.judging.verdicts import verdicts
from conformance.judging.where import Where
from conformance.observation.difference import Difference, Place, Step
from conformance.report.terminal import summary
from conformance.run.options import Options
from conformance.run.selection import resolve


def test_clauses_that_an_example_breaks_alike_are_told_with_one_difference() -> None:
    selection = resolve(Options(adapter="reference", clause=("WIRE-1", "WIRE-2", "WIRE-3")))
    carried = Difference(Place(Step.SEND, hop=1), "carried", "raises ValueError: of a long text")
    other = Difference(Place(Step.ARRIVE, "id"), "1", "2")
    transports = {"WIRE-1": "pickle-5", "WIRE-2": "cloudpickle", "WIRE-3": "copy"}
    found = [
        Violation(clause, (name,), "the example", "", other if clause == "WIRE-3" else carried)
        for clause, name in transports.items()
    ]
    counts = Counter(dict.fromkeys(transports.items(), 1))
    findings = Findings(violations=found, met=counts, broken=counts)
    text = summary(selection, verdicts(selection.asked, findings), findings, (), 1.0, "3 clauses violated")
    assert text.count("raises ValueError: of a long text") == 1
    assert "pickle-5, cloudpickle" in text
    assert all(violation.id in text for violation in found)


def test_what_shows_in_company_only_and_what_breaks_elsewhere_is_told() -> None:
    selection = resolve(Options(adapter="reference", clause=("CTX-4",)))
    at = Place(Step.LOOK, "scan tasks", within=("0", "'file'", "'column_sizes'"))
    first = Violation("CTX-4", ("as built",), "the example", "", Difference(at, "{1: 8}", "None"), alone=False)
    findings = Findings(violations=[first])
    findings.met["CTX-4", "as built"] = findings.broken["CTX-4", "as built"] = 2
    elsewhere = replace(at, within=("0", "'file'", "'spec_id'"))
    for found in (first.difference, Difference(elsewhere, "0", "7"), Difference(at, "{1: 8}", "raises KeyError: 1")):
        findings.note("CTX-4", "as built", Common(frozenset(), Where.of(found), seen=seen(found)))
    text = summary(selection, verdicts(selection.asked, findings), findings, (), 1.0, "1 clause violated")
    assert "in the company of other examples" in text
    below = text.partition("broken at other places too")[2]
    assert "scan tasks[0]['file']['spec_id']" in below
    assert "expected 0, got 7" in below
    assert "KeyError" in below, "what is wrong without an error at a place does not hide an error there"
    assert below.index("spec_id") < below.index("KeyError")


def test_of_a_long_error_the_beginning_and_the_end_are_told() -> None:
    """A hang names the call first and a long example last; a traceback ends with what is wrong."""
    selection = resolve(Options(adapter="reference", clause=("ID-1",)))
    error = f"pinned:\nBuilding a split takes longer than 120 s {'x' * 10_000} of the example"
    text = summary(selection, verdicts(selection.asked, Findings()), Findings(), [error], 1.0, "could not")
    assert "Building a split takes longer than 120 s" in text
    assert "of the example" in text
    assert text.count("x") < 5_000
