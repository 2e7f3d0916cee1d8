"""Times of events. Expected microseconds: 2014-10-14T12:34:56 UTC is 1413290096 seconds after 1970."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edxtasks.logs.rows.event_time import read_time, write_time

SECOND = 1413290096 * 1_000_000
TEXT = "2014-10-14T12:34:56.000000+00:00"
WITH_FRACTION = "2014-10-14T12:34:56.789012+00:00"


@pytest.mark.parametrize(
    ("value", "microseconds", "text"),
    [
        (WITH_FRACTION, SECOND + 789012, WITH_FRACTION),
        ("2014-10-14 12:34:56.789012+00:00", SECOND + 789012, WITH_FRACTION),
        ("2014-10-14T12:34:56", SECOND, TEXT),
        ("2014-10-14T12:34:56.", SECOND, TEXT),
        ("2014-10-14T12:34:56Z", SECOND, TEXT),
        ("2014-10-14 12:34:56 UTC", SECOND, TEXT),
        ("2014-10-14 12:34:56UTC", SECOND, TEXT),
        ("2014-10-14T12:34:56+00:00", SECOND, TEXT),
        ("  2014-10-14T12:34:56Z\n", SECOND, TEXT),
        # 08:34:56 at -04:00 and 18:04:56 at +05:30 are 12:34:56 UTC.
        ("2014-10-14T08:34:56-04:00", SECOND, TEXT),
        ("2014-10-14T08:34:56-0400", SECOND, TEXT),
        ("2014-10-14T08:34:56-04", SECOND, TEXT),
        ("2014-10-14T18:04:56.5+05:30", SECOND + 500000, "2014-10-14T12:34:56.500000+00:00"),
        ("2014-10-15T00:30:00+01:00", SECOND + 39304 * 10**6, "2014-10-14T23:30:00.000000+00:00"),
        # Nine digits are cut to six, not rounded.
        ("2014-10-14T12:34:56.123456789Z", SECOND + 123456, "2014-10-14T12:34:56.123456+00:00"),
        ("2014-10-14T12:34:56.1", SECOND + 100000, "2014-10-14T12:34:56.100000+00:00"),
        # Since 1970, in seconds, milliseconds, microseconds, nanoseconds.
        (1413290096, SECOND, TEXT),
        ("1413290096", SECOND, TEXT),
        (1413290096.789012, SECOND + 789012, WITH_FRACTION),
        ("1413290096.7890129", SECOND + 789012, WITH_FRACTION),
        (1413290096789, SECOND + 789000, "2014-10-14T12:34:56.789000+00:00"),
        ("1413290096789012", SECOND + 789012, WITH_FRACTION),
        (1413290096789012, SECOND + 789012, WITH_FRACTION),
        (1413290096789012999, SECOND + 789012, WITH_FRACTION),
        ("1413290096789012999", SECOND + 789012, WITH_FRACTION),
        (0, 0, "1970-01-01T00:00:00.000000+00:00"),
        # The last second of 2099 is the last that is read.
        (4102444799, 4102444799 * 10**6, "2099-12-31T23:59:59.000000+00:00"),
        ("2100-01-01T00:30:00+01:00", 4102443000 * 10**6, "2099-12-31T23:30:00.000000+00:00"),
        ("1970-01-01T00:00:00-01:00", 3600 * 10**6, "1970-01-01T01:00:00.000000+00:00"),
        # The borders between the units: 10^11 ms are in 1973.
        (100_000_000_000, 100_000_000 * 10**6, "1973-03-03T09:46:40.000000+00:00"),
        (100_000_000_000_000, 100_000_000 * 10**6, "1973-03-03T09:46:40.000000+00:00"),
        (100_000_000_000_000_000, 100_000_000 * 10**6, "1973-03-03T09:46:40.000000+00:00"),
        ({"$numberLong": "1413290096789"}, SECOND + 789000, "2014-10-14T12:34:56.789000+00:00"),
        ({"$date": "2014-10-14T12:34:56Z"}, SECOND, TEXT),
        ({"$date": 1413290096789}, SECOND + 789000, "2014-10-14T12:34:56.789000+00:00"),
        ({"$date": {"$numberLong": "1413290096789"}}, SECOND + 789000, "2014-10-14T12:34:56.789000+00:00"),
    ],
)
def test_readable(value: Any, microseconds: int, text: str) -> None:
    assert read_time(value) == (microseconds, text)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "now",
        True,
        [],
        {},
        {"date": 1413290096},
        {"$date": None},
        {"$numberLong": "1", "x": 1},
        "2014-10-14",
        # Of a minute and a second that were met before, what Python takes for a whole number:
        "2014-10-14T12:34:56.+12345+00:00",
        "2014-10-14T12:34:56. 12345+00:00",
        "2014-10-14T12:34:56.1_2345+00:00",
        "2014-10-14T12:34:56.12345\u0662+00:00",
        "2014-13-14T12:34:56",
        "2014-02-29T12:34:56",
        "2014-10-14T24:00:00",
        "2014-10-14T24:00:00.000000+00:00",
        "2014-10-14T12:60:56.000000+00:00",
        "2014-10-14T12:34:60.000000+00:00",
        "2014-10-14T12:34:56.78901x+00:00",
        "2014-W42-2T12:34:56.789012+00:00",
        "2014-10-14T12:34:56.٧٨٩٠١٢+00:00",
        "2014-10-14T12:34:56.1234567890",
        "2014-10-14T12:34:56+24:00",
        "2014-10-14T12:34:56 Europe/Paris",
        "0000-10-14T12:34:56.000000+00:00",
        "0001-01-01T00:00:00+01:00",
        "0016-05-02T10:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:59:59+01:00",
        -1,
        "-62135596800",
        "2099-12-31T23:59:59-01:00",
        "2100-01-01T00:00:00.000000+00:00",
        "9999-12-31T23:59:59-01:00",
        4102444800,
        99_999_999_999,  # seconds: in the year 5138
        {"$date": {"$numberLong": "-1"}},
        "1e9",
        "1_000",
        10**40,
        1e308,
    ],
)
def test_unreadable(value: Any) -> None:
    assert read_time(value) is None


@given(st.integers(0, 4102444800 * 10**6 - 1))
def test_a_written_time_reads_as_itself(microseconds: int) -> None:
    text = write_time(microseconds)
    assert read_time(text) == (microseconds, text)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_anything_is_read_or_refused(value: Any) -> None:
    read = read_time(value)
    assert read is None or read == read_time(read[1])
