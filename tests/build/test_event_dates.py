"""Dates of a log day: one event of a wrong clock makes its own date pending, and none between."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))

from product_registry import product_registry
from split_site import Site, event

from edxtasks.build.context import Context
from edxtasks.build.event_dates import event_spans, noted
from edxtasks.build.freshness import check
from edxtasks.build.log_days import load_log_days
from edxtasks.build.table_queries import queries
from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.messages import Messages
from edxtasks.warehouse.base import LogDays, ResourceLimits, TableState
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = CourseKey("UnivX", "A", "1")
REGISTRY = product_registry()
D1 = date(2014, 10, 16)
"""16 359 days after 1970-01-01, which is the 719 163rd day since 0001-01-01: the 735 522nd."""
DAY = 86_400_000_000


def dates(*numbers: int) -> list[date]:
    return [D1 + timedelta(number) for number in numbers]


@pytest.mark.parametrize(
    ("numbers", "note"),
    [
        ([], ""),
        ([3], ""),
        ([0, 1, 2], ""),
        ([0, 2], "735522_735524"),
        ([10, 1, 0, 1], "735522-735523_735532"),
        ([-1000, 0, 1, 5, 6], "734522_735522-735523_735527-735528"),
        # Nine dates alone have 62 characters: 9 * 6 and 8 between them.
        ([0, 100, 200, 300, 400, 500, 600, 700, 800], "_".join(str(735522 + 100 * n) for n in range(9))),
        # Runs of 600-605 and 700-703 beside six dates alone would have 6 * 6 + 2 * 13 + 7 = 69: they are one.
        (
            [0, 100, 200, 300, 400, 500, 600, 605, 700, 703],
            "735522_735622_735722_735822_735922_736022_736122-736225",
        ),
    ],
)
def test_dates_are_noted_in_runs(numbers: list[int], note: str) -> None:
    assert noted(dates(*numbers)) == note


def test_a_note_of_very_many_runs_is_short_and_leaves_no_date_out() -> None:
    every_other = [*range(0, 40_000, 2), 100_000]
    # The run of most has 13 characters, seven dates alone have 7 * 7 with the strokes before them. Where gaps
    # are alike, the last ones stay.
    alone = "_775510_775512_775514_775516_775518_775520_835522"
    assert noted(dates(*every_other)) == f"735522-775508{alone}"


def test_spans_begin_with_the_first_event_and_end_with_the_last() -> None:
    first, last = 16_359 * DAY + 5, 16_369 * DAY + 7
    state = TableState("s", "v", 3, first_time=first, last_time=last, event_dates="735522-735523_735532")
    assert event_spans(state) == [(first, 16_361 * DAY - 1), (16_369 * DAY, last)]
    assert event_spans(TableState("s", "v", 3, first_time=first, last_time=last)) == [(first, last)]
    assert event_spans(TableState("s", "v", 0)) == []


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Two log days by the names of their files. The first has an event just before midnight, two at noon of
    its day, and one of a clock that stood in 2005."""
    site = Site(tmp_path)
    times = ["2014-10-16T23:59:59", "2014-10-17T12:00:00", "2014-10-17T12:00:01", "2005-01-01T00:00:07"]
    first = b"".join(event("ann", time=time, event_type="play_video") for time in times)
    site.log("x-2014-10-17.log", first)
    site.log("x-2014-10-20.log", event("bob", time="2014-10-20T12:00:00", event_type="play_video"))
    site.split(filename_dates=True)
    warehouse = ParquetWarehouse(tmp_path / "warehouse", ResourceLimits(1, ""))
    settings = Settings(paths=Paths(tracking_logs_directory=site.directory))
    return Context(settings, REGISTRY, warehouse, Digests(), (COURSE,))


def test_a_wrong_clock_makes_its_own_date_pending_and_none_between(context: Context) -> None:
    load_log_days(context, COURSE)
    context.warehouse.refresh_all()
    verdict = check(context, REGISTRY["pcday_log"], COURSE)
    # 300 seconds after 2014-10-16 are of the 17th, those after 2005-01-01 may be of the 2nd: that date has no
    # events and so is none of the table's.
    assert sorted(verdict.pending or ()) == [
        date(2005, 1, 1),
        date(2014, 10, 16),
        date(2014, 10, 17),
        date(2014, 10, 20),
    ]


def test_queries_read_only_log_days_with_events_of_their_dates(context: Context) -> None:
    load_log_days(context, COURSE)
    context.warehouse.refresh_all()
    table = REGISTRY["pcday_ip_counts"]
    made = queries(context, table, COURSE, check(context, table, COURSE), Messages())
    read = {}
    for part in made:
        [days] = [one for one in part.query.inputs.values() if isinstance(one, LogDays)]
        read[min(part.stamps or ())] = days.tables
    assert read == {
        date(2005, 1, 1): ("tracklog_20141017",),
        date(2014, 10, 16): ("tracklog_20141017", "tracklog_20141020"),
    }
