"""Services that do not answer: waited for once, by all requests of all processes of a run together."""

from __future__ import annotations

import pickle
import re

import pytest

from edxtasks.outages import AGAIN, Outage, Outages, UnreachableError


class Clock:
    """A clock that stands until it is moved."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> Outages:
    outages = Outages(clock)
    outages.tell = lambda told: None
    return outages


def given_up(known: Outages, clock: Clock, service: str = "BigQuery") -> Outage:
    """An outage of ten minutes."""
    known.failed(service, "Connection refused", 600)
    clock.now += 600
    with pytest.raises(UnreachableError) as caught:
        known.failed(service, "timed out", 600)
    return caught.value.outage


def test_requests_share_the_time_that_is_waited(known: Outages, clock: Clock) -> None:
    known.failed("BigQuery", "Connection refused", 600)
    clock.now += 599
    known.refuse("BigQuery")
    known.failed("BigQuery", "Connection refused", 600)  # of another request, which has just begun
    clock.now += 1
    with pytest.raises(UnreachableError) as caught:
        known.failed("BigQuery", "Connection refused", 600)
    assert re.fullmatch(
        r"BigQuery has not answered since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(Connection refused\)\. "
        r"Requests are repeated for 600 seconds \(retry_seconds of \[warehouse\]\); what else needs it fails "
        r"too\. Run again when it can be reached",
        str(caught.value),
    )


def test_what_was_given_up_is_tried_again_once_a_minute(known: Outages, clock: Clock) -> None:
    first = given_up(known, clock)
    clock.now += AGAIN - 1
    with pytest.raises(UnreachableError) as caught:
        known.refuse("BigQuery")
    assert caught.value.outage == first
    known.refuse("Cloud Storage")
    clock.now += 1
    known.refuse("BigQuery")
    with pytest.raises(UnreachableError) as caught:  # and that try is not repeated
        known.failed("BigQuery", "timed out", 600)
    assert str(caught.value) == str(UnreachableError(first))  # one text for all tasks
    with pytest.raises(UnreachableError):
        known.refuse("BigQuery")


def test_any_answer_ends_an_outage(known: Outages, clock: Clock) -> None:
    given_up(known, clock)
    known.answered("BigQuery")
    known.refuse("BigQuery")
    known.failed("BigQuery", "Connection refused", 600)
    clock.now += 599
    known.failed("BigQuery", "Connection refused", 600)
    assert known.given_up() == ()


def test_failures_hours_apart_are_no_outage(known: Outages, clock: Clock) -> None:
    for _ in range(3):
        known.failed("BigQuery", "Connection reset by peer", 600)
        clock.now += 7_200
    assert known.given_up() == ()


def test_other_processes_are_told(known: Outages, clock: Clock) -> None:
    error = UnreachableError(given_up(known, clock))
    arrived = pickle.loads(pickle.dumps(error))
    assert str(arrived) == str(error)
    other = Outages(clock)
    other.learn(arrived.outage)
    with pytest.raises(UnreachableError):
        other.refuse("BigQuery")
    assert other.given_up() == (error.outage,)
    clock.now += 1
    later = Outages(clock)
    later.answered("BigQuery")
    later.learn(arrived.outage)  # older than the answer
    later.refuse("BigQuery")


def test_a_wait_is_told_when_it_is_not_short(known: Outages, clock: Clock) -> None:
    told: list[str] = []
    known.tell = told.append
    known.failed("BigQuery", "Connection refused", 600)
    clock.now += 4
    known.failed("BigQuery", "Connection refused", 600)
    assert told == []
    clock.now += 1
    known.failed("BigQuery", "Connection refused", 600)
    (text,) = told
    assert re.fullmatch(
        r"waiting for BigQuery, which has not answered since [\d: -]+ UTC \(Connection refused\)", text
    )
