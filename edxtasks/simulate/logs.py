"""The daily log files: who writes them, how they are mixed, late, early and damaged."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson

from edxtasks.compression import GzipWriter
from edxtasks.files import writing
from edxtasks.simulate import behaviour, clock, ledger
from edxtasks.simulate.campus import Attendance, Campus
from edxtasks.simulate.clock import DAY, MINUTE
from edxtasks.simulate.events import ENROLLMENT, Event
from edxtasks.simulate.learners import Learner
from edxtasks.simulate.visit import Visit

DAMAGE_EVERY = 211
"""One damaged line in so many: far less than makes a reader give a file up."""

UNKNOWN = "UNKNOWN"
_STIR = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def file_name(org: str, site: str, server: int, day: date) -> str:
    """Name of the log that `server` (from 0) of `site` (`edx`, `edge`) leaves for `day`."""
    name = f"{org.lower()}-{site}-events-{day.isoformat()}.log.gz"
    return name if server == 0 else f"prod-edx-{server + 1:03d}-{name}"


class RawLog:
    """A raw log file in the making, with the account of its lines.

    Complete files appear under their name at once; the bytes hang on the lines alone.
    """

    def __init__(self, path: Path, day: int) -> None:
        self.path = path
        self.partial = path.with_name(path.name + ".part")
        self.file = writing(self.partial)
        self.gzip = GzipWriter(self.file)
        self.lines = 0
        self.blank = 0
        self.rejected: Counter[str] = Counter()
        self.courses: Counter[str] = Counter()
        self.until_damage = 17
        self.damage = day

    def write(self, line: bytes, course: str, reject: str = "") -> None:
        """Add a line; now and then a damaged one follows it, or it comes in an odd dress."""
        if reject:
            self.rejected[reject] += 1
        else:
            self.courses[course] += 1
            self.until_damage -= 1
            if not self.until_damage:
                line = self._dress(line)
                self.until_damage = DAMAGE_EVERY
                self.damage += 1
        self._add(line)

    def close(self) -> dict[str, Any]:
        """Finish the file and tell what is in it."""
        self.gzip.finish()
        self.file.close()
        self.partial.replace(self.path)
        return {
            "file": self.path.name,
            "lines": self.lines,
            "blank": self.blank,
            "rejected": dict(sorted(self.rejected.items())),
            "courses": dict(sorted(self.courses.items())),
        }

    def _add(self, line: bytes) -> None:
        self.lines += 1
        self.gzip.write(line + b"\n")

    def _broken(self, line: bytes) -> None:
        self.rejected["bad_json"] += 1
        self._add(line)

    def _dress(self, line: bytes) -> bytes:
        """Put a damaged line before `line`, or give `line` a form that readers must see through."""
        choice = self.damage % 10
        if choice == 0:
            self._broken(_long(line, 2043))
        elif choice == 1:
            line = b"Oct 14 00:00:48 localhost " + line
        elif choice == 2:
            self.blank += 1
            self._add(b"")
        elif choice == 3:
            line = b"2014-10-14 06:25:01,123 INFO 24112 [tracking] [user 7] logger.py:41 - " + line
        elif choice == 4:
            self._broken(_long(line, 10000))
        elif choice == 5:
            line = b"  " + line + b" \t\r"
        elif choice == 6:
            self.blank += 1
            self._add(b" \t \r")
        elif choice == 7:
            line = b"\xef\xbb\xbf" + line
        elif choice == 8:
            self._broken(b"Killed process 4711 (python)")
        else:
            line = line.replace(b'"ip":', b'"ip" :')
        return line


def _long(line: bytes, length: int) -> bytes:
    """`line`, made longer where needed, and cut at `length` as some log shippers do."""
    if len(line) <= length:
        line = b'{"padding":"' + b"x" * length + b'",' + line[1:]
    return line[:length]


@dataclass
class Day:
    """One day of the campus: takes the events of all visits that matter for it.

    A day matters in two ways. Its *date* is accounted: every event with a time of that UTC date goes into
    the ledger. Its *files* are written: lines of the day before that came late, lines of the night after
    that came early, and what phones had kept for days, stand in them. Both are decided event by event,
    so that each of the days that look at a visit decides alike.
    """

    number: int
    start: int
    files: list[RawLog]
    minutes: defaultdict[int, list[tuple[int, int, int, bytes, str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    people: defaultdict[tuple[str, str], ledger.PersonDay] = field(
        default_factory=lambda: defaultdict(ledger.PersonDay)
    )
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    enrollment_rows: list[dict[str, Any]] = field(default_factory=list)
    written: int = 0
    lots: list[int] = field(init=False)
    visit: Visit | None = None

    def __post_init__(self) -> None:
        # one server of the 256 lots: the second takes 40, the others share the rest
        others = [server for server in range(len(self.files)) if server != 1]
        self.lots = [others[lot % len(others)] for lot in range(256)]
        if len(self.files) > 1:
            self.lots[:40] = [1] * 40

    # The sink of events -------------------------------------------------------------------------------

    def put(
        self, learner: Learner, time: int, event: Event, kind: int, course: str, deliver: int | None = None
    ) -> None:
        """Take an event; see `events.Sink`."""
        visit = self.visit
        if visit is None:
            raise ValueError("an event needs a visit")
        stirred = (time * _STIR & _MASK) >> 24
        twice = 2 if stirred % 2003 == 0 and deliver is None else 1
        offset = time - self.start
        if 0 <= offset < DAY:
            self.lines[course, clock.date_of(time)] += twice
            if course != UNKNOWN and learner.username:
                person = self.people[course, learner.username]
                person.addresses[event["ip"]] += twice
                for _ in range(twice):
                    person.marks.append((time, kind))
                    if kind == ENROLLMENT:
                        self.enrolled(
                            course, time, learner.user_id, event["event_type"], event["event"]["mode"]
                        )
        elif -ledger.LONGEST_GAP <= offset < 0 and course != UNKNOWN and learner.username:
            self.people[course, learner.username].marks.append((time, kind))
        if deliver is not None:
            delivered = visit.day + deliver
        elif visit.late:
            delivered = visit.day + visit.late
        else:
            delivered = self._delivered(visit, time, stirred)
        if delivered == self.number:
            server = self.lots[stirred & 0xFF]
            # the second server writes as Python does by default: blanks, and ASCII alone
            line = json.dumps(event).encode() if server == 1 else orjson.dumps(event)
            # what was kept for days is sent at the hour of the visit
            at = time + visit.late * DAY
            for _ in range(twice):
                self._place(at, server, line, course, "")

    def plant(
        self,
        line: bytes,
        at: int,
        course: str,
        username: str = "",
        address: str = "",
        time: int | None = None,
        kind: int | None = None,
        reject: str = "",
    ) -> None:
        """Take a line made by hand; see `events.Sink`."""
        self._place(at, 0, line, course, reject)
        if reject:
            return
        when = at if time is None else time
        self.lines[course, clock.date_of(when)] += 1
        if not username:
            return
        if 0 <= when - self.start < DAY:
            person = self.people[course, username]
            if kind is not None:
                person.marks.append((when, kind))
            person.addresses[address] += 1
        else:
            if kind is not None:
                raise ValueError("an event of another date that counts cannot be planted")
            person = ledger.PersonDay()
            person.addresses[address] += 1
            self._close(course, username, person, when - when % DAY)

    def enrolled(self, course: str, time: int, user_id: int, event_type: str, mode: str | None) -> None:
        """Note an event about an enrolment; see `events.Sink`."""
        self.enrollment_rows.append(
            {
                "course_id": course,
                "time": clock.full_iso(time),
                "user_id": user_id,
                "event_type": event_type,
                "mode": mode,
            }
        )

    # The day ------------------------------------------------------------------------------------------

    def flush(self, before: int) -> None:
        """Write the lines whose place is before the minute of `before`."""
        limit = before // MINUTE
        for minute in sorted(m for m in self.minutes if m < limit):
            for _, _, server, line, course, reject in sorted(self.minutes.pop(minute)):
                self.files[server].write(line, course, reject)

    def leave(self, course: str, username: str) -> None:
        """A person does nothing more in a course on this day: close the account."""
        person = self.people.pop((course, username), None)
        if person is not None:
            self._close(course, username, person, self.start)

    def _close(self, course: str, username: str, person: ledger.PersonDay, start: int) -> None:
        totals = person.totals(start)
        if person.addresses:
            self.rows.append(
                {"course_id": course, "username": username, "date": clock.date_of(start), **totals}
            )

    def _delivered(self, visit: Visit, time: int, stirred: int) -> int:
        """The day in whose file an event stands: mostly the day of the visit or, past midnight, the next."""
        night = self.start + (visit.day - self.number + 1) * DAY
        if time >= night:
            early = time < night + 2 * MINUTE and stirred & 1
            return visit.day if early else visit.day + 1
        late = time >= night - behaviour.LONGEST_VISIT <= visit.start and stirred % 331 == 0
        return visit.day + 1 if late else visit.day

    def _place(self, at: int, server: int, line: bytes, course: str, reject: str) -> None:
        self.written += 1
        self.minutes[at // MINUTE].append((at, self.written, server, line, course, reject))


def simulate_day(campus: Campus, directory: Path, number: int) -> int:
    """Write the log files of day `number` and its part of the ledger; returns the number of lines.

    Hangs on the campus alone, not on other days: days can be simulated in any order and in parallel.
    """
    day = campus.size.first_day + timedelta(days=number)
    total = 0
    files: list[dict[str, Any]] = []
    for site in ("edx", "edge"):
        servers = campus.size.servers if site == "edx" else 1
        paths = [directory / "DAILY" / file_name(campus.org, site, server, day) for server in range(servers)]
        result = Day(number, campus.first + number * DAY, [RawLog(path, number) for path in paths])
        _live(campus, result, campus.attendances(site), number)
        files += [file.close() for file in result.files]
        if site == "edx":
            name = f"{day.isoformat()}.jsonl.gz"
            book = directory / "ledger"
            ledger.write_rows(book / "person_days" / name, result.rows)
            ledger.write_rows(
                book / "course_days" / name,
                (
                    {"course_id": course, "date": on, "lines": count}
                    for (course, on), count in sorted(result.lines.items())
                ),
            )
            ledger.write_rows(book / "enrollments" / name, result.enrollment_rows)
    ledger.write_rows(directory / "ledger" / "files" / f"{day.isoformat()}.jsonl.gz", files)
    for row in files:
        total += int(row["lines"])
    return total


def _live(campus: Campus, day: Day, attendances: Iterable[Attendance], number: int) -> None:
    """Let everything happen that matters for a day, in the order of the visits' times."""
    visits = sorted(_visits(campus, attendances, number), key=lambda v: (v[0], v[1].seed))
    open_visits: Counter[tuple[str, str]] = Counter(
        (visit.course.key.slash, visit.learner.username) for _, visit in visits
    )
    for place, visit in visits:
        day.flush(place)
        day.visit = visit
        behaviour.run(visit, campus.seed, day)
        who = (visit.course.key.slash, visit.learner.username)
        open_visits[who] -= 1
        if not open_visits[who]:
            del open_visits[who]
            day.leave(*who)
    for who in list(day.people):
        # what was planted in another course than the visit's
        day.leave(*who)
    day.flush(day.start + 30 * DAY)


def _visits(campus: Campus, attendances: Iterable[Attendance], number: int) -> Iterator[tuple[int, Visit]]:
    """The visits that matter for day `number`, each with the place of its first line in the files.

    These are the day's own, those of the evening before, which may pass midnight or leave late lines, and
    those of three days before that a phone kept.
    """
    start = campus.first + number * DAY
    for attendance in attendances:
        for learner in attendance.learners:
            busy = learner.busy
            if (busy >> number) & 1:
                for visit in attendance.visits(learner, number):
                    yield visit.start, visit
            if number and (busy >> (number - 1)) & 1:
                for visit in attendance.visits(learner, number - 1):
                    if visit.start >= start - behaviour.LONGEST_VISIT:
                        yield visit.start, visit
            if number > 2 and (busy >> (number - 3)) & 1:
                for visit in attendance.visits(learner, number - 3):
                    if visit.late == 3:
                        yield visit.start + 3 * DAY, visit
        for visit in attendance.strangers(number):
            yield visit.start, visit
