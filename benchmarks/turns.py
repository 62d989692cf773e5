"""What is measured several times, each time in a new process, in turns: a busy machine disturbs all alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["ROUNDS", "in_turns"]

ROUNDS = 3


def in_turns(module: str, option: str, names: Sequence[str], *arguments: str) -> dict[str, list[dict[str, Any]]]:
    """Return by name what ``python -m module option name arguments`` prints, as JSON, in each round.

    Raises:
        subprocess.CalledProcessError: one of them failed.

    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, rounds in found.items():
            command = [sys.executable, "-m", module, option, name, *arguments]
            rounds.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return found
