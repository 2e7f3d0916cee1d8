"""The tables that tell how long learners were at work, against a plain reading of what they mean.

Events are drawn by a seed: of learners whose names differ in case or in how a letter is composed, in no
order, several in one microsecond, with pauses at the limits of what counts, over midnight, a leap day and the
end of a month.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from model_cases import COURSE_PARAMETERS, Case, differences, on_duckdb, registry

from edxtasks.warehouse.base import ResourceLimits
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Row

_SECOND = 1_000_000
LEARNERS = ("eva", "Eva", "\u00e9va", "e\u0301va", "", None)
"""Who acts; the last two are nobody."""
BEGINS = (datetime(2016, 2, 28, 23, 50, tzinfo=UTC), datetime(2016, 2, 29, 23, 40, tzinfo=UTC))
PAUSES = (
    0,
    0,
    1,
    _SECOND,
    299_999_999,
    300_000_000,
    300_000_001,
    1_799_999_999,
    1_800_000_000,
    1_800_000_001,
)
TYPES = {
    "play_video": "video",
    "show_transcript": "video",
    "/x/intro_video/problem_set_1": "video problem",
    "problem_check": "problem",
    "edx.forum.thread.created": "forum",
    "/courses/a/discussion/forum": "forum",
    "textbook.pdf.zoom": "text",
    "/courses/a/wiki/b/": "text",
    "seq_next": "",
    "edx.video.closed": "",
    "/xblock/block@a": "",
    "/xblock/block@a/handler/b": "call",
}
"""What happens, and of which kinds it is."""
MODULES = (None, "", "X/1/problem/a", 'X/1/problem/a"}', 'X/1/html/b"]}}', 'X/1/ht"ml/c')


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetWarehouse]:
    warehouse = ParquetWarehouse(tmp_path_factory.mktemp("gaps"), ResourceLimits())
    yield warehouse
    warehouse.session.close()


@dataclass(frozen=True)
class Event:
    """What a plain reading looks at of a row of the tracking log."""

    username: str | None
    time: datetime
    event_type: str | None
    module_id: str | None

    @property
    def date(self) -> date:
        return self.time.date()


def drawn(seed: int) -> list[Event]:
    """Events in no order."""
    draw = random.Random(seed)
    rows: list[Event] = []
    for learner in LEARNERS:
        for begin in BEGINS:
            time = begin
            for _ in range(20):
                time += timedelta(microseconds=draw.choice(PAUSES))
                event = Event(learner, time, draw.choice([*TYPES, None]), draw.choice(MODULES))
                rows += [event] * draw.choice((1, 1, 1, 2))
    draw.shuffle(rows)
    return rows


def by_learner(rows: Sequence[Event], calls: bool) -> dict[str, list[Event]]:
    """Events of each learner in order of time and type, `calls` of block handlers among them or not; an event
    without a type is none."""
    found = defaultdict(list)
    for row in rows:
        if row.username and row.event_type is not None and (calls or kinds_of(row) != ["call"]):
            found[row.username].append(row)
    return {who: sorted(own, key=lambda row: (row.time, row.event_type or "")) for who, own in found.items()}


def kinds_of(event: Event) -> list[str]:
    """The kinds that an event is of."""
    return TYPES[event.event_type or ""].split()


def microseconds(later: Event, earlier: Event) -> int:
    return (later.time - earlier.time) // timedelta(microseconds=1)


def days_of(rows: Sequence[Event]) -> list[Row]:
    """`pcday_log`: pauses of at most 300 seconds between the events of a learner."""
    found: list[Row] = []
    for who, own in by_learner(rows, calls=False).items():
        gaps = defaultdict(list)
        for earlier, later in pairwise(own):
            if (pause := microseconds(later, earlier)) <= 300 * _SECOND:
                gaps[later.date].append(pause / _SECOND)
        for day in {one.date for one in own}:
            times = [one.time for one in own if one.date == day]
            counted = gaps[day]
            mean = math.fsum(counted) / len(counted) if counted else None
            squares = math.fsum((one - (mean or 0)) ** 2 for one in counted)
            row = {"username": who, "date": day, "nevents": len(times), "n_dt": len(counted), "avg_dt": mean}
            row |= {"first_event": min(times), "last_event": max(times), "max_dt": max(counted, default=None)}
            row["sum_dt"] = math.fsum(counted) if counted else None
            row["sdv_dt"] = math.sqrt(squares / (len(counted) - 1)) if len(counted) > 1 else None
            found.append(row)
    return found


def times_of(rows: Sequence[Event], short: int, long: int) -> list[Row]:
    """`time_on_task`: pauses shorter than `short` and `long` minutes, in all and between events of a kind."""
    sums: dict[tuple[date, str], dict[str, int]] = defaultdict(dict)
    for who, own in by_learner(rows, calls=False).items():
        last: dict[str, Event] = {}
        for row in own:
            kinds = kinds_of(row)
            columns = [(f"total_{kind}_time", kind) for kind in kinds]
            columns += [("total_time", "all"), *((f"serial_{kind}_time", "any") for kind in kinds)]
            for column, since in columns:
                for name, minutes in (("5", short), ("30", long)):
                    pause = microseconds(row, last[since]) if since in last else None
                    if pause is not None and pause < minutes * 60 * _SECOND:
                        of_day = sums[row.date, who]
                        of_day[f"{column}_{name}"] = of_day.get(f"{column}_{name}", 0) + pause
            last |= dict.fromkeys([*kinds, "all", *(["any"] if kinds else [])], row)
    names = [name for name in registry()["time_on_task"].schema.names if "_time_" in name]
    return [
        {"date": day, "username": who} | {name: seconds(of_day.get(name)) for name in names}
        for (day, who), of_day in sums.items()
        if "total_time_30" in of_day
    ]


def seconds(counted: int | None) -> float | None:
    return None if counted is None else counted / _SECOND


def times_on_modules(rows: Sequence[Event]) -> list[Row]:
    """`time_on_asset_daily`: pauses between the events of a learner on one module, calls among them."""
    sums: dict[tuple[date, str, str], dict[str, int]] = defaultdict(dict)
    for who, own in by_learner(rows, calls=True).items():
        last: dict[str, Event] = {}
        for row in own:
            module = re.sub(r'"(\]\}\}|\})$', "", row.module_id or "")
            if not module or '"' in module:
                continue
            of_day = sums[row.date, who, module]
            for name, limit in (("time_umid5", 300), ("time_umid30", 1800)):
                if module in last and (pause := microseconds(row, last[module])) < limit * _SECOND:
                    of_day[name] = of_day.get(name, 0) + pause
            last[module] = row
    return [
        {"date": day, "username": who, "module_id": module}
        | {name: seconds(of_day.get(name)) for name in ("time_umid5", "time_umid30")}
        for (day, who, module), of_day in sums.items()
    ]


def compare(
    warehouse: ParquetWarehouse, name: str, rows: list[Event], expected: list[Row], **timeouts: int
) -> None:
    parameters = {**COURSE_PARAMETERS, **timeouts}
    inputs: dict[str, list[Row]] = {"tracklog": [dict(vars(row)) for row in rows]}
    case = Case(registry()[name], "drawn", "", inputs, parameters, tuple(expected[0]), expected)
    assert len(expected) > 6
    assert differences(case, on_duckdb(warehouse, case)) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_seconds_of_learners_are_those_of_a_plain_reading(warehouse: ParquetWarehouse, seed: int) -> None:
    rows = drawn(seed)
    compare(warehouse, "pcday_log", rows, days_of(rows))
    compare(warehouse, "time_on_task", rows, times_of(rows, 5, 30))
    compare(warehouse, "time_on_task", rows, times_of(rows, 1, 5), timeout_short=1, timeout_long=5)
    compare(warehouse, "time_on_asset_daily", rows, times_on_modules(rows))
