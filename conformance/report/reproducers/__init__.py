"""Scripts that show a violation without the suite: plain PyIceberg, DataFusion, pyarrow, and the loader's own API.

A script is put together from the source of the adapter's functions (:mod:`sources`), code that makes what a split is
built from out of the spec (:mod:`materials`), code that sends it (:mod:`through`), and the source of functions that
look at it and compare (:mod:`looks`, :mod:`shows`): only what its demonstration needs (:mod:`demonstrations`). It exits
with 1 where the loader violates the clause, with 0 where it keeps it, and with 2 where the script cannot tell.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from conformance.adapter import Adapter
from conformance.judging.findings import Violation
from conformance.observation.difference import Step
from conformance.report.reproducers.demonstrations import demonstration
from conformance.report.reproducers.literals import in_short
from conformance.report.reproducers.scan_script import scan_script
from conformance.report.reproducers.script import heading, script
from conformance.report.reproducers.sources import NotEmbeddable
from conformance.templates import template
from strategies.serialization import from_json
from strategies.sizes import whole
from strategies.specs import ScanSpec, SplitSpec

__all__ = ["reproducer", "verified"]

# Seconds that a script may take when it is tried.
TRIAL_SECONDS = 120.0


def reproducer(violation: Violation, adapter: Adapter) -> str:
    """Return the script; where a simple one cannot show the violation, one that says so and why, and exits with 2."""
    if violation.difference.place.step is Step.LIVE:
        return _unshown(violation, "the example is a sequence of steps, not one journey")
    if not violation.spec:
        return _unshown(violation, f"the example is a split of a real table that the suite makes: {violation.example}")
    spec = whole(from_json(violation.spec))
    try:
        if isinstance(spec, ScanSpec):
            return scan_script(violation, adapter, spec)
        if not isinstance(spec, SplitSpec):
            return _unshown(violation, f"its example is a {type(spec).__name__}")
        shown = demonstration(violation, adapter, spec)
        return in_short(script(violation, adapter, replace(spec, **shown.of), shown))
    except NotEmbeddable as error:
        return _unshown(violation, str(error))


def verified(violations: Sequence[Violation], adapter: Adapter) -> list[str]:
    """Return the script of each violation, tried: one that does not show the violation here says that it cannot tell.

    What shows only once a process has handled other splits, a script does not show. It would claim that all is well.
    """
    scripts = [reproducer(violation, adapter) for violation in violations]
    with tempfile.TemporaryDirectory(prefix="reproducers-") as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        files = [Path(folder, f"{violation.id}.py") for violation in violations]
        for file, text in zip(files, scripts, strict=True):
            file.write_text(text, encoding="utf-8", errors="backslashreplace")
        failures = list(pool.map(_why_not, files))
    tried = zip(violations, scripts, failures, strict=True)
    return [text if why is None or _UNSHOWN in text else _unshown(violation, why) for violation, text, why in tried]


def _why_not(script: Path) -> str | None:
    """Return why the script, run as a user runs it, does not show the violation; ``None`` where it does."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # A run sets it for its own processes. A script is a module in its own folder, which workers import.
    environment.pop("PYTHONSAFEPATH", None)
    command = [sys.executable, str(script)]
    try:
        ran = subprocess.run(
            command, cwd=script.parent, env=environment, capture_output=True, timeout=TRIAL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"a script by itself does not end within {TRIAL_SECONDS:.0f} s"
    if ran.returncode == 1:
        return None
    if ran.returncode == 0:
        return "a script by itself, in a fresh process, does not show it"
    said = (ran.stderr or ran.stdout).decode(errors="replace").strip().splitlines()
    return f"a script by itself cannot tell: {said[-1] if said else f'exit code {ran.returncode}'}"


_UNSHOWN = "No simple script shows"


def _unshown(violation: Violation, why: str) -> str:
    """Return a script that says why it shows nothing; what was seen it tells all the same."""
    return template(__file__, "unshown.py.jinja", repr).render(
        **heading(violation),
        spec=violation.spec.replace("'", "\\u0027"),
        why=f"{_UNSHOWN} {violation.id}: {why.rstrip('.')}. `dataloader-conformance replay` runs it again.",
    )
