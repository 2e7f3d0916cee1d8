"""The ledger: what really happened on the simulated campus.

The simulator keeps it while it acts, from its own decisions; nothing in it is read back from the files
that were written. So it is an independent check of everything that reads those files. Layout and fields:
docs/simulated-campus.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from edxtasks.compression import GzipWriter, opened
from edxtasks.files import writing
from edxtasks.simulate import clock
from edxtasks.simulate.events import (
    FORUM,
    HANDLER,
    PAUSE_VIDEO,
    PLAY_VIDEO,
    PROBLEM_CHECK,
    PROGRESS,
    SEEK_VIDEO,
    SEQ_GOTO,
    SHOW_ANSWER,
    TRANSCRIPT,
)

LONGEST_GAP = 300 * clock.SECOND
"""A longer pause between two events of a person in a course does not count as time spent."""

_COUNTS = (
    ("nplay_video", PLAY_VIDEO),
    ("nproblem_check", PROBLEM_CHECK),
    ("nshow_answer", SHOW_ANSWER),
    ("nseek_video", SEEK_VIDEO),
    ("npause_video", PAUSE_VIDEO),
    ("nforum", FORUM),
    ("nprogcheck", PROGRESS),
    ("ntranscript", TRANSCRIPT),
    ("nseq_goto", SEQ_GOTO),
)


@dataclass(slots=True)
class PersonDay:
    """What one person did in one course on one UTC date, while it is being added up."""

    marks: list[tuple[int, int]] = field(default_factory=list)
    addresses: Counter[str] = field(default_factory=Counter)

    def totals(self, start: int) -> dict[str, Any]:
        """The row of the ledger for the date that starts at `start`.

        Marks before `start` are no events of the date; the last of them only sets where the first gap begins.
        """
        counts: Counter[int] = Counter()
        gaps = total = longest = 0
        first = last = previous = None
        for time, kind in sorted(self.marks):
            if kind == HANDLER:
                if time >= start:
                    counts[HANDLER] += 1
                continue
            if time >= start:
                counts[kind] += 1
                if previous is not None and time - previous <= LONGEST_GAP:
                    gaps += 1
                    total += time - previous
                    longest = max(longest, time - previous)
                first = time if first is None else first
                last = time
            previous = time
        return {
            "nevents": sum(counts.values()) - counts[HANDLER],
            **{name: counts[kind] for name, kind in _COUNTS},
            "nhandler": counts[HANDLER],
            "first_event": None if first is None else clock.full_iso(first),
            "last_event": None if last is None else clock.full_iso(last),
            "n_dt": gaps,
            "sum_dt_us": total,
            "max_dt_us": longest if gaps else None,
            "ips": dict(sorted(self.addresses.items())),
        }


@dataclass(frozen=True)
class Ledger:
    """The ledger of a campus that was simulated into `directory`; every method reads a file of it."""

    directory: Path

    def campus(self) -> dict[str, Any]:
        """Size, seed, period, package and courses of the campus."""
        form: dict[str, Any] = orjson.loads((self.directory / "campus.json").read_bytes())
        return form

    def person_days(self, course_id: str | None = None) -> Iterator[dict[str, Any]]:
        """One row a course, username and UTC date with a named event; of one course, if given."""
        return self._days("person_days", course_id)

    def course_days(self, course_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Number of kept log lines a course (`UNKNOWN`: none) and UTC date of the event."""
        return self._days("course_days", course_id)

    def enrollments(self, course_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Events about enrolment, one a log line."""
        return self._days("enrollments", course_id)

    def files(self) -> Iterator[dict[str, Any]]:
        """Raw log files: lines, blank ones, rejected ones by reason, kept ones by course."""
        return self._days("files", None)

    def learners(self, course_id: str) -> Iterator[dict[str, Any]]:
        """People of a course: kind, roles, profile, enrolment, certificate, chapters, problems, posts."""
        path = self.directory / "learners" / (course_id.replace("/", "__") + ".jsonl.gz")
        yield from read_rows(path)

    def _days(self, kind: str, course_id: str | None) -> Iterator[dict[str, Any]]:
        for path in sorted((self.directory / kind).glob("*.jsonl.gz")):
            for row in read_rows(path):
                if course_id is None or row["course_id"] == course_id:
                    yield row


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write `rows` as gzip JSON lines; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as raw, GzipWriter(raw) as file:
        for row in rows:
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file that `write_rows` wrote."""
    with opened(path) as file:
        for line in file:
            yield orjson.loads(line)
