"""What the sorted files of a weekly package were made from: a record for each date and course."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson

from edxtasks.course import CourseKey
from edxtasks.dumps.package import Package, PackageFile
from edxtasks.files import replacing
from edxtasks.printable import printable, printable_path

VERSION = 3
"""Raised when the same source gives other bytes: then all is sorted again."""

RECORDS = Path("META") / "waldofy"
"""The folder of the records, below the base directory."""

KNOWN_VERSIONS = (2, VERSION)
"""Versions whose records have the same form: what they tell besides the state of files still holds."""

_SECONDS_BETWEEN_RECORDS = 5.0

Digest = Callable[[Path], str]
"""Digest of the content of a file; the caller may remember it by size and time."""


class SortingRecord:
    """What the sorted files of one date and course were made from, whichever packages they came in."""

    def __init__(self, package: Package, course: CourseKey | None) -> None:
        name = "_rest" if course is None else course.directory
        self._path = package.base / RECORDS / package.date / f"{name}.json"
        self._base = package.base
        self._package = package.name
        form = self.form_of(self._path)
        targets = form.get("targets")
        self._targets: dict[str, dict[str, Any]] = targets if isinstance(targets, dict) else {}
        left = form.get("left out")
        self._left_out: dict[str, dict[str, list[str]]] = left if isinstance(left, dict) else {}
        kept_out = form.get("withheld")
        self._withheld: dict[str, dict[str, str]] = kept_out if isinstance(kept_out, dict) else {}
        self._saved = time.monotonic()

    @staticmethod
    def form_of(path: Path, versions: Collection[int] = (VERSION,)) -> Mapping[str, Any]:
        """What the record at `path` says, where a version of `versions` wrote it; else nothing."""
        try:
            form = orjson.loads(path.read_bytes())
        except (FileNotFoundError, orjson.JSONDecodeError):
            return {}  # without a record all is sorted again, with the same result
        return form if isinstance(form, dict) and form.get("version") in versions else {}

    @classmethod
    def tells_of(cls, path: Path, package: str) -> bool:
        """Whether the record at `path` names `package` as one that a file was sorted from."""
        targets = cls.form_of(path, KNOWN_VERSIONS).get("targets")
        return isinstance(targets, dict) and any(
            isinstance(known, dict) and known.get("package") == package for known in targets.values()
        )

    @classmethod
    def withheld_of(cls, path: Path) -> dict[str, str]:
        """The sorted files that the packages of one date and course name and do not give, with the reason."""
        packages = cls.form_of(path, KNOWN_VERSIONS).get("withheld")
        known = packages.values() if isinstance(packages, dict) else ()
        return {name: reason for one in known if isinstance(one, dict) for name, reason in one.items()}

    @property
    def left_out(self) -> dict[str, list[str]]:
        """The files of this package that could not be sorted last time, by why."""
        return self._left_out.get(self._package, {})

    @left_out.setter
    def left_out(self, left: dict[str, list[str]]) -> None:
        self._left_out[self._package] = left

    def why(self, file: PackageFile, digest: Digest) -> str:
        """Why `file` would be made again, or nothing."""
        name = printable(file.source.name)
        known = self._targets.get(self._key(file))
        if not isinstance(known, dict):
            return f"{name} is new"
        if known.get("size") != size_of(file.target):
            return f"{printable_path(file.target)} is gone or was changed"
        found = digest_of(file.source, digest)
        if isinstance(found, OSError):
            return f"{name} cannot be read"
        if known.get("source") == found:
            return ""
        other = self.other_package(file)
        return f"{file.target.name} was sorted from {printable(other)}" if other else f"{name} changed"

    def other_package(self, file: PackageFile) -> str:
        """The package that the target was sorted from, where it is another one than this."""
        known = self._targets.get(self._key(file))
        other = known.get("package") if isinstance(known, dict) else None
        return other if isinstance(other, str) and other != self._package else ""

    def keep(self, file: PackageFile, source: str) -> None:
        """Remember that the target was made from a source of digest `source`."""
        self._targets[self._key(file)] = {
            "source": source,
            "size": size_of(file.target),
            "package": self._package,
        }
        if time.monotonic() - self._saved > _SECONDS_BETWEEN_RECORDS:
            self.save()

    def forget(self, files: Iterable[PackageFile]) -> None:
        """Know of no source of these files from now on, whose targets are about to be replaced: a run that is
        killed before `save` would leave what another source gives to them."""
        known = {self._key(file) for file in files} & self._targets.keys()
        for key in known:
            if isinstance(self._targets[key], dict):
                self._targets[key] = {**self._targets[key], "source": ""}
        if known:
            self.save()

    def withhold(self, names: Mapping[str, str]) -> None:
        """Remember the sorted files that this package does not give, with the reason."""
        self._withheld[self._package] = dict(names)

    def save(self) -> None:
        """Write the record."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        form = {
            "version": VERSION,
            "left out": self._left_out,
            "withheld": self._withheld,
            "targets": self._targets,
        }
        with replacing(self._path) as sink:
            sink.write(orjson.dumps(form, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        self._saved = time.monotonic()

    def _key(self, file: PackageFile) -> str:
        return file.target.relative_to(self._base).as_posix()


def size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def digest_of(path: Path, digest: Digest) -> str | OSError:
    """The digest of a source, or why it cannot be read."""
    try:
        return digest(path)
    except OSError as error:
        return error
