"""Parts of a table by date whose queries run side by side leave what they leave one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from edxtasks.errors import MemoryRanOutError, UserError
from edxtasks.warehouse.base import BuildInfo, Dates, Query, ResourceLimits, TableName, Tables
from edxtasks.warehouse.checks import Check, CheckFailedError, TableChecks
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.parquet.building import Builder
from edxtasks.warehouse.parquet.turns import in_turn
from edxtasks.warehouse.rows import ParquetFiles
from edxtasks.warehouse.schema import schema

SOURCE = TableName("campus", "events")
COUNTS = TableName("campus", "counts")
EVENTS = schema("date DATE -- date\nn INTEGER -- number\nfiller STRING -- bytes")
DAILY = schema("date DATE -- date\nn INTEGER -- sum\nfound INTEGER -- rows\nyear INTEGER -- year")
MONTHS = [date(2014, month, 1) for month in (1, 2, 3, 4, 5)]


def load_events(tmp_path: Path, threads: int) -> ParquetWarehouse:
    """40 events on the first of each of five months, together so large that their parts run side by side."""
    warehouse = ParquetWarehouse(tmp_path / f"threads-{threads}", ResourceLimits(threads))
    path = tmp_path / "events.parquet"
    duckdb.execute(
        "COPY (SELECT make_date(2014, CAST(1 + i % 5 AS INTEGER), 1) AS date, i AS n, "
        "string_agg(md5(CAST(i * 1000 + k AS VARCHAR)), '') AS filler "
        f"FROM range(200) AS t(i), range(300) AS u(k) GROUP BY ALL) TO '{path}' (FORMAT parquet)"
    )
    warehouse.load(SOURCE, EVENTS, ParquetFiles((path,)), BuildInfo("events"))
    return warehouse


def parts(year: str = "EXTRACT(YEAR FROM date)") -> list[Dates]:
    """A part for each of the months."""
    sql = (
        "SELECT date, -- DATE: d\nSUM(n) AS n, -- INTEGER: n\nCOUNT(*) AS found, -- INTEGER: r\n"
        f"{year} AS year -- INTEGER: y\nFROM events GROUP BY date"
    )
    query = Query(sql, {"events": Tables((SOURCE,), EVENTS)}, {}, DAILY)
    return [Dates(query, {month: f"stamp {month}"}) for month in MONTHS]


def sums(warehouse: ParquetWarehouse) -> list[tuple[object, ...]]:
    warehouse.refresh_all()  # as another process sees it
    return sorted(warehouse.read(COUNTS, ["date", "n", "found"]))


def test_side_by_side_gives_what_one_after_the_other_gives(tmp_path: Path) -> None:
    told: dict[int, list[tuple[int, int, str]]] = {1: [], 4: []}
    both = []
    for threads in told:
        warehouse = load_events(tmp_path, threads)
        warehouse.progress = lambda *step, threads=threads: told[threads].append(step)
        assert warehouse._reader.at_once([part.query for part in parts()], 1) == threads
        warehouse.create_dates(COUNTS, DAILY, "date", parts(), [], BuildInfo("recipe"))
        both.append(warehouse)
    # 0, 5, … 195 on the first of January: 40 numbers, 3900 together; each month later one more for each.
    assert [sums(one) for one in both] == [[(month, 3900 + 40 * k, 40) for k, month in enumerate(MONTHS)]] * 2
    assert both[0].dates(COUNTS) == both[1].dates(COUNTS)
    assert both[0].states("campus")["counts"] == both[1].states("campus")["counts"]
    assert told[1] == told[4] == [(number, 5, "months") for number in range(1, 6)]


@pytest.mark.parametrize("threads", [1, 4])
def test_a_part_that_fails_leaves_the_parts_before_it_and_none_after(tmp_path: Path, threads: int) -> None:
    warehouse = load_events(tmp_path, threads)
    march = Check("not_march", "date != '2014-03-01'", error=True)
    checks = TableChecks("counts", ("date",), [march])
    with pytest.raises(CheckFailedError, match="not_march"):
        warehouse.create_dates(COUNTS, DAILY, "date", parts(), [], BuildInfo("recipe"), checks)
    assert [row[0] for row in sums(warehouse)] == MONTHS[:2]


@pytest.mark.parametrize("threads", [1, 4])
def test_a_query_that_fails_ends_all(tmp_path: Path, threads: int) -> None:
    warehouse = load_events(tmp_path, threads)
    work = parts()
    work[1] = Dates(parts("nowhere")[0].query, work[1].stamps)
    with pytest.raises(UserError, match="nowhere"):
        warehouse.create_dates(COUNTS, DAILY, "date", work, [], BuildInfo("recipe"))
    assert [row[0] for row in sums(warehouse)] == MONTHS[:1]
    warehouse.create_dates(COUNTS, DAILY, "date", parts(), [], BuildInfo("recipe"))  # it can still be used
    assert len(sums(warehouse)) == 5


def test_little_is_read_one_after_the_other(tmp_path: Path) -> None:
    warehouse = ParquetWarehouse(tmp_path, ResourceLimits(4))
    warehouse.load(SOURCE, EVENTS, [{"date": "2014-01-01", "n": 1, "filler": ""}], BuildInfo("events"))
    assert warehouse._reader.at_once([part.query for part in parts()], 1) == 1


def test_work_is_begun_side_by_side_and_ended_in_order() -> None:
    begun = threading.Barrier(3)
    ended = []

    def do(number: int, turn: Callable[[], object]) -> None:
        begun.wait(timeout=300)  # all three are at work
        turn()
        ended.append(number)

    told = [list(ended) for _ in in_turn(range(3), do, 3)]
    assert ended == [0, 1, 2]
    assert told[0][0] == 0
    assert len(told) == 3


def test_where_memory_runs_out_side_by_side_the_rest_goes_on_alone(tmp_path: Path) -> None:
    builder: Builder = load_events(tmp_path, 2)._builder
    written: list[tuple[date, bool]] = []

    def write(part: Dates, turn: Callable[[], object]) -> None:
        alone = threading.current_thread() is threading.main_thread()
        day = min(part.stamps or ())
        if day == MONTHS[2] and not alone:
            raise MemoryRanOutError("memory ran out")
        turn()
        written.append((day, alone))

    assert len(list(builder._each_in_turn(parts(), write))) == 5
    assert written == [(day, day >= MONTHS[2]) for day in MONTHS]


def test_a_part_for_which_two_threads_have_too_little_memory_is_done_by_one(tmp_path: Path) -> None:
    builder: Builder = load_events(tmp_path, 2)._builder
    session = builder._reader.session
    session.read_next()
    threads = []

    def write(part: Dates, turn: Callable[[], object]) -> None:
        number = session.connection.execute("SELECT current_setting('threads')").fetchone()
        threads.append(number)
        if number != (1,):
            raise MemoryRanOutError("memory ran out")

    assert len(list(builder._each_in_turn(parts()[:1], write))) == 1
    assert threads == [(2,), (1,)]
    assert session.connection.execute("SELECT current_setting('threads')").fetchone() == (2,)


def test_memory_that_runs_out_for_one_thread_is_an_error(tmp_path: Path) -> None:
    builder: Builder = load_events(tmp_path, 2)._builder

    def write(part: Dates, turn: Callable[[], object]) -> None:
        raise MemoryRanOutError("memory ran out")

    with pytest.raises(MemoryRanOutError):
        list(builder._each_in_turn(parts(), write))
