"""Which dates depend on which: also at both ends of the calendar, which dates in a dump may be."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from edxtasks.build.date_stamps import _days, _Piece, window
from edxtasks.table import ALL_EARLIER

SECONDS = timedelta(seconds=300)
LAST = date(9999, 12, 31)


@pytest.mark.parametrize(
    ("day", "lookback", "low", "high"),
    [
        (date(1970, 1, 1), timedelta(0), 0, 86_400_000_000),
        (date(1970, 1, 2), SECONDS, 86_100_000_000, 172_800_000_000),
        (date(1969, 12, 31), SECONDS, -86_700_000_000, 0),
        # 2 932 896 days after 1970-01-01
        (LAST, SECONDS, 253_402_214_100_000_000, 253_402_300_800_000_000),
        (LAST, ALL_EARLIER, 0, 253_402_300_800_000_000),
        # 719 162 days before 1970-01-01
        (date(1, 1, 1), SECONDS, -62_135_597_100_000_000, -62_135_510_400_000_000),
    ],
)
def test_the_events_of_a_date_lie_in_its_window(day: date, lookback: timedelta, low: int, high: int) -> None:
    assert window(day, lookback) == (low, high)


def test_the_last_date_there_is_can_be_that_of_a_row() -> None:
    assert list(_days(date(9999, 12, 30), LAST)) == [date(9999, 12, 30), LAST]
    piece = _Piece("9999-12-31", "v", LAST, LAST)
    assert piece.reach(timedelta(0)) == LAST
    assert piece.reach(SECONDS) == LAST
    before = _Piece("9999-12-29", "v", date(9999, 12, 29), date(9999, 12, 29))
    assert before.reach(SECONDS) == date(9999, 12, 30)
