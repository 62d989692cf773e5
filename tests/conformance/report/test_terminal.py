"""What a person sees on the screen."""

from __future__ import annotations

from collections import Counter

from conformance.judging.findings import Findings, Violation
from conformance.judging.verdicts import verdicts
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
