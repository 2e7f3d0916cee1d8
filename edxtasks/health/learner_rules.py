"""Rules over learners: those in the logs whom the dump does not know, and the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from edxtasks.config import Settings
from edxtasks.health.findings import NOTE, PROBLEM, Finding, percent, share_of
from edxtasks.printable import number, quantity


@dataclass(frozen=True)
class Learners:
    """Numbers of learners of a course: with events before the date of the dump; of these, whom the dump does
    not know; in the dump; of these, who have no event at all."""

    dump: date
    active: int
    unknown: int
    registered: int
    never_came: int


def strangers(course: str, learners: Learners, settings: Settings) -> Iterator[Finding]:
    """Learners whom only the logs know, and registrants whom only the dump knows."""
    share = settings.health_unknown_learners
    if learners.unknown > share_of(share, learners.active):
        yield Finding(
            "learners_unknown",
            PROBLEM,
            f"{number(learners.unknown)} of {quantity(learners.active, 'learner')} with events "
            "before the dump "
            f"({learners.dump}) are not in it, more than {percent(share)}. Look whether the dump is whole",
            course=course,
            date=learners.dump,
            number=learners.unknown,
            expected=float(share_of(share, learners.active)),
        )
    if learners.never_came:
        yield Finding(
            "learners_never_came",
            NOTE,
            f"{number(learners.never_came)} of {quantity(learners.registered, 'registrant')} have "
            "no event in "
            "the logs",
            course=course,
            number=learners.never_came,
        )
