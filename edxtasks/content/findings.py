"""What was found amiss in a course export while it was read, by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from edxtasks.messages import Messages
from edxtasks.printable import printable

LONGEST_DESCRIPTION = 16_000
"""Most characters of a table description in BigQuery."""

SHOWN = 20
"""Findings of one kind that are named; the others are counted."""

LONGEST = 300
"""Characters of a finding: what an export says is escaped and cut."""

MOST_KEPT = 1_000
"""Different findings of one kind that are kept; the others are counted."""

ARCHIVE = "archive members left out"
POLICY = "policy"
RUN = "choice of the run"
IDENTITY = "organization or number differs"
MALFORMED = "XML not well-formed, repaired or left out"
ENCODING = "encoding is not the one declared"
CHARACTERS = "characters that XML has not, replaced by U+FFFD"
MISSING = "files missing"
EMPTY = "files without content"
CYCLE = "pointers to an element around them"
HIDDEN = "hidden, left out"
TIME = "dates that cannot be read"
WEIGHT = "weights that are no numbers"
RENAMED = "verticals renamed, since another module has their name"
GRADING = "grading policy"
LISTINGS = "course listings"
NUMBERS = "values that are no numbers"
OVERRIDES = "overrides"
USAGE = "use of modules"

_AS_IT_SHOULD_BE = {HIDDEN}


class Findings:
    """Findings by kind, kinds and findings in the order in which they came; a finding is kept once."""

    def __init__(self) -> None:
        self._by_kind: dict[str, dict[str, int]] = {}
        self._not_kept: Counter[str] = Counter()

    def add(self, kind: str, what: str) -> None:
        """Record `what` (an element, a file and line, a sentence) under `kind`."""
        self._add_shown(kind, printable(what, LONGEST), 1)

    def _add_shown(self, kind: str, shown: str, times: int) -> None:
        found = self._by_kind.setdefault(kind, {})
        if shown in found or len(found) < MOST_KEPT:
            found[shown] = found.get(shown, 0) + times
        else:
            self._not_kept[kind] += times

    def known(self) -> dict[str, object]:
        """All that was found, as JSON has it."""
        return {"found": self._by_kind, "not kept": self._not_kept}

    def learn(self, known: Mapping[str, Any]) -> None:
        """Take in what was found in another reading (`known`)."""
        for kind, found in known["found"].items():
            for shown, times in found.items():
                self._add_shown(kind, shown, times)
        self._not_kept.update(known["not kept"])

    def of(self, kind: str) -> list[str]:
        """What was found of one kind, in order, doubles left out."""
        return list(self._by_kind.get(kind, ()))

    def lines(self, shown: int = SHOWN) -> list[str]:
        """A line per kind: its name, how many, the first `shown` of them."""
        lines = []
        for kind, found in self._by_kind.items():
            named = list(found)[:shown]
            others = len(found) - len(named) + self._not_kept[kind]
            more = f"; and {others} more" if others else ""
            lines.append(f"{kind} ({self._number(kind)}): {'; '.join(named)}{more}")
        return lines

    def tell(self, messages: Messages) -> None:
        """Hand the lines to `messages`, and their number as the count `warnings`. What is as it should be is
        a note."""
        for kind, line in zip(self._by_kind, self.lines(), strict=True):
            (messages.note if kind in _AS_IT_SHOULD_BE else messages.add)(line)
        messages.count("warnings", sum(map(self._number, self._by_kind)))

    def _number(self, kind: str) -> int:
        return sum(self._by_kind[kind].values()) + self._not_kept[kind]


def description(text: str, messages: Messages) -> str:
    """The description of a table with what its builder noted, cut to what BigQuery takes."""
    whole = "\n".join([text, *messages.lines])
    return whole if len(whole) <= LONGEST_DESCRIPTION else whole[: LONGEST_DESCRIPTION - 1] + "…"
