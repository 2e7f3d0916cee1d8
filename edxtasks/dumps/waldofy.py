"""Sorts the weekly package of edX into a directory for each course and date, tables as compressed CSV.

What each sorted file was made from is kept in `META/waldofy/` of the base directory, a record for each date
and course: a file is rebuilt when the content of its source or the rules changed, or when it vanished,
never because of a time stamp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import dump_date
from edxtasks.dumps.file_pieces import PIECE, refuse_encrypted
from edxtasks.dumps.package import COPY, TABLE, UNKNOWN, Package, PackageFile, is_edge, plan_package
from edxtasks.dumps.reader import DeliveredTable
from edxtasks.dumps.row_files import csv_file
from edxtasks.dumps.sorting_record import RECORDS, Digest, SortingRecord, digest_of
from edxtasks.errors import InputError
from edxtasks.files import replacing
from edxtasks.messages import Messages
from edxtasks.outcomes import WorkerDiedError
from edxtasks.printable import listed, printable, printable_path, quantity
from edxtasks.retired import Retired, of_document, record_cleaner
from edxtasks.workers import Job, Report, WorkerPool

__all__ = ["Package", "Sorted", "convert", "pending", "plan_package", "was_sorted"]

SECRETS = frozenset({"password", "email_key", "activation_key"})
"""Columns of any table whose values open an account, and which no table reads: sorted files have them without
values. Dumps before 2015 have the hash in `auth_user.password`."""


@dataclass(frozen=True)
class Sorted:
    """What one call of `convert` did: the files it made, and how many were up to date."""

    made: tuple[Path, ...]
    current: int


def pending(package: Package, course: CourseKey | None, digest: Digest) -> list[str]:
    """Why anything would be done for `course` (None: all that goes to no known course); empty = up to date.

    Reads the record and asks `digest` for the sources that it knows; no source is opened here.
    """
    record = SortingRecord(package, course)
    reasons = [reason for file in package.files.get(course, ()) if (reason := record.why(file, digest))]
    for what, names in _left_out(package, course).items():
        if names and names != record.left_out.get(what):
            reasons.append(f"{what}: {listed(names)}")
    return reasons


def was_sorted(base: Path, dump_dir: Path) -> bool:
    """Whether the records of `base` tell of files that were sorted from the package `dump_dir`."""
    folder = dump_dir.resolve()
    records = RECORDS / folder.name[-len("YYYY-MM-DD") :]
    return any(SortingRecord.tells_of(path, folder.name) for path in sorted((base / records).glob("*.json")))


def withheld(course: CourseKey, settings: Settings, names: Sequence[str]) -> str:
    """What kept one of the files `names` out of the dump of a course that is read; "" where nothing did.

    The package names such a file, but it was encrypted, or its export failed at edX. Raises what
    `edxtasks.directories.sql_directory` raises.
    """
    date = dump_date(course, settings)
    if date is None:
        return ""
    folder = settings.paths.course_sql_base_dir / RECORDS / date.isoformat()
    kept_out = SortingRecord.withheld_of(folder / f"{course.directory}.json")
    return next((f"{name} {kept_out[name]}" for name in names if name in kept_out), "")


def convert(
    package: Package,
    course: CourseKey | None,
    digest: Digest,
    messages: Messages,
    workers: int = 1,
    max_bad_fraction: float = 0.05,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
    retired: Retired | None = None,
) -> Sorted:
    """Make what is out of date for `course` (None: all that goes to no known course); with `force` all of it.

    With `workers` > 1 as many files at a time, each in a process of its own. A file that fails leaves its old
    target in place and the others go on; the call then ends with an `InputError` that names each of them.
    `progress(done, of)` is told how many files are sorted. Records of `retired` learners are left out.
    """
    retired = retired or Retired()
    record = SortingRecord(package, course)
    files = package.files.get(course, ())
    stale = [file for file in files if force or record.why(file, digest)]
    _tell(package, course, messages)
    _tell_of_turns(package, [other for file in stale if (other := record.other_package(file))], messages)
    faults: list[str] = []
    made: list[Path] = []
    readable: list[PackageFile] = []
    digests: list[str] = []
    for file in stale:
        found = digest_of(file.source, digest)
        if isinstance(found, OSError):
            faults.append(f"{printable_path(file.source)} cannot be read: {found.strerror}")
        else:
            readable.append(file)
            digests.append(found)
    works = [
        (file, known, max_bad_fraction, retired.of_site(is_edge(file.target, package.base)))
        for file, known in zip(readable, digests, strict=True)
    ]
    record.forget(readable)
    for number, (file, result) in enumerate(_converted(works, workers), 1):
        if progress is not None:
            progress(number, len(readable))
        messages.merge(result.messages)
        if result.fault:
            faults.append(result.fault)
            continue
        record.keep(file, result.source)
        made += [file.target] if file.target.exists() else []
    record.left_out = _left_out(package, course)
    record.withhold(package.withheld.get(course, {}))
    record.save()
    if faults:
        raise InputError("\n".join(faults))
    return Sorted(tuple(sorted(made)), len(files) - len(stale))


def _tell(package: Package, course: CourseKey | None, messages: Messages) -> None:
    for export in package.failed.get(course, ()):
        messages.add(
            f"{printable(export.course_part)}: the export of {printable(export.content)} failed at edX "
            f"({printable(export.name)})"
        )
        messages.count("failed exports")
    encrypted = package.encrypted.get(course, ())
    if encrypted:
        found = quantity(
            len(encrypted), "encrypted file stays where it is", "encrypted files stay where they are"
        )
        messages.add(f"{found}: {listed(encrypted)}. Decrypt them and sort the package again")
        messages.count("encrypted", len(encrypted))
    if course is None:
        for what, names in (
            ("delivered twice, the second spelling not used", package.doubles),
            ("left where they are, name not understood", package.not_understood),
            ("left where they are, links that lead to no file of the package", package.leading_out),
        ):
            if names:
                messages.add(f"{what}: {listed(names, 10)}")
        unknown = [
            file.course_part
            for file in package.files.get(None, ())
            if file.target.is_relative_to(package.base / UNKNOWN)
        ]
        if unknown:
            messages.add(
                f"{quantity(len(unknown), 'file goes', 'files go')} to {UNKNOWN}, since their "
                "courses are in no course list: "
                f"{listed(sorted(set(unknown)))}"
            )
    elif (package.base / course.directory).is_dir() and course.directory != course.package_prefix:
        messages.add(
            f"{course}: sorted into {course.package_prefix}, but {course.directory} is there too and is "
            "looked at first"
        )


def _tell_of_turns(package: Package, others: list[str], messages: Messages) -> None:
    """Note that files of this date were sorted from other packages before: the two may take turns."""
    for other in sorted(set(others)):
        messages.add(
            f"replaced {quantity(others.count(other), 'file')} that came from {printable(other)} "
            "with those of "
            f"{printable(package.name)}, which has the same date: keep to one of the two packages as dump_dir"
        )


def _left_out(package: Package, course: CourseKey | None) -> dict[str, list[str]]:
    """The files that cannot be sorted, by why: told when they are others than last time."""
    return {
        "the export failed at edX": sorted(export.name for export in package.failed.get(course, ())),
        "encrypted": sorted(package.encrypted.get(course, ())),
    }


_Work = tuple[PackageFile, str, float, Retired]
"""A file, the digest of its source, the most bad records, and who is left out."""


@dataclass(frozen=True)
class _Result:
    """How the conversion of one file went: the digest of its source, or what went wrong."""

    source: str
    messages: Messages
    fault: str = ""


def _converted(works: list[_Work], workers: int) -> Iterator[tuple[PackageFile, _Result]]:
    """Each file with its result, in the order of `works`."""
    files = [work[0] for work in works]
    pool = WorkerPool(min(workers, len(files)))
    order = [*range(len(files))]
    if pool.size > 1:  # the largest first
        order.sort(key=lambda at: -files[at].source.stat().st_size)
    done: dict[int, _Result] = {}
    following = 0
    with pool:
        jobs = (Job(convert_one, works[at]) for at in order)
        for number, outcome in pool.each(jobs):
            at = order[number]
            try:
                done[at] = outcome.get()
            except WorkerDiedError as died:  # the other files go on
                done[at] = _Result(works[at][1], Messages(), f"{printable_path(files[at].source)}: {died}")
            while following in done:
                yield files[following], done[following]
                following += 1


def convert_one(
    report: Report, file: PackageFile, digest: str, max_bad_fraction: float, retired: Retired
) -> _Result:
    """Make the target of one file."""
    messages = Messages()
    try:
        before = _mark(file.source)
        file.target.parent.mkdir(parents=True, exist_ok=True)
        if file.treatment == TABLE:
            _make_csv(file, messages, max_bad_fraction, retired)
        elif file.content == "forum" and retired:
            _pack_forum(file.source, file.target, retired)
        else:
            _pack(file.source, file.target, as_it_is=file.treatment == COPY)
        if _mark(file.source) != before:
            where = printable_path(file.source)
            return _Result(digest, messages, f"{where} changed while it was read: sort the package again")
    except InputError as error:
        return _Result(digest, messages, str(error))
    except OSError as error:
        return _Result(digest, messages, f"{printable_path(file.target)} cannot be made: {error.strerror}")
    return _Result(digest, messages)


def _mark(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _make_csv(file: PackageFile, messages: Messages, max_bad_fraction: float, retired: Retired) -> None:
    """The table as CSV, field for field as delivered: escapes and NULL stay, bad records are kept out, and so
    are the values of `SECRETS`, and records of retired learners."""
    table = DeliveredTable(
        file.source,
        messages,
        escaped_breaks=file.content == "courseware_studentmodule",
        max_bad_fraction=max_bad_fraction,
    )
    if table.header:
        secret = [at for at, name in enumerate(table.header) if name in SECRETS]
        clean = record_cleaner(file.content, table.header, retired)
        with csv_file(file.target, table.header) as writer:
            for record in table.whole_records():
                for at in secret:
                    record[at] = ""
                kept = clean(record)[0] if retired else record
                if kept is not None:
                    writer.text_record(kept)


def _pack_forum(source: Path, target: Path, retired: Retired) -> None:
    """The documents of the forum, a line each, without those of retired learners."""
    refuse_encrypted(source)
    with source.open("rb") as file, replacing(target) as sink:
        for line in file:
            kept, _ = of_document(line, retired)
            if kept is not None:
                sink.write(kept)


def _pack(source: Path, target: Path, *, as_it_is: bool) -> None:
    """Copy `source` to `target`: its bytes as they are, or compressed."""
    refuse_encrypted(source)
    with source.open("rb") as file, replacing(target, as_it_is=as_it_is) as sink:
        while piece := file.read(PIECE):
            sink.write(piece)
