"""What a rule found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import orjson

PROBLEM = "problem"
"""Level of a finding that somebody has to look at."""
NOTE = "note"
"""Level of a finding that is worth knowing."""

OF_FILES = frozenset(
    {"dump_unreadable", "tables_unreadable", "table_damaged", "note_damaged", "file_changed"}
)
"""Kinds of findings about files as they are at the moment: mended, they leave no trace in any table."""


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found.

    `kind` names the rule. `course`, `date`, `file` and `table` say what it is about; "" and None where it is
    about no single one. `number` is what was found, `expected` the limit that it broke, in the unit that
    `text` names; None where nothing was counted. No field holds a value of a record.
    """

    kind: str
    level: str
    text: str
    course: str = ""
    date: date | None = None
    file: str = ""
    table: str = ""
    number: float | None = None
    expected: float | None = None

    def json_line(self) -> str:
        """The finding as an object of JSON on one line; what it is not about is null."""
        form = {
            "kind": self.kind,
            "level": self.level,
            "course": self.course or None,
            "date": self.date,
            "file": self.file or None,
            "table": self.table or None,
            "number": self.number,
            "expected": self.expected,
            "text": self.text,
        }
        return orjson.dumps(form).decode()


def in_order(findings: list[Finding]) -> list[Finding]:
    """Problems before notes; then by course (what is of no course first), kind and date."""
    return sorted(
        findings,
        key=lambda one: (
            one.level != PROBLEM,
            one.course,
            one.kind,
            one.date or date.min,
            one.table,
            one.file,
        ),
    )


def share_of(share: float, whole: int) -> Fraction:
    """A share of a number, exact: 0.07 of 100 is 7, which it is not in binary fractions."""
    return Fraction(str(share)) * whole


def percent(share: float) -> str:
    """A share for people: `30 %`."""
    return f"{share * 100:.6g} %"
