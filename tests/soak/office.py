"""The files of an office: raw logs and packages in every form that a term asks for.

The simulated campus tells the story; lines made by hand (`tests/logs/unusual_lines.py`), of all kinds, with
days long ago among them, are mixed in. The same campus gives the same bytes each time.
"""

from __future__ import annotations

import bz2
import gzip
import io
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import zstandard
from term import SERVERS, Action, Deliver, Package, Put, RawLog, Remove, State, Withdraw, file_name
from unusual_lines import chosen_lines

from edxtasks.simulate import logs, package, strays
from edxtasks.simulate.campus import Campus, CampusSize

LEARNERS, WEEKS, UNUSUAL = 13, 2, 90

_PACKED = re.compile(r"\.(gz|zst|bz2)$")


class Office:
    """What edX delivers about a campus; `room` is a folder for what is made once."""

    def __init__(self, room: Path, courses: int, days: int, seed: int) -> None:
        self.room = room
        self.days = days
        self.seed = seed
        self.courses = courses
        self.campus = self._campus(days)

    def _campus(self, days: int) -> Campus:
        size = CampusSize(self.courses, LEARNERS, WEEKS, max(4, days), servers=len(SERVERS) - 1)
        return Campus(size, self.seed)

    @property
    def keys(self) -> list[str]:
        """The courses in slash form."""
        return [course.key.slash for course in self.campus.courses]

    def date(self, day: int) -> str:
        """Date of a day of the term."""
        return (self.campus.size.first_day + timedelta(days=day)).isoformat()

    def lists(self, folder: Path) -> None:
        """Write `listings.csv` and `staff.csv`."""
        (folder / self.campus.package_name).mkdir(parents=True)
        strays.write_strays(self.campus, folder)
        shutil.rmtree(folder / self.campus.package_name)

    def place(self, name: str) -> str:
        """The name of a raw log, its number of the day replaced by the date."""
        stem, _, rest = name.rpartition("-")
        number, dot, ending = rest.partition(".")
        return f"{stem}-{self.date(int(number))}{dot}{ending}"

    def apply(self, actions: Sequence[Action], folder: Path) -> list[str]:
        """Let happen in the project what happens on a day; gives the names to be forgotten. Doing it twice
        changes nothing."""
        forget = []
        for action in actions:
            match action:
                case Put(name, log):
                    _write(folder / "DAILY" / self.place(name), self.raw_log(log))
                case Remove(name, is_forgotten):
                    path = folder / "DAILY" / self.place(name)
                    path.unlink(missing_ok=True)
                    if is_forgotten:
                        forget.append(_PACKED.sub("", path.name))
                case Deliver(delivered):
                    self.package(delivered, folder)
                case Withdraw(number):
                    shutil.rmtree(folder / self.package_name(number), ignore_errors=True)
                    for sorted_folder in (folder / "SQL").glob(f"**/{self.date(number)}"):
                        shutil.rmtree(sorted_folder)
        return forget

    def counted(self, state: State, folder: Path) -> None:
        """Write the raw logs that should count into a new project."""
        for log in state.counted.values():
            _write(folder / "DAILY" / self.place(file_name(log, f"{log.day}")), self.raw_log(log))

    def package_name(self, number: int) -> str:
        """Name of the folder of the package of a day."""
        return f"mitx-{self.date(number)}"

    def raw_log(self, log: RawLog) -> bytes:
        """The bytes of a raw log."""
        lines = self._lines(log.day, log.server)
        if log.form == "short":
            lines = lines[: len(lines) * 3 // 5]
        elif log.form == "changed":
            lines = [line for number, line in enumerate(lines) if number % 9] + lines[:3]
        elif log.form == "late lines" and log.day >= 3:
            lines = [*self._lines(log.day - 3, log.server)[:25], *lines]
        content = b"".join(line + b"\n" for line in lines)
        packed = _PACK[log.packing](content)
        return packed[: len(packed) * 3 // 5] if log.form == "cut" else packed

    def _lines(self, day: int, server: int) -> list[bytes]:
        made = self.room / "made"
        path = made / "DAILY" / f"{SERVERS[server]}-{self.date(day)}.log.gz"
        if not path.is_file():
            (made / "DAILY").mkdir(parents=True, exist_ok=True)
            logs.simulate_day(self.campus, made, day)
        lines = gzip.decompress(path.read_bytes()).split(b"\n")[:-1]
        if server == 0:
            lines += self._unusual(day)
            Random(f"{self.seed} {day}").shuffle(lines)
        return lines

    def _unusual(self, day: int) -> list[bytes]:
        """Lines made by hand, of courses of the campus and others; of this day, the one before, long ago."""
        keys = self.campus.courses
        course = keys[day % len(keys)]
        other = keys[(day + 1) % len(keys)]
        swaps = {
            b"course-v1:UnivX+3.14x+T1": course.key.opaque.encode(),
            b"UnivX/3.14x/T1": other.key.slash.encode(),
            b"2016-05-01": self.date(day).encode(),
            b"2016-05-02": self.date(max(0, day - 1)).encode(),
            b"2016-05-03": self.date(max(0, day - 20)).encode(),
        }
        lines = []
        for line in chosen_lines(UNUSUAL, self.seed * 1000 + day):
            for old, new in swaps.items():
                line = line.replace(old, new)
            lines += [line] if b"\n" not in line else []
        return lines

    def package(self, delivered: Package, folder: Path) -> None:
        """Write a package into a project."""
        campus = self._campus(min(self.days, 7 * delivered.week + 4))
        kept = self.room / "made" / f"package-{delivered.week}"
        if not kept.is_dir():
            making = self.room / "made" / "making"
            shutil.rmtree(making, ignore_errors=True)
            (making / campus.package_name).mkdir(parents=True)
            strays.write_strays(campus, making)
            for number in range(self.courses):
                package.simulate_package(campus, making, number)
            (making / campus.package_name).rename(kept)
        target = folder / self.package_name(delivered.date)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(kept, target)
        self._deform(delivered, target)

    def _deform(self, delivered: Package, folder: Path) -> None:
        """Damage or change files of one course of a package."""
        chance = Random(f"{self.seed} {delivered.date}")
        prefix = chance.choice(self.campus.courses).key.package_prefix
        files = sorted(path for path in folder.glob(f"{prefix}-*-prod-analytics.sql") if path.stat().st_size)
        chosen = [path for path in files if "auth_user" not in path.name]
        match delivered.form:
            case "cut":
                path = chance.choice(files)
                packed = _gzip(path.read_bytes())
                path.with_name(path.name + ".gz").write_bytes(packed[: len(packed) * 2 // 3])
                path.unlink()
            case "without a table":
                others = folder.glob(f"{prefix}-*")  # also the forum and the content of the course
                chance.choice(sorted(path for path in others if "auth_user" not in path.name)).unlink()
            case "changed":
                for path in chosen[::2]:
                    lines = path.read_bytes().split(b"\n")
                    path.write_bytes(b"\n".join([*lines[:1], *lines[2:]]))


def _gzip(content: bytes) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
        packed.write(content)
    return file.getvalue()


_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": _gzip,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "": bytes,
}


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
