"""`doit health`: are the data all right? What is there is looked at, and nothing is built."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from edxtasks.build.context import Context
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.commands.tables import print_text
from edxtasks.config import known_courses
from edxtasks.config.kinds import day
from edxtasks.course import shorten
from edxtasks.digests import Digests
from edxtasks.directories import anything_of
from edxtasks.errors import SettingsError, UserError, nearest
from edxtasks.health.examination import examine
from edxtasks.health.findings import PROBLEM, Finding
from edxtasks.printable import number, printable_message, quantity, say
from edxtasks.scratch import scratch_of
from edxtasks.warehouse import open_warehouse

FORMATS = ("table", "json")
SHOWN = 10
"""Findings of one kind and course that the table shows."""

_QUIET_SECONDS = 2.0


class Health(DataCommand):
    """Look at logs, dumps and tables, and tell what is wrong with them."""

    name = "health"
    doc_purpose = "tell whether logs, dumps and tables are all right"
    doc_usage = "[COURSE ...] [today=DATE] [--format=json] [--quick]"
    doc_description = (
        "Without a course: all courses of the configuration. Days are measured against the newest log day. "
        "Exit status 1 where there is a problem, 0 with notes alone. The limits are the settings health_…"
    )
    takes_courses = True
    takes_all_courses = True
    heeds = ("dataset_latest",)
    joins = "format"
    cmd_options: tuple[dict[str, Any], ...] = (
        {
            "name": "format",
            "long": "format",
            "type": str,
            "default": "table",
            "help": f"one of {', '.join(FORMATS)}; json: an object of JSON a line",
        },
        {
            "name": "quick",
            "long": "quick",
            "type": bool,
            "default": False,
            "help": "do not compare the bytes of tables and files with their checksums",
        },
        {
            "name": "today",
            "long": "today",
            "type": str,
            "default": "",
            "help": "measure against this date, YYYY-MM-DD, not the newest log day",
        },
    )

    def perform(self, request: Request) -> int:
        """A line a finding."""
        settings, form = request.settings, request.options["format"]
        if form not in FORMATS:
            raise SettingsError(f"--format={shorten(form)}: expected one of {', '.join(FORMATS)}")
        today = _day(request.options["today"])
        logs = settings.paths.tracking_logs_directory
        if not request.courses and (logs is None or not logs.is_dir()):
            raise UserError(
                "there is nothing to look at: no course is named or listed (course_id_list), and there is no "
                "log directory (tracking_logs_directory)"
            )
        _refuse_strangers(request)
        begun = time.monotonic()
        scratch = scratch_of(settings)
        registry = with_overrides(read_registry(settings.engine.state), settings, request.courses)
        warehouse = open_warehouse(settings, None, scratch)
        context = Context(settings, registry, warehouse, Digests(), request.courses)
        context.scratch = scratch
        with scratch:
            found = examine(
                context,
                today=today,
                unlisted=not request.written,
                compare_bytes=not request.options["quick"],
                progress=_Progress(),
            )
        if form == "json":
            for one in found.findings:
                print_text(f"{one.json_line()}\n")
        else:
            for line in _table(found.findings, _width()):
                print_text(f"{line}\n")
        levels = Counter(one.level == PROBLEM for one in found.findings)
        measured = f"measured against {found.today}" if found.today else "no log day to measure against"
        say(
            f"{quantity(levels[True], 'problem')}, {quantity(levels[False], 'note')} of "
            f"{quantity(len(request.courses), 'course')}, {measured}, {time.monotonic() - begun:.1f} s"
        )
        return FAILED if levels[True] else 0


def _refuse_strangers(request: Request) -> None:
    """Raise `SettingsError` for a named course that no list has, and of which nothing is there."""
    settings, known = request.settings, known_courses(request.settings)
    if not request.written or settings.warehouse.engine == "bigquery":
        return
    for course in request.courses:
        if course not in known and not anything_of(course, settings):
            hint = nearest(course.slash, [one.slash for one in known])
            raise SettingsError(f"{course} is in no course list, and has no files or tables{hint}")


class _Progress:
    """Says on a terminal, or to whoever reads stderr, what is looked at, when nothing was said for long."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, line: str) -> None:
        now = time.monotonic()
        if now - self._said > _QUIET_SECONDS:
            say(line)
            self._said = now


def _day(text: str) -> date | None:
    if not text:
        return None
    found = day(text)
    if found is None:
        raise SettingsError(f"today={shorten(text)}: expected a date YYYY-MM-DD")
    return found


def _width() -> int | None:
    return max(60, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def _table(findings: Sequence[Finding], width: int | None) -> Iterator[str]:
    """Lines of level, course, date and text; of many findings of one kind and course the first ones."""
    total = Counter((one.kind, one.course) for one in findings)
    shown: Counter[tuple[str, str]] = Counter()
    courses = max((len(one.course) for one in findings), default=0)
    for one in findings:
        kind = one.kind, one.course
        shown[kind] += 1
        if shown[kind] <= SHOWN:
            yield from _lines(one.level, one.course, one.date, one.text, courses, width)
        elif shown[kind] == total[kind]:
            more = f"and {number(total[kind] - SHOWN)} more ({one.kind}); --format=json tells all"
            yield from _lines(one.level, one.course, None, more, courses, width)


def _lines(
    level: str, course: str, when: date | None, text: str, courses: int, width: int | None
) -> Iterator[str]:
    before = f"{level:<7}  {course or '-':<{max(courses, 1)}}  {when.isoformat() if when else '-':<10}  "
    line = printable_message(text).replace("\n", " ")
    if width is None or width - len(before) < 30:
        yield before + line
        return
    yield from textwrap.wrap(line, width, initial_indent=before, subsequent_indent=" " * len(before))
