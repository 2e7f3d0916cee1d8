"""What `doit health` finds, as the page of the campus tells it: no numbers, no files."""

from __future__ import annotations

from datetime import date

from edxtasks.health.findings import NOTE, PROBLEM, Finding
from edxtasks.tasks.dashboard import findings_of_courses

COURSE = "MITx/2.03x/3T2013"


def test_findings_of_a_kind_are_one_line_with_their_dates() -> None:
    days = [date(2014, 10, day) for day in (3, 1, 2, 4, 5, 6, 7)]
    findings = [Finding("small_day", PROBLEM, "3 events", COURSE, date=day, number=3) for day in days]
    findings.append(
        Finding("check_failed", NOTE, "7 of 9 rows", COURSE, table=f"person_course:{COURSE}", number=7)
    )
    findings.append(Finding("disk_full", PROBLEM, "1 GB", file="/secret/place"))
    assert findings_of_courses(findings) == {
        COURSE: [
            "problem: small day 2014-10-01, 2014-10-02, 2014-10-03, 2014-10-04, 2014-10-05 and 2 more",
            "note: check failed person_course",
        ]
    }
