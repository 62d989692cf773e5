"""What there is to check, as text: ``list`` and ``explain``."""

from __future__ import annotations

import inspect

from conformance.adapters.loading import adapter_names
from conformance.checks import CHECKS
from conformance.contract import CLAUSES, FAMILIES, Clause
from conformance.run.profiles import PROFILES
from conformance.transports.engines import ENGINES
from conformance.transports.registry import TRANSPORTS
from fixtures.services.stores import STORES

__all__ = ["explanation", "listing"]


def listing() -> str:
    """Return all clauses, adapters, transports, engines, stores and profiles, one a line."""
    lines = ["Clauses"]
    for family, title in FAMILIES.items():
        lines.append(f"  {family}: {title}")
        for clause in (clause for clause in CLAUSES if clause.family == family):
            lines.append(f"    {clause.id:9} {clause.level.value:6} {_shortened(clause.statement)}")
    lines.append("Adapters")
    lines += [f"    {name:15} {origin}" for name, origin in sorted(adapter_names().items())]
    lines.append("Transports")
    lines += [f"    {transport.name:15} {transport.clause}" for transport in TRANSPORTS]
    lines.append("Engines")
    for engine in ENGINES:
        state = f"{engine.installed} installed" if engine.installed else f"not installed: extra [{engine.name}]"
        lines.append(f"    {engine.name:15} {state:28} {', '.join(engine.ways)}")
    lines.append("Object stores")
    lines += [f"    {name}" for name in STORES]
    lines.append("Profiles")
    for profile in PROFILES.values():
        seed = f"seed {profile.seed}" if profile.seed is not None else "a new seed each time"
        budget = f", again and again for {profile.budget} s" if profile.budget else ""
        plans = f" and {profile.plan_shards} × {profile.plans} plans" if profile.plan_shards else ""
        lines.append(f"    {profile.name:15} {profile.shards} × {profile.examples} splits{plans}, {seed}{budget}")
    return "\n".join(lines) + "\n"


def explanation(clause: Clause) -> str:
    """Return all that is known of a clause."""
    lines = [f"{clause.id} ({clause.level.value}, {clause.source})", "", clause.statement, ""]
    lines += [f"Needs: {need.name.lower()} ({need.value})" for need in clause.needs]
    checks = [check for check in CHECKS if check.clause == clause]
    for check in checks:
        module = check.judge.__module__.replace(".", "/") + ".py"
        doc = inspect.getdoc(check.judge)
        lines.append(f"Checked by {check.judge.__name__} in {module}" + (f": {doc}" if doc else ""))
        lines += [f"Judged by the unit of work `{unit}` too, in a way of its own" for unit in check.units]
    if not checks:
        lines.append("No check verifies it yet: it is reported as not run.")
    lines.append(f"Alone: dataloader-conformance run --clause {clause.id}")
    return "\n".join(lines) + "\n"


def _shortened(text: str) -> str:
    return text if len(text) <= 90 else text[:89].rsplit(" ", 1)[0] + " …"
