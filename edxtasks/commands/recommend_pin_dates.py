"""`doit recommend_pin_dates COURSE…`: dump dates to be pasted into `course_axis_pin_dates`."""

from __future__ import annotations

import sys

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.content.pin_dates import recommend_pin_dates
from edxtasks.printable import printable_message


class RecommendPinDates(DataCommand):
    """Tell for each course the dump that shows its content as it was when the course ended."""

    name = "recommend_pin_dates"
    doc_purpose = "recommend the dump from which the content of a course is read"
    doc_usage = "[--listings=FILE] COURSE ..."
    doc_description = (
        "The first dump with a course export on or after the wrap date in the course listings, else the last "
        "one; as lines for course_axis_pin_dates. What cannot be told is said on the standard error."
    )
    takes_courses = True
    heeds = ("listings", "course_base_dir")

    def perform(self, request: Request) -> int:
        """A line a course."""
        for line in recommend_pin_dates(request.courses, request.settings):
            print(printable_message(line.text), file=sys.stderr if line.is_notice else sys.stdout)
        return 0
