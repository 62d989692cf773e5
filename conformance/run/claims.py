"""What the units of work of a run share: who searches what, the examples that were found, and what hangs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strategies.serialization import from_json, to_json
from strategies.specs import SplitSpec

__all__ = ["Claims"]


@dataclass(frozen=True)
class Claims:
    """Claims and examples in a folder that all processes of a run share; ``None`` where a run has only one sweep.

    Each broken clause is searched once a transport, by whoever claims it first; where ``exclusive`` is false, whether
    or not another has claimed it.
    """

    folder: Path | None = None
    exclusive: bool = True
    own: list[SplitSpec] = field(default_factory=list)
    hanging: set[int] = field(default_factory=set)

    def claim(self, clause: str, transport: str) -> bool:
        """Return whether the clause is to be searched there, for no other unit of work of this run has claimed it."""
        if self.folder is None or not self.exclusive:
            return True
        mark = self.folder / f"{clause} {transport}".replace("/", "_")
        mark.parent.mkdir(parents=True, exist_ok=True)
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def hangs(self, number: int) -> None:
        """Note that the failure known by the baseline's entry of this number was seen to hang."""
        self.hanging.add(number)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{number}.hangs").touch()

    def known_to_hang(self) -> set[int]:
        """Return the numbers of the entries whose failures any unit of this run has seen to hang."""
        others = [] if self.folder is None else self.folder.glob("*.hangs")
        return self.hanging | {int(file.stem) for file in others}

    def keep(self, example: SplitSpec) -> None:
        """Keep the smallest example of a clause: it may break others too."""
        if example in self.own:
            return
        self.own.append(example)
        if self.folder is not None:
            text = to_json(example)
            file = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.example"
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{id(self)}")
            part.write_text(text, encoding="utf-8")
            part.replace(file)  # at once: another process may be reading

    def examples(self) -> Sequence[SplitSpec]:
        """Return the examples that were kept by any unit of this run, the shortest first."""
        others = [] if self.folder is None else sorted(self.folder.glob("*.example"))
        found = {to_json(spec): spec for spec in self.own}
        found |= {text: from_json(text) for text in (file.read_text(encoding="utf-8") for file in others)}
        return [found[text] for text in sorted(found, key=lambda text: (len(text), text))]
