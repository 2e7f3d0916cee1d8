"""Makes raw logs of one day of a simulated campus, for `split.py`.

    python benchmarks/day_log.py LINES FOLDER

The campus has 60 courses of some 1,300 components each, and as many learners as leave so many LINES: some
thousands of persons and days, each with some dozens of events of all kinds that the simulated campus knows.
One line in fifty is changed into a form that edX has never logged, or not for years. Made are

- `campus`: that log, and its two halves, as two servers of that day would leave them;
- `distinct`: the same lines, with ids, persons and sessions that no other line has;
- `new field`: the same lines, with a field in each that no column is for, as after a release of edX;
- `large`: the day five times, each time with ids and persons of its own, as of a campus five times as large;
- `few`: its first lines, for programs that are slow.

What is in FOLDER already is not made again. Prints, as JSON, where each is, and its lines and their bytes.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from edxtasks.simulate.campus import FORM, Campus, CampusSize
from edxtasks.simulate.logs import simulate_day

COURSES, WEEKS, DAYS = 60, 40, 90
DAY = 12
"""The simulated day, counted from 0: late enough for all that comes days after its event."""
LINES_A_LEARNER = 540
"""Lines of that day, rounded down, for one learner more in each of the courses."""
LEAST_LEARNERS = 13
FEW = 20_000
DAYS_OF_LARGE = 5
UNKNOWN_FORM_EVERY = 50
LOG = "mitx-edx-events-2014-10-13.log.gz"
SECOND_LOG = f"prod-edx-002-{LOG}"
"""The log of a second server."""
VERSION = 2
"""Raised when the same campus gives other logs."""

_NAMES = (
    b"HW[0-9]+_Problem_[0-9]+",
    b"Final_Problem_[0-9]+",
    b"W[0-9]+[ab][0-9]_Exercise",
    b"Video-W[0-9a-z]+",
)
_PLAIN = re.compile(b"|".join((*_NAMES, rb"Lecture_[0-9]+[ab]", b"Homework_[0-9]+", b"Week_[0-9]+")))
_HEX = re.compile(rb"[0-9a-f]{32}")
_USER = re.compile(rb'("user_id": ?)([0-9]+)')
_USERNAME = re.compile(rb'("username": ?"[^"\\]+)"')
"""What tells persons and components from one another in simulated lines."""


def make(lines: int, folder: Path) -> dict[str, Any]:
    """The logs of a day of so many lines, compressed as usual (gzip, level 6)."""
    told = folder / "told.json"
    if not told.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            day = Path(scratch) / "day.gz"
            simulated_day(Path(scratch), lines).rename(day)
            sizes = {name: write(folder / path, made(day, lines)) for name, (path, made) in LOGS.items()}
        told.write_text(json.dumps(sizes))
    sizes = json.loads(told.read_bytes())
    paths = {name: str(folder / path) for name, (path, _) in LOGS.items()}
    return {name: {"path": paths[name], **sizes[name]} for name in LOGS}


def simulated_day(folder: Path, lines: int) -> Path:
    """The log of a day with at least so many lines."""
    learners = max(LEAST_LEARNERS, -(-lines // LINES_A_LEARNER))
    size = f"large,courses={COURSES},learners={learners},weeks={WEEKS},days={DAYS},servers=1"
    for place in ("DAILY", "ledger/person_days", "ledger/course_days", "ledger/enrollments", "ledger/files"):
        (folder / place).mkdir(parents=True)
    simulate_day(Campus(CampusSize.parse(size), seed=1), folder, DAY)
    return folder / "DAILY" / LOG


def write(path: Path, lines: Iterable[bytes]) -> dict[str, int]:
    """Write a log; its lines, and their bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = count = 0
    with gzip.open(path, "wb", 6) as file:
        for line in lines:
            file.write(line)
            size += len(line)
            count += 1
    return {"lines": count, "size": size}


def campus(day: Path, lines: int) -> Iterator[bytes]:
    """The lines of a day, some of them in unknown forms."""
    number = 0
    with gzip.open(day) as file:
        for number, line in enumerate(itertools.islice(file, lines), 1):
            yield of_unknown_form(line, number) if number % UNKNOWN_FORM_EVERY == 0 else line
    assert number == lines, f"the simulated day has {number} lines only"


