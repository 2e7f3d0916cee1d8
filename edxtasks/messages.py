"""What a task tells besides its result: lines for the person who runs it, and counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Messages:
    """Lines and counts that a builder collects; they travel back to the reporter with its result.

    `lines` are all of them, in order. Those among `notes` are shown with `verbose=1` only; the others are
    warnings. `counts` holds what the summary adds up: `rejects` (lines or records that could not be used),
    `files` (files read), and what else a builder counts.
    """

    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notes: set[str] = field(default_factory=set)

    def add(self, line: str) -> None:
        """Add a line that people should see: something is missing, or may not be as they think. Never
        personal data, never a secret."""
        self.lines.append(line)

    def note(self, line: str) -> None:
        """Add a line about what was done as it should be, for those who want to know. As for `add`."""
        self.lines.append(line)
        self.notes.add(line)

    def merge(self, other: Messages) -> None:
        """Add what another has collected."""
        self.lines += other.lines
        self.notes |= other.notes
        self.counts += other.counts

    @property
    def warnings(self) -> list[str]:
        """The lines that are no notes, in order."""
        return [line for line in self.lines if line not in self.notes]

    def count(self, name: str, number: int = 1) -> None:
        """Add `number` to the count `name`."""
        self.counts[name] += number
