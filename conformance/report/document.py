"""A run as one JSON document, from which every other report file is made. Its schema is ``schema.json``."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rich.pretty import pretty_repr

from conformance.contract import FAMILIES, Level
from conformance.judging.findings import Findings, Violation
from conformance.judging.verdicts import Verdict, causes_of
from conformance.observation.difference import Place
from conformance.report.reproducers import verified
from conformance.run.distributions import packages_shown, running_version
from conformance.run.selection import Selection
from conformance.transports.transport import AS_BUILT
from strategies.serialization import from_json

__all__ = ["FORMAT", "SCHEMA", "Ended", "document"]

# Raised by one whenever a reader of the former format would be misled.
FORMAT = 1
SCHEMA = Path(__file__).with_name("schema.json")

EXAMPLE_WIDTH = 88
_PLACE = TypeAdapter(Place)


@dataclass(frozen=True)
class Ended:
    """A run at its end, whole or cut short: ``units`` of work it was to do, ``ended`` of them it did."""

    selection: Selection
    verdicts: Sequence[Verdict]
    findings: Findings
    errors: Sequence[str]
    exit_code: int
    sentence: str
    seconds: float
    workers: int
    units: int
    ended: int
    interrupted: bool

    @property
    def complete(self) -> bool:
        """Whether every unit of work ended, without an error of the suite."""
        return self.ended >= self.units and not self.errors


def document(run: Ended) -> dict[str, Any]:
    """Return the run as JSON values, as ``schema.json`` describes them."""
    selection, findings = run.selection, run.findings
    found = causes_of(run.verdicts, findings)
    violations = [violation for cause in found for violation in cause.violations]
    scripts = verified(violations, selection.adapter)
    return {
        "format": FORMAT,
        "suite": {"name": "dataloader-conformance", "version": version("dataloader-conformance")},
        "written": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "outcome": {
            "exit_code": run.exit_code,
            "sentence": run.sentence,
            "complete": run.complete,
            "incomplete_because": _cut_short(run),
            "errors": list(run.errors),
            "lost_processes": list(findings.lost),
        },
        "adapter": {
            "name": selection.adapter.name,
            "reference": selection.adapter.reference or selection.adapter_reference,
            "capabilities": sorted(capability.name.lower() for capability in selection.adapter.capabilities),
        },
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "versions": {name: running_version(name) for name in packages_shown(selection.adapter.modules)},
        },
        "run": {
            "profile": selection.profile.name,
            "seed": selection.seed,
            "workers": run.workers,
            "strict": selection.strict,
            "require": selection.require,
            "most_unusable": selection.most_unusable,
            "units": run.units,
            "ended": run.ended,
        },
        "transports": _transports(selection, findings),
        "families": {family: FAMILIES[family] for family in dict.fromkeys(v.clause.family for v in run.verdicts)},
        "clauses": [_clause(verdict, run) for verdict in run.verdicts],
        "causes": [
            {"clauses": list(cause.clauses), "violations": [violation.id for violation in cause.violations]}
            for cause in found
        ],
        "violations": [_violation(*each) for each in zip(violations, scripts, strict=True)],
        "generated": {
            "examples": findings.examples,
            "scans": findings.scans,
            "unusable": dict(sorted(findings.unusable.items())),
            "declined": dict(sorted(findings.declined.items())),
            "reached": dict(sorted(findings.reached.items())),
        },
        "times": {
            "seconds": round(run.seconds, 3),
            "phases": {name: round(spent, 3) for name, spent in sorted(findings.seconds.items())},
        },
    }


def _cut_short(run: Ended) -> str | None:
    if run.complete:
        return None
    how = "it was interrupted" if run.interrupted else "the suite could not do all of its work"
    return f"{how}: {run.ended} of {run.units} units of work ended"


def _transports(selection: Selection, findings: Findings) -> list[str]:
    """As built, the selected transports in their order, and what else findings name."""
    selected = selection.transport_names
    named = {transport for _, transport in findings.met}
    others = sorted(named - {AS_BUILT, *selected})
    return [*([AS_BUILT] if AS_BUILT in named else []), *selected, *others]


def _clause(verdict: Verdict, run: Ended) -> dict[str, Any]:
    clause, findings = verdict.clause, run.findings
    return {
        "id": clause.id,
        "family": clause.family,
        "level": clause.level.value,
        "binds": clause.level is Level.MUST or run.selection.strict,
        "statement": clause.statement,
        "source": clause.source,
        "verdict": verdict.state.value,
        "why": verdict.why,
        "examples": verdict.examples,
        "seconds": round(findings.judging.get(clause.id, 0.0), 3),
        "transports": {
            transport: {"met": met, "broken": findings.broken[clause.id, transport]}
            for transport in _transports(run.selection, findings)
            if (met := findings.met[clause.id, transport])
        },
        "violations": [violation.id for violation in verdict.violations],
        "elsewhere": [
            {"place": str(common.where), "seen": common.seen, "spec": json.loads(common.spec or "null")}
            for common in verdict.elsewhere
        ],
    }


def _violation(violation: Violation, script: str) -> dict[str, Any]:
    spec = from_json(violation.spec) if violation.spec else None
    return {
        "id": violation.id,
        "clause": violation.clause,
        "transports": list(violation.transports),
        "path": str(violation.difference.place),
        "place": _PLACE.dump_python(violation.difference.place, mode="json"),
        "expected": violation.difference.expected,
        "actual": violation.difference.actual,
        "alone": violation.alone,
        "only": violation.only,
        "example": violation.example if spec is None else pretty_repr(spec, max_width=EXAMPLE_WIDTH),
        "spec": json.loads(violation.spec) if violation.spec else None,
        "reproducer": script,
    }
