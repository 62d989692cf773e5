"""Which process of a run searches what: each broken clause is searched once a transport, by whoever comes first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Claims"]


@dataclass(frozen=True)
class Claims:
    """Claims made in a folder that all processes of a run share; ``None`` where a run has only one sweep."""

    folder: Path | None = None

    def claim(self, clause: str, transport: str) -> bool:
        """Return whether no other unit of work of this run has claimed the clause there before."""
        if self.folder is None:
            return True
        mark = self.folder / f"{clause} {transport}".replace("/", "_")
        mark.parent.mkdir(parents=True, exist_ok=True)
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True
