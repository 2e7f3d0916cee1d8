"""Rules over the tracking logs: days without a raw log, small days, raw logs in doubt, unlisted courses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from fractions import Fraction
from statistics import median

from edxtasks.config import Settings
from edxtasks.course import canonical
from edxtasks.health.findings import NOTE, PROBLEM, Finding, percent, share_of
from edxtasks.printable import number, printable, quantity

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class RawLog:
    """What META says of one raw log: the server that wrote it, the days that it is of, its file, its lines
    and how many of them were rejected; `cut` says why it was not read to its end, "" where it was.

    `size` and `split_size` are the bytes of the file and of its parts; `is_there`: the file is where it was
    read.
    """

    server: str
    days: tuple[date, ...]
    file: str
    lines: int = 0
    rejects: int = 0
    cut: str = ""
    size: int = 0
    split_size: int = 0
    is_there: bool = True


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def lacking_days(days: Collection[date], today: date) -> list[date]:
    """The days from the first one to `today` that are not among `days`."""
    return [day for day in days_between(min(days), today) if day not in days] if days else []


def missing_logs(
    logs: Sequence[RawLog], other_days: Collection[date], today: date, settings: Settings
) -> Iterator[Finding]:
    """Days without any raw log, and days without the log of a server that is there on most days.

    `other_days` are days whose rows come from raw logs that nobody knows any more.
    """
    servers: dict[str, set[date]] = {}
    for log in logs:
        servers.setdefault(log.server, set()).update(day for day in log.days if day <= today)
    covered = set(other_days).union(*servers.values())
    missing = lacking_days(covered, today)
    for day in missing:
        yield Finding(
            "log_missing",
            PROBLEM,
            "no raw log of this day. Fetch it and run split, or ask edX whether there is one",
            date=day,
            number=0,
            expected=1,
        )
    if not covered:
        return
    days = days_between(min(covered), today)
    usual = [
        server
        for server, there in sorted(servers.items())
        if len(there) >= share_of(settings.health_server_share, len(days))
    ]
    for server in usual:
        for day in sorted(set(days) - servers[server] - set(missing)):
            yield Finding(
                "server_log_missing",
                PROBLEM,
                f"no raw log {printable(server)} of this day; there is one on {len(servers[server])} of "
                f"{quantity(len(days), 'day')}. Fetch it and run split",
                date=day,
                file=printable(server),
                number=0,
                expected=1,
            )


def small_days(
    course: str,
    events: Mapping[date, int],
    missing: Collection[date],
    today: date,
    settings: Settings,
    first_log: date | None = None,
) -> Iterator[Finding]:
    """Days of a course with far fewer events than that weekday usually has.

    The days of the last `health_weeks` weeks are looked at, each against the same weekday of as many weeks
    before it; weeks before the first events of the course do not count (nor do events before `first_log`, of
    which no raw log is: clocks of learners are wrong at times), nor do `missing` days, which are told by
    themselves.
    """
    known = {day: rows for day, rows in events.items() if first_log is None or day >= first_log}
    if not known:
        return
    first = min(known)
    for back in range(settings.health_weeks * 7 - 1, -1, -1):
        day = today - timedelta(days=back)
        if day < first or day in missing:
            continue
        before = [day - week * _WEEK for week in range(1, settings.health_weeks + 1)]
        usual = [known.get(one, 0) for one in before if one >= first and one not in missing]
        if len(usual) < settings.health_least_weeks:
            continue
        middle = median(usual)
        if middle < settings.health_day_events:
            continue
        # The median of whole numbers is whole or a half.
        least = share_of(settings.health_day_share, round(middle * 2)) / 2
        found = known.get(day, 0)
        if found < least:
            yield Finding(
                "day_too_small",
                PROBLEM,
                f"{quantity(found, 'event')}, below {percent(settings.health_day_share)} of the "
                f"{middle:g} that "
                f"a {day:%A} usually has (median of {quantity(len(usual), 'week')}). Look whether "
                "its raw logs are whole",
                course=course,
                date=day,
                number=found,
                expected=float(least),
            )


def doubtful_logs(logs: Sequence[RawLog], settings: Settings) -> Iterator[Finding]:
    """Raw logs that were cut, or of which many lines were rejected."""
    for log in logs:
        day = log.days[0] if len(log.days) == 1 else None
        if log.cut:
            yield Finding(
                "log_truncated",
                PROBLEM,
                f"{log.file} is not whole, only its beginning was split: {printable(log.cut)}. Fetch it "
                "again and run split",
                date=day,
                file=log.file,
                number=log.lines,
            )
        small = share_of(settings.health_small_log_rejects, log.lines)
        least = min(small, Fraction(settings.health_least_rejects))
        most = share_of(settings.health_reject_share, log.lines)
        if log.rejects and log.rejects > most and log.rejects >= least:
            yield Finding(
                "log_rejects",
                PROBLEM,
                f"{number(log.rejects)} of {quantity(log.lines, 'line')} of {log.file} were "
                f"rejected, more than {percent(settings.health_reject_share)}. They lie in REJECTS, with the "
                f"reasons, for {quantity(settings.rejects_kept_days, 'day')} (rejects_kept_days)",
                date=day,
                file=log.file,
                number=log.rejects,
                expected=float(max(most, least)),
            )


@dataclass(frozen=True)
class FailedLog:
    """A raw log whose last split failed: its file, whether that is still there, and why."""

    file: str
    reason: str
    is_there: bool = True
    day: date | None = None


def failed_logs(failed: Sequence[FailedLog]) -> Iterator[Finding]:
    """Raw logs that could not be split: none of their events is in the tables."""
    for log in failed:
        reason = printable(log.reason, 400)
        about = "" if log.file.rpartition("/")[2] in reason else f"{log.file}: "
        yield Finding(
            "log_failed",
            PROBLEM if log.is_there else NOTE,
            f"not split: {about}{reason}" + ("" if log.is_there else ". The file is not there any more"),
            date=log.day,
            file=log.file,
        )


@dataclass(frozen=True)
class LogCounts:
    """Counts over the log directory: of raw logs, those whose file is not where it was read; shards that
    still have rows of withdrawn or replaced logs; shards of whose raw logs nothing is known any more."""

    logs: int = 0
    gone: int = 0
    outstanding: int = 0
    lost: int = 0


def withdrawn_logs(counts: LogCounts) -> Iterator[Finding]:
    """What was withdrawn or moved away, in one note each."""
    if counts.outstanding:
        yield Finding(
            "log_withdrawn",
            NOTE,
            f"{quantity(counts.outstanding, 'shard is', 'shards are')} to be made again, since raw "
            "logs were withdrawn or "
            "replaced: run split",
            number=counts.outstanding,
            expected=0,
        )
    if counts.lost:
        yield Finding(
            "log_lost",
            NOTE,
            f"of {quantity(counts.lost, 'shard')} it is not known which raw logs they are made from: their "
            "checkpoints are gone from META",
            number=counts.lost,
            expected=0,
        )
    if counts.gone:
        yield Finding(
            "log_file_gone",
            NOTE,
            f"{number(counts.gone)} of {quantity(counts.logs, 'raw log')} are not where they were "
            "split from; "
            "their rows stay. Keep a copy, if they were moved away on purpose",
            number=counts.gone,
            expected=0,
        )


def unlisted_courses(
    events: Mapping[str, int],
    edge_events: Mapping[str, int],
    other_keys: Mapping[str, int],
    settings: Settings,
) -> Iterator[Finding]:
    """Courses with events that no list of the configuration names.

    `events` and `edge_events` are numbers of events of unlisted courses, the latter in logs of an edge site;
    `other_keys` of custom courses and libraries, which are no courses here.
    """
    for key, found in sorted(events.items()):
        if found >= settings.health_unlisted_events and not is_ignored(key, settings):
            yield Finding(
                "course_unlisted",
                PROBLEM,
                f"{quantity(found, 'event')} of {printable(key)}, which no course list names. Add it to "
                "course_id_list or a list of [courses], or to health_ignore",
                course=printable(key),
                number=found,
                expected=settings.health_unlisted_events,
            )
    for kind, words, found_in in (
        ("edge_course", "in logs of an edge site", edge_events),
        (
            "other_key",
            f"in the last {quantity(settings.health_weeks, 'week')}, which have no tables",
            other_keys,
        ),
    ):
        for key, found in sorted(found_in.items()):
            if found >= settings.health_unlisted_events and not is_ignored(key, settings):
                yield Finding(
                    kind,
                    NOTE,
                    f"{quantity(found, 'event')} of {printable(key)} {words}",
                    course=printable(key),
                    number=found,
                    expected=settings.health_unlisted_events,
                )


def is_ignored(key: str, settings: Settings) -> bool:
    """Whether `health_ignore` names a key, in either spelling, or matches it."""
    return any(fnmatchcase(key, canonical(pattern)) for pattern in settings.health_ignore)
