"""What a task tells besides its result: lines for the person who runs it, and counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Messages:
    """Lines and counts that a builder collects; they travel back to the reporter with its result.

    `lines` are shown after the task, in order. `counts` holds what the summary adds up: `rejects` (lines
    or records that could not be used), `files` (files read), and what else a builder counts.
    """

    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, line: str) -> None:
        """Add a line. Never personal data, never a secret."""
        self.lines.append(line)

    def count(self, name: str, number: int = 1) -> None:
        """Add `number` to the count `name`."""
        self.counts[name] += number