def of_unknown_form(line: bytes, number: int) -> bytes:
    """The line in a form that is not known; one that is damaged stays as it is."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    change = CHANGES[number // UNKNOWN_FORM_EVERY % len(CHANGES)]
    change(record, number)
    return orjson.dumps(record) + b"\n"


def _unknown_field(record: dict[str, Any], number: int) -> None:
    record[f"field_{number % 40}"] = number


def _unknown_field_of_context(record: dict[str, Any], number: int) -> None:
    record["context"][f"field_{number % 30}"] = {"a": number}


def _number_as_text(record: dict[str, Any], number: int) -> None:
    record["context"]["user_id"] = str(number)


def _from_mongo(record: dict[str, Any], number: int) -> None:
    record["_id"] = {"$oid": f"{number:024x}"}
    record["time"] = {"$date": record["time"]}


def _course_in_record(record: dict[str, Any], number: int) -> None:
    record["course_id"] = record["context"].pop("course_id")


def _without_path(record: dict[str, Any], number: int) -> None:
    record["context"].pop("path")


def _event_of_another_type(record: dict[str, Any], number: int) -> None:
    record["event"] = [record["event"], number]


def _short_time(record: dict[str, Any], number: int) -> None:
    record["time"] = record["time"][:19] + "Z"


CHANGES: tuple[Callable[[dict[str, Any], int], None], ...] = (
    _unknown_field,
    _unknown_field_of_context,
    _number_as_text,
    _from_mongo,
    _course_in_record,
    _without_path,
    _event_of_another_type,
    _short_time,
)


def distinct(day: Path, lines: int) -> Iterator[bytes]:
    """The same lines with ids that no other line has; within a line an id stays the same everywhere."""
    for number, line in enumerate(campus(day, lines), 1):
        yield of_others(line, b"%d" % number)


def large(day: Path, lines: int) -> Iterator[bytes]:
    """The lines of the day, as often as `DAYS_OF_LARGE` says, each time with other ids."""
    for number in range(DAYS_OF_LARGE):
        for line in campus(day, lines):
            yield of_others(line, b"%d" % number)


def of_others(line: bytes, own: bytes) -> bytes:
    """The line with other ids and persons, by which `own` they are: the same become the same."""

    def other_id(found: re.Match[bytes]) -> bytes:
        return blake2b(found[0] + own, digest_size=16).hexdigest().encode()

    line = _HEX.sub(other_id, _PLAIN.sub(rb"\g<0>n%b" % own, line))
    return _USERNAME.sub(rb'\g<1>.%b"' % own, _USER.sub(rb"\g<1>%b" % own, line))


def new_field(day: Path, lines: int) -> Iterator[bytes]:
    """The same lines with a new field in each record."""
    for line in campus(day, lines):
        yield line[:-2] + b',"request_origin":"web"}\n' if line.endswith(b"}\n") else line


def first_half(day: Path, lines: int) -> Iterator[bytes]:
    return itertools.islice(campus(day, lines), lines // 2)


def second_half(day: Path, lines: int) -> Iterator[bytes]:
    return itertools.islice(campus(day, lines), lines // 2, None)


def few(day: Path, lines: int) -> Iterator[bytes]:
    return itertools.islice(campus(day, lines), min(FEW, lines))


LOGS: dict[str, tuple[str, Callable[[Path, int], Iterator[bytes]]]] = {
    "campus": (LOG, campus),
    "first half": (f"halves/{LOG}", first_half),
    "second half": (f"halves/{SECOND_LOG}", second_half),
    "distinct": (f"distinct/{LOG}", distinct),
    "new field": (f"new-field/{LOG}", new_field),
    "large": (f"large/{LOG}", large),
    "few": (f"few/{LOG}", few),
}
"""The logs by name: where each is, and what makes its lines of those of the simulated day."""


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    print(json.dumps(make(wanted, Path(sys.argv[2]) / f"day-{FORM}-{VERSION}-{wanted}")))
