"""Generates a constraints file for each row of the matrix, and the rows' environments in tox.ini.

Both follow from ``constraints/versions.toml``. ``python -m matrix.generate`` resolves dependencies with uv, from the
package registry that is configured on this machine. The generated files contain only names and versions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from matrix.rows import LOWEST, NEWEST, ROOT, Row, read_table, rows

__all__ = ["BEGIN", "CONSTRAINTS", "END", "TOX", "constraints_header", "environments", "main"]

CONSTRAINTS = ROOT / "constraints" / "matrix"
TOX = ROOT / "tox.ini"
BEGIN = "# From here to the end mark: written by `tox run -e versions` from constraints/versions.toml."
END = "# End mark."
LOWEST_PYARROW = "18.0.0"


def main() -> None:
    """Resolve every row, and write the constraints files and tox.ini."""
    table = read_table()
    chosen = rows(table)
    CONSTRAINTS.mkdir(exist_ok=True)
    for path in CONSTRAINTS.glob("*.txt"):
        path.unlink()
    for row in chosen:
        pins = CONSTRAINTS / f"{row.name}.txt"
        pins.write_text(constraints_header(row) + _resolved(row, table.pins(row.versions)), encoding="utf-8")
        _check_installable(row, pins)
        print(row.name, flush=True)
    before, rest = TOX.read_text(encoding="utf-8").split(BEGIN)
    TOX.write_text(before + environments(chosen) + rest.split(END)[1], encoding="utf-8")


def constraints_header(row: Row) -> str:
    """Return the first line of a row's constraints file."""
    return "# " + ", ".join(f"{axis} {version}" for axis, version in row.versions.items()) + "; see ../versions.toml.\n"


def environments(chosen: Sequence[Row]) -> str:
    """Return the generated part of tox.ini: one section for all rows, and one for the table of results."""
    names = ", ".join(row.name for row in chosen)
    return f"""{BEGIN}
[testenv:{{{names}}}]
description = the gate under the versions in the name; `tox run -m matrix` runs all of them
labels = matrix
change_dir = {{env_tmp_dir}}
set_env =
    {{[testenv]set_env}}
    PIP_CONSTRAINT = {{tox_root}}{{/}}constraints{{/}}matrix{{/}}{{env_name}}.txt
    UV_CONSTRAINT = {{tox_root}}{{/}}constraints{{/}}matrix{{/}}{{env_name}}.txt
    # The verdict must not depend on it: it differs between the rows, and is the same in each run.
    {LOWEST}: PYTHONHASHSEED = 1
    {NEWEST}: PYTHONHASHSEED = 2
commands = dataloader-conformance run --json report.json {{posargs:--profile quick -n 2}}

[testenv:matrix-table]
description = the results of the matrix, after its rows have run
labels = matrix
depends = {names}
package = skip
deps =
    rich
    tomli; python_version < "3.11"
commands = python -m matrix.results {{work_dir}}
{END}"""


def _resolved(row: Row, held: Sequence[str]) -> str:
    """Return the pinned requirements of a row: its own versions, ``held`` pins, and all other dependencies.

    Raises:
        SystemExit: the versions cannot be resolved.

    """
    pins = [*held]
    pins += [f"{name}=={row.versions[name]}" for name in ("datafusion", "pyiceberg")]
    if row.versions["pyarrow"] == LOWEST:
        pins.append(f"pyarrow=={LOWEST_PYARROW}")
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "pins.txt"
        constraints.write_text("\n".join(pins))
        command = [sys.executable, "-m", "uv", "pip", "compile", str(ROOT / "pyproject.toml")]
        command += ["--python-version", row.versions["python"], "--constraint", str(constraints)]
        command += ["--resolution", "lowest-direct" if row.everything == LOWEST else "highest"]
        command += ["--no-header", "--no-annotate", "--only-binary", ":all:", "--quiet"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{row.name} cannot be resolved:\n{ended.stderr}")
    return ended.stdout


def _check_installable(row: Row, pins: Path) -> None:
    """Check the pins with pip, which respects upper bounds on the Python version. uv ignores these.

    Raises:
        SystemExit: pip cannot install the pins.

    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--target", folder]
        command += ["--python-version", row.versions["python"], "--only-binary", ":all:", "--requirement", str(pins)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{row.name} cannot be installed by pip; hold a pin in versions.toml:\n{ended.stderr}")


if __name__ == "__main__":
    main()
