"""Dates as authors write them."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edxtasks.content.dates import parse_listed_date, parse_time, timestamp_text


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # ISO date-times: minutes or seconds, fraction, zone, each separator.
        ("2013-11-13T21:00:00Z", utc(2013, 11, 13, 21)),
        ("2012-12-04T13:48:28.427430", utc(2012, 12, 4, 13, 48, 28, 427430)),
        ("2014-12-09T15:00:00+00:00", utc(2014, 12, 9, 15)),
        ("2013-02-12T19:00", utc(2013, 2, 12, 19)),
        ("2021-09-06. 02:00:00", utc(2021, 9, 6, 2)),
        ("2013-02-12 19:00:01", utc(2013, 2, 12, 19, 0, 1)),
        ("2014-12-09T15:00:00+0000", utc(2014, 12, 9, 15)),
        # What the predecessor refused: offsets, fraction with zone, minutes with zone, plain dates, a blank.
        ("2014-12-09T15:00:00+02:00", utc(2014, 12, 9, 13)),
        ("2014-12-09T15:00:00-0530", utc(2014, 12, 9, 20, 30)),
        ("2014-12-09T15:00:00.5Z", utc(2014, 12, 9, 15, 0, 0, 500000)),
        ("2014-12-09T15:00Z", utc(2014, 12, 9, 15)),
        ("2013-02-05", utc(2013, 2, 5)),
        ("2013-02-05 10:00+01:00", utc(2013, 2, 5, 9)),
        # Digits beyond microseconds are cut.
        ("2013-02-05T00:00:00.1234567", utc(2013, 2, 5, 0, 0, 0, 123456)),
        # Names of months.
        ("February 25, 2013", utc(2013, 2, 25)),
        ("March 13 2014", utc(2014, 3, 13)),
        ("December 12, 22:00, 2012", utc(2012, 12, 12, 22)),
        ("March 25, 2013, 22:00", utc(2013, 3, 25, 22)),
        ("January 2 2013, 22:00", utc(2013, 1, 2, 22)),
        ("December 24 05:00, 2012", utc(2012, 12, 24, 5)),
        ("feb 5, 2013", utc(2013, 2, 5)),
        ("SEPTEMBER 1, 2013", utc(2013, 9, 1)),
        ("May 1 2013", utc(2013, 5, 1)),
        # JSON strings in attributes.
        ('"2016-01-01T00:00:00+00:00"', utc(2016, 1, 1)),
        (' " 2016-01-01 " ', utc(2016, 1, 1)),
    ],
)
def test_what_is_understood(text: str, moment: datetime) -> None:
    found = parse_time(text)
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "  ", "null", '"null"', '""', ' "" '])
def test_nothing_given(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "April 30, 12:00",  # no year
        "2013-02-30",  # impossible
        "2013-13-01T00:00",
        "2013-01-01T24:00",
        "2013-01-01T00:00:60",
        "2013-1-1",
        "Smarch 3, 2013",
        "Febr 5, 2013",
        "February 30, 2013",
        "tomorrow",
        "2013",
        "2013-01-01T00:00:00+25:00",
        "2013-01-01T00:00:00+01:75",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",  # before the first year in UTC
        "9999-12-31T23:59:59-01:00",
        "NULL",
        '"2013-01-01',
        "٢٠١٣-01-01",
        "2013-01-01T00:00Z extra",
    ],
)
def test_anything_else_is_unparsable(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        parse_time(text)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))
@settings(max_examples=50)
def test_what_is_written_is_read(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert parse_time(timestamp_text(aware)) == aware


@given(st.text(alphabet=string.digits + '-:TZ+. ,/"anFebruy', max_size=40))
@example("2013-02-05T1:00")
@settings(max_examples=200)
def test_no_text_breaks_it(text: str) -> None:
    for parse in (parse_time, parse_listed_date):
        try:
            found = parse(text)
        except ValueError:
            continue
        assert found is None or isinstance(found, date)


def test_text_of_a_time() -> None:
    assert timestamp_text(utc(2013, 2, 5, 1, 2, 3)) == "2013-02-05 01:02:03"
    assert timestamp_text(utc(2013, 2, 5, 1, 2, 3, 400)) == "2013-02-05 01:02:03.000400"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2/5/2013", date(2013, 2, 5)),
        ("02/05/2013", date(2013, 2, 5)),
        ("12/31/14", date(2014, 12, 31)),  # 20xx
        ("2/5/13 0:00", date(2013, 2, 5)),
        ("2013-02-05", date(2013, 2, 5)),
        ("2013-02-05T23:59:59Z", date(2013, 2, 5)),
        ("", None),
        ("  ", None),
    ],
)
def test_dates_of_listings(text: str, day: date | None) -> None:
    assert parse_listed_date(text) == day


@pytest.mark.parametrize("text", ["N/A", "13/1/2013", "2/30/2013", "1/1/113", "TBD"])
def test_dates_of_listings_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_listed_date(text)
