"""What `simulate` says when the configuration reads another campus than the one that it has written."""

from pathlib import Path

from edxtasks.config import load_settings
from edxtasks.simulate.campus import SIZES, Campus
from edxtasks.tasks.simulate import ConfiguredReads

REPOSITORY = Path(__file__).parents[2]

CAMPUS = Path("campus")
COURSES = ("MITx/2.03x/3T2013", "MITx/6.00.1x/3T2014")


def changes(dump_dir: str | None, date_dir: str | None, courses: tuple[str, ...]) -> list[str]:
    reads = ConfiguredReads(None if dump_dir is None else CAMPUS / dump_dir, date_dir, courses)
    return reads.changes(CAMPUS, "mitx-2014-10-19", COURSES)


def test_nothing_is_to_be_changed_where_all_of_the_campus_is_read() -> None:
    assert changes("mitx-2014-10-19", "2014-10-19", COURSES[::-1]) == []
    assert changes("mitx-2014-10-19", None, COURSES) == []


def test_each_setting_that_reads_another_campus_is_said_as_toml() -> None:
    assert changes("mitx-2014-10-26", "2014-10-26", (*COURSES, "MITx/CTL.SC1x/2T2014")) == [
        'dump_dir = "mitx-2014-10-19"',
        'course_sql_date_dir = "2014-10-19"',
        'course_id_list = ["MITx/2.03x/3T2013", "MITx/6.00.1x/3T2014"]',
    ]
    assert changes(None, None, COURSES) == ['dump_dir = "mitx-2014-10-19"']


def test_the_configuration_of_the_repository_reads_the_demo() -> None:
    settings = load_settings(REPOSITORY, {}, {})
    demo = Campus(SIZES["demo"], 1).describe()
    courses = [course["course_id"] for course in demo["courses"]]
    assert ConfiguredReads.of(settings).changes(settings.root, demo["package"], courses) == []
