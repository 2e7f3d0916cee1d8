"""`doit recommend_pin_dates COURSE…`: dump dates to be pasted into the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit

from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.content.pin_dates import recommend_pin_dates
from edxtasks.printable import printable_path, say

_SETTING = "course_axis_pin_dates"


class RecommendPinDates(DataCommand):
    """Tell for each course the dump that shows its content as it was when the course ended."""

    name = "recommend_pin_dates"
    doc_purpose = "recommend the dump from which the content of a course is read"
    doc_usage = "[--listings=FILE] COURSE ..."
    doc_description = (
        "The first dump with a course export on or after the wrap date in the course listings, else the last "
        f"one; printed as the setting {_SETTING}, with the dates that it has of other courses, to be pasted "
        "at the end of the configuration: TOML, or Python where it is an edx2bigquery_config.py. "
        "What cannot be told is said on the standard error. Exit status 1 where no date is recommended."
    )
    takes_courses = True
    heeds = ("listings", "course_base_dir")

    def perform(self, request: Request) -> int:
        """The setting, ready to paste."""
        settings = request.settings
        found: dict[str, str] = {}
        for one in recommend_pin_dates(request.courses, settings):
            if one.notice:
                say(one.notice)
            else:
                found[str(one.course)] = one.date
        if not found:
            say("no date is recommended")
            return FAILED
        before = {course: str(when) for course, when in settings.course_axis_pin_dates.items()}
        print(as_setting({**before, **found}, settings.config_file), end="")
        if before:
            file = printable_path(settings.config_file) if settings.config_file else "the configuration"
            say(f"{file} has a {_SETTING} already: replace it by these lines")
        return 0


def as_setting(dates: Mapping[str, str], file: Path | None) -> str:
    """The setting with these dates by course, in the language of a configuration file."""
    if file is not None and file.suffix == ".py":
        lines = "".join(f"    {course!r}: {when!r},\n" for course, when in dates.items())
        return f"{_SETTING} = {{\n{lines}}}\n"
    return tomlkit.dumps({_SETTING: dict(dates)})
