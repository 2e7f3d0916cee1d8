"""All rules over all that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edxtasks.build.context import Context, day_of_log
from edxtasks.build.last_failures import LastFailures
from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.health.course_ends import is_archived, read_ends
from edxtasks.health.disk_facts import read_disks
from edxtasks.health.disk_rules import full_disks
from edxtasks.health.dump_facts import DumpFacts, DumpHistory, delivered_sources, read_dumps
from edxtasks.health.dump_rules import old_dump, smaller_dump, unreadable_files
from edxtasks.health.failure_facts import failed_builds, other_failures
from edxtasks.health.failure_rules import failed_tasks
from edxtasks.health.findings import PROBLEM, Finding, in_order
from edxtasks.health.learner_facts import read_learners
from edxtasks.health.learner_rules import strangers
from edxtasks.health.log_facts import LogFacts, read_logs, read_other_keys
from edxtasks.health.log_rules import (
    doubtful_logs,
    failed_logs,
    lacking_days,
    missing_logs,
    small_days,
    unlisted_courses,
    withdrawn_logs,
)
from edxtasks.health.table_facts import read_changed_files, read_tables
from edxtasks.health.table_rules import (
    changed_files,
    damaged_note,
    damaged_table,
    empty_table,
    failed_checks,
    unverified_tables,
)


@dataclass(frozen=True)
class Examination:
    """What was found, worst first; `today` is the day that everything was measured against (None: there
    are no logs, and nothing was)."""

    findings: list[Finding]
    today: date | None


def examine(
    context: Context,
    *,
    today: date | None = None,
    unlisted: bool = True,
    compare_bytes: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> Examination:
    """Look at the logs, and at dumps and tables of the chosen courses.

    `today`: measure against this day, not the newest log day. `unlisted`: the chosen courses are all that
    the lists name, so that others in the logs can be told. `compare_bytes`: of all tables, and of files
    written from them, with their checksums, which takes as long as reading them. `progress` hears of what is
    looked at.
    """
    settings = context.settings
    progress("looking at META")
    logs = read_logs(settings.paths.tracking_logs_directory, progress)
    events = {course: _events(context, course, logs) for course in context.courses}
    if today is None:
        today = logs.newest or max((day for days in events.values() for day in days), default=None)
    findings: list[Finding] = []
    findings += doubtful_logs(logs.logs, settings)
    findings += failed_logs(logs.failed)
    findings += withdrawn_logs(logs.counts)
    if today is not None:
        findings += missing_logs(logs.logs, logs.other_days, today, settings)
        covered = {day for log in logs.logs for day in log.days} | logs.other_days
        missing = set(lacking_days([day for day in covered if day <= today], today))
        for course, days in events.items():
            if is_archived(str(course), settings):
                continue
            findings += small_days(str(course), days, missing, today, settings, logs.first)
        if unlisted:
            findings += _unlisted(context, logs, today, progress)
    findings += _of_courses(context, logs, today, compare_bytes, progress)
    return Examination(in_order(findings), today)


def _events(context: Context, course: CourseKey, logs: LogFacts) -> Mapping[date, int]:
    """The events of a course by day: of its shards, where there are none of its day tables."""
    found = logs.of_course(course)
    if found:
        return found
    try:
        return {day_of_log(name): state.rows for name, state in context.log_days(course).items()}
    except UserError:
        return {}  # told where its tables are looked at


def _unlisted(
    context: Context, logs: LogFacts, today: date, progress: Callable[[str], None]
) -> Iterator[Finding]:
    listed = set(context.courses)
    settings = context.settings
    others = read_other_keys(
        settings.paths.tracking_logs_directory,
        today,
        settings.health_weeks,
        settings.engine.state,
        progress,
    )
    yield from unlisted_courses(
        logs.of_other_courses(listed, edge=False),
        logs.of_other_courses(listed, edge=True),
        others,
        settings,
    )


def _of_courses(
    context: Context,
    logs: LogFacts,
    today: date | None,
    compare_bytes: bool,
    progress: Callable[[str], None],
) -> Iterator[Finding]:
    """What is found of each course, of the tables over courses, and of the disks."""
    sources = delivered_sources(context.registry)
    history = DumpHistory.read(context.settings.engine.state, progress)
    failures = LastFailures.read(context.settings.engine.state)
    ends: Mapping[CourseKey, date] = {}
    try:
        ends = read_ends(context.settings, context.courses)
    except UserError as error:
        yield Finding("listings_unreadable", PROBLEM, str(error))
    folders: list[Path] = []
    for number, course in enumerate(context.courses, 1):
        progress(f"looking at {course} ({number} of {len(context.courses)})")
        dumps = DumpFacts()
        try:
            dumps = read_dumps(course, context.settings, sources, history)
        except UserError as error:
            yield Finding("dump_unreadable", PROBLEM, str(error), course=str(course))
        if dumps.folder is not None:
            folders.append(dumps.folder)
        yield from _of_dumps(context, course, dumps, today, ends)
        try:
            yield from _of_tables(context, course, dumps, failures, compare_bytes)
        except UserError as error:
            yield Finding("tables_unreadable", PROBLEM, str(error), course=str(course))
    history.save()
    if context.courses:
        yield from _of_tables(context, None, DumpFacts(), failures, compare_bytes)
    yield from failed_tasks(other_failures(context, failures))
    yield from full_disks(read_disks(context.settings, logs, folders), context.settings)


def _of_dumps(
    context: Context,
    course: CourseKey,
    dumps: DumpFacts,
    today: date | None,
    ends: Mapping[CourseKey, date],
) -> Iterator[Finding]:
    settings = context.settings
    looked = today is not None and (dumps.is_absent or dumps.new is not None)
    if today is not None and looked and not is_archived(str(course), settings):
        when = dumps.new.date if dumps.new else None
        yield from old_dump(str(course), when, today, settings, ends.get(course))
    if dumps.new is not None:
        yield from unreadable_files(str(course), dumps.new)
    if dumps.new is not None and dumps.old is not None:
        yield from smaller_dump(str(course), dumps.new, dumps.old, context.settings)


def _of_tables(
    context: Context,
    course: CourseKey | None,
    dumps: DumpFacts,
    failures: LastFailures,
    compare_bytes: bool,
) -> Iterator[Finding]:
    yield from failed_tasks(failed_builds(context, course, failures))
    tables = list(read_tables(context, course, dumps.new.records if dumps.new else {}, compare_bytes))
    for table in tables:
        yield from empty_table(table)
        yield from damaged_table(table)
        yield from damaged_note(table)
        yield from failed_checks(table)
    yield from unverified_tables(tables)
    if compare_bytes:
        yield from changed_files(read_changed_files(context, course), str(course or ""))
    if course is not None and dumps.new is not None:
        learners = read_learners(context, course, dumps.new.date)
        if learners is not None:
            yield from strangers(str(course), learners, context.settings)
