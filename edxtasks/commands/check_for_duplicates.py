"""`doit check_for_duplicates COURSE…`: which courses a list names more than once."""

from __future__ import annotations

from collections import Counter

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.commands.tables import print_text
from edxtasks.course import CourseKey
from edxtasks.printable import quantity


class CheckForDuplicates(DataCommand):
    """Look for repeated courses in a list as it is written."""

    name = "check_for_duplicates"
    doc_purpose = "tell which courses a list names more than once"
    doc_usage = "COURSE ..."
    doc_description = (
        "A line for each course that is named again, then the number of keys and of those that repeat an "
        "earlier one. Both forms of a key are one course."
    )
    takes_courses = True
    only_looks = True

    def perform(self, request: Request) -> int:
        """A line a repeated course, and the numbers."""
        chosen = set(request.courses)
        keys = [course for text in request.written if (course := CourseKey.parse(text)) in chosen]
        counts = Counter(keys)
        for course, number in counts.items():
            if number > 1:
                print_text(f"{course}\n")
        print_text(f"{quantity(len(keys), 'id')}, {quantity(len(keys) - len(counts), 'repeat')}\n")
        return 0
